"""A record as others may see it: its registers and states in words, without the card's number.

Fields are read by their offsets (verifier.slots): an export of a county's day has two million records.
"""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from karez_gateway.ledger import figures
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import causes, flag_names, record

TIME_STATES = {
    record.TIME_UNKNOWN: "unknown",
    record.TIME_INFORMATIVE: "informative",
    record.TIME_SYNCHRONISED: "synchronised",
}
PUMP_STATES = tuple("off committing starting running stopping stuck settling awaiting".split())  # noqa: SIM905 - a row, as the wire's page has it


class RecordView(NamedTuple):
    """What a slot says; None: not known, or not in records of this kind."""

    kind: str
    time_state: str | None
    slot_sha256: str
    cause: str | None
    pump: str | None
    method: str | None
    well_register_l: int | None
    held_l: int | None
    energy_register_wh: int | None
    water_register: str | None
    energy_register: str | None
    flow_lph: int | None
    power_w: int | None
    segment: int | None
    grant_seq: int | None
    status: list[str] | None
    alarms: list[str] | None


# All measuring records have these fields at one place.
_MEASURED = PLACES[record.INTERVAL]


def of_slot(slot: bytes) -> RecordView:
    """What the 128 bytes say. A slot that is no record of ours says its kind and digest alone."""
    head = slots.head(slot)
    digest = hashlib.sha256(slot).hexdigest()
    if head.kind not in PLACES or slots.fault(slot, head) is not None:
        kind = record.KIND_NAMES[head.kind] if head.kind in PLACES else f"kind {head.kind}"
        return RecordView(kind, TIME_STATES.get(head.time_state), digest, *(None,) * 14)
    grant_seq = _number(slot, PLACES[head.kind]["grant_seq"])
    said = (record.KIND_NAMES[head.kind], TIME_STATES.get(head.time_state), digest, _cause(slot[2]))
    if not record.is_measuring(head.kind):
        return RecordView(*said, *(None,) * 10, grant_seq, None, None)
    pump = slots.pump(slot)
    return RecordView(
        *said,
        pump=PUMP_STATES[pump] if pump < len(PUMP_STATES) else None,
        method=figures.method(slot[_MEASURED["method"][0]]).code,
        well_register_l=slots.volume_l(slot),
        held_l=_of(slot, "held_l"),
        energy_register_wh=_of(slot, "energy_wh"),
        water_register=slots.raw(slot, record.INTERVAL, "water_raw").hex(),
        energy_register=slots.raw(slot, record.INTERVAL, "energy_raw").hex(),
        flow_lph=_of(slot, "flow_lph"),
        power_w=_of(slot, "power_w"),
        segment=_of(slot, "segment"),
        grant_seq=grant_seq,
        status=_names(_of(slot, "status"), flag_names.STATUS_NAMES),
        alarms=_names(_of(slot, "alarms"), flag_names.ALARM_NAMES),
    )


def _of(slot: bytes, name: str) -> int | None:
    return _number(slot, _MEASURED[name])


def _number(slot: bytes, place: tuple[int, int, str]) -> int | None:
    """A number as the layouts have it: all ones, or the most negative one, are not known (fields.py)."""
    start, end, letter = place
    value = int.from_bytes(slot[start:end], "little", signed=letter == "s")
    bits = 8 * (end - start)
    unknown = -(1 << (bits - 1)) if letter == "s" else (1 << bits) - 1
    return None if value == unknown else value


@lru_cache(maxsize=256)
def _cause(number: int) -> str | None:
    if number == 0xFF:
        return None
    return "none" if number == causes.NONE else str(causes.name(number))


def _names(bits: int | None, names: str) -> list[str] | None:
    if not bits:
        return None if bits is None else []
    return list(flag_names.named(bits, names))
