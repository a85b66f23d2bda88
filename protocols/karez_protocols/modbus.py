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

from . import reply_reader
from .crc import crc16_modbus
from .errors import NotAllowed
from .exchange import Failure, Reply

READ_HOLDING = 3
READ_INPUT = 4

FRAME_BYTES_MAX = 256  # Modbus over serial line: address + 253 + CRC
REQUEST_BYTES = 8
REGISTERS_MAX = 125  # application protocol, 03 and 04: quantity 1 to 7DH
ADDRESS_MAX = 247  # 0 is broadcast (no reply), 248-255 are reserved

Request = namedtuple("Request", "address function start count")  # noqa: PYI024 - no typing on MicroPython


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


class ReplyReader(reply_reader.ReplyReader):
    """Finds the answer to one read of registers. Echo and answer both open with the address."""

    busy_code = 6  # application protocol, section 7: server device busy

    def _aim(self, request):
        frame = encode_request(request)
        self._first = frame[:1]
        self._function = request.function
        self._size = 2 * request.count  # register bytes in the answer
        self.answer_bytes = 5 + self._size
        return frame

    def _length_at(self, at):
        buffer = self._buffer
        have = len(buffer) - at
        if have > 1 and buffer[at + 1] & 0x7F != self._function:
            return -1
        if have < 3:
            return 0
        if buffer[at + 1] & 0x80:
            return 5 if buffer[at + 2] and at + 5 > self._shadow else -1
        return 5 + self._size if buffer[at + 2] == self._size else -1

    def _is_sealed(self, at, length):
        last = at + length - 2
        found = self._buffer[last] | self._buffer[last + 1] << 8
        return crc16_modbus(self._buffer, at, last) == found

    def _answer(self, frame):
        if frame[1] & 0x80:
            return Failure(frame[0], frame[1] & 0x7F, frame[2])
        return Reply(frame[0], frame[1], frame[3:-2])


def question(address, function, start, count):
    """Return the Request that a profile's row `(start, count)` asks of a meter."""
    return Request(address, function, start, count)
