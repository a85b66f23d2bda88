"""The facts of SL 651 frames, by the keys of the test vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import sl651_controls as controls
from karez_protocols.errors import Malformed
from karez_protocols.sl651_elements import EXTENDED, PICTURE, REST, STATUS, STEP, TEXT
from karez_protocols.sl651_frames import CONFIRM_ENDS, NAK, NAMES, STX, SYN
from karez_protocols.sl651_functions import PASSWORD, PERIOD
from karez_protocols.sl651_meanings import is_setting, meaning_of
from karez_protocols.sl651_quantities import quantity
from karez_protocols.sl651_reading import is_fragment
from karez_protocols.sl651_stations import station_text
from karez_protocols.sl651_times import time_text

if TYPE_CHECKING:
    from karez_protocols.sl651_dialect import Dialect
    from karez_protocols.sl651_frames import Frame
    from karez_protocols.sl651_parts import Element, Part

_ANSWERED_BELOW = 0x37  # functions from here on are answers when they go up, or reports of a state
_SERIES_KEYS = {"R": ("rain_mm", 10), "L": ("level_m", 100)}


def kind_of_frame(frame: Frame) -> str:
    """Return report, response, request, confirm or resend."""
    if frame.is_up:
        return "report" if frame.function < _ANSWERED_BELOW else "response"
    if frame.end in CONFIRM_ENDS:
        return "confirm"
    return "resend" if frame.end == NAK else "request"


def header(frame: Frame) -> dict[str, Any]:
    """Return the facts in front of a body."""
    addresses = {"centre": frame.centre, "station": station_text(frame.station)}
    facts: dict[str, Any] = {"kind": kind_of_frame(frame), "direction": "up" if frame.is_up else "down"}
    if frame.is_ascii:
        facts["encoding"] = "ascii"
    facts |= addresses if frame.is_up else dict(reversed(addresses.items()))
    facts |= {
        "password": f"{frame.password:04X}",
        "func": f"{frame.function:02X}",
        "len": len(frame.body) + (0 if frame.packet is None else 6 if frame.is_ascii else 3),
        "start": NAMES[STX if frame.packet is None else SYN],
    }
    if frame.packet is not None:
        facts["packet"] = {"total": frame.packet[0], "seq": frame.packet[1]}
    return facts


def trailer(frame: Frame, crc: str) -> dict[str, Any]:
    """Return the facts behind a body."""
    return {"end": NAMES[frame.end], "crc": crc}


def _raw(frame: Frame, raw: bytes) -> str:
    return raw.decode("ascii", "backslashreplace") if frame.is_ascii else raw.hex().upper()


def body(frame: Frame, parts: list[Part], dialect: Dialect) -> dict[str, Any]:
    """Return the facts of a body. Raises Malformed where a part says what it cannot."""
    facts: dict[str, Any] = {}
    behind = 0
    for one in parts:
        if one.kind == "serial":
            facts["serial"], behind = one.value, one.end
        elif one.kind == "sent":
            facts["sent"], behind = time_text(one.value), one.end
    facts["body_rest"] = _raw(frame, frame.body[behind:])
    if is_fragment(frame) and not parts:
        return facts
    if not frame.is_up and frame.function == PERIOD:
        facts |= _query(frame, parts)
        return facts
    elements = [found for one in parts for found in _elements(frame, one, parts, dialect)]
    if elements:
        facts["elements"] = elements
    words = [_word(frame, one) for one in parts if one.kind == "word"]
    if words and not frame.is_up:
        facts["identifiers"] = words
    for one in parts:
        facts |= _block(frame, one)
    return facts


def _query(frame: Frame, parts: list[Part]) -> dict[str, Any]:
    found = {one.kind: one for one in parts}
    if "word" not in found:
        return {}
    words = [_word(frame, one) for one in parts if one.kind == "word"]
    query = {
        "from": time_text(found["from"].value)[:13] + "h",
        "to": time_text(found["to"].value)[:13] + "h",
        "step_dhm": list(found["element"].value.value),
        "element": words[0],
    }
    if len(words) > 1:
        query["elements"] = words
    return {"query": query}


def _word(frame: Frame, part: Part) -> str:
    raw = frame.body[part.start : part.end]
    return _raw(frame, raw)


def _id_text(element: Element) -> str:
    if isinstance(element.ident, str):
        return element.ident
    if element.ident >= EXTENDED:
        return f"{element.ident:04X}"
    return f"{element.ident:02X}"


def _elements(frame: Frame, part: Part, parts: list[Part], dialect: Dialect) -> list[dict[str, Any]]:
    """Return the elements a part is: one, none, or that of a whole series for its identifier."""
    if part.kind == "station":
        return [{"id": "F1F1", "station": station_text(part.value)}]
    if part.kind == "class":
        return [{"id": "class", "value": f"{part.value:02X}"}]
    if part.kind == "observed":
        return [{"id": "F0F0", "observed": time_text(part.value)[:16]}]
    if part.kind == "text":
        return [{"id": "F2F2", "text": readable(part.value)}]
    if part.kind == "element":
        return [element_facts(frame, part, dialect)]
    if part.kind == "word" and frame.is_up:
        return [_column(frame, part, parts, dialect)]
    return []


def readable(raw: bytes) -> str:
    """Return text of people: UTF-8 or GB 18030, what is neither as escapes."""
    for coding in ("utf-8", "gb18030"):
        try:
            return raw.decode(coding)
        except UnicodeDecodeError:
            continue
    return raw.decode("ascii", "backslashreplace")


def _form(element: Element) -> dict[str, Any]:
    definition = element.size << 3 | element.decimals if element.size < 32 else element.size
    return {
        "id": _id_text(element),
        "def": f"{definition:02X}",
        "bytes": element.size,
        "decimals": element.decimals,
    }


def element_facts(frame: Frame, part: Part, dialect: Dialect) -> dict[str, Any]:
    """Return the facts of one element or setting. Raises Malformed."""
    element = part.value
    settings = is_setting(frame.function)
    if not settings and element.ident in REST:
        head = f"{element.ident:02X}{REST[element.ident]:02X}"
        if element.ident == TEXT:
            return {"id": head, "text": readable(element.value)}
        if element.ident == PICTURE:
            return {"id": head, "jpeg_bytes_in_this_packet": len(element.value)}
        return {"id": head, "raw": element.value.hex().upper()}
    facts = _form(element)
    raw = frame.body[part.start : part.end]
    if frame.is_ascii:
        words = raw.split(b" ")
        facts = {"id": facts["id"], "name": words[0].decode(), "decimals": element.decimals}
        facts["raw"] = b" ".join(words[1:]).decode()
    else:
        facts["raw"] = raw[len(raw) - element.size :].hex().upper()
    return facts | _value(element, settings, frame.function, dialect)


def _value(element: Element, settings: bool, function: int, dialect: Dialect) -> dict[str, Any]:
    what = meaning_of(element.ident, settings, dialect)
    kind = what.kind if what else "?"
    facts: dict[str, Any] = {}
    if kind == "T" and element.ident == STEP:
        facts["step_dhm"] = None if element.value is None else list(element.value)
    elif kind in _SERIES_KEYS:
        key, scale = _SERIES_KEYS[kind]
        facts[key] = [None if one is None else one / scale for one in element.value or ()]
    elif kind == "S" and element.ident == STATUS:
        facts["status"] = element.value
        facts["bits"] = [bit for bit in range(32) if element.value is not None and element.value >> bit & 1]
    elif kind == "A":
        facts["text"] = readable(element.value or b"")
    elif kind in ("N", "D") or (kind == "?" and not isinstance(element.value, bytes)):
        facts["value"] = shown(element.value, element.decimals)
    if what is not None and function != PASSWORD and kind in ("N", "D"):
        facts |= _ours(element, settings, dialect)
    return facts


def _ours(element: Element, settings: bool, dialect: Dialect) -> dict[str, Any]:
    """Return the value as an integer in our unit, by the field that names it."""
    try:
        found = quantity(element, settings, dialect)
    except Malformed:
        return {}  # digits that are no duration: `value` shows them
    return {} if found is None else {found[0]: found[1]}


def shown(value: int | None, decimals: int) -> float | int | None:
    """Return digits with their point."""
    return value if value is None or not decimals else value / 10**decimals


def _column(frame: Frame, part: Part, parts: list[Part], dialect: Dialect) -> dict[str, Any]:
    """Return an identifier of a series with its value in each row."""
    words = [one for one in parts if one.kind == "word"]
    rows = [one for one in parts if one.kind == "row"]
    at = words.index(part)
    word = part.value
    facts = _form(word)
    if frame.is_ascii:
        facts = {
            "id": facts["id"],
            "name": frame.body[part.start : part.end].decode(),
            "decimals": word.decimals,
        }
    elif len(words) == 1:
        facts["raw"] = b"".join(frame.body[one.start : one.end] for one in rows).hex().upper()
    what = meaning_of(word.ident, False, dialect)
    values = [one.value[at] for one in rows]
    if what is not None and what.kind in _SERIES_KEYS:
        key, scale = _SERIES_KEYS[what.kind]
        found = [[None if one is None else one / scale for one in row or ()] for row in values]
        facts[key] = found[0] if len(found) == 1 else found
    else:
        facts["values"] = [
            shown(one, word.decimals) if isinstance(one, int | None) else one.hex() for one in values
        ]
    return facts


def _block(frame: Frame, part: Part) -> dict[str, Any]:
    if part.kind == "version":
        return {"version_length": len(part.value), "version": readable(part.value)}
    if part.kind == "counters":
        return {"events": list(controls.decode_counters(part.value))}
    if part.kind == "switches":
        return {"switches": list(controls.decode_switches(part.value))}
    if part.kind == "gates":
        states, openings_mm = controls.decode_gates(part.value)
        return {"gates": list(states), "openings_mm": list(openings_mm)}
    if part.kind == "quota":
        return {"quota": controls.decode_quota(part.value)}
    if part.kind == "rest":
        return {"data": _raw(frame, part.value)}
    return {}
