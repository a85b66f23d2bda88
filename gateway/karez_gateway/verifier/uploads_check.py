"""Reports to platforms: the figure sent is the figure of the record, and the platform confirmed it."""

from dataclasses import dataclass

from karez_protocols.errors import ProtocolError

from . import uploads_read
from .books import Values
from .findings import Finding, found
from .uploads_read import LITRES_PER_M3, Sent


@dataclass(frozen=True, slots=True)
class Upload:
    """One confirmed report: the volume as sent, and the litres that the standard's unit left out.

    `volume_m3` is whole where whole cubic metres were sent, otherwise a text with three decimals.
    """

    destination: str
    seq: int
    confirmed_utc_s: int | None
    volume_m3: int | str | None
    remainder_l: int | None
    log_index: int


def check(
    entry: Values, log_index: int, span: tuple[int, int], named: Values | None
) -> tuple[Upload | None, list[Finding]]:
    """Check one upload entry against the record it names, decoded (None: not among the records here)."""
    seq, destination = entry["seq"], entry["destination"]
    try:
        sent = None if seq is None else uploads_read.read(entry["request"], entry["confirm"])
    except ProtocolError as error:
        return None, [found("upload_malformed", seq=seq, span=span, reason=str(error))]
    if sent is None:
        return None, [found("upload_unknown_protocol", seq=seq, span=span, destination=destination)]
    if sent.about not in (None, (entry["controller"], entry["chain"], seq)):
        return None, [found("upload_malformed", seq=seq, span=span, reason="it is about another record")]
    volume_l = named.get("volume_l") if named else None
    findings = []
    if not sent.is_confirmed:
        findings.append(found("upload_confirm", seq=seq, span=span, destination=destination))
    if sent.is_broker_only:
        findings.append(found("upload_broker_only", seq=seq, span=span, destination=destination))
    if named is None:
        findings.append(found("upload_elsewhere", seq=seq, span=span, destination=destination))
    elif sent.has_volume and _units(sent.volume_l, sent.unit_l) != _units(volume_l, sent.unit_l):
        recorded: int | str = "?" if volume_l is None else volume_l
        told: int | str | None = _m3(sent)
        facts = {"destination": destination, "recorded_l": recorded, "sent_m3": "?" if told is None else told}
        findings.append(found("upload_volume", seq=seq, span=span, **facts))
    remainder_l = None if volume_l is None else volume_l % sent.unit_l
    upload = Upload(destination, seq, entry["confirmed_utc_s"], _m3(sent), remainder_l, log_index)
    return upload, findings


def _units(litres: int | None, unit_l: int) -> int | None:
    return None if litres is None else litres // unit_l


def _m3(sent: Sent) -> int | str | None:
    if sent.volume_l is None:
        return None
    whole, litres = divmod(sent.volume_l, LITRES_PER_M3)
    return whole if sent.unit_l == LITRES_PER_M3 else f"{whole}.{litres:03d}"
