"""One SZY 206 / SL/T 427 frame taken apart: a field that cannot be read does not hide the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import szy206_data, szy206_functions
from karez_protocols import szy206_layout as layouts
from karez_protocols import szy206_time as times
from karez_protocols.errors import ProtocolError
from karez_protocols.szy206_commands import without_ff
from karez_protocols.szy206_messages import decode_message

if TYPE_CHECKING:
    from karez_protocols.szy206 import Frame
    from karez_protocols.szy206_dialect import Dialect


_STATE_RESERVED = 0xFF80  # D7 to D15


@dataclass
class Part:
    """One field of D: its bytes' place in the body, its name, and its values or why there are none."""

    name: str
    at: int
    size: int
    row: int | None  # of a list, counted from 0
    values: dict[str, Any]
    error: str = ""


@dataclass
class Parts:
    """What a body holds. `values` is the decoder's own, None where something in it is wrong."""

    frame: Frame
    dialect: Dialect
    data: bytes
    password: bytes
    tag: bytes
    time: times.TimeTag | None
    parts: list[Part]
    values: dict[str, Any] | None
    problem: str = ""
    group: str | None = None
    unread: bytes = field(default=b"")  # at the end of the body


def _aux(frame: Frame, dialect: Dialect) -> tuple[bytes, bytes, bytes]:
    if frame.divs is not None:  # where PW and Tp of a divided message stand, the fragment does not say
        return frame.body, b"", b""
    if _is_confirm(frame) and len(frame.body) != 1 + dialect.tp_len:
        return frame.body, b"", b""
    try:
        return szy206_functions.split(frame, dialect)
    except ProtocolError:
        return frame.body, b"", b""


def _layout(frame: Frame, data: bytes, dialect: Dialect) -> tuple[str, list[Any]]:
    """The layout of D and its spans. Raises ProtocolError."""
    layout = szy206_data.layout_of(frame.is_up, frame.afn, frame.type_code, data, dialect)
    fields, group, _, _ = layouts.parsed(layout)
    size = layouts.size_of(fields)
    if frame.is_up and not group and all(one.size for one in fields) and size < len(data):
        return layout, layouts.spans(layout, size)
    return layout, layouts.spans(layout, len(data))


def _part(span: Any, data: bytes, dialect: Dialect) -> Part:
    values: dict[str, Any] = {}
    raw = data[span.offset : span.offset + span.size]
    error = ""
    try:
        layouts.decode_field(span.field, raw, dialect, values)
    except ProtocolError as problem:
        error, values = str(problem), {}
    row = span.row[1] if span.row else None
    return Part(span.field.name, span.offset, span.size, row, values, error)


def _is_confirm(frame: Frame) -> bool:
    return not frame.is_up and frame.afn in szy206_functions.CONFIRMED


def _is_plausible(parts: Parts) -> bool:
    """False where a standard reads a frame whole and finds what nobody sends."""
    if _is_confirm(parts.frame):
        return len(parts.frame.body) in (1, 1 + parts.dialect.tp_len)
    words = {part.name: part.values.get(part.name, 0) for part in parts.parts}
    return not words.get("state", 0) & _STATE_RESERVED


def take_apart(frame: Frame, dialect: Dialect) -> Parts:
    """Return the parts of one frame, read in one dialect. Raises nothing."""
    data, password, tag = _aux(frame, dialect)
    found = Parts(frame, dialect, data, password, tag, None, [], None)
    if tag:
        try:
            found.time = times.decode_tag(tag, dialect.tag_order == "day_first")
        except ProtocolError as problem:
            found.problem = str(problem)
    if frame.divs is None and not _is_confirm(frame):
        try:
            layout, spans = _layout(frame, data, dialect)
            found.group = layouts.parsed(layout)[1]
            if frame.is_up and frame.afn == szy206_functions.QUERY_STORED:
                data = without_ff(layout, data)
            found.parts = [_part(span, data, dialect) for span in spans if span.size]
            end = max((part.at + part.size for part in found.parts), default=0)
            found.unread = data[end:]
        except ProtocolError as problem:
            found.problem = found.problem or str(problem)
            found.unread = data
    for part in found.parts:
        found.problem = found.problem or part.error
    try:
        message = decode_message(frame, dialect)
        found.values = getattr(message, "values", {})
    except ProtocolError as problem:
        found.problem = found.problem or str(problem)
    return found


def choose(frame: Frame, candidates: list[Dialect]) -> Parts:
    """Return the parts in the first dialect that reads the frame whole and plausibly, else in the first."""
    found = [take_apart(frame, dialect) for dialect in candidates]
    whole = [one for one in found if not one.problem]
    return next(iter([one for one in whole if _is_plausible(one)] or whole or found))
