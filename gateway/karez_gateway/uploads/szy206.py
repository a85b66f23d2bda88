"""From a verified record to a SZY 206 self report, C0H type 3: flow and volume, alarm, state, time.

The volume is the well register W in whole cubic metres, rounded down: the litres left over
are not lost, they are in the next report's register. The time is the record's own, never the
time of sending. Alarm and state words say only what the record says.
"""

from karez_gateway.uploads.szy206_events import FlowReport
from karez_gateway.verifier import slots
from karez_gateway.verifier.books import PUMP_FLOWING
from karez_gateway.verifier.slots import PLACES
from karez_protocols import causes, record
from karez_protocols.szy206 import SLT427_2021, SZY206_2016, Dialect
from karez_protocols.szy206_words import MODE_SELF_REPORT, alarm_word, state_word

DIALECTS: dict[str, Dialect] = {"206": SZY206_2016, "427": SLT427_2021}
REPORTED = (record.INTERVAL, record.STOP)
LITRES_PER_M3 = 1000

_FLOW = slice(*PLACES[record.INTERVAL]["flow_lph"][:2])
_FLOW_UNKNOWN = -(1 << 31)
_CEILINGS = (causes.WATER_CEILING, causes.ENERGY_CEILING, causes.ACCOUNT_EMPTY)


def report_of(slot: bytes, address: bytes, received_utc_s: int) -> FlowReport:
    """The report of one measuring record. A record without a time gets the time it was received."""
    head = slots.head(slot)
    volume_l = slots.volume_l(slot)
    flow_lph = int.from_bytes(slot[_FLOW], "little", signed=True)
    return FlowReport(
        address=address,
        flow_lph=None if flow_lph == _FLOW_UNKNOWN else flow_lph,
        volume_m3=None if volume_l is None else volume_l // LITRES_PER_M3,
        alarm=_alarm(head, is_flow_known=flow_lph != _FLOW_UNKNOWN),
        state=_state(slot, head),
        utc_s=head.utc_s if slots.has_time(head) else received_utc_s,
    )


def _alarm(head: slots.Head, *, is_flow_known: bool) -> int:
    names = []
    if head.kind == record.STOP:
        names.append("pump_changed")
    if head.kind == record.STOP and head.cause == causes.MAINS_LOST:
        names.append("mains_failed")
    if head.kind == record.STOP and head.cause in _CEILINGS:
        names.append("quota_alarm")
    if not is_flow_known:
        names.append("flow_meter_fault")
    return alarm_word(names)


def _state(slot: bytes, head: slots.Head) -> int:
    return state_word(
        work_mode=MODE_SELF_REPORT,
        is_card_on=False,  # a card identifies here, it is no purse
        is_quota_on=head.grant_seq != 0,
        is_pump_running=slots.pump(slot) in PUMP_FLOWING,
        is_door_open=False,  # records of version 1 carry no door contact
        is_on_battery=False,
    )
