"""The fields of a Modbus frame for a person: every byte of it has a name and a meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import modbus_messages as messages
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request

from .finding import Field

if TYPE_CHECKING:
    from .modbus_registers import Reading

FUNCTIONS = {
    messages.READ_COILS: "read coils",
    messages.READ_INPUTS: "read discrete inputs",
    messages.READ_HOLDING: "read holding registers",
    messages.READ_INPUT: "read input registers",
    messages.WRITE_COIL: "write one coil",
    messages.WRITE_REGISTER: "write one register",
    messages.WRITE_COILS: "write coils",
    messages.WRITE_REGISTERS: "write registers",
    messages.IDENTIFY: "report server identification",
    messages.READ_WRITE: "write and read registers",
}
# Application protocol, section 6 and 4.1: known by name, their frames are not taken apart.
NAMED_ONLY = {
    0x07: "read exception status",
    0x08: "diagnostics",
    0x0B: "get comm event counter",
    0x0C: "get comm event log",
    0x14: "read file record",
    0x15: "write file record",
    0x16: "mask write register",
    0x18: "read FIFO queue",
    0x2B: "encapsulated interface transport",
}
_OF_USERS = (range(65, 73), range(100, 111))
# Application protocol, section 7; 07 is of older devices.
EXCEPTIONS = {
    1: "function not supported",
    2: "address not available",
    3: "quantity or value not allowed",
    4: "device failure",
    5: "accepted, takes long",
    6: "busy",
    7: "negative acknowledge",
    8: "memory parity error",
    10: "gateway: path unavailable",
    11: "gateway: target did not answer",
}


def function_name(function: int) -> str:
    """Return the name of a function, "unknown" without one."""
    if any(function in codes for codes in _OF_USERS):
        return "the maker's own"
    return FUNCTIONS.get(function) or NAMED_ONLY.get(function, "unknown")


def registers_of(data: bytes) -> list[int]:
    """Return register bytes as numbers."""
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]


def bits_of(data: bytes, count: int) -> list[int]:
    """Return the first `count` bits, the lowest of each byte first."""
    return [data[at // 8] >> at % 8 & 1 for at in range(min(count, 8 * len(data)))]


class _Table:
    """Takes the bytes of a frame one field after the other."""

    def __init__(self, offset: int, raw: bytes) -> None:
        self._offset = offset
        self._raw = raw
        self._at = 0
        self.fields: list[Field] = []

    def add(self, size: int, name: str, meaning: str, unit: str = "") -> None:
        if size:
            raw = self._raw[self._at : self._at + size]
            self.fields.append(Field(self._offset + self._at, raw, name, meaning, unit))
            self._at += size

    def add_number(self, name: str) -> None:
        self.add(2, name, str(int.from_bytes(self._raw[self._at : self._at + 2], "big")))

    def add_end(self, meaning: str) -> None:
        self.add(len(self._raw) - 2 - self._at, "data", "")
        self.add(2, "CRC", meaning)


def _head(table: _Table, raw: bytes, role: str) -> None:
    address = raw[0]
    table.add(1, "address", "broadcast" if address == messages.BROADCAST else str(address))
    function = raw[1] & 0x7F
    table.add(1, "function", f"{function:02X} {function_name(function)}, {role}")


def _role(message: Any) -> str:
    if isinstance(message, Failure):
        return "exception"
    return "response" if isinstance(message, Reply | messages.Written) else "request"


def _add_registers(table: _Table, data: bytes, start: int | None, readings: list[Reading]) -> None:
    """One field for each value the profile knows, one for each other register."""
    known = {reading.start: reading for reading in readings}
    at = 0
    while at < len(data) // 2:
        reading = None if start is None else known.get(start + at)
        if reading:
            table.add(2 * reading.count, f"{reading.name} ({reading.start})", reading.meaning, reading.unit)
            at += reading.count
            continue
        table.add_number(f"register +{at}" if start is None else f"register {start + at}")
        at += 1


def _add_bits(table: _Table, data: bytes, count: int, start: int | None) -> None:
    for at in range(len(data)):
        held = min(8, count - 8 * at)
        first, last = 8 * at, 8 * at + held - 1
        name = f"bits +{first} to +{last}" if start is None else f"bits {start + first} to {start + last}"
        table.add(1, name, " ".join(str(bit) for bit in bits_of(data[at : at + 1], held)))


def fields_of(
    offset: int, raw: bytes, message: Any, request: Any, start: int | None, readings: list[Reading]
) -> tuple[Field, ...]:
    """Return the fields of a good frame.

    `request`: what it answers, or None; `start`: the register its values begin with, or None.
    """
    table = _Table(offset, raw)
    _head(table, raw, _role(message))
    if isinstance(message, Failure):
        table.add(1, "exception code", f"{message.code} {EXCEPTIONS.get(message.code, 'of the maker')}")
    elif isinstance(message, Reply):
        table.add(1, "byte count", str(len(message.data)))
        _add_reply(table, message, request, start, readings)
    elif not isinstance(message, messages.Identify):
        _add_question(table, message)
    table.add_end("right")
    return tuple(table.fields)


def _add_reply(
    table: _Table, message: Reply, request: Any, start: int | None, readings: list[Reading]
) -> None:
    if message.function == messages.IDENTIFY:
        table.add(len(message.data), "identification", "".join(_printable(byte) for byte in message.data))
    elif messages.has_registers(message.function):
        _add_registers(table, message.data, start, readings)
    else:
        count = request.count if request else 8 * len(message.data)
        _add_bits(table, message.data, count, request.start if request else None)


def _printable(byte: int) -> str:
    return chr(byte) if 0x20 <= byte < 0x7F else "."


def _add_question(table: _Table, message: Any) -> None:
    """Fields of a request, and of an answer that repeats one."""
    table.add_number("start")
    if message.function == messages.WRITE_COIL:
        table.add(2, "value", "on" if message.value else "off")
    elif message.function == messages.WRITE_REGISTER:
        table.add_number("value")
    else:
        table.add_number("quantity")
    if isinstance(message, Request | messages.Write | messages.Written):
        return
    start = message.start
    if isinstance(message, messages.ReadWrite):
        start = message.write_start
        table.add_number("write start")
        table.add_number("write quantity")
    table.add(1, "byte count", str(len(message.data)))
    if messages.has_registers(message.function):
        _add_registers(table, message.data, start, [])
    else:
        _add_bits(table, message.data, message.count, start)


def fields_of_bad(offset: int, raw: bytes, verdict: str) -> tuple[Field, ...]:
    """Return the fields of a frame whose CRC is wrong, or whose content is."""
    table = _Table(offset, raw)
    _head(table, raw, "exception" if raw[1] & 0x80 else "bad")
    table.add_end(verdict)
    return tuple(table.fields)
