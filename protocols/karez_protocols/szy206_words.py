"""The alarm word and the state word of SZY 206 / SL/T 427: 16 bits each, low byte first.

An alarm bit that is 1 is an alarm. The state word has no neutral value: 0000H says "pump
running, door open", because D4 is 1 for a stopped pump and D5 for a closed door.
"""

from .errors import NotAllowed

# Work mode in D1 D0 of the state word (a confirm's data byte counts 0 compatible, 1 self report).
MODE_SELF_REPORT = 0
MODE_SELF_REPORT_CONFIRMED = 1
MODE_QUERY = 2
MODE_MAINTENANCE = 3

# D9 is temperature in 427, reserved in 206-2016; D14 is a vendor's meter alarm.
ALARMS = (
    "mains_failed battery_low level_limit flow_limit quality_limit flow_meter_fault pump_changed "
    "level_meter_fault pressure_limit temperature_limit card_alarm quota_alarm remaining_low door "
    "reserved_14 reserved_15"
)
# Bits 6 and 7 are meteorology and electricity in 427.
_KINDS = "rain level flow velocity gate power air wind water_temperature water_quality soil evaporation "
REPORT_KINDS = _KINDS + "alarm_state pressure"  # A1H and 53H, from D0; one platform has the last two turned
QUERY_KINDS = _KINDS + "memory storage pressure"  # A0H and 54H
CLEARED_KINDS = "rain level volume"  # 91H
# Event counters of 5DH, from the first; the rest of the 32 are spare.
EVENTS = (
    "data_initialised parameter_changed state_changed meter_fault password_error terminal_fault mains_lost "
    "battery_low box_opened pump_fault remaining_alarm level_alarm pressure_alarm quality_alarm data_error "
    "frames_sent frames_received send_errors"
)


def mask_of(names: "list[str]", table: str) -> int:
    """Word with the named bits of a table set: ALARMS, REPORT_KINDS ... Raises NotAllowed."""
    known = table.split()
    word = 0
    for name in names:
        if name not in known:
            raise NotAllowed("no bit is called %s" % name)
        word |= 1 << known.index(name)
    return word


def names_of(word: int, table: str) -> "list[str]":
    """Names of the bits set in a word, lowest first; a bit above the table has none."""
    return [name for bit, name in enumerate(table.split()) if word >> bit & 1]


def alarm_word(names: "list[str]") -> int:
    """Alarm word with the named bits of ALARMS set. Raises NotAllowed on a name that is none."""
    return mask_of(names, ALARMS)


def alarm_names(word: int) -> "list[str]":
    """Names of the bits set in an alarm word, lowest first."""
    return names_of(word, ALARMS)


def state_word(
    *,
    work_mode: int,
    is_card_on: bool,
    is_quota_on: bool,
    is_pump_running: bool,
    is_door_open: bool,
    is_on_battery: bool,
) -> int:
    """State word from facts. No argument has a default: 0000H says "pump running, door open"."""
    if not 0 <= work_mode <= 3:
        raise NotAllowed("a work mode is 0..3")
    return (
        work_mode
        | bool(is_card_on) << 2
        | bool(is_quota_on) << 3
        | (not is_pump_running) << 4
        | (not is_door_open) << 5
        | bool(is_on_battery) << 6
    )


def state_facts(word: int) -> dict:
    """The facts of a state word, by the names `state_word` takes, and `reserved` (D7..D15)."""
    return {
        "work_mode": word & 3,
        "is_card_on": bool(word & 0x04),
        "is_quota_on": bool(word & 0x08),
        "is_pump_running": not word & 0x10,
        "is_door_open": not word & 0x20,
        "is_on_battery": bool(word & 0x40),
        "reserved": word >> 7,
    }
