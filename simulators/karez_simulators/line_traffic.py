"""What passes over the paced line: who talks when, what becomes of it, and how long bytes take."""

from __future__ import annotations

from dataclasses import dataclass, field

NS_PER_S = 1_000_000_000
BITS_PER_CHARACTER = 10  # start, 8 data, stop (8N1)
BAUDS = (1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200)  # what meters and termios both know
SILENCE_FIXED_ABOVE_BAUD = 19_200  # Modbus over serial line, 2.5.1.1: above it t3.5 is fixed
SILENCE_FIXED_NS = 1_750_000

CONTROLLER = "controller"
BURST = "burst"
BURST_STRAY_PERMILLE = 250  # constructed: how many characters of a burst look like bytes to the master


@dataclass
class LineCounters:
    """What has happened on the wire since it was opened."""

    requests: int = 0
    replies: int = 0
    foreign: int = 0  # frames of a second master or of somebody who babbles
    unanswered_unknown: int = 0  # nobody has this address
    unanswered_silent: int = 0  # the meter is switched silent
    unanswered_baud: int = 0  # asked at another rate than the meter's
    gap_violations: int = 0  # Modbus request begun within 3.5 characters of somebody else's bytes
    collisions: int = 0
    lost_bytes: int = 0  # nobody read the port


@dataclass(frozen=True)
class Carried:
    """One frame seen on the wire, with its instants in simulated nanoseconds."""

    kind: str  # "request", "reply" or "foreign"
    data: bytes
    start_ns: int
    end_ns: int
    fate: str  # request, foreign: routed, unknown, silent, wrong_baud, spoilt, too_early; reply: sent
    stations: tuple[int | str, ...] = ()  # keys of those it was for, or of the one who answers


@dataclass(eq=False)
class Talk:
    """Somebody drives the pair from `start_ns` to `end_ns`."""

    talker: int | str
    baud: int
    start_ns: int
    end_ns: int
    data: bytearray = field(default_factory=bytearray)
    spoilt: bool = False
    is_early: bool = False  # begun within 3.5 characters of somebody else's bytes
    met: list[Talk] = field(default_factory=list)  # whom it has already collided with

    @property
    def over_ns(self) -> int:
        """When the stations know that this frame has ended."""
        return self.end_ns + silence_ns(self.baud)


def character_ns(baud: int) -> int:
    """How long one character lasts, in nanoseconds."""
    return BITS_PER_CHARACTER * NS_PER_S // baud


def silence_ns(baud: int) -> int:
    """t3.5: the silence that ends a frame, in nanoseconds."""
    return SILENCE_FIXED_NS if baud > SILENCE_FIXED_ABOVE_BAUD else character_ns(baud) * 7 // 2


def checked_baud(baud: int) -> int:
    """The rate, if it is one of BAUDS; else ValueError."""
    if baud not in BAUDS:
        raise ValueError(f"baud must be one of {BAUDS}, not {baud!r}")
    return baud
