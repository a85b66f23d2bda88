"""The fields of an SZY 206 / SL/T 427 frame for a person: from its first 68 to its 16."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import szy206, szy206_data, szy206_functions, szy206_words
from karez_protocols import szy206_time as times
from karez_protocols.errors import ProtocolError

from .finding import Field
from .szy206_words import (
    DEVICES,
    LINKS,
    MODES,
    SCOPES,
    STATE_MODES,
    UNITS_AB,
    ending,
    function_name,
    shown,
    type_name,
)

if TYPE_CHECKING:
    from .szy206_body import Part, Parts

_HEAD_BYTES = 4  # 68 L 68 C
_FLOW_UNITS = {0: ("m³/s", 3600), 3: ("m³/h", 1)}
_CODES: dict[str, dict[int, str]] = {
    "mode": dict(enumerate(MODES)),
    "scope": SCOPES,
    "done": {szy206_functions.ACCEPTED: "carried out"},
    "link": LINKS,
}
_EVENTS = szy206_words.EVENTS.split()
_KINDS = {
    szy206_functions.SET_REPORT_KINDS: szy206_words.REPORT_KINDS,
    szy206_functions.QUERY_REPORT_KINDS: szy206_words.REPORT_KINDS,
    szy206_functions.SET_REALTIME_KINDS: szy206_words.QUERY_KINDS,
    szy206_functions.QUERY_REALTIME_KINDS: szy206_words.QUERY_KINDS,
    szy206_functions.CLEAR_HISTORY: szy206_words.CLEARED_KINDS,
}
# Where the plain word says something else in another protocol.
_WORDS = {
    "battery_low": "station battery low",
    "door": "box door",
    "soil": "soil moisture",
    "air": "air pressure",
}
_NAMES = {
    "alarm_l": "alarm value",
    "count": "event",
    "flow_lph": "flow",
    "kind+index": "parameter",
    "kinds": "kinds mask",
    "moment": "switched at",
    "power_w": "pump power",
    "start": "from",
    "state": "station state",
    "temperature_ddegc": "water temperature",
    "voltage_cv": "station voltage",
    "end": "to",
}


class Writer:
    """Writes the fields of one frame, in order; together they cover its bytes."""

    def __init__(self, parts: Parts, offset: int) -> None:
        """`offset`: where the frame begins in the input."""
        self.parts = parts
        self.fields: list[Field] = []
        self._raw = parts.frame.raw or b""
        self._offset = offset
        self._at = 0

    def _field(self, size: int, name: str, meaning: str, unit: str = "") -> None:
        if size > 0:
            raw = self._raw[self._at : self._at + size]
            self.fields.append(Field(self._offset + self._at, raw, name, meaning, unit))
            self._at += size

    def write(self) -> tuple[Field, ...]:
        """Return the fields."""
        frame = self.parts.frame
        self._field(1, "start", "68")
        length = self._raw[1]
        is_picture = len(self._raw) == szy206.IMAGE_FRAME_BYTES
        self._field(
            1, "user data length", f"{length} kilobytes of picture" if is_picture else f"{length} bytes"
        )
        self._field(1, "start", "68")
        self._field(1, "control field", self._control())
        if frame.divs is not None:
            last = "the last one" if frame.divs == 1 else f"{frame.divs - 1} more follow"
            self._field(1, "fragments left", last)
        self._field(5, "address", self._address())
        is_user = frame.afn > 0xFF
        self._field(1 + is_user, "function", f"{frame.afn:02X} {function_name(frame.afn)}")
        self._body()
        self._field(1, "checksum", "right")
        self._field(1, "end", "16")
        return tuple(self.fields)

    def _control(self) -> str:
        frame = self.parts.frame
        name = type_name(frame.type_code, self.parts.dialect.types)
        way = "up" if frame.is_up else "down"
        divided = ", divided" if frame.divs is not None else ""
        return f"{way}, FCB {frame.fcb}, type {frame.type_code} {name}{divided}"

    def _address(self) -> str:
        address = self.parts.frame.address
        try:
            division = szy206.division_of(address)
        except ProtocolError:
            return address.hex().upper()
        low, high = szy206.station_of(address), szy206.station_of(address, szy206.HIGH_FIRST)
        return f"division {division}, station {low}, high byte first {high}"

    def _body(self) -> None:
        parts = self.parts
        frame = parts.frame
        if not frame.is_up and frame.afn in szy206_functions.CONFIRMED:
            self._confirm()
            return
        start = self._at
        for part in parts.parts:
            self._field(start + part.at + part.size - self._at, *self._part(part))
        end = len(self._raw) - 2 - len(parts.password) - len(parts.tag)
        if frame.afn == szy206.AFN_IMAGE and frame.is_up and frame.divs is not None:
            self._field(
                min(2, end - self._at), "picture bytes", str(int.from_bytes(frame.body[:2], "little"))
            )
            self._field(end - self._at, "picture", "")
        self._field(end - self._at, "data", "does not fit this function" if parts.problem else "as sent")
        self._field(len(parts.password), "password", "")
        self._tag(len(parts.tag))

    def _confirm(self) -> None:
        frame = self.parts.frame
        if frame.body:
            mode = frame.body[0]
            meaning = MODES[mode] if mode < len(MODES) and frame.afn != szy206_functions.LINK else "confirmed"
            self._field(1, "work mode", meaning)
        rest = len(frame.body) - 1
        if rest == len(self.parts.tag) and self.parts.time is not None:
            self._tag(rest)
        else:
            self._field(rest, "data", "as sent")

    def _tag(self, size: int) -> None:
        tag = self.parts.time
        if tag is None:
            self._field(size, "time tag", "no time in the order of this standard")
            return
        clock = f"{tag.hour:02d}:{tag.minute:02d}:{tag.second:02d}"
        if tag.month is None:
            text = f"day {tag.day}, {clock}"
        else:
            text = f"{tag.year}-{tag.month:02d}-{tag.day:02d} {clock}"
        delay = f"delay {tag.delay_min} min" if tag.delay_min else "age not checked"
        self._field(size, "time tag", f"{text}, {delay}")

    # -- one part of D ------------------------------------------------------------------------

    def _part(self, part: Part) -> tuple[str, str, str]:
        """(name, meaning, unit) of a part."""
        dialect = self.parts.dialect
        _, value, unit = shown(part.name, part.values.get(part.name), dialect)
        name = _NAMES.get(part.name, part.name.removesuffix(ending(part.name)))
        name = name.replace("_", " ").replace("+", " and ")
        if part.row is not None:
            name = f"{name} no. {part.row + 1}"
        if part.error:
            return name, "not readable", ""
        special = self._special(part)
        if special is not None:
            return name, *special
        if value is None and part.name in part.values:
            return name, "not measured", ""
        return name, _text(value), unit

    def _special(self, part: Part) -> tuple[str, str] | None:
        """(meaning, unit) of what is no plain number."""
        value = part.values.get(part.name)
        if part.name == "flow_lph":
            if value is None:
                return "not measured", ""
            unit, factor = _FLOW_UNITS[part.values["flow_unit"]]
            return _text(value // factor / 1000), unit
        if part.name == "wind_mmps" and value is not None:
            return f"{_text(value / 1000)}, direction {part.values['wind_direction']}", "m/s"
        if part.name == "alarm":
            return _alarm(value or 0), ""
        if part.name == "state":
            return _state(value or 0), ""
        if part.name == "count" and part.row is not None and part.row < len(_EVENTS):
            return f"{value} {_plain(_EVENTS[part.row])}", ""
        if part.name == "kinds" and self.parts.frame.afn in _KINDS:
            names = szy206_words.names_of(value or 0, _KINDS[self.parts.frame.afn])
            return f"{value:04X} " + (", ".join(_plain(name) for name in names) or "none of them"), ""
        if part.name in _CODES:
            word = _CODES[part.name].get(value or 0, "not in the sources")
            return f"{value:02X} {word}", ""
        if "+" in part.name:
            return self._nibbles(part), ""
        return None

    def _nibbles(self, part: Part) -> str:
        """What two nibbles say: device and number, outcome and number, parameter and index."""
        values = part.values
        if "device" in values:
            return f"{DEVICES.get(values['device'], 'not in the sources')}, no. {values['number']}"
        if "outcome" in values:
            done = "done" if values["outcome"] == szy206_functions.DEVICE_DONE else "not done"
            if "unit" in values:
                return f"{done}, {UNITS_AB.get(values['unit'], 'not in the sources')}"
            return f"{done}, no. {values['number']}"
        is_stored = self.parts.frame.afn == szy206_functions.QUERY_STORED
        type_of = szy206_data.stored_type if is_stored else szy206_data.threshold_type
        try:
            kind = type_name(type_of(values["kind"]), self.parts.dialect.types)
        except ProtocolError:
            kind = "not in the sources"
        return f"{kind}, no. {values['index']}"


def _text(value: Any) -> str:
    if isinstance(value, times.Clock):
        date = f"{value.year}-{value.month:02d}-{value.day:02d}"
        weekday = f", weekday {value.weekday}" if value.weekday else ""
        return f"{date} {value.hour:02d}:{value.minute:02d}:{value.second:02d}{weekday}"
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, tuple) and value[0] >= 2000:
        return f"{value[0]}-{value[1]:02d}-{value[2]:02d} {value[3]:02d}:00"
    if isinstance(value, tuple):
        return f"{value[0]:02d}-{value[1]:02d} {value[2]:02d}:{value[3]:02d}"
    return str(value)


def _plain(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))


def _alarm(word: int) -> str:
    names = [_plain(name) for name in szy206_words.alarm_names(word)]
    return f"{word:04X} " + (", ".join(names) or "no alarm")


def _state(word: int) -> str:
    facts = szy206_words.state_facts(word)
    names = [
        "pump running" if facts["is_pump_running"] else "pump stopped",
        "door open" if facts["is_door_open"] else "door closed",
        "on battery" if facts["is_on_battery"] else "on mains",
        "card on" if facts["is_card_on"] else "card off",
        "quota on" if facts["is_quota_on"] else "quota off",
        STATE_MODES[facts["work_mode"]],
    ]
    return f"{word:04X} " + ", ".join(names)
