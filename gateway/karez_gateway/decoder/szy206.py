"""`karez decode szy206`: SZY 206-2012/2016 and SL/T 427-2021 frames of a raw capture.

Settings (`--set NAME=VALUE`), the first is the default; `auto` reads each frame by the standard
that reads it whole and finds no reserved state bits, 206 where both do. Where platforms differ further:
    standard        auto, 206, 427
    lone_field      flow, volume: a single 5-byte field in a report of flow
    stored_field    volume, flow: what B1H returns
    channel_order   flow_first, volume_first
    alarm_place     before, after: the alarm word of 81H and its data
    composite_order low_first, high_first
    device_order    kind_first, number_first: the nibbles of 92H and 93H
    tag_order       second_first, day_first
    report_83       picture, run
    motor_bytes     2, 1
    answer_aux      no, yes: answers carry PW and Tp
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols.errors import BadChecksum, ProtocolError
from karez_protocols.szy206 import BadFrame, Dialect
from karez_protocols.szy206_pieces import pieces

from .finding import Field, Finding, Options, WrongOption
from .szy206_body import choose
from .szy206_facts import facts_of, kind_of
from .szy206_fields import Writer
from .szy206_words import function_name

if TYPE_CHECKING:
    from karez_protocols.piece import Piece

_BYTES_SHOWN = 32  # of a stretch that is no frame
_CHOICES = {
    "standard": ("auto", "206", "427"),
    "lone_field": ("flow", "volume"),
    "stored_field": ("volume", "flow"),
    "channel_order": ("flow_first", "volume_first"),
    "alarm_place": ("before", "after"),
    "composite_order": ("low_first", "high_first"),
    "device_order": ("kind_first", "number_first"),
    "tag_order": ("second_first", "day_first"),
    "report_83": ("picture", "run"),
    "motor_bytes": ("2", "1"),
    "answer_aux": ("no", "yes"),
}
SETTINGS = {name: " or ".join(choices) for name, choices in _CHOICES.items()}
_TAG_BYTES = {"206": 5, "427": 7}


def decode(data: bytes, options: Options | None = None) -> list[Finding]:
    """Return a Finding per frame, and per stretch that is none. Raises WrongOption."""
    dialects = _dialects(options or Options())
    return [_finding(data, piece, dialects) for piece in pieces(data)]


def _dialects(options: Options) -> list[Dialect]:
    """The dialects to try, in this order. Raises WrongOption for a setting it does not know."""
    chosen = {name: choices[0] for name, choices in _CHOICES.items()}
    for name, value in options.settings:
        if value not in _CHOICES.get(name, ()):
            known = "; ".join(f"{one}: {text}" for one, text in SETTINGS.items())
            raise WrongOption(f"no setting {name}={value}, there are {known}")
        chosen[name] = value
    standard = chosen.pop("standard")
    switches: dict[str, Any] = dict(chosen)
    switches["motor_bytes"] = int(chosen["motor_bytes"])
    switches["answer_aux"] = chosen["answer_aux"] == "yes"
    names = ("206", "427") if standard == "auto" else (standard,)
    return [Dialect(_TAG_BYTES[name], True, **switches) for name in names]  # confirms: with Tp or without


def _finding(data: bytes, piece: Piece, dialects: list[Dialect]) -> Finding:
    if piece.error is not None:
        return _invalid(data, piece, piece.error)
    parts = choose(piece.frame, dialects)
    kind = kind_of(piece.frame)
    title = f"{kind}: {function_name(piece.frame.afn)}"
    fields = Writer(parts, piece.offset).write()
    return Finding(piece.offset, piece.length, facts_of(parts), fields, title)


def _invalid(data: bytes, piece: Piece, error: ProtocolError) -> Finding:
    facts: dict[str, Any] = {"kind": "invalid"}
    if isinstance(error, BadChecksum):
        facts |= {"reason": "checksum", "expected_cs": f"{error.expected:02X}"}
    else:
        facts["reason"] = error.reason if isinstance(error, BadFrame) else "length"
    facts["detail"] = str(error)
    raw = data[piece.offset : piece.offset + min(piece.length, _BYTES_SHOWN)]
    field = Field(piece.offset, raw, "bytes", facts["detail"])
    return Finding(piece.offset, piece.length, facts, (field,))
