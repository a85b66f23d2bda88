"""The data D of every function of SZY 206 / SL/T 427, down and up, as layouts of szy206_layout.

Volumes of water are whole cubic metres on the wire and litres here. A function that no source
describes, and a user function of 427, has its data as bytes.
"""

from . import szy206_functions as functions
from .errors import Malformed
from .szy206_dialect import Dialect
from .szy206_layout import WrongSize, spans
from .szy206_readings import (
    FLOW,
    TYPE_FLOW,
    TYPE_PRESSURE,
    TYPE_QUALITY,
    TYPE_RAIN,
    TYPE_STATUS,
    TYPE_WIND,
    VOLUME,
    element,
    layout_of_data,
)

INTERVALS_206 = 14  # 206 sends the interval of every kind, 427 of those that report
STORED_MAX = 11  # parameter nibbles of B1H and 20H
THRESHOLD_MAX = 12

_WORDS = "alarm u2\nstate u2"
_DONE = "done u1"
_DEVICE = "device+number h1"
_OUTCOME = "outcome+number h1"
_UNIT = "outcome+unit h1"
_LEVELS = "[limits\nbase_mm m3 10\nlower_mm d2 10\nupper_mm d2 10\n]"
_PRESSURES = "[limits\nupper_pa d4 10\nlower_pa d4 10\n]"
_FLOWS = "[limits\n" + FLOW + "\n]"
_ADDRESSES = "[addresses\naddress b5\n]"
_INTERVALS = "kinds u2\n[intervals\ninterval_min n2\n]"
_RUN = (  # the unit of the duration and the order of the times are stated nowhere
    "mask u2\nswitch u1\ntotal_l d5 1000\nuser x5\nbalance_fen d4\nstart x6\nend x6\nrun_l d5 1000\n"
    "amount_fen d4\nduration d4"
)
_BYTES = "data b0"
_MOTOR = "voltage_a_v voltage_b_v voltage_c_v current_a_a current_b_a current_c_a"

# Commands and queries; the answer to a command is the same unless _UP has it.
_DOWN = {
    functions.SET_ADDRESS: "address b5",
    functions.SET_CLOCK: "clock k6",
    functions.SET_MODE: "mode u1 1 3",
    functions.TOP_UP: "added_l d4 1000",
    functions.SET_REMAINING_ALARM: "alarm_l d3 1000",
    functions.SET_LEVEL_LIMITS: _LEVELS,
    functions.SET_PRESSURE_LIMITS: _PRESSURES,
    functions.SET_METER_BASE: "[bases\nbase_l d5 1000 7999999999\n]",
    functions.SET_RELAY_PREAMBLE: "preamble u1",
    functions.SET_RELAY_ADDRESSES: _ADDRESSES,
    functions.SET_RELAY_SWITCHING: "relay u1",
    functions.SET_FLOW_LIMITS: _FLOWS,
    functions.SET_QUOTA: "quota_l d5 1000",
    functions.QUERY_PICTURE: "picture u1",
    functions.RESET: "scope u1 1 2",
    functions.CLEAR_HISTORY: "kinds u1",
    functions.START_DEVICE: _DEVICE,
    functions.STOP_DEVICE: _DEVICE,
    functions.CHANGE_PASSWORD: "new_password p2",
    functions.SET_VALVE_LINK: "mode u1",
    functions.SET_REALTIME_KINDS: "kinds u2",
    functions.SET_REPORT_KINDS: _INTERVALS,
    functions.QUERY_STORED: "kind+index h1\nstart t4\nend t4",
    functions.QUERY_UNSENT: "start q4\nend q4",
    functions.QUERY_RUNS: "count d2",
}
_DOWN_EMPTY = (
    functions.CARD_ON,
    functions.CARD_OFF,
    functions.QUOTA_ON,
    functions.QUOTA_OFF,
    functions.SWITCH_RADIO,
    functions.SWITCH_RELAY,
    functions.QUERY_VALVE_LINK,
    functions.QUERY_REALTIME,
)
_UP = {
    functions.LINK: "link u1",
    functions.CARD_ON: _DONE,
    functions.CARD_OFF: _DONE,
    functions.QUOTA_ON: _DONE,
    functions.QUOTA_OFF: _DONE,
    functions.QUERY_ADDRESS: "address b5",
    functions.QUERY_CLOCK: "clock k6",
    functions.QUERY_MODE: "mode u1 1 3",
    functions.QUERY_REPORT_KINDS: _INTERVALS,
    functions.QUERY_REALTIME_KINDS: "kinds u2",
    functions.QUERY_TOP_UP: "last_top_up_l n4 1000\nremaining_l m5 1000",
    functions.QUERY_REMAINING_ALARM: "alarm_l n3 1000\nremaining_l m5 1000",
    functions.QUERY_EVENTS: "[counters\ncount u2\n]",
    functions.QUERY_STATUS: _WORDS,
    functions.QUERY_RELAY_PREAMBLE: "preamble u1",
    functions.QUERY_PICTURE: _BYTES,
    functions.QUERY_RELAY_ADDRESSES: _ADDRESSES,
    functions.QUERY_RELAY_STATE: "relay u1\nrelay_state u1\n[switches\nmoment k5\n]",
    functions.REPORT_VOLTAGE: "voltage_cv n2",
    functions.RESET: _DONE,
    functions.START_DEVICE: _OUTCOME,
    functions.STOP_DEVICE: _OUTCOME,
    functions.SWITCH_RADIO: _UNIT,
    functions.SWITCH_RELAY: _UNIT,
    functions.QUERY_VALVE_LINK: "mode u1",
    functions.QUERY_RUNS: "count d2\n[runs\n" + _RUN + "\n]",
}
_LIMITS = {
    functions.QUERY_LEVEL_LIMITS: _LEVELS,
    functions.QUERY_PRESSURE_LIMITS: _PRESSURES,
    functions.QUERY_FLOW_LIMITS: _FLOWS,
}


