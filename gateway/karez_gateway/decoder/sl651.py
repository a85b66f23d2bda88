"""`karez decode sl651`: SL 651-2014 frames of a raw capture, HEX and ASCII, both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols.errors import BadChecksum, Malformed, ProtocolError
from karez_protocols.sl651_dialect import KAREZ_ELEMENTS, Dialect
from karez_protocols.sl651_reading import is_fragment, message_of, parts_of
from karez_protocols.sl651_stream import BadPiece, pieces

from . import sl651_facts
from .finding import Field, Finding, Options, WrongOption
from .sl651_fields import fields, title

if TYPE_CHECKING:
    from karez_protocols.piece import Piece
    from karez_protocols.sl651_frames import Frame
    from karez_protocols.sl651_parts import Part

_BYTES_SHOWN = 32  # of a stretch that is no frame
_COLUMNS_MAX = 9  # more than one identifier in HEX is no practice; a digit is enough

SETTINGS = {
    "packets": "bits of the length of a HEX packet: 12 (with the direction in front) or 16",
    "columns": "identifiers in front of the rows of a HEX series, 1 to 9",
    "reports": "user functions whose body is a report, in hex: E0E1E2",
    "elements": "karez: FF01 is the running total, FF02 the energy",
}


def decode(data: bytes, options: Options) -> list[Finding]:
    """Return one Finding for each frame, and for each stretch that is none. Raises WrongOption."""
    dialect = _dialect(dict(options.settings))
    return [_finding(data, piece, dialect) for piece in pieces(data, dialect)]


def _dialect(settings: dict[str, str]) -> Dialect:
    bits = settings.get("packets", "12")
    columns = settings.get("columns", "1")
    elements = settings.get("elements", "")
    if bits not in ("12", "16"):
        raise WrongOption(f"packets is 12 or 16, not {bits!r}")
    if not (columns.isascii() and columns.isdigit() and 1 <= int(columns) <= _COLUMNS_MAX):
        raise WrongOption(f"columns is 1 to {_COLUMNS_MAX}, not {columns!r}")
    if elements not in ("", "karez"):
        raise WrongOption(f"elements is karez, not {elements!r}")
    try:
        reports = bytes.fromhex(settings.get("reports", ""))
    except ValueError:
        raise WrongOption(f"reports is function codes in hex, not {settings['reports']!r}") from None
    return Dialect(
        wide_packets=bits == "16",
        series_words=int(columns),
        user_reports=reports,
        elements=KAREZ_ELEMENTS if elements else b"",
    )


def _finding(data: bytes, piece: Piece, dialect: Dialect) -> Finding:
    raw = data[piece.offset : piece.offset + piece.length]
    if piece.error is not None:
        return _invalid(piece, raw, piece.error)
    frame = piece.frame
    try:
        parts = _parts(frame, dialect)
        if parts and not is_fragment(frame):
            message_of(frame, parts, dialect)  # refuses what the parts alone do not show
        facts = sl651_facts.header(frame) | sl651_facts.body(frame, parts, dialect)
    except Malformed as error:
        return _bad_body(piece, raw, frame, dialect, error)
    facts |= sl651_facts.trailer(frame, _crc(frame, raw))
    shown = fields(piece.offset, raw, frame, parts, dialect)
    return Finding(piece.offset, piece.length, facts, shown, title(frame, dialect))


def _crc(frame: Frame, raw: bytes) -> str:
    return raw[-4:].decode().upper() if frame.is_ascii else raw[-2:].hex().upper()


def _parts(frame: Frame, dialect: Dialect) -> list[Part]:
    """Return the parts of a body; of several packets only the first has a beginning. Raises Malformed."""
    if not is_fragment(frame):
        return parts_of(frame, dialect)
    if frame.packet[1] > 1:
        return []
    try:
        return parts_of(frame, dialect)
    except Malformed:
        return []  # cut within an element: the packets behind it hold the rest


# -- what is no frame -------------------------------------------------------------------


def _bad_body(piece: Piece, raw: bytes, frame: Frame, dialect: Dialect, error: Malformed) -> Finding:
    facts: dict[str, Any] = {"kind": "invalid", "reason": "body", "detail": f"{error}; the CRC is right"}
    facts |= {name: value for name, value in sl651_facts.header(frame).items() if name != "kind"}
    shown = fields(piece.offset, raw, frame, None, dialect)
    return Finding(piece.offset, piece.length, facts, shown, title(frame, dialect))


def _invalid(piece: Piece, raw: bytes, error: ProtocolError) -> Finding:
    facts: dict[str, Any] = {"kind": "invalid"}
    if isinstance(error, BadChecksum):
        facts |= {"reason": "crc", "expected_crc": f"{error.expected:04X}"}
    else:
        facts["reason"] = error.reason if isinstance(error, BadPiece) else "form"
    facts["detail"] = str(error)
    field = Field(piece.offset, raw[:_BYTES_SHOWN], "bytes", facts["detail"])
    return Finding(piece.offset, piece.length, facts, (field,))
