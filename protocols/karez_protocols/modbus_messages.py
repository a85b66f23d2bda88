"""What Modbus frames say: one shape per kind of message, and the values that are allowed.

    Request     01 02 03 04   read bits (coils, inputs) or registers (holding, input)
    Write       05 06         one coil (value 0 or 1), one register (0 to 65535)
    WriteMany   0F 10         coils or registers from `start`; `data` as on the wire
    Identify    11            report server identification
    ReadWrite   17            write registers from `write_start`, then read `count` from `start`
    Reply       01-04 11 17   `data`: what follows the byte count
    Written     05 06 0F 10   what a write's answer repeats: `value`, or the count of 0F and 10
    Failure     any           the exception code; `function` without its top bit

Request, Reply and Failure are those of the controller. Bits fill bytes from the lowest up;
unused bits of the last byte are carried as they are. Limits: Modbus application protocol
1.1b3, section 6, by function. The controller is a master that only reads: it never loads this.
"""

from collections import namedtuple

from .errors import NotAllowed
from .exchange import Failure, Reply
from .modbus import ADDRESS_MAX, REGISTERS_MAX, Request

READ_COILS, READ_INPUTS, READ_HOLDING, READ_INPUT = 1, 2, 3, 4
WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS = 5, 6, 15, 16
IDENTIFY, READ_WRITE = 17, 23

BITS_MAX = 2000  # 6.1, 6.2: quantity 1 to 7D0H
BITS_WRITTEN_MAX = 1968  # 6.11: quantity 1 to 7B0H
REGISTERS_WRITTEN_MAX = 123  # 6.12: quantity 1 to 7BH
REGISTERS_EXCHANGED_MAX = 121  # 6.17: quantity to write 1 to 79H
IDENTITY_BYTES_MAX = 251  # 6.13 sets none: a frame's 256 less address, function, count, CRC
BROADCAST = 0  # serial line 2.2: every station obeys, none answers
WRITES = (WRITE_COIL, WRITE_REGISTER, WRITE_COILS, WRITE_REGISTERS)  # 6.17 answers with data: no broadcast

Write = namedtuple("Write", "address function start value")  # noqa: PYI024 - no typing on MicroPython
WriteMany = namedtuple("WriteMany", "address function start count data")  # noqa: PYI024 - the same
Identify = namedtuple("Identify", "address function")  # noqa: PYI024 - the same
ReadWrite = namedtuple("ReadWrite", "address function start count write_start data")  # noqa: PYI024 - the same
Written = namedtuple("Written", "address function start value")  # noqa: PYI024 - the same

ASKS: dict = {
    READ_COILS: Request,
    READ_INPUTS: Request,
    READ_HOLDING: Request,
    READ_INPUT: Request,
    WRITE_COIL: Write,
    WRITE_REGISTER: Write,
    WRITE_COILS: WriteMany,
    WRITE_REGISTERS: WriteMany,
    IDENTIFY: Identify,
    READ_WRITE: ReadWrite,
}


class UnknownFunction(NotAllowed):
    """A function code whose frames are not described here."""


class WrongAddress(NotAllowed):
    """An address that no such message may carry."""


def check_function(function):
    """Raise UnknownFunction unless the layout of its frames is known."""
    if function not in ASKS:
        raise UnknownFunction("unknown function 0x%02X" % function)


def check_address(address, function, is_request):
    """Raise WrongAddress unless a request or an answer of this function may carry the address."""
    if address == BROADCAST:
        if not is_request:
            raise WrongAddress("address 0 is broadcast, and no station answers for it")
        if function not in WRITES:
            raise WrongAddress("address 0 is broadcast, for writes only; function 0x%02X reads" % function)
    elif not 1 <= address <= ADDRESS_MAX:
        raise WrongAddress("address %d is outside 1..%d (248 to 255 are reserved)" % (address, ADDRESS_MAX))


