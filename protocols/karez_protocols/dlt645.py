"""DL/T 645-2007: reading a meter as its master (function 11H; 01H speaks to meters of 1997).

    FE x 4 | 68 address(6) 68 control L data(L) CS 16

The address goes low pair first, each data byte has 33H added, CS is the sum modulo 256
from the first 68 to the last data byte. Control: bit 7 = from the meter, bit 6 = refused,
bit 5 = more frames follow, bits 4-0 the function. docs/wire/dlt645.md has the tables.
"""

import binascii
from collections import namedtuple

from . import reply_reader
from .constant import const
from .errors import NotAllowed
from .exchange import Failure, Reply

DATA_BYTES_MAX = 200  # DL/T 645-2007: L of a read is at most 200
MORE = 0x20  # in Reply.function: the meter holds more for the same identifier
NO_DATA = 0  # Failure.code, set by us: a good reply with fewer bytes than asked for

_READ = const(0x11)
_READ_1997 = const(0x01)
_ANY = const(0xAA)  # in the highest bytes of an address: whatever stands there
_PREAMBLE = b"\xfe\xfe\xfe\xfe"  # a master sends four, a meter none to five

# address: 12 digits as on the label, AA in front for pairs that do not matter; data: as the
# meter understands it, without 33H; count: least bytes of an answer after the identifier.
Request = namedtuple("Request", "address function data count")  # noqa: PYI024 - no typing on MicroPython


def moved(data, by):
    """Return the bytes with `by` added to each, modulo 256: 33H to send, CDH when received."""
    return bytes((byte + by) & 0xFF for byte in data)


def address_bytes(address):
    """Return the six bytes of 12 digits, as sent. Raises NotAllowed."""
    digits = address.lstrip("A")
    if len(address) != 12 or len(digits) % 2 or not all("0" <= digit <= "9" for digit in digits):
        raise NotAllowed("address %s is not 12 digits, or AA and digits" % address)
    return bytes(reversed(binascii.unhexlify(address)))


def sealed(address, control, data):
    """Return a frame from its first 68 on; `address` as sent. Raises NotAllowed if too much data."""
    if len(data) > DATA_BYTES_MAX:
        raise NotAllowed("%d bytes of data, at most %d" % (len(data), DATA_BYTES_MAX))
    frame = b"\x68" + address + bytes((0x68, control, len(data))) + moved(data, 0x33)
    return frame + bytes((sum(frame) & 0xFF, 0x16))


def encode_request(request):
    """Return the frame of a Request, with its preamble. Raises NotAllowed."""
    if not 0 <= request.function <= 0x1F:
        raise NotAllowed("function %d is outside 0..31" % request.function)
    return _PREAMBLE + sealed(address_bytes(request.address), request.function, request.data)


class ReplyReader(reply_reader.ReplyReader):
    """Finds the answer to one Request of a meter.

    A refusal names no identifier, so the late one of an earlier question cannot be told
    from ours: the bus master waits it out. FE is the preamble of frames, never noise.
    """

    def expect(self, request):
        """As the base class says. The echo is looked for behind the preamble."""
        frame = super().expect(request)
        self._sent = frame[len(_PREAMBLE) :]
        return frame

    def _aim(self, request):
        frame = encode_request(request)
        function = request.function
        self._first = b"\x68"
        self._head = frame[4:12]
        self._function = function
        # The answers to these begin with the identifier they were asked for, of two or four bytes.
        self._key = request.data[:4] if function in (1, 2, _READ, 0x12) else b""
        self._size = len(self._key) + request.count
        self.answer_bytes = 5 + 12 + self._size
        return frame

    def _drop(self, data):
        super()._drop(bytes(data).replace(b"\xfe", b""))

    def _length_at(self, at):
        buffer = self._buffer
        have = len(buffer) - at
        for place in range(1, min(have, 8)):
            if buffer[at + place] != self._head[place] != _ANY:
                return -1
        if have > 8 and buffer[at + 8] & 0x9F != self._function | 0x80:
            return -1
        if have < 10:
            return 0
        size = buffer[at + 9]
        # An error word has one byte, two after a security request (03).
        if size > DATA_BYTES_MAX or (buffer[at + 8] & 0x40 and not 1 <= size <= 2):
            return -1
        return 12 + size if at + 12 + size > self._shadow else -1

    def _is_sealed(self, at, length):
        buffer = self._buffer
        last = at + length - 1
        if buffer[last] != 0x16 or sum(buffer[at : last - 1]) & 0xFF != buffer[last - 1]:
            return False
        self._shadow = at + length  # nor is anything inside a good answer to another question
        return True

    def _answer(self, frame):
        address = binascii.hexlify(bytes(reversed(frame[1:7]))).decode().upper()
        data = moved(frame[10:-2], 0xCD)
        key = self._key
        if frame[8] & 0x40:
            return Failure(address, self._function, int.from_bytes(data, "little"))
        if data and data[: len(key)] != key:
            return None
        if len(data) < self._size:
            return Failure(address, self._function, NO_DATA)
        return Reply(address, frame[8] & 0x3F, data[len(key) :])


def question(address, function, key, count):
    """Return the Request that reads identifier `key`, of at least `count` bytes.

    `function`: 1 = by DL/T 645-1997 (two bytes of identifier), None = by 2007 (four bytes).
    Raises NotAllowed.
    """
    function = function or _READ
    size = 2 if function == _READ_1997 else 4
    if not 0 <= key < 1 << 8 * size:
        raise NotAllowed("identifier %X has more than %d bytes" % (key, size))
    return Request(address, function, key.to_bytes(size, "little"), count)
