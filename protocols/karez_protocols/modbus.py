"""Modbus RTU: reading registers (functions 03 and 04), both directions, and its timing.

    request    address function start(2) count(2) crc(2)
    reply      address function bytes(1) registers(2 x count) crc(2)
    failure    address function+80 code crc(2)

Registers go high byte first, the CRC low byte first. A frame is at most 256 bytes.
The length of a reply comes from its function code and byte count, never from silence
alone: a valid frame followed by 00 bytes still passes a CRC over everything received.
"""

import struct
from collections import namedtuple

from .crc import crc16_modbus
from .errors import NotAllowed

READ_HOLDING = 3
READ_INPUT = 4
BUSY = 6  # the one exception code that asks for the same request again, later

FRAME_BYTES_MAX = 256  # Modbus over serial line: address + 253 + CRC
REQUEST_BYTES = 8
REGISTERS_MAX = 125  # application protocol, 03 and 04: quantity 1 to 7DH
ADDRESS_MAX = 247  # 0 is broadcast (no reply), 248-255 are reserved

# Facts of one exchange. `data` is the register bytes as they stood on the wire.
Request = namedtuple("Request", "address function start count")  # noqa: PYI024 - no typing on MicroPython
Reply = namedtuple("Reply", "address function data")  # noqa: PYI024 - the same
Failure = namedtuple("Failure", "address function code")  # noqa: PYI024 - the same


