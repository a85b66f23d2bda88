"""Modbus RTU frames as a station, a tool or a bystander sees them: messages to bytes and back.

    01-04     address function start(2) count(2)              address function bytes(1) data
    05 06     address function start(2) value(2)              the same
    0F 10     address function start(2) count(2) bytes(1) data   address function start(2) count(2)
    11        address function                                address function bytes(1) data
    17        address function start(2) count(2) start(2) count(2) bytes(1) data   as 03
    exception                                                 address function+80 code

A CRC of two bytes ends each. Numbers go high byte first, the CRC low byte first. A coil is
FF00 for on and 0000 for off. The messages are those of modbus_messages.py. The controller
is a master and never loads this; meters on a desk, `karez decode` and tests do.
"""

import struct

from .crc import crc16_modbus
from .errors import BadChecksum, Malformed, NotAllowed, TooLarge
from .exchange import Failure, Reply
from .modbus import FRAME_BYTES_MAX, REQUEST_BYTES, Request, sealed
from .modbus_messages import (
    IDENTIFY,
    READ_INPUT,
    READ_WRITE,
    WRITE_COIL,
    WRITE_REGISTER,
    WRITES,
    Identify,
    ReadWrite,
    Write,
    WriteMany,
    Written,
    check_failure,
    check_function,
    check_reply,
    check_request,
)

FRAME_BYTES_MIN = 4  # address, function, CRC: the request of function 11
FAILURE_BYTES = 5
REPLY_BYTES = 5  # what surrounds the data of a Reply
COIL_ON = 0xFF00  # application protocol 6.5; off is 0000, all other values are illegal


def check_sealed(frame):
    """Raise Malformed, TooLarge or BadChecksum unless length and CRC of a frame stand."""
    if len(frame) < FRAME_BYTES_MIN:
        raise Malformed("%d bytes, at least %d needed" % (len(frame), FRAME_BYTES_MIN))
    if len(frame) > FRAME_BYTES_MAX:
        raise TooLarge("%d bytes, a frame has at most %d" % (len(frame), FRAME_BYTES_MAX), FRAME_BYTES_MAX)
    expected = crc16_modbus(frame, 0, len(frame) - 2)
    found = frame[-2] | frame[-1] << 8
    if expected != found:
        raise BadChecksum("CRC %04X, computed %04X" % (found, expected), expected, found)


def request_bytes(data, at=0):
    """Return the length of the request whose header is at `at`; 0 = unknown function or header cut."""
    function = data[at + 1] if at + 1 < len(data) else 0
    if 1 <= function <= WRITE_REGISTER:
        return REQUEST_BYTES
    if function == IDENTIFY:
        return FRAME_BYTES_MIN
    count_at = at + (10 if function == READ_WRITE else 6)
    if (function != READ_WRITE and function not in WRITES) or count_at >= len(data):
        return 0
    return count_at - at + 3 + data[count_at]


def reply_bytes(data, at=0):
    """Return the length of the answer whose header is at `at`; 0 = unknown function or header cut."""
    function = data[at + 1] if at + 1 < len(data) else 0
    if function & 0x80:
        return FAILURE_BYTES
    if function in WRITES:
        return REQUEST_BYTES
    if not (1 <= function <= READ_INPUT or function in (IDENTIFY, READ_WRITE)) or at + 2 >= len(data):
        return 0
    return REPLY_BYTES + data[at + 2]


def _coil_word(value):
    return COIL_ON if value else 0


def _coil(word):
    if word not in (0, COIL_ON):
        raise NotAllowed("coil value 0x%04X is neither 0xFF00 nor 0x0000" % word)
    return 1 if word else 0


def encode_request(message):
    """Return the frame of a request. Raises NotAllowed on a value outside its range."""
    check_request(message)
    function = message.function
    body = bytes((message.address, function))
    if function == IDENTIFY:
        return sealed(body)
    if function == READ_WRITE:
        size = len(message.data)
        head = struct.pack(">HHHHB", message.start, message.count, message.write_start, size // 2, size)
        return sealed(body + head + bytes(message.data))
    if isinstance(message, WriteMany):
        head = struct.pack(">HHB", message.start, message.count, len(message.data))
        return sealed(body + head + bytes(message.data))
    word = message.count if isinstance(message, Request) else message.value
    if function == WRITE_COIL:
        word = _coil_word(word)
    return sealed(body + struct.pack(">HH", message.start, word))


def _check_length(frame, length):
    if length != len(frame):
        raise Malformed("%d bytes, function 0x%02X has %d here" % (len(frame), frame[1], length))


def _question_in(frame):
    """Return the request in a frame of the right length, values unchecked."""
    address, function = frame[0], frame[1]
    if function == IDENTIFY:
        return Identify(address, function)
    if function == READ_WRITE:
        start, count, write_start, write_count = struct.unpack(">HHHH", frame[2:10])
        if 2 * write_count != frame[10]:
            raise Malformed("byte count %d for %d registers" % (frame[10], write_count))
        return ReadWrite(address, function, start, count, write_start, bytes(frame[11:-2]))
    start, word = struct.unpack(">HH", frame[2:6])
    if function <= READ_INPUT:
        return Request(address, function, start, word)
    if function <= WRITE_REGISTER:
        return Write(address, function, start, _coil(word) if function == WRITE_COIL else word)
    return WriteMany(address, function, start, word, bytes(frame[7:-2]))


def request_in(frame):
    """Return the request in a frame whose length and CRC were checked. Raises Malformed, NotAllowed."""
    check_function(frame[1])
    _check_length(frame, request_bytes(frame))
    message = _question_in(frame)
    check_request(message)
    return message


def reply_in(frame):
    """Return the Reply or Written in a frame whose length and CRC were checked. Raises as request_in."""
    function = frame[1]
    check_function(function)
    _check_length(frame, reply_bytes(frame))
    if function in WRITES:
        start, word = struct.unpack(">HH", frame[2:6])
        written = Written(frame[0], function, start, _coil(word) if function == WRITE_COIL else word)
        check_reply(written)
        return written
    message = Reply(frame[0], function, bytes(frame[3:-2]))
    check_reply(message)
    return message


def failure_in(frame):
    """Return the Failure in a frame whose length and CRC were checked. Raises as request_in."""
    if frame[1] <= 0x80:
        raise Malformed("not an exception frame")
    _check_length(frame, FAILURE_BYTES)
    message = Failure(frame[0], frame[1] & 0x7F, frame[2])
    check_failure(message)
    return message


def decode_request(frame):
    """Return the request in a whole frame. Raises Malformed, BadChecksum, TooLarge, NotAllowed."""
    check_sealed(frame)
    return request_in(frame)


def encode_reply(message):
    """Return the frame of a Reply or Written. Raises NotAllowed on a value outside its range."""
    check_reply(message)
    body = bytes((message.address, message.function))
    if isinstance(message, Written):
        word = _coil_word(message.value) if message.function == WRITE_COIL else message.value
        return sealed(body + struct.pack(">HH", message.start, word))
    return sealed(body + bytes((len(message.data),)) + bytes(message.data))


def decode_reply(frame):
    """Return the Reply or Written in a whole frame. Raises as decode_request."""
    check_sealed(frame)
    return reply_in(frame)


def encode_failure(failure):
    """Return the exception frame of a Failure. Raises NotAllowed on a value outside its range."""
    check_failure(failure)
    return sealed(bytes((failure.address, failure.function | 0x80, failure.code)))


def decode_failure(frame):
    """Return the Failure in an exception frame, of any function. Raises as decode_request."""
    check_sealed(frame)
    return failure_in(frame)
