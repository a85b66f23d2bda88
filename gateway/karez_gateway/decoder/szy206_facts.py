"""The facts of an SZY 206 / SL/T 427 frame: what `karez decode szy206 --json` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import szy206, szy206_functions, szy206_parts
from karez_protocols import szy206_readings as readings
from karez_protocols import szy206_time as times
from karez_protocols.errors import ProtocolError

from .szy206_words import LINKS, function_name, shown

if TYPE_CHECKING:
    from karez_protocols.szy206 import Frame

    from .szy206_body import Part, Parts

_DATA_SHOWN = 255  # bytes; a fragment of a picture is longer
_DATA_BEGINNING = 16
_FLOW_UNITS = {0: ("m3/s", 3600), 3: ("m3/h", 1)}
_LIMITS = (szy206_functions.SET_FLOW_LIMITS, szy206_functions.QUERY_FLOW_LIMITS)
_WORDS = ("alarm", "state")


def kind_of(frame: Frame) -> str:
    """Return link, report, answer, fragment, confirm, command or query."""
    if not frame.is_up and frame.afn in szy206_functions.CONFIRMED:
        return "confirm"
    if frame.divs is not None:
        return "fragment"
    if frame.is_up:
        if frame.afn == szy206_functions.LINK:
            return "link"
        return "report" if frame.afn in szy206_functions.CONFIRMED else "answer"
    return "command" if szy206_functions.aux_lengths(False, frame.afn, szy206.SZY206_2016)[0] else "query"


def facts_of(parts: Parts) -> dict[str, Any]:
    """Return the facts of one frame."""
    frame = parts.frame
    facts = _header(frame)
    data = _elements(parts) if frame.is_up and frame.afn in szy206_functions.REPORTS else frame.body
    facts["data_hex"] = _hex(data[:_DATA_BEGINNING]) + "..." if len(data) > _DATA_SHOWN else _hex(data)
    facts |= _content(parts)
    facts |= _words(parts)
    if parts.password:
        facts["pw_raw"] = _hex(parts.password)
    if parts.password or (parts.tag and parts.time is None):
        facts["tp_raw"] = _hex(parts.tag)
    if parts.time is not None:
        facts["tp"] = _tag(parts.time)
        facts["standard"] = "427" if parts.dialect.tp_len == 7 else "206"
    if parts.problem:
        facts["detail"] = parts.problem
    return facts


def _header(frame: Frame) -> dict[str, Any]:
    address = frame.address
    try:
        division: str | None = szy206.division_of(address)
    except ProtocolError:
        division = None
    facts: dict[str, Any] = {
        "kind": kind_of(frame),
        "dir": "up" if frame.is_up else "down",
        "div": int(frame.divs is not None),
        "fcb": frame.fcb,
        "type": frame.type_code,
        "length_L": (frame.raw or b"\0\0")[1],
        "addr_hex": _hex(address),
        "division": division,
        "station_le": szy206.station_of(address),
        "station_be": szy206.station_of(address, szy206.HIGH_FIRST),
        "afn": f"{frame.afn:02X}",
        "function": function_name(frame.afn),
    }
    if frame.divs is not None:
        facts["divs"] = frame.divs
    return facts


def _hex(raw: bytes) -> str:
    return raw.hex().upper()


def _elements(parts: Parts) -> bytes:
    """D of a report without its alarm and state words."""
    places = [part for part in parts.parts if part.name not in _WORDS]
    if not places:
        return parts.unread if parts.problem else b""
    return parts.data[places[0].at : places[-1].at + places[-1].size]


def _tag(tag: times.TimeTag) -> dict[str, Any]:
    clock = f"{tag.hour:02d}:{tag.minute:02d}:{tag.second:02d}"
    if tag.month is not None:
        return {"time": f"{tag.year}-{tag.month:02d}-{tag.day:02d} {clock}", "delay_min": tag.delay_min}
    return {
        "day": tag.day,
        "hour": tag.hour,
        "min": tag.minute,
        "sec": tag.second,
        "delay_min": tag.delay_min,
    }


def _words(parts: Parts) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for part in parts.parts:
        if part.name in _WORDS:
            word = part.values[part.name]
            facts[part.name] = word
            facts[part.name + "_bits"] = [bit for bit in range(16) if word >> bit & 1]
    return facts


# -- what a function carries --------------------------------------------------------------------


def _content(parts: Parts) -> dict[str, Any]:
    frame = parts.frame
    if not frame.is_up and frame.afn in szy206_functions.CONFIRMED:
        return {"mode": frame.body[0]} if frame.body else {}
    if frame.afn == szy206.AFN_IMAGE and frame.is_up and len(frame.body) >= 2:
        return _picture(frame)
    if frame.is_up and frame.afn == szy206_functions.LINK and len(frame.body) == 1:
        code = frame.body[0]
        return {"link": f"{code:02X} {LINKS.get(code, 'unknown')}"}
    if frame.afn == szy206_functions.QUERY_STORED:
        return _stored(parts)
    if frame.afn in _LIMITS:
        return _flow_limits(parts)
    if frame.is_up and frame.type_code == readings.TYPE_FLOW and parts.group == "readings":
        return {"values": {"channels": _channels(parts)}}
    values = _values(parts)
    return {"values": values} if values else {}


def _picture(frame: Frame) -> dict[str, Any]:
    size = int.from_bytes(frame.body[:2], "little")
    try:
        return {"image_length_le": size, "image_bytes": len(szy206_parts.picture_of(frame))}
    except ProtocolError:
        return {"image_length_le": size}


def _flow(part: Part) -> dict[str, Any] | None:
    """A flow in the unit of the wire, None if it was not measured."""
    flow_lph = part.values.get("flow_lph")
    if flow_lph is None:
        return None
    unit, factor = _FLOW_UNITS[part.values["flow_unit"]]
    return {"value": flow_lph // factor / 1000, "unit": unit}


def _channels(parts: Parts) -> list[dict[str, Any]]:
    rows: dict[int, dict[str, Any]] = {}
    for part in parts.parts:
        if part.row is None:
            continue
        row = rows.setdefault(part.row, {})
        if part.name == "flow_lph":
            row["flow"] = _flow(part)
        elif part.values:
            row["volume_m3"] = _shown(part, part.name)[1]
    return list(rows.values())


def _flow_limits(parts: Parts) -> dict[str, Any]:
    facts: dict[str, Any] = {"limits_raw": []}
    for part in parts.parts:
        if part.row is None:
            continue
        facts["limits_raw"].append(_hex(parts.data[part.at : part.at + part.size]))
        flow = _flow(part)
        if flow:
            facts[f"limit_{part.row + 1}_{flow['unit'].replace('/', '_')}"] = flow["value"]
    return facts


def _stored(parts: Parts) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    lists: dict[str, list[Any]] = {}
    for part in parts.parts:
        if part.name == "kind+index" and part.values:
            facts |= {"param_type_nibble": part.values["kind"], "param_index": part.values["index"]}
        elif part.name in ("start", "end") and part.values:
            year, month, day, hour = part.values[part.name]
            name = "from" if part.name == "start" else "to"
            facts[name] = f"{year}-{month:02d}-{day:02d} {hour:02d}h"
        elif part.row is not None and part.name == "flow_lph":
            lists.setdefault("flows", []).append(_flow(part))
        elif part.row is not None:
            lists.setdefault(_shown(part, part.name)[0], []).append(_shown(part, part.name)[1])
    for name, values in lists.items():
        facts[name.replace("volume_m3", "values_m3")] = values
    return facts


def _shown(part: Part, name: str) -> tuple[str, Any]:
    shown_name, value, _ = shown(name, part.values.get(name))
    return shown_name, value


def _values(parts: Parts) -> dict[str, Any]:
    """{name: value} in the units shown; {name: [values]} of what may repeat."""
    found: dict[str, Any] = {}
    is_single = parts.frame.type_code in (readings.TYPE_QUALITY, readings.TYPE_COMPOSITE)
    for part in parts.parts:
        if part.name in _WORDS:
            continue
        for name, raw in part.values.items():
            shown_name, value, _ = shown(name, _plain(raw), parts.dialect)
            if part.name == "flow_lph":
                if name == "flow_unit":
                    continue
                shown_name, value = "flow", _flow(part)
            if part.row is None or (is_single and parts.group == "readings"):
                found[shown_name] = value
            else:
                found.setdefault(shown_name, []).append(value)
    return found


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, times.Clock):
        date = f"{value.year}-{value.month:02d}-{value.day:02d}"
        return f"{date} {value.hour:02d}:{value.minute:02d}:{value.second:02d}"
    if isinstance(value, bytes):
        return _hex(value)
    return list(value) if isinstance(value, tuple) else value
