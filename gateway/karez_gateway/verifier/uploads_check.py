"""Reports to platforms: the figure sent is the figure of the record, and the platform confirmed it."""

from dataclasses import dataclass

from karez_protocols import szy206, szy206_functions, szy206_messages, szy206_readings
from karez_protocols.errors import Malformed, ProtocolError

from .books import Values
from .findings import Finding, found

_FIRST_BYTE = b"\x68"
LITRES_PER_M3 = 1000
_REPORT = (True, szy206_functions.REPORT, szy206_readings.TYPE_FLOW)


@dataclass(frozen=True, slots=True)
class Upload:
    """One confirmed report: whole m3 as sent, and the litres the standard's unit left out."""

    destination: str
    seq: int
    confirmed_utc_s: int | None
    volume_m3: int | None
    remainder_l: int | None
    log_index: int


def sent_volume_m3(request: szy206.Frame) -> int | None:
    """Whole m3 of the first channel of a self report. Raises ProtocolError.

    The dialects differ in the length of the time tag; before it stand 10 bytes a channel and 4
    of alarm and state, so at most one of them fits a frame.
    """
    if (request.is_up, request.afn, request.type_code) != _REPORT or request.divs is not None:
        raise Malformed("the frame is no report of volume")
    try:
        report = szy206_messages.decode_self_report(request, szy206.SZY206_2016)
    except ProtocolError:
        report = szy206_messages.decode_self_report(request, szy206.SLT427_2021)
    volume_l: int | None = report.readings[0].get("volume_l") if report.readings else None
    return None if volume_l is None else volume_l // LITRES_PER_M3


def _is_confirm(request: szy206.Frame, confirm: szy206.Frame) -> bool:
    """The centre's answer: other direction, same station and function; FCB as it was received."""
    return (
        not confirm.is_up
        and confirm.address == request.address
        and confirm.afn == request.afn
        and confirm.fcb == request.fcb
    )


def check(
    entry: Values, log_index: int, span: tuple[int, int], named: Values | None
) -> tuple[Upload | None, list[Finding]]:
    """Check one upload entry against the record it names, decoded (None: not among the records here)."""
    seq, destination = entry["seq"], entry["destination"]
    if seq is None or entry["request"][:1] != _FIRST_BYTE:
        facts = {"destination": destination}
        return None, [found("upload_unknown_protocol", seq=seq, span=span, **facts)]
    try:
        request, confirm = szy206.decode(entry["request"]), szy206.decode(entry["confirm"])
        volume_m3 = sent_volume_m3(request)
    except ProtocolError as error:
        return None, [found("upload_malformed", seq=seq, span=span, reason=str(error))]
    findings = []
    if not _is_confirm(request, confirm):
        findings.append(found("upload_confirm", seq=seq, span=span, destination=destination))
    volume_l = named.get("volume_l") if named else None
    if named is None:
        findings.append(found("upload_elsewhere", seq=seq, span=span, destination=destination))
    elif volume_m3 != (None if volume_l is None else volume_l // 1000):
        sent: int | str = "?" if volume_m3 is None else volume_m3
        recorded: int | str = "?" if volume_l is None else volume_l
        facts = {"destination": destination, "recorded_l": recorded, "sent_m3": sent}
        findings.append(found("upload_volume", seq=seq, span=span, **facts))
    remainder_l = None if volume_l is None else volume_l % 1000
    upload = Upload(destination, seq, entry["confirmed_utc_s"], volume_m3, remainder_l, log_index)
    return upload, findings
