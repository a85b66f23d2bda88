"""Modbus RTU frames as a station or a bystander sees them: whole frames in, facts out, and back.

The controller is a master and never loads this; meters on a desk, `karez decode` and tests do.
The layouts are in modbus.py.
"""

import struct

from .crc import crc16_modbus
from .errors import BadChecksum, Malformed, NotAllowed, TooLarge
from .exchange import Failure, Reply
from .modbus import (
    ADDRESS_MAX,
    FRAME_BYTES_MAX,
    REGISTERS_MAX,
    REQUEST_BYTES,
    Request,
    check_request,
    check_station,
    sealed,
)


def _opened(frame, shortest):
    """Return nothing if length and CRC stand; raise Malformed, TooLarge or BadChecksum."""
    if len(frame) < shortest:
        raise Malformed("%d bytes, at least %d needed" % (len(frame), shortest))
    if len(frame) > FRAME_BYTES_MAX:
        raise TooLarge("%d bytes, a frame has at most %d" % (len(frame), FRAME_BYTES_MAX), FRAME_BYTES_MAX)
    expected = crc16_modbus(frame, 0, len(frame) - 2)
    found = frame[-2] | frame[-1] << 8
    if expected != found:
        raise BadChecksum("CRC %04X, computed %04X" % (found, expected), expected, found)


def decode_request(frame):
    """Return the Request in a whole frame. Raises Malformed, BadChecksum, TooLarge, NotAllowed."""
    _opened(frame, 4)
    if len(frame) != REQUEST_BYTES:
        raise Malformed("%d bytes, a read request has %d" % (len(frame), REQUEST_BYTES))
    request = Request(*struct.unpack(">BBHH", frame[:6]))
    check_request(request)
    return request


def encode_reply(reply):
    """Return the frame of a Reply. Raises NotAllowed on a value outside its range."""
    check_station(reply.address, reply.function)
    size = len(reply.data)
    if size % 2 or not 2 <= size <= 2 * REGISTERS_MAX:
        raise NotAllowed("%d bytes are not 1 to %d registers" % (size, REGISTERS_MAX))
    return sealed(bytes((reply.address, reply.function, size)) + bytes(reply.data))


def decode_reply(frame):
    """Return the Reply in a whole frame. Raises Malformed, BadChecksum, TooLarge, NotAllowed."""
    _opened(frame, 5)
    check_station(frame[0], frame[1])
    size = frame[2]
    if size != len(frame) - 5 or size % 2 or not 2 <= size <= 2 * REGISTERS_MAX:
        raise Malformed("byte count %d in a frame of %d" % (size, len(frame)))
    return Reply(frame[0], frame[1], bytes(frame[3:-2]))


def encode_failure(failure):
    """Return the exception frame of a Failure. Raises NotAllowed on a value outside its range."""
    if not 1 <= failure.address <= ADDRESS_MAX:
        raise NotAllowed("address %d is outside 1..%d" % (failure.address, ADDRESS_MAX))
    if not 1 <= failure.function <= 0x7F or not 1 <= failure.code <= 0xFF:
        raise NotAllowed("function %d, exception %d" % (failure.function, failure.code))
    return sealed(bytes((failure.address, failure.function | 0x80, failure.code)))


def decode_failure(frame):
    """Return the Failure in an exception frame, of any function.

    Raises Malformed, BadChecksum, TooLarge, NotAllowed.
    """
    _opened(frame, 5)
    if len(frame) != 5 or frame[1] <= 0x80:
        raise Malformed("not an exception frame")
    if not 1 <= frame[0] <= ADDRESS_MAX or not frame[2]:
        raise NotAllowed("address %d, exception %d" % (frame[0], frame[2]))
    return Failure(frame[0], frame[1] & 0x7F, frame[2])
