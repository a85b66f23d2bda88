"""What was sent to a platform and what it answered, by standard: the first byte tells which one.

    68          SZY 206, SL/T 427     whole cubic metres
    7E, 01      SL 651                litres, or no volume at all
    7B, a "{"   JSON over MQTT        litres, and which record it is about

Frames and documents come out of the log as bytes; nothing of them is taken for granted.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from karez_protocols import (
    mqtt,
    sl651,
    sl651_messages,
    szy206,
    szy206_functions,
    szy206_messages,
    szy206_readings,
)
from karez_protocols.errors import Malformed, ProtocolError
from karez_protocols.sl651_dialect import KAREZ_ELEMENTS, Dialect
from karez_protocols.sl651_frames import CONFIRM_ENDS, HEX_START, SOH
from karez_protocols.sl651_quantities import quantity
from karez_protocols.sl651_reading import decode_message

LITRES_PER_M3 = 1000
_FLOW_REPORT = (True, szy206_functions.REPORT, szy206_readings.TYPE_FLOW)
# Every identifier under which one of our dialects carries the total.
_TOTALS = Dialect(elements=KAREZ_ELEMENTS + b"76 76 total_l N 11 3 1000\n")
_PUBACK = bytes([mqtt.PUBACK << 4, 2])


@dataclass(frozen=True, slots=True)
class Sent:
    """A report as sent: its volume in whole units of `unit_l`; and what its answer is worth.

    `about` is (controller, chain, seq) where the report itself names its record.
    """

    volume_l: int | None
    unit_l: int
    is_confirmed: bool
    has_volume: bool = True
    is_broker_only: bool = False
    about: tuple[Any, Any, Any] | None = None


def _szy206(request: bytes, confirm: bytes) -> Sent:
    """The dialects differ in the length of the time tag.

    Before it stand 10 bytes a channel and 4 of alarm and state, so at most one of them fits a frame.
    """
    frame, answer = szy206.decode(request), szy206.decode(confirm)
    if (frame.is_up, frame.afn, frame.type_code) != _FLOW_REPORT or frame.divs is not None:
        raise Malformed("the frame is no report of volume")
    try:
        report = szy206_messages.decode_self_report(frame, szy206.SZY206_2016)
    except ProtocolError:
        report = szy206_messages.decode_self_report(frame, szy206.SLT427_2021)
    volume_l: int | None = report.readings[0].get("volume_l") if report.readings else None
    # The centre's answer: other direction, same station and function; FCB as it was received.
    said = (frame.address, frame.afn, frame.fcb)
    is_confirmed = not answer.is_up and (answer.address, answer.afn, answer.fcb) == said
    return Sent(volume_l, LITRES_PER_M3, is_confirmed)


def _sl651(request: bytes, confirm: bytes) -> Sent:
    frame, answer = sl651.decode(request), sl651.decode(confirm)
    message, confirmed = decode_message(frame, _TOTALS), decode_message(answer, _TOTALS)
    if not isinstance(message, sl651_messages.Report):
        raise Malformed("the frame is no report")
    elements = [one for group in message.groups for one in group.elements]
    found = dict(pair for one in elements if (pair := quantity(one, False, _TOTALS)) is not None)
    is_confirmed = (
        not answer.is_up
        and answer.end in CONFIRM_ENDS
        and (answer.station, answer.function, answer.is_ascii)
        == (frame.station, frame.function, frame.is_ascii)
        and getattr(confirmed, "serial", None) == message.serial
    )
    return Sent(found.get("total_l"), 1, is_confirmed, has_volume="total_l" in found)


def _json(request: bytes, confirm: bytes) -> Sent:
    document, is_puback = _object(request), confirm[:2] == _PUBACK and len(confirm) == 4
    volume_l, evidence = document.get("volume_l"), document.get("evidence")
    if not isinstance(evidence, dict) or not (volume_l is None or type(volume_l) is int):
        raise Malformed("the document has no evidence, or no volume in whole litres")
    answer = {} if is_puback else _object(confirm)
    is_quoted = str(answer.get("sha256")).lower() == hashlib.sha256(request).hexdigest()
    return Sent(
        volume_l,
        1,
        is_confirmed=is_puback or (is_quoted and answer.get("accepted") is True),
        is_broker_only=is_puback,
        about=(document.get("controller"), evidence.get("chain"), evidence.get("seq")),
    )


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed("a document or its answer is not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("a document or its answer is no JSON object")
    return found


_READERS: dict[int, Callable[[bytes, bytes], Sent]] = {
    0x68: _szy206,
    HEX_START: _sl651,
    SOH: _sl651,
    ord("{"): _json,
}


def read(request: bytes, confirm: bytes) -> Sent | None:
    """What was sent, None in a protocol that is not known here. Raises ProtocolError."""
    reader = _READERS.get(request[0]) if request else None
    return None if reader is None else reader(request, confirm)
