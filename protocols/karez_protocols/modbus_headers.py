"""Where a Modbus frame may begin in a capture, and how long it would then be.

A header is believed as far as it can be checked without the CRC: address, function, byte
counts that fit their quantities, quantities in their limits. That keeps chance findings
rare: of 64 KiB of random bytes, about one capture in forty holds a frame by chance (47 of 2038).
"""

from .modbus import ADDRESS_MAX, REGISTERS_MAX, REQUEST_BYTES
from .modbus_frames import FAILURE_BYTES, REPLY_BYTES, reply_bytes, request_bytes
from .modbus_messages import (
    ASKS,
    BITS_MAX,
    BITS_WRITTEN_MAX,
    IDENTIFY,
    READ_INPUT,
    READ_INPUTS,
    READ_WRITE,
    REGISTERS_EXCHANGED_MAX,
    REGISTERS_WRITTEN_MAX,
    WRITE_COIL,
    WRITE_COILS,
    WRITE_REGISTER,
    WRITES,
    data_bytes,
    data_bytes_max,
    has_registers,
)

# Application protocol, section 7. Others exist, but a bystander meets them by chance more often.
EXCEPTIONS = bytes((1, 2, 3, 4, 5, 6, 7, 8, 10, 11))

# Of each second byte of a frame: 0 = no function known here, else 1.
IS_FUNCTION = bytes([1 if (value & 0x7F) in ASKS else 0 for value in range(256)])


def _word(data, at):
    """Return two bytes as a number, -1 if they are cut off."""
    return data[at] << 8 | data[at + 1] if at + 1 < len(data) else -1


def _quantity_max(function):
    if function <= READ_INPUTS:
        return BITS_MAX
    if function == WRITE_COILS:
        return BITS_WRITTEN_MAX
    return REGISTERS_MAX if function <= READ_INPUT else REGISTERS_WRITTEN_MAX


def _is_quantity(value, most):
    return value < 0 or 1 <= value <= most


def _asks(data, at, function):
    """True if a request may begin here."""
    value = _word(data, at + 4)
    if function == WRITE_COIL:
        return value in (-1, 0, 0xFF00)
    if function in (WRITE_REGISTER, IDENTIFY):
        return True
    if function == READ_WRITE:
        count = _word(data, at + 8)
        if not (_is_quantity(value, REGISTERS_MAX) and _is_quantity(count, REGISTERS_EXCHANGED_MAX)):
            return False
        return at + 10 >= len(data) or data[at + 10] == 2 * count
    if not _is_quantity(value, _quantity_max(function)):
        return False
    return function <= READ_INPUT or at + 6 >= len(data) or data[at + 6] == data_bytes(function, value)


def _answers(data, at, function):
    """True if an answer may begin here."""
    if at + 2 >= len(data):
        return True
    if function & 0x80:
        return data[at + 2] in EXCEPTIONS
    if function in WRITES:
        return _is_quantity(_word(data, at + 4), _quantity_max(function))
    size = data[at + 2]
    return 1 <= size <= data_bytes_max(function) and not (has_registers(function) and size % 2)


def lengths(data, at):
    """Return the lengths, shortest first, that a frame beginning at `at` may have.

    Empty if none may; the frame may be cut off by the end of the data.
    """
    if at + 1 >= len(data) or not IS_FUNCTION[data[at + 1]] or data[at] > ADDRESS_MAX:
        return ()
    function = data[at + 1]
    if not data[at]:  # broadcast: only a request, of a write
        return (request_bytes(data, at) or REQUEST_BYTES,) if _is_broadcast(data, at) else ()
    if function in (WRITE_COIL, WRITE_REGISTER):  # request and answer are the same
        return (REQUEST_BYTES,) if _asks(data, at, function) else ()
    asked = answered = 0
    if not function & 0x80 and _asks(data, at, function):
        asked = request_bytes(data, at) or REQUEST_BYTES  # cut before its byte count
    if _answers(data, at, function):
        answered = reply_bytes(data, at) or REPLY_BYTES
    if not asked or not answered or asked == answered:
        return (asked or answered,) if asked or answered else ()
    return (asked, answered) if asked < answered else (answered, asked)


def _is_broadcast(data, at):
    return data[at + 1] in WRITES and _asks(data, at, data[at + 1])


def any_lengths(data, at):
    """Return the lengths that this address and function may have, were the rest damaged."""
    if at + 1 >= len(data) or not IS_FUNCTION[data[at + 1]] or data[at] > ADDRESS_MAX:
        return ()
    if data[at + 1] & 0x80:
        return (FAILURE_BYTES,)
    return tuple([length for length in (request_bytes(data, at), reply_bytes(data, at)) if length])
