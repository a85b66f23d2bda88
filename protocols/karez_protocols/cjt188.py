"""CJ/T 188-2004/2018: asking a water, heat or gas meter over RS-485, as the controller does it.

    FE x 2..4   68 T A0..A6 C L DI DI SER data CS 16

T is the meter's type, A0..A6 its number, lowest pair of digits first, L counts from the
identifier DI to the last data byte, CS is the sum modulo 256 from the 68 on. No byte is
offset by 33H and there is one 68 only, unlike DL/T 645. Frames of others, values and the
meter's side are in cjt188_frames.py and cjt188_data.py.

An address is text, the digits as printed on the meter: "10:00000805000001", the type before
the colon; 14 digits alone are a cold water meter, type 10. AA stands for any type, AA seven
times for any number (one meter on the line, then).

A key is an identifier as it goes over the wire: makers differ, and 0x901F sends 90 1F,
0x1F90 sends 1F 90. Answers are taken in both orders.
"""

import binascii
from collections import namedtuple

from . import reply_reader
from .constant import const
from .errors import NotAllowed
from .exchange import Failure, Reply

NO_DATA = 0  # Failure.code, set by us: a good reply with fewer bytes than asked for

_ANY = const(0xAA)
_LENGTH_READ_MAX = const(0x64)  # the standard's limits for L
_LENGTH_WRITE_MAX = const(0x32)
_FRAME_BYTES = const(13)  # beside what L counts
_PREAMBLE_MAX = const(64)  # ours: room for a wake train, and an echo still fits in the reader's buffer

# `key`: identifier as sent. `count`: bytes that the answer must at least bring after SER.
# `ser`: None = the reader counts it; a number = sent as it is, for a meter that always
# answers with that one. `preamble`: bytes FE before the frame. `data`: what follows SER.
Request = namedtuple("Request", "address function key count ser preamble data")  # noqa: PYI024 - no typing on MicroPython


def question(address, function, key, count, ser=None, preamble=4):
    """Return the Request that a profile's row `(key, count)` asks of a meter; function 1 reads data."""
    return Request(address, function, key, count, ser, preamble, b"")


def head(address):
    """Return T and A0..A6 of an address in text. Raises NotAllowed."""
    text = address if ":" in address else "10:" + address
    try:
        raw = binascii.unhexlify(text[:2] + text[3:])
    except ValueError:
        raw = b""
    is_named = len(raw) == 8 and len(text) == 17 and text[2] == ":"
    for at, byte in enumerate(raw):
        if byte == _ANY:
            is_named = is_named and (at == 0 or raw[1:] == b"\xaa" * 7)
        elif byte >> 4 > 9 or byte & 15 > 9:
            is_named = False
    if not is_named:
        raise NotAllowed("address %s is not a type, a colon and 14 digits" % address)
    return raw[:1] + bytes(reversed(raw[1:]))


def encode_request(request, ser=0):
    """Return the frame of a Request, with this sequence number unless it brings its own.

    Raises NotAllowed on a value outside its range.
    """
    if request.ser is not None:
        ser = request.ser
    length = 3 + len(request.data)
    if request.function not in (1, 3, 4, 9, 0x15, 0x16):
        raise NotAllowed("function %d is none of CJ/T 188" % request.function)
    if not 0 <= request.key <= 0xFFFF or not 0 <= ser <= 0xFF:
        raise NotAllowed("identifier %d or sequence number %d" % (request.key, ser))
    if not 0 <= request.preamble <= _PREAMBLE_MAX:
        raise NotAllowed("%d bytes FE, at most %d are sent" % (request.preamble, _PREAMBLE_MAX))
    if length > _LENGTH_WRITE_MAX or not 0 <= request.count <= _LENGTH_READ_MAX - 3:
        raise NotAllowed("%d bytes asked with %d" % (request.count, length))
    body = b"\x68" + head(request.address)
    body += bytes((request.function, length, request.key >> 8, request.key & 0xFF, ser)) + request.data
    return b"\xfe" * request.preamble + body + bytes((sum(body) & 0xFF, 0x16))


class ReplyReader(reply_reader.ReplyReader):
    """Finds the answer to one request: right type, number, control code, identifier and SER.

    The sequence number lives here and grows with each frame sent, so that an answer which
    comes late, to an earlier try, is none: 1 to 255, never the 00 of a meter that leaves it.
    FE is what a line idles with before a frame; it is never counted as noise.
    """

    def __init__(self):
        super().__init__()
        self._ser = 0
        self.answer_bytes = 5 + _FRAME_BYTES + _LENGTH_READ_MAX  # meters send up to 5 FE

    def expect(self, request):
        """See ReplyReader of reply_reader. An echo is one with or without its preamble."""
        frame = super().expect(request)
        self._sent = frame[request.preamble :]
        return frame

    def _drop(self, data):
        super()._drop(bytes(data).replace(b"\xfe", b""))

    def _aim(self, request):
        self._ser = self._ser % 255 + 1
        frame = encode_request(request, self._ser)
        at = request.preamble
        self._first = b"\x68"
        self._head = frame[at + 1 : at + 10]  # T, A0..A6, C
        self._key = frame[at + 11 : at + 14]  # DI, DI, SER
        self._size = 3 + request.count
        return frame

    def _length_at(self, at):
        buffer = self._buffer
        have = len(buffer) - at
        for i in range(1, min(have, 9)):
            if self._head[i - 1] not in (buffer[at + i], _ANY):
                return -1
        # Bit 7: from the meter; bit 6: refused, then L = 3, SER and two bytes of status.
        if have > 9 and buffer[at + 9] - self._head[8] not in (0x80, 0xC0):
            return -1
        if have < 11:
            return 0
        size = buffer[at + 10]
        if size < 3 or size > (3 if buffer[at + 9] & 0x40 else _LENGTH_READ_MAX):
            return -1
        return _FRAME_BYTES + size if at + _FRAME_BYTES + size > self._shadow else -1

    def _is_sealed(self, at, length):
        last = at + length - 1
        buffer = self._buffer
        if buffer[last] != 0x16 or sum(buffer[at : last - 1]) & 0xFF != buffer[last - 1]:
            return False
        self._shadow = at + length  # nor is anything inside a good answer to another question believed
        return True

    def _answer(self, frame):
        address = ("%02X:" + 7 * "%02X") % ((frame[1],) + tuple(reversed(frame[2:9])))
        high, low, ser = self._key
        if frame[9] & 0x40:
            code = frame[12] << 8 | frame[13]
            return Failure(address, self._head[8], code) if frame[11] == ser else None
        if frame[13] != ser or (frame[11], frame[12]) not in ((high, low), (low, high)):
            return None
        if len(frame) < _FRAME_BYTES + self._size:
            return Failure(address, self._head[8], NO_DATA)
        return Reply(address, self._head[8], frame[14:-2])
