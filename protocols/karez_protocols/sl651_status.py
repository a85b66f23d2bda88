"""The status and alarm word of SL 651 (element 45H, table 58): 1 = abnormal, but not in every bit.

Bit 7: 0 = door OPEN, 1 = closed. Bit 10: 0 = pump RUNNING, 1 = stopped. Bit 9: 1 = IC card in use.
So a word of 0 says "door open, pump running": it is no neutral value and nothing here defaults to it.
"""

from .errors import NotAllowed

DOOR_CLOSED = 1 << 7
CARD_ON = 1 << 9
PUMP_STOPPED = 1 << 10
REMAINING_LOW = 1 << 11
RESERVED_FROM = 12

ALARMS = (
    "mains_failed battery_low level_limit flow_limit quality_limit flow_meter_fault level_meter_fault "
    "- storage_fault - - remaining_low"
)


def status_word(alarms: list, is_door_open: bool, is_card_on: bool, is_pump_running: bool) -> int:
    """Word of named ALARMS and three facts, none of which has a default. Raises NotAllowed."""
    known = ALARMS.split()
    word = 0
    for name in alarms:
        if name not in known or name == "-":
            raise NotAllowed("no alarm is called %s" % name)
        word |= 1 << known.index(name)
    if not is_door_open:
        word |= DOOR_CLOSED
    if is_card_on:
        word |= CARD_ON
    if not is_pump_running:
        word |= PUMP_STOPPED
    return word


def alarm_names(word: int) -> list:
    """Names of the alarms in a word, lowest bit first."""
    return [name for bit, name in enumerate(ALARMS.split()) if name != "-" and word >> bit & 1]


def status_facts(word: int) -> dict:
    """The facts of a word, by the names `status_word` takes, and `reserved` (bits 12 to 31)."""
    return {
        "alarms": alarm_names(word),
        "is_door_open": not word & DOOR_CLOSED,
        "is_card_on": bool(word & CARD_ON),
        "is_pump_running": not word & PUMP_STOPPED,
        "reserved": word >> RESERVED_FROM,
    }
