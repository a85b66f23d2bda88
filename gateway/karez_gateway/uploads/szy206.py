"""From a verified record to a SZY 206 self report, C0H type 3: flow and volume, alarm, state, time.

The volume is the well register W in whole cubic metres, rounded down: the litres left over
are not lost, they are in the next report's register. The time is the record's own, never the
time of sending. Alarm and state words say only what the record says.
"""

from karez_gateway.uploads.szy206_events import FlowReport
from karez_gateway.verifier import slots
from karez_protocols import record
from karez_protocols.errors import NotAllowed
from karez_protocols.szy206 import SLT427_2021, SZY206_2016, Dialect
from karez_protocols.szy206_words import ALARMS, MODE_SELF_REPORT, alarm_word, state_word

from . import station_words

DIALECTS: dict[str, Dialect] = {"206": SZY206_2016, "427": SLT427_2021}
REPORTED = (record.INTERVAL, record.STOP)
LITRES_PER_M3 = 1000


def report_of(slot: bytes, address: bytes, received_utc_s: int) -> FlowReport:
    """The report of one measuring record. A record without a time gets the time it was received.

    Raises NotAllowed if nothing in the record says whether the pump runs: the state word must say it, and
    a zero says "running". Its litres are not lost, the register goes on in the next report.
    """
    head = slots.head(slot)
    volume_l = slots.volume_l(slot)
    return FlowReport(
        address=address,
        flow_lph=station_words.flow_of(slot),
        volume_m3=None if volume_l is None else volume_l // LITRES_PER_M3,
        alarm=alarm_word([name for name in ALARMS.split() if name in station_words.alarms_of(slot)]),
        state=_state(slot),
        utc_s=head.utc_s if slots.has_time(head) else received_utc_s,
    )


def _state(slot: bytes) -> int:
    is_running = station_words.is_pump_running(slot)
    if is_running is None:
        raise NotAllowed("nothing says whether the pump runs, and the state word has no form for that")
    return state_word(
        work_mode=MODE_SELF_REPORT,
        is_card_on=False,  # a card identifies here, it is no purse
        is_quota_on=station_words.is_under_grant(slot),
        is_pump_running=is_running,
        is_door_open=bool(station_words.is_door_open(slot)),  # no door is known to be open
        is_on_battery=False,  # no record knows what feeds the box
    )