def _check_range(start, count, most):
    if not 1 <= count <= most:
        raise NotAllowed("quantity %d is outside 1..%d" % (count, most))
    if not 0 <= start <= 0x10000 - count:
        raise NotAllowed("%d from %d leave the address space of 65536" % (count, start))


def _check_value(function, start, value):
    _check_range(start, 1, 1)
    most = 1 if function == WRITE_COIL else 0xFFFF
    if not 0 <= value <= most:
        raise NotAllowed("value %d is outside 0..%d" % (value, most))


def _written_max(function):
    return BITS_WRITTEN_MAX if function == WRITE_COILS else REGISTERS_WRITTEN_MAX


def _check_bytes(data, needed):
    if len(data) != needed:
        raise NotAllowed("%d bytes of values, the quantity needs %d" % (len(data), needed))


def check_request(message):
    """Raise NotAllowed (or its children) unless every part of a request is in its range."""
    function = message.function
    check_function(function)
    shape = ASKS[function]
    if not isinstance(message, shape):
        raise NotAllowed("function 0x%02X is not asked for like this" % function)
    check_address(message.address, function, True)
    if function <= READ_INPUT:
        most = BITS_MAX if function <= READ_INPUTS else REGISTERS_MAX
        _check_range(message.start, message.count, most)
    elif function <= WRITE_REGISTER:
        _check_value(function, message.start, message.value)
    elif function == READ_WRITE:
        _check_range(message.start, message.count, REGISTERS_MAX)
        _check_range(message.write_start, len(message.data) // 2, REGISTERS_EXCHANGED_MAX)
        _check_bytes(message.data, len(message.data) // 2 * 2)
    elif function != IDENTIFY:
        _check_range(message.start, message.count, _written_max(function))
        _check_bytes(message.data, data_bytes(function, message.count))


def check_reply(message):
    """Raise NotAllowed (or its children) unless every part of a Reply or Written is in its range."""
    function = message.function
    check_function(function)
    check_address(message.address, function, False)
    if isinstance(message, Written) != (function in WRITES):
        raise NotAllowed("function 0x%02X is not answered like this" % function)
    if function in (WRITE_COIL, WRITE_REGISTER):
        _check_value(function, message.start, message.value)
    elif function in WRITES:
        _check_range(message.start, message.value, _written_max(function))
    else:
        size = len(message.data)
        if not 1 <= size <= data_bytes_max(function):
            raise NotAllowed("byte count %d is outside 1..%d" % (size, data_bytes_max(function)))
        if has_registers(function) and size % 2:
            raise NotAllowed("byte count %d is odd, registers have 2 bytes" % size)


def check_failure(failure):
    """Raise NotAllowed (or WrongAddress) unless every part of a Failure, of any function, is in its range."""
    check_address(failure.address, failure.function, False)
    if not 1 <= failure.function <= 0x7F or not 1 <= failure.code <= 0xFF:
        raise NotAllowed("function %d, exception %d: neither may be 0" % (failure.function, failure.code))


def has_registers(function):
    """True if the data of this function's frames are registers of two bytes, high byte first."""
    return function in (READ_HOLDING, READ_INPUT, WRITE_REGISTERS, READ_WRITE)


def data_bytes(function, count):
    """Return the bytes that so many registers or bits take in a frame of this function."""
    return 2 * count if has_registers(function) else (count + 7) // 8


def data_bytes_max(function):
    """Return the largest byte count of an answer to this function."""
    return IDENTITY_BYTES_MAX if function == IDENTIFY else 250  # 125 registers, 2000 bits


def is_broadcast(request):
    """True if no station answers this request."""
    return request.address == BROADCAST


def is_answer(request, message):
    """True if this Reply, Written or Failure can be the answer to the request."""
    if request.address != message.address or request.function != message.function or is_broadcast(request):
        return False
    if isinstance(message, Failure):
        return True
    if isinstance(message, Written):
        value = request.value if isinstance(request, Write) else request.count
        return request.start == message.start and value == message.value
    if isinstance(request, Identify):
        return True
    return isinstance(message, Reply) and len(message.data) == data_bytes(request.function, request.count)
