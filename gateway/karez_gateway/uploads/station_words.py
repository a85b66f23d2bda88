"""What a record says of its station beside values: pump, door, alarms; for the words of both standards.

Rules
- A bit is set by what the record itself says, so the same record always makes the same report.
- Nothing is set for want of a better word. What no record of version 1 says stays out: docs/wire has the
  table with the reasons.
- The words have no "unknown". Where a fact is not known, `None` goes to the caller, who must not invent it.
"""

from karez_gateway.verifier import slots
from karez_gateway.verifier.books import PUMP_FLOWING
from karez_protocols import causes, flags, record

_PUMP_LAST = 7  # docs/wire/record.md, pump states; a later version's state is not known here
_FLOW_UNKNOWN = -(1 << 31)
_UNKNOWN_U2, _UNKNOWN_U4 = (1 << 16) - 1, (1 << 32) - 1
_CLOSED = flags.COMMANDED | flags.AUX_CLOSED | flags.POWER_PRESENT

# Name of an alarm, as szy206_words and sl651_status call it -> alarm bits of a record, any of which sets it.
BY_ALARM: dict[str, int] = {
    # The flow and the register that are reported are not to be believed. A second meter that is silent
    # is no such thing; one that differs is, for nobody knows which of the two is right.
    "flow_meter_fault": flags.WATER_SILENT
    | flags.UNCERTAIN
    | flags.IMPOSSIBLE
    | flags.CHANNELS
    | flags.REVERSED
    | flags.STUCK
    | flags.FROZEN,
    "level_meter_fault": flags.LEVEL_SILENT,
    "storage_fault": flags.STORE_FAILED | flags.FRAM,
}
# The same -> causes of a stop.
BY_STOP: dict[str, tuple[int, ...]] = {
    "mains_failed": (causes.MAINS_LOST,),
    "level_limit": (causes.AREA_LEVEL,),
    "flow_meter_fault": (causes.METER_FAULT,),
    # The right, and what the station may take without a network, is used up or not there.
    "quota_alarm": (
        causes.ACCOUNT_EMPTY,
        causes.WATER_CEILING,
        causes.ENERGY_CEILING,
        causes.GRANT_EXPIRED,
        causes.GRANT_MISSING,
        causes.OFFLINE_CEILING,
        causes.AREA_VOLUME,
    ),
    # At a ceiling nothing remains, whatever the alarm value is.
    "remaining_low": (causes.ACCOUNT_EMPTY, causes.WATER_CEILING, causes.ENERGY_CEILING),
}


def is_pump_running(slot: bytes) -> bool | None:
    """True if the pump lifts water; None if a measuring record says nothing of it.

    What runs past the controller runs. A record without a pump state is read by its status, which
    always knows whether the contactor is commanded; then by its kind; then by water that flows.
    """
    if _alarm_bits(slot) & flags.FOREIGN_RUN:
        return True
    state = slots.pump(slot)
    if state <= _PUMP_LAST:
        return state in PUMP_FLOWING
    status = slots.number(slot, record.INTERVAL, "status")
    if status != _UNKNOWN_U2:
        return bool(status & _CLOSED)
    if slot[1] == record.STOP:
        return False
    # Without a flow the pump stands, or lifts nothing; water that runs back falls past it.
    return True if (flow_of(slot) or 0) > 0 else None


def is_door_open(slot: bytes) -> bool | None:
    """True if the record says so; a box without a switch says "closed". None if the status is not known."""
    status = slots.number(slot, record.INTERVAL, "status")
    return None if status == _UNKNOWN_U2 else bool(status & flags.DOOR_OPEN)


def is_under_grant(slot: bytes) -> bool:
    """True if a grant is in force."""
    return slots.head(slot).grant_seq not in (0, _UNKNOWN_U4)


def knows_alarms(slot: bytes) -> bool:
    """True if the record's alarm bits are known."""
    return slots.number(slot, record.INTERVAL, "alarms") != _UNKNOWN_U4


def flow_of(slot: bytes) -> int | None:
    """Flow in L/h; None = not known."""
    raw = slots.raw(slot, record.INTERVAL, "flow_lph")
    flow_lph = int.from_bytes(raw, "little", signed=True)
    return None if flow_lph == _FLOW_UNKNOWN else flow_lph


def alarms_of(slot: bytes) -> frozenset[str]:
    """Names of what a measuring record says is wrong."""
    head = slots.head(slot)
    bits = _alarm_bits(slot)
    found = {name for name, mask in BY_ALARM.items() if bits & mask}
    if head.kind == record.STOP:
        found |= {name for name, stops in BY_STOP.items() if head.cause in stops}
    if head.kind in (record.START, record.STOP):
        found.add("pump_changed")
    if is_door_open(slot):
        found.add("door")
    # A well that is counted by its energy has no flow, and nothing wrong with it.
    method = slots.number(slot, record.INTERVAL, "method")
    is_converted = method in (record.CONVERTED, record.CONVERTED_GROUP, record.ESTIMATED)
    if flow_of(slot) is None and not is_converted:
        found.add("flow_meter_fault")
    return frozenset(found)


def _alarm_bits(slot: bytes) -> int:
    return slots.number(slot, record.INTERVAL, "alarms") if knows_alarms(slot) else 0