def stored_type(kind: int) -> int:
    """Type code of the parameter nibble of B1H: 0 rain .. 10 soil, 11 pressure. Raises Malformed."""
    if not 0 <= kind <= STORED_MAX:
        raise Malformed("B1H knows parameters 0 to 11, not %d" % kind)
    return TYPE_PRESSURE if kind == STORED_MAX else kind + 1


def _stored(kind, dialect):
    """Layout of the answer to B1H. Water quality is stored in no form that a source shows."""
    type_code = stored_type(kind)
    if type_code == TYPE_FLOW:
        row = VOLUME if dialect.stored_field == "volume" else FLOW
    else:
        row = element(type_code, dialect)
    return _DOWN[functions.QUERY_STORED] + ("\n[values\n%s\n]" % row if row else "\n" + _BYTES)


def threshold_type(kind: int) -> int:
    """Type code of the parameter nibble of 20H: 0 rain .. 11 evaporation, 12 pressure. Raises Malformed."""
    if not 0 <= kind <= THRESHOLD_MAX:
        raise Malformed("20H knows parameters 0 to 12, not %d" % kind)
    return TYPE_PRESSURE if kind == THRESHOLD_MAX else kind + 1


def _threshold(kind, dialect):
    type_code = threshold_type(kind)
    row = element(type_code, dialect)
    if type_code == TYPE_RAIN:
        row = "rain_dmm d1"
    elif type_code == TYPE_FLOW:
        row = FLOW
    elif type_code == TYPE_WIND and dialect.types == "206":
        row = "wind_mmps d3 10 99999"  # a threshold blows from nowhere
    elif type_code == TYPE_QUALITY:
        row = "quality s5"
    return "kind+index h1\ninterval_min u1\n" + row


def limits_layout(afn: int, tail: str) -> str:
    """Layout of the answer to 57H, 58H or 64H that ends with "alarm" or "alarm_state"."""
    return _LIMITS[afn] + "\n" + (_WORDS if tail == "alarm_state" else "alarm u2")


