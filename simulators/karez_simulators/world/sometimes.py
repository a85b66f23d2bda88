"""What a set of runs must have met at least once, or it proves less than it seems to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import causes, record

if TYPE_CHECKING:
    from collections.abc import Iterable

# Records that a controller has written: (kind, cause) -> what was met.
RECORDS = {
    (record.STOP, causes.WATER_CEILING): "a ceiling ended an irrigation",
    (record.STOP, causes.ACCOUNT_EMPTY): "an account's ceiling ended an irrigation",
    (record.STOP, causes.BUTTON): "a button ended an irrigation",
    (record.STOP, causes.RESTARTED): "a power cut ended an irrigation",
    (record.STOP, causes.ORDER_STOP): "an order ended an irrigation",
    (record.STOP, causes.NO_WATER): "a pump that lifts no water was stopped",
    (record.START, causes.AUTOMATIC): "drinking water started by itself",
    (record.GAP, causes.NONE): "a gap in the readings was booked",
    (record.LOSS, causes.NONE): "records were declared lost",
    (record.ORDER, causes.NONE): "an order was taken",
    (record.EVENT, causes.READING_HELD): "a reading was held",
    (record.EVENT, causes.SEGMENT_OPENED): "a segment was opened",
    (record.EVENT, causes.METER_OPENED): "a technician swapped a meter",
    (record.EVENT, causes.METER_SILENT): "a meter was silent",
    (record.EVENT, causes.GRANT_REFUSED_SEQ): "an old grant was refused",
    (record.EVENT, causes.GRANT_REFUSED_SIGNATURE): "a forged grant was refused",
    (record.EVENT, causes.CLOCK_STEPPED): "a turned clock was noticed",
    (record.EVENT, causes.ENERGY_WITHOUT_WATER): "energy without water was noticed",
    (record.EVENT, causes.WATER_WITHOUT_ENERGY): "water without energy was noticed",
    (record.KEYS, causes.NONE): "a list of keys was taken",
    (record.EVENT, causes.ORDER_REFUSED_SIGNATURE): "an order by an ended key was refused",
    (record.EVENT, causes.DOOR_OPENED): "an open door was noticed",
    (record.EVENT, causes.FRAM_FAILED): "an FRAM died, and the head went to NOR",
    (record.EVENT, causes.HEAD_REBUILT): "a head was rebuilt from the ring",
    (record.EVENT, causes.DID_NOT_STOP): "a pump that did not stop was noticed",
}
# Events of the story: key -> what was met.
EVENTS = {
    "cut_in_write": "a write was cut",
    "gateway_restored": "a backup of the gateway was put back",
    "box_swapped": "a spare took the place of a dead box",
    "gateway_killed": "the gateway was killed",
    "radio_out": "the network was gone",
    "radio_bad": "frames were lost and doubled",
    "platform_down": "a platform misbehaved",
    "restored": "an old flash image was put back",
    "rot": "a stored record rotted",
    "verdict": "an altered bundle was rejected",
}
# What a run notes by hand.
OTHERS = (
    "the ring went round",
    "a cut record was taken up again",
    "the gateway's log caught up after a kill",
    "a record was quarantined",
    "a ceiling was lowered",
)


def every() -> list[str]:
    """All that should be met sometime."""
    return sorted({*RECORDS.values(), *EVENTS.values(), *OTHERS})


def missed(met: Iterable[str]) -> list[str]:
    """What was never met."""
    return sorted(set(every()) - set(met))
