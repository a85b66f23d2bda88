"""The fields of SL 651 frames for a person: each byte once, in order, with what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import sl651_ascii, sl651_hex
from karez_protocols import sl651_controls as controls
from karez_protocols import sl651_settings as settings_of
from karez_protocols.errors import ProtocolError
from karez_protocols.sl651_elements import PICTURE, REST, TEXT
from karez_protocols.sl651_frames import NAMES, STX, SYN
from karez_protocols.sl651_functions import function_of
from karez_protocols.sl651_meanings import is_setting, meaning_of
from karez_protocols.sl651_quantities import quantity
from karez_protocols.sl651_stations import CLASSES, station_text
from karez_protocols.sl651_status import status_facts
from karez_protocols.sl651_times import time_text

from .finding import Field
from .sl651_facts import readable, shown
from .sl651_words import STATUS_WORDS, WORK_MODES, label, unit_of

if TYPE_CHECKING:
    from karez_protocols.sl651_dialect import Dialect
    from karez_protocols.sl651_elements import Meaning
    from karez_protocols.sl651_frames import Frame
    from karez_protocols.sl651_parts import Element, Part

# Text of people: chinese.KEPT has these names, their meaning is never put over.
TEXT_NAMES = ("manual text", "software version", "device number")
_NO_VALUE = "no value"


class _Cutter:
    """Cuts a frame into fields from left to right."""

    def __init__(self, offset: int, raw: bytes) -> None:
        self._offset = offset
        self._raw = raw
        self.at = 0
        self.fields: list[Field] = []

    def cut(self, size: int, name: str, meaning: str, unit: str = "") -> None:
        raw = self._raw[self.at : self.at + size]
        self.fields.append(Field(self._offset + self.at, raw, name, meaning, unit))
        self.at += size


def title(frame: Frame, dialect: Dialect) -> str:
    """Return the headline of a frame: "32 timed report, up"."""
    return f"{_function(frame, dialect)}, {'up' if frame.is_up else 'down'}"


def _function(frame: Frame, dialect: Dialect) -> str:
    return f"{frame.function:02X} {function_of(frame.function, dialect).name.replace('_', ' ')}"


def fields(
    offset: int, raw: bytes, frame: Frame, parts: list[Part] | None, dialect: Dialect
) -> tuple[Field, ...]:
    """Return the fields of a whole frame; parts None: the body is shown as bytes."""
    cutter = _Cutter(offset, raw)
    times = 2 if frame.is_ascii else 1
    cutter.cut(1 if frame.is_ascii else 2, "frame start", "SOH, ASCII" if frame.is_ascii else "7E7E, HEX")
    station = (5 * times, "station", station_text(frame.station))
    centre = (times, "centre", f"{frame.centre}")
    for size, name, meaning in (centre, station) if frame.is_up else (station, centre):
        cutter.cut(size, name, meaning)
    cutter.cut(2 * times, "password", f"{frame.password:04X}")
    cutter.cut(times, "function", _function(frame, dialect))
    length = len(raw) - (sl651_ascii if frame.is_ascii else sl651_hex).AROUND_BYTES
    cutter.cut(2 * times, "direction and length", f"{'up' if frame.is_up else 'down'}, {length} bytes")
    cutter.cut(1, "body start", NAMES[STX if frame.packet is None else SYN])
    if frame.packet is not None:
        cutter.cut(3 * times, "packet", f"{frame.packet[1]} of {frame.packet[0]}")
    _body(cutter, frame, parts, dialect)
    cutter.cut(1, "frame end", NAMES[frame.end])
    cutter.cut(2 * times, "CRC", "right")
    return tuple(cutter.fields)


def _body(cutter: _Cutter, frame: Frame, parts: list[Part] | None, dialect: Dialect) -> None:
    if not parts:
        if frame.body:
            cutter.cut(len(frame.body), "body", "continues the packet before" if parts == [] else "")
        return
    first = cutter.at
    columns = [one.value for one in parts if one.kind == "word"]
    for at, one in enumerate(parts):
        # In ASCII the blanks behind a word belong to it.
        end = parts[at + 1].start if at + 1 < len(parts) else len(frame.body)
        name, meaning, unit = _part(frame, one, columns, dialect)
        cutter.cut(first + end - cutter.at, name, meaning, unit)


def _part(frame: Frame, part: Part, columns: list[Element], dialect: Dialect) -> tuple[str, str, str]:
    value = part.value
    if part.kind == "element":
        return _element(value, is_setting(frame.function), dialect)
    if part.kind == "word":
        return "identifier", _identifier(value, is_setting(frame.function), dialect), ""
    if part.kind == "row":
        shown_values = [
            _element(_with(word, one), False, dialect)[1] for word, one in zip(columns, value, strict=True)
        ]
        return "row", "; ".join(shown_values), ""
    if part.kind in ("sent", "observed", "from", "to"):
        until = {"observed": 16, "from": 13, "to": 13}.get(part.kind, 19)
        return _TIMES[part.kind], time_text(value)[:until], ""
    return _PLAIN[part.kind](value)


_TIMES = {"sent": "send time", "observed": "observation time", "from": "begin", "to": "end of period"}


def _with(word: Element, value: Any) -> Element:
    return type(word)(word.ident, word.size, word.decimals, value)


def _identifier(element: Element, settings: bool, dialect: Dialect) -> str:
    what = meaning_of(element.ident, settings, dialect)
    return f"{_code(element)} {label(what)}" if what else f"{_code(element)} (not in the standard)"


def _code(element: Element) -> str:
    return element.ident if isinstance(element.ident, str) else f"{element.ident:02X}"


def _element(element: Element, settings: bool, dialect: Dialect) -> tuple[str, str, str]:
    """Return (name, meaning, unit) of an element or setting."""
    value = element.value
    if not settings and element.ident in REST:
        return _rest(element)
    what = meaning_of(element.ident, settings, dialect)
    if what is None:
        if value is None or isinstance(value, bytes):
            meaning = _NO_VALUE if value is None else value.hex().upper()
        else:
            meaning = _decimal(value, element.decimals)
        return f"element {_code(element)}", meaning, ""
    if value is None:
        return label(what), "" if what.kind == "E" else _NO_VALUE, ""
    return label(what), _meaning(element, what, settings, dialect), unit_of(what)


def _decimal(value: int, decimals: int) -> str:
    return f"{shown(value, decimals):.{decimals}f}" if decimals else f"{value}"


def _meaning(element: Element, what: Meaning, settings: bool, dialect: Dialect) -> str:
    value = element.value
    if what.kind in ("R", "L"):
        return " ".join("-" if one is None else _decimal(one, what.decimals) for one in value)
    if what.kind == "T":
        return f"{value.days} d {value.hours} h {value.minutes} min"
    if what.kind == "S":
        return f"{value:08X} {_status(value)}"
    if what.kind == "P":
        return f"{value:04X}"
    if what.kind == "A":
        return readable(value)
    if what.kind == "D":
        try:
            return f"{(quantity(element, settings, dialect) or ('', 0))[1]}"
        except ProtocolError as error:
            return str(error)
    if isinstance(value, bytes):
        return _setting(element, what)
    if what.field == "work_mode" and not element.decimals:
        return f"{value} {WORK_MODES.get(value, 'unknown')}"
    return _decimal(value, element.decimals)


def _status(word: int) -> str:
    facts = status_facts(word)
    said = [words[facts[name]] for name, words in STATUS_WORDS.items()]
    said += [name.replace("_", " ") for name in facts["alarms"]]
    if facts["reserved"]:
        said.append(f"reserved bits {facts['reserved'] << 12:08X}")
    return ", ".join(said)


def _setting(element: Element, what: Meaning) -> str:
    try:
        if what.field.endswith("channel"):
            kind, address = settings_of.decode_channel(element.value)
            return f"channel {kind} {address}" if address else "channel off"
        if what.field == "measured":
            names = settings_of.measured_names(element.value)
            return " ".join(name.replace("_", " ") for name in names) or "nothing"
    except ProtocolError as error:
        return str(error)
    return str(element.value.hex().upper())


def _rest(element: Element) -> tuple[str, str, str]:
    if element.ident == TEXT:
        return "manual text", readable(element.value), ""
    name = "picture" if element.ident == PICTURE else "velocity batch"
    return name, f"{len(element.value)} bytes", ""


def _switches(raw: bytes) -> tuple[str, str, str]:
    on = [f"{number}" for number, is_on in enumerate(controls.decode_switches(raw), 1) if is_on]
    return "switches", f"on: {' '.join(on)}" if on else "all off", ""


def _gates(raw: bytes) -> tuple[str, str, str]:
    states, openings_mm = controls.decode_gates(raw)
    said = [
        f"gate {number} {'open' if is_open else 'closed'} {'?' if opening is None else opening / 1000}"
        for number, (is_open, opening) in enumerate(zip(states, openings_mm, strict=True), 1)
    ]
    return "gates", ", ".join(said), "m"


def _counters(raw: bytes) -> tuple[str, str, str]:
    return "event counters", " ".join(f"{one}" for one in controls.decode_counters(raw)), ""


# Parts that say the same in every function.
_PLAIN = {
    "serial": lambda value: ("serial", f"{value}", ""),
    "station": lambda value: ("observed station", station_text(value), ""),
    "class": lambda value: (
        "station class",
        f"{value:02X} {CLASSES.get(value, 'user class').replace('_', ' ')}",
        "",
    ),
    "text": lambda value: ("manual text", readable(value), ""),
    "version": lambda value: ("software version", readable(value), ""),
    "switches": _switches,
    "gates": _gates,
    "quota": lambda value: ("quota", "in force" if controls.decode_quota(value) else "not in force", ""),
    "counters": _counters,
    "rest": lambda value: ("data", f"{len(value)} bytes", ""),
}
