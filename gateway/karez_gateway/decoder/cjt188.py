"""`karez decode cjt188`: CJ/T 188 frames of water, heat and gas meters, explained.

Settings (`--set NAME=VALUE`), where makers differ:
    clock   auto (default: high byte first only if that alone is a date), low_first, high_first
    status  low_bits (default: valve in bits 1-0), high_bits (valve in bits 7-6)
    litres  whole (default), hundredths: what the digits of unit 29 count
and of heat meters
    units   auto (default: before the numbers only if that alone makes sense), after, before
    flow    four (default), two decimals
    first   settlement (default), cooling: what the first number is
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import cjt188_data as values
from karez_protocols import cjt188_frames as frames
from karez_protocols.cjt188_stream import pieces
from karez_protocols.errors import BadChecksum, ProtocolError, TooLarge

from .cjt188_words import HUNDREDFOLD, UNIT_TEXTS, meter_type
from .finding import Field, Finding, Options, WrongOption

if TYPE_CHECKING:
    from karez_protocols.cjt188_frames import Message
    from karez_protocols.piece import Piece

_CHOICES = {
    "clock": ("auto", "low_first", "high_first"),
    "status": ("low_bits", "high_bits"),
    "litres": ("whole", "hundredths"),
    "units": ("auto", "after", "before"),
    "flow": ("four", "two"),
    "first": ("settlement", "cooling"),
}
SETTINGS = {name: " or ".join(choices) for name, choices in _CHOICES.items()}
IDENTIFIERS = {
    0x901F: "metering data",
    0x8102: "price",
    0x8103: "settlement day",
    0x8104: "reading day",
    0x8105: "purchase",
    0x8106: "key version",
    0x810A: "address",
    0xA010: "write price",
    0xA011: "write settlement day",
    0xA012: "write reading day",
    0xA013: "write purchase",
    0xA014: "write key",
    0xA015: "write clock",
    0xA016: "write base total",
    0xA017: "valve control",
    0xA018: "write address",
    0xA019: "factory enable",
}


def decode(data: bytes, options: Options | None = None) -> list[Finding]:
    """Return a Finding per frame or stray stretch. Raises WrongOption for a setting it does not know."""
    settings = _settings(options or Options())
    return [_finding(piece, data, settings) for piece in pieces(data)]


def _settings(options: Options) -> dict[str, str]:
    chosen = {name: choices[0] for name, choices in _CHOICES.items()}
    for name, value in options.settings:
        if value not in _CHOICES.get(name, ()):
            known = "; ".join(f"{one}: {text}" for one, text in SETTINGS.items())
            raise WrongOption(f"no setting {name}={value}, there are {known}")
        chosen[name] = value
    return chosen


def _finding(piece: Piece, data: bytes, settings: dict[str, str]) -> Finding:
    error: ProtocolError | None = piece.error
    if error is None:
        page = _Page(piece.frame, data, piece.offset, settings)
        try:
            page.write()
            return Finding(piece.offset, piece.length, page.facts, tuple(page.fields))
        except ProtocolError as found:
            error = found
    return Finding(piece.offset, piece.length, _invalid(error))


def _invalid(error: ProtocolError) -> dict[str, Any]:
    facts: dict[str, Any] = {"kind": "invalid", "reason": "noise", "detail": str(error)}
    if isinstance(error, BadChecksum):
        facts["reason"] = "checksum"
        facts["expected_cs"] = f"{error.expected:02X}"
    elif isinstance(error, (TooLarge, frames.WrongLength)):
        facts["reason"] = "length"
    elif isinstance(error, frames.UnknownFunction):
        facts["reason"] = "function"
    elif isinstance(error, frames.NotDigits):
        facts["reason"] = "digits"
    return facts


class _Page:
    """The facts and fields of one good frame, written from its first byte to its last."""

    def __init__(self, message: Message, data: bytes, offset: int, settings: dict[str, str]) -> None:
        self.message = message
        self.facts: dict[str, Any] = {}
        self.fields: list[Field] = []
        self._data = data
        self._at = offset
        self._settings = settings
        self._values: dict[str, float | int | None] = {}
        self._unit_first = False

    def write(self) -> None:
        """Fill `facts` and `fields`. Raises ProtocolError if the data contradict the format."""
        message = self.message
        self._header()
        if message.control & frames.REFUSED:
            self.facts["ser"] = message.ser
            self.facts["status"] = frames.text(message.data)
            self._field(1, "sequence number", str(message.ser))
            self._field(2, "status", "the meter refuses")
        else:
            self._identifier()
            self._content()
        self._field(1, "checksum", "as computed")
        self._field(1, "end", "")

    def _field(self, size: int, name: str, meaning: str, unit: str = "") -> bytes:
        raw = self._data[self._at : self._at + size]
        if size:
            self.fields.append(Field(self._at, raw, name, meaning, unit))
        self._at += size
        return raw

    def _header(self) -> None:
        message = self.message
        control = message.control
        kind = "response" if control & frames.FROM_METER else "request"
        if control & frames.REFUSED:
            kind = "error"
        function = frames.FUNCTION_NAMES[control & 0x3F]
        self.facts |= {
            "kind": kind,
            "preamble_fe": message.preamble,
            "meter_type": f"{message.meter_type:02X}",
            "address": message.address,
            "ctrl": f"{control:02X}",
            "function": function,
        }
        self._field(message.preamble, "preamble", "wakes the meter")
        self._field(1, "start", "")
        self._field(1, "meter type", meter_type(message.meter_type))
        is_any = message.address == frames.ANY_ADDRESS
        self._field(7, "address", "any, if one meter is on the line" if is_any else message.address)
        self._field(1, "control code", f"{function.replace('_', ' ')}, {kind}")
        length = self._data[self._at]
        self._field(1, "length", str(length), "bytes")

    def _identifier(self) -> None:
        message = self.message
        key = values.identifier(message.key)
        self.facts["di_wire"] = f"{message.key:04X}"
        self.facts["di"] = f"{key:04X}"
        self.facts["ser"] = message.ser
        name = IDENTIFIERS.get(key, "not in the standard's list")
        if 0xD120 <= key <= 0xD12B:
            name = f"history, month {key - 0xD11F}"
        self._field(2, "identifier", f"{key:04X} {name}")
        self._field(1, "sequence number", str(message.ser))

    def _content(self) -> None:
        message = self.message
        key = values.identifier(message.key)
        is_reply = bool(message.control & frames.FROM_METER)
        size = len(message.data)
        if key == values.METERING and is_reply and size == values.METERING_BYTES:
            self._metering()
        elif key == values.METERING and is_reply and size == values.HEAT_BYTES:
            self._heat()
        elif key == values.VALVE and is_reply and size == 2:
            self._status()
        elif key == values.VALVE and not is_reply and size == 1:
            self._valve_command()
        elif size:
            self.facts["data"] = frames.text(message.data)
            self._field(size, "data", "a maker's own layout" if key == values.METERING else "")

    def _valve_command(self) -> None:
        command = values.valve_command(self.message.data)
        self.facts["valve_byte"] = frames.text(self.message.data)
        self.facts["valve_command"] = command
        meaning = (command or "no command; 00 asks for the state, with one maker").replace("_", " ")
        self._field(1, "valve command", meaning)

    def _metering(self) -> None:
        metering = values.decode_metering(self.message.data)
        self._number("current_total", metering.total, metering.total_unit)
        self._number("settlement_total", metering.settlement, metering.settlement_unit)
        self._end_of_metering(metering.clock)

    def _heat(self) -> None:
        data = self.message.data
        order = self._settings["units"]
        self._unit_first = order == "before" or (order == "auto" and values.is_unit_first(data))
        if self._unit_first:
            self.facts["unit_order"] = "before"
        heat = values.decode_heat(data, self._unit_first)
        first = "cooling_energy" if self._settings["first"] == "cooling" else "settlement_heat"
        self._number(first, heat.settlement, heat.settlement_unit)
        self._number("current_heat", heat.energy, heat.energy_unit)
        self._number("power", heat.power, heat.power_unit)
        self._number("flow", heat.flow, heat.flow_unit, 2 if self._settings["flow"] == "two" else 4)
        self._number("current_total", heat.total, heat.total_unit)
        self._plain("supply_temperature_c", heat.supply_cdeg, 2, "°C")
        self._plain("return_temperature_c", heat.return_cdeg, 2, "°C")
        self._plain("working_h", heat.working_h, 0, "h")
        self._end_of_metering(heat.clock)

    def _end_of_metering(self, clock: bytes) -> None:
        if self._values:
            self.facts["values"] = self._values
        self._clock(clock)
        self._status()

    def _number(self, name: str, digits: int | None, unit: int, decimals: int = 2) -> None:
        """A number of four bytes and its unit; litres are shown in m³, as 2C is."""
        text = values.UNITS.get(unit, ("",))[0]
        shown = UNIT_TEXTS[text]
        if text == "l":
            text, decimals = "m3", 5 if self._settings["litres"] == "hundredths" else 3
        elif unit in HUNDREDFOLD:
            decimals -= 2
        if text:
            self._values[f"{name}_{text}"] = None if digits is None else digits / 10**decimals
        meaning = _spelled(digits, decimals if text else 0) + ("" if text else " digits, unit unknown")
        if self._unit_first:
            self._field(1, "unit", shown or "unknown code")
        raw = self._field(4, name.replace("_", " "), meaning, UNIT_TEXTS[text])
        self.facts[f"{name}_raw"] = frames.text(bytes(reversed(raw)))
        self.facts[f"{name.replace('_total', '')}_unit"] = f"{unit:02X}"
        if not self._unit_first:
            self._field(1, "unit", shown or "unknown code")

    def _plain(self, name: str, digits: int | None, decimals: int, unit: str) -> None:
        value = digits if digits is None or not decimals else digits / 10**decimals
        self._values[name] = value
        words = name.rpartition("_")[0].replace("_", " ")
        self._field(3, words, _spelled(digits, decimals), unit if digits is not None else "")

    def _clock(self, raw: bytes) -> None:
        order = self._settings["clock"]
        is_high_first = order == "high_first" or (order == "auto" and values.is_clock_high_first(raw))
        clock = values.clock(raw, is_high_first)
        text = None
        meaning = "not set or not supported"
        if clock:
            year, month, day, hour, minute, second = clock
            meaning = text = f"{year:04d}-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"
            if not values.is_date(clock):
                meaning += ", not a date"
        self.facts["clock_raw"] = frames.text(raw)
        self.facts["clock"] = text
        if is_high_first and clock:
            self.facts["clock_order"] = "big_endian"
            meaning += ", high byte first"
        self._field(7, "clock", meaning)

    def _status(self) -> None:
        status = self.message.data[-2:]
        is_high_bits = self._settings["status"] == "high_bits"
        valve = values.valve(status, is_high_bits)
        is_low = values.is_battery_low(status, is_high_bits)
        self.facts["status"] = frames.text(status)
        self.facts["valve"] = valve
        self.facts["battery_low"] = is_low
        battery = "low" if is_low else "normal"
        self._field(2, "status", f"valve {valve or 'in no known state'}, battery {battery}")


def _spelled(digits: int | None, decimals: int) -> str:
    if digits is None:
        return "not supported"
    if not decimals:
        return str(digits)
    return f"{digits // 10**decimals}.{digits % 10**decimals:0{decimals}d}"
