"""What goes into an SZY 206 / SL/T 427 upload session; what comes out is in stream_events."""

from dataclasses import dataclass

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


@dataclass
class Counters:
    """What came and was no confirm we waited for, and what went. Noise is counted by the reader."""

    confirms_unmatched: int = 0
    confirms_late: int = 0
    wrong_direction: int = 0
    repeats: int = 0
    requests: int = 0
    replies: int = 0