def wire_us(characters, baud, character_bits):
    """Return the time of so many characters on the wire, in microseconds, rounded up."""
    return -(-characters * character_bits * 1000000 // baud)


def silent_us(baud, character_bits):
    """Return t3.5, the smallest silence between frames, in microseconds.

    At or below 19200 baud 3.5 characters, above it 1.75 ms fixed. The character is the
    line's own; a meter that counts the standard's 11 bits on an 8N1 line is a profile's
    `request_gap_ms`.
    """
    return 1750 if baud > 19200 else wire_us(7, 2 * baud, character_bits)


def sealed(body):
    """Return a frame: the body and its CRC."""
    return body + struct.pack("<H", crc16_modbus(body))


def check_station(address, function):
    """Raise NotAllowed unless a master may ask this of this address."""
    if not 1 <= address <= ADDRESS_MAX:
        raise NotAllowed("address %d is outside 1..%d" % (address, ADDRESS_MAX))
    if function not in (READ_HOLDING, READ_INPUT):
        raise NotAllowed("function %d is not a read of registers" % function)


def check_request(request):
    """Raise NotAllowed unless every part of a Request is in its range."""
    check_station(request.address, request.function)
    if not 1 <= request.count <= REGISTERS_MAX:
        raise NotAllowed("%d registers, 1 to %d may be read" % (request.count, REGISTERS_MAX))
    if not 0 <= request.start <= 0x10000 - request.count:
        raise NotAllowed("%d registers from %d leave the address space" % (request.count, request.start))


def encode_request(request):
    """Return the frame of a Request. Raises NotAllowed on a value outside its range."""
    check_request(request)
    return sealed(struct.pack(">BBHH", *request))


class ReplyReader:
    """Finds the answer to one request in whatever the line delivers.

    `expect(request)` before sending, `receive(data)` for bytes in any pieces, `end()` when
    the line has fallen quiet. Both return a Reply, a Failure or None.

    Order of trust at each place in the stream: an exact echo of what was sent, then a
    reply of the expected length, then one byte of noise. An unfinished candidate holds
    everything after it until it completes or `end()` gives it up, and what lies wholly
    inside a damaged one is not believed: an exception frame among the registers of a
    reply is never taken for the answer.

    Repairs are counted for ever, since a rising count means bad wiring: `echoes`,
    `zero_bytes` (a floating line), `noise_bytes` (other bytes outside a good frame,
    damaged frames included), `crc_errors` (our header, then changed or cut short).
    """

    # A frame, behind the echo of the request.
    BUFFER_BYTES_MAX = FRAME_BYTES_MAX + REQUEST_BYTES

    def __init__(self):
        self.echoes = self.zero_bytes = self.noise_bytes = self.crc_errors = 0
        self.is_damaged = False
        self._sent = self._first = self._buffer = b""
        self._function = 0  # 0: nothing is expected
        self._size = 0  # register bytes in the answer
        self._shadow = 0  # where in the buffer the last damaged candidate ends

    def expect(self, request):
        """Forget what came before and look for the answer to this request; return its frame."""
        self.end()
        self._sent = encode_request(request)
        self._first = self._sent[:1]
        self._function = request.function
        self._size = 2 * request.count
        self._shadow = 0
        self.is_damaged = False  # a header of ours came, in this exchange, and no good frame
        return self._sent

    @property
    def is_inside(self):
        """True while the bytes held may be the beginning of an echo or of the answer."""
        return len(self._buffer) > 0

    def receive(self, data):
        """Take bytes from the line; return the answer, or None so far."""
        at = 0
        while at < len(data):
            if not self._function:
                self._drop(data[at:])
                break
            room = self.BUFFER_BYTES_MAX - len(self._buffer)
            self._buffer += bytes(data[at : at + room])
            at += room
            answer = self._scan(False)
            if answer:
                self._drop(data[at:])
                return answer
        return None

    def end(self):
        """The line is quiet: unfinished candidates are none. Return the answer or None."""
        return self._scan(True) if self._buffer else None

    def close(self):
        """Expect nothing more: whatever comes now is counted and dropped."""
        self.end()
        self._function = 0

    def _drop(self, data):
        zeros = bytes(data).count(b"\0")
        self.zero_bytes += zeros
        self.noise_bytes += len(data) - zeros

    def _length_at(self, at):
        """Return the bytes of a candidate for the answer, 0 = header unfinished, -1 = none."""
        buffer = self._buffer
        have = len(buffer) - at
        if have > 1 and buffer[at + 1] & 0x7F != self._function:
            return -1
        if have < 3:
            return 0
        if buffer[at + 1] & 0x80:
            return 5 if buffer[at + 2] and at + 5 > self._shadow else -1
        return 5 + self._size if buffer[at + 2] == self._size else -1

    def _scan(self, is_last):
        sent = self._sent
        at = 0
        while True:
            # Echo and answer both open with the address.
            first = self._buffer.find(self._first, at)
            self._drop(self._buffer[at:] if first < 0 else self._buffer[at:first])
            if first < 0:
                at = len(self._buffer)
                break
            at = first
            head = self._buffer[at : at + len(sent)]
            if head == sent:
                self.echoes += 1
                at += len(sent)
                continue
            if not is_last and head == sent[: len(head)]:
                break
            length = self._length_at(at)
            if length >= 0 and (length == 0 or at + length > len(self._buffer)):
                if not is_last:
                    break
                if length:
                    self._damaged(at + length)
            elif length > 0:
                if self._is_sealed(at, length):
                    return self._taken(at, length)
                self._damaged(at + length)
            self._drop(self._buffer[at : at + 1])
            at += 1
        self._buffer = self._buffer[at:]
        self._shadow = max(0, self._shadow - at)
        return None

    def _damaged(self, end):
        self.crc_errors += 1
        self.is_damaged = True
        self._shadow = max(self._shadow, end)

    def _is_sealed(self, at, length):
        last = at + length - 2
        found = self._buffer[last] | self._buffer[last + 1] << 8
        return crc16_modbus(self._buffer, at, last) == found

    def _taken(self, at, length):
        frame = self._buffer[at : at + length]
        self._drop(self._buffer[at + length :])
        self._buffer = b""
        self._function = 0
        if frame[1] & 0x80:
            return Failure(frame[0], frame[1] & 0x7F, frame[2])
        return Reply(frame[0], frame[1], frame[3:-2])
