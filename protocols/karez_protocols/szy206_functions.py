"""The functions (AFN) of SZY 206 / SL/T 427, and which of them carry a password and a time tag.

The data of each are in szy206_data.
"""

from .errors import Malformed
from .szy206 import Frame
from .szy206_dialect import Dialect

LINK = 0x02
SET_ADDRESS = 0x10
SET_CLOCK = 0x11
SET_MODE = 0x12
TOP_UP = 0x15  # adds: szy206_responder knows repeats
SET_REMAINING_ALARM = 0x16
SET_LEVEL_LIMITS = 0x17
SET_PRESSURE_LIMITS = 0x18
SET_QUALITY_UPPER = 0x19
SET_QUALITY_LOWER = 0x1A
SET_METER_BASE = 0x1B
SET_RELAY_PREAMBLE = 0x1C
SET_RELAY_ADDRESSES = 0x1D
SET_RELAY_SWITCHING = 0x1E
SET_FLOW_LIMITS = 0x1F
SET_THRESHOLD = 0x20
CARD_ON = 0x30
CARD_OFF = 0x31
QUOTA_ON = 0x32
QUOTA_OFF = 0x33
SET_QUOTA = 0x34
QUERY_ADDRESS = 0x50
QUERY_CLOCK = 0x51
QUERY_MODE = 0x52
QUERY_REPORT_KINDS = 0x53
QUERY_REALTIME_KINDS = 0x54
QUERY_TOP_UP = 0x55
QUERY_REMAINING_ALARM = 0x56
QUERY_LEVEL_LIMITS = 0x57
QUERY_PRESSURE_LIMITS = 0x58
QUERY_QUALITY_UPPER = 0x59
QUERY_QUALITY_LOWER = 0x5A
QUERY_DAILY_HISTORY = 0x5C  # by name only: no source has its data
QUERY_EVENTS = 0x5D
QUERY_STATUS = 0x5E
QUERY_MOTOR = 0x5F
QUERY_RELAY_PREAMBLE = 0x60
QUERY_PICTURE = 0x61
QUERY_RELAY_ADDRESSES = 0x62
QUERY_RELAY_STATE = 0x63
QUERY_FLOW_LIMITS = 0x64
QUERY_CHANNELS = 0x65  # 427
REPORT_ALARM = 0x81
REPORT_MANUAL = 0x82
REPORT_PICTURE = 0x83  # 427; a vendor's pump run where the dialect says so
REPORT_VOLTAGE = 0x84  # 427
RESET = 0x90
CLEAR_HISTORY = 0x91
START_DEVICE = 0x92
STOP_DEVICE = 0x93
SWITCH_RADIO = 0x94
SWITCH_RELAY = 0x95
CHANGE_PASSWORD = 0x96
SET_VALVE_LINK = 0x97  # vendor: remaining water closes the valve
QUERY_VALVE_LINK = 0x98
SET_REALTIME_KINDS = 0xA0
SET_REPORT_KINDS = 0xA1
SET_CHANNELS = 0xA2  # 427
QUERY_REALTIME = 0xB0
QUERY_STORED = 0xB1
QUERY_UNSENT = 0xB2
QUERY_RUNS = 0xB3  # vendor
REPORT = 0xC0

REPORTS = (REPORT_ALARM, REPORT_MANUAL, REPORT)  # elements, alarm, state, Tp
CONFIRMED = (LINK, REPORT_ALARM, REPORT_MANUAL, REPORT_PICTURE, REPORT_VOLTAGE, REPORT)
LIMITS = (QUERY_LEVEL_LIMITS, QUERY_PRESSURE_LIMITS, QUERY_FLOW_LIMITS)
QUALITY_LIMITS = (SET_QUALITY_UPPER, SET_QUALITY_LOWER, QUERY_QUALITY_UPPER, QUERY_QUALITY_LOWER)

ACCEPTED = 0x5A  # `done` of an answer: the command was carried out
DEVICE_PUMP = 0  # `device` of 92H and 93H
DEVICE_VALVE = 15
DEVICE_DONE = 10  # `outcome` of their answers; anything else = not done
UNIT_A = 9  # `unit` of 94H and 95H
UNIT_B = 6
RESTART = 1  # `scope` of 90H
FACTORY_RESET = 2


def aux_lengths(is_up: bool, afn: int, dialect: Dialect) -> "tuple[int, int]":
    """Bytes of PW and of Tp in a frame of this direction and function (table in docs/wire/szy206.md)."""
    if is_up:
        if afn in REPORTS or (afn == REPORT_PICTURE and dialect.report_83 == "run"):
            return 0, dialect.tp_len
        has_aux = dialect.answer_aux and aux_lengths(False, afn, dialect)[0] > 0
        return (2, dialect.tp_len) if has_aux else (0, 0)
    if afn in CONFIRMED and afn != LINK:
        return 0, dialect.tp_len if dialect.confirm_with_tp else 0
    if afn == QUERY_RUNS:
        return 0, dialect.tp_len
    if 0x10 <= afn <= 0x4F or 0x90 <= afn <= SET_VALVE_LINK or 0xA0 <= afn <= 0xA2:
        return 2, dialect.tp_len
    return 0, 0


def split(frame: Frame, dialect: Dialect) -> "tuple[bytes, bytes, bytes]":
    """(D, PW, Tp) of a frame; PW and Tp are empty where the function has none. Raises Malformed."""
    password, tag = aux_lengths(frame.is_up, frame.afn, dialect)
    end = len(frame.body) - tag
    if end < password:
        raise Malformed("%d bytes hold no PW and Tp" % len(frame.body))
    return frame.body[: end - password], frame.body[end - password : end], frame.body[end:]
