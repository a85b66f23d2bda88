"""What goes into an SZY 206 / SL/T 427 upload session, and what comes out of it."""

from dataclasses import dataclass
from enum import Enum, auto

from karez_protocols.szy206 import SZY206_2016, Dialect


@dataclass(frozen=True)
class FlowReport:
    """What one well reports: signed flow, register in whole m3 (None = missing), words, sampling time.

    `alarm` and `state` are built by szy206_words.alarm_word and state_word.
    """

    address: bytes
    flow_lph: int | None
    volume_m3: int | None
    alarm: int
    state: int
    utc_s: int


@dataclass(frozen=True)
class SessionSettings:
    """What differs from platform to platform. Times are defaults of ours: no source fixes them."""

    dialect: Dialect = SZY206_2016
    answer_ms: int = 10_000
    keep_alive_ms: int = 60_000
    keep_alive_is_confirmed: bool = False  # some platforms confirm F2, some do not
    logs_in_each_station: bool = True  # F0 for every address before its first report


@dataclass(frozen=True)
class LoggedIn:
    """The platform confirmed the log-in of a station."""

    address: bytes


@dataclass(frozen=True)
class ReportConfirmed:
    """The platform has the report; `request_bytes` is the repeat it confirmed."""

    report: FlowReport
    request_bytes: bytes
    confirm_bytes: bytes


class Failure(Enum):
    """Why a report or a session came to nothing."""

    UNANSWERED = auto()
    DISCONNECTED = auto()
    LOGGED_OUT = auto()


@dataclass(frozen=True)
class ReportFailed:
    """No confirm: the platform may have the report or not."""

    report: FlowReport
    failure: Failure


@dataclass(frozen=True)
class CommandUnsupported:
    """The platform asked for something this adapter does not do; nothing was done, nothing answered."""

    address: bytes
    afn: int
    frame_bytes: bytes


@dataclass(frozen=True)
class SessionEnded:
    """Nothing more will happen: close the connection."""

    failure: Failure


Event = LoggedIn | ReportConfirmed | ReportFailed | CommandUnsupported | SessionEnded


@dataclass
class Counters:
    """What came that was neither a confirm nor a command. Noise is counted by the reader."""

    confirms_unmatched: int = 0
    confirms_late: int = 0
    wrong_direction: int = 0
    repeats: int = 0