def _limits(afn, size, dialect):
    """The dialect's layout, or the other where only that fits: the lengths tell them apart."""
    other = "alarm" if dialect.limits_tail == "alarm_state" else "alarm_state"
    for tail in (dialect.limits_tail, other):
        try:
            spans(limits_layout(afn, tail), size)
            return limits_layout(afn, tail)
        except WrongSize:
            continue
    return limits_layout(afn, dialect.limits_tail)


def _device(layout, dialect):
    return "number+device h1" if layout == _DEVICE and dialect.device_order == "number_first" else layout


def is_described(afn: int) -> bool:
    """True if a source names a function: a query of it has no data, or its data are described."""
    return (
        afn in _DOWN
        or afn in _UP
        or afn in _LIMITS
        or afn in _DOWN_EMPTY
        or afn in functions.REPORTS + functions.QUALITY_LIMITS
        or afn in (functions.SET_THRESHOLD, functions.QUERY_MOTOR, functions.REPORT_PICTURE)
        or afn in (functions.QUERY_DAILY_HISTORY, functions.QUERY_CHANNELS, functions.SET_CHANNELS)
    )


def layout_of(is_up: bool, afn: int, type_code: int, data: bytes, dialect: Dialect) -> str:
    """Layout of D; where D says itself what follows, `data` is looked at. Raises Malformed."""
    if is_up and afn in functions.REPORTS + (functions.QUERY_REALTIME,):
        return _report(afn, type_code, data, dialect)
    if afn in functions.QUALITY_LIMITS and (is_up or afn < 0x50):
        if not data:
            raise WrongSize("no bitmap of water quality")
        return layout_of_data(TYPE_QUALITY, data, dialect)
    if afn in (functions.SET_THRESHOLD, functions.QUERY_STORED) and (is_up or afn == functions.SET_THRESHOLD):
        if not data:
            raise WrongSize("no parameter byte")
        return (_stored if afn == functions.QUERY_STORED else _threshold)(data[0] >> 4, dialect)
    if is_up:
        return _up(afn, data, dialect)
    if afn in (functions.SWITCH_RADIO, functions.SWITCH_RELAY) and data:
        return _UNIT  # one source sends A9 or A6 down, another nothing
    if afn in _DOWN_EMPTY or (0x50 <= afn <= 0x64 and afn != 0x5B):
        return _DOWN.get(afn, "")  # 5BH is no function of these standards
    return _device(_DOWN.get(afn, _BYTES), dialect)


def _up(afn, data, dialect):
    if afn in _LIMITS:
        return _limits(afn, len(data), dialect)
    if afn == functions.QUERY_MOTOR:
        return "\n".join(["%s u%d" % (name, dialect.motor_bytes) for name in _MOTOR.split()])
    if afn == functions.REPORT_PICTURE:
        return _RUN if dialect.report_83 == "run" else _BYTES
    return _UP.get(afn) or _DOWN.get(afn, _BYTES)


def _report(afn, type_code, data, dialect):
    """Elements, alarm and state; in 81H the alarm word goes first unless the dialect says otherwise."""
    if len(data) < 4:
        raise WrongSize("no alarm and state in %d bytes" % len(data))
    is_first = afn == functions.REPORT_ALARM and dialect.alarm_place == "before"
    elements = data[2:-2] if is_first else data[:-4]
    if not elements and not may_be_empty(afn, type_code):
        raise WrongSize("a report of type %d without an element" % type_code)
    is_answer = afn == functions.QUERY_REALTIME
    return with_words(layout_of_data(type_code, elements, dialect, is_answer), afn, dialect)


def may_be_empty(afn: int, type_code: int) -> bool:
    """True if a report may have no element: the alarm word of 81H is news enough, type D is the words."""
    return afn == functions.REPORT_ALARM or type_code == TYPE_STATUS


def with_words(elements: str, afn: int, dialect: Dialect) -> str:
    """Layout of some elements with the alarm and state words of a report in their place."""
    if afn == functions.REPORT_ALARM and dialect.alarm_place == "before":
        return "alarm u2\n" + elements + "\nstate u2"
    return elements + "\n" + _WORDS
