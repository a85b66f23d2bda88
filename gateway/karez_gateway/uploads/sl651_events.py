"""What goes into an SL 651-2014 upload session; what comes out is in stream_events."""

from dataclasses import dataclass

from karez_protocols.sl651_dialect import KAREZ_ELEMENTS, Dialect
from karez_protocols.sl651_modes import KEEP_ALIVE_S
from karez_protocols.sl651_stations import INTAKE


@dataclass(frozen=True)
class Form:
    """What a platform and its stations agreed on: the reading of the standard, HEX or ASCII."""

    dialect: Dialect
    is_ascii: bool = False


@dataclass(frozen=True)
class StationReport:
    """What one well reports of one moment; None = not known, never 0.

    `function` is 32H or 33H. `total_l` and `energy_wh` are the registers W and E. `status` is built by
    sl651_status.status_word; it is None as a whole when one of its facts is not known.
    """

    address: bytes
    function: int
    utc_s: int
    flow_lph: int | None
    total_l: int | None
    energy_wh: int | None
    level_mm: int | None
    pressure_pa: int | None
    voltages_mv: tuple[int | None, int | None, int | None]
    currents_ma: tuple[int | None, int | None, int | None]
    status: int | None


KAREZ = Form(Dialect(elements=KAREZ_ELEMENTS))


@dataclass(frozen=True)
class SessionSettings:
    """What differs from platform to platform. `answer_ms` is our default: no source fixes it.

    centre         number of the centre, 1 to 255
    password       2 bytes as a number; the centre gives it out
    station_class  one of sl651_stations.CLASSES: a metered well is an intake
    announces      2FH right after connecting: without a log-in a platform knows no station before
    packet_bytes   a longer body goes in packets (mode M3)
    """

    form: Form = KAREZ
    centre: int = 1
    password: int = 0
    station_class: int = INTAKE
    answer_ms: int = 10_000
    keep_alive_ms: int = KEEP_ALIVE_S * 1000
    announces: bool = True
    packet_bytes: int = 4000


@dataclass
class Counters:
    """What came and was no confirm we waited for, and what went. Noise is counted by the reader."""

    confirms_unmatched: int = 0  # late, twice, or of somebody else
    finals: int = 0  # the last frame of a question we answered
    wrong_direction: int = 0
    repeats: int = 0
    resends: int = 0  # packets that were asked for with NAK
    requests: int = 0
    replies: int = 0
