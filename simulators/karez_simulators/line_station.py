"""What hangs on an RS-485 pair, and who of them hears a frame.

Modbus stations are found by the frame's first byte, stations of other protocols by
their own matcher, so several protocols share one pair. A frame may have several
hearers (a wildcard, or a byte that means something in two protocols): each answers
or not, and two who answer at once spoil each other, as on copper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

ADDRESS_MAX = 247  # Modbus over serial line, 2.2
LATENCY_NS = 10_000_000  # constructed; meters answer within 1 to 100 ms (modbus-timing.md section 3)
SLOW_LATENCY_NS = 1_000_000_000  # constructed: later than any master's patience (SUTO: "up to 1 s")
NOISY_PERMILLE = 500  # constructed: every second answer of a noisy meter is spoilt


class Station(Protocol):
    """Gets whole frames, may answer each once through `reply`, now or later."""

    def receive(self, frame: bytes, reply: Callable[[bytes], None]) -> None:
        """Take a frame that is meant for this station."""


@dataclass
class Branch:
    """One station's place on the pair: a Modbus address or the name of another protocol's station."""

    key: int | str
    station: Station
    latency_ns: int
    baud: int | None  # None: whatever the line's rate is
    hears: Callable[[bytes], bool] | None = None
    silent: bool = False
    slow: bool = False
    noisy: bool = False
    busy_until_ns: int = -1  # the end of its last answer: one mouth says one thing at a time

    @property
    def delay_ns(self) -> int:
        """From the end of the silence after a request to the first bit of the answer."""
        return self.latency_ns + (SLOW_LATENCY_NS if self.slow else 0)


class Branches:
    """All stations of a pair by key. Unknown keys raise KeyError."""

    def __init__(self) -> None:
        self._by_key: dict[int | str, Branch] = {}
        self._matching: list[Branch] = []

    def attach(
        self,
        key: int | str,
        station: Station,
        latency_ns: int,
        baud: int | None = None,
        hears: Callable[[bytes], bool] | None = None,
    ) -> None:
        """Hang a station on the pair. Raises ValueError if the address is impossible or taken."""
        if hears is None and not (isinstance(key, int) and 1 <= key <= ADDRESS_MAX):
            raise ValueError(f"address must be 1 to {ADDRESS_MAX}, not {key!r}")
        if key in self._by_key:
            raise ValueError(f"address {key} is taken")
        branch = Branch(key, station, latency_ns, baud, hears)
        self._by_key[key] = branch
        if hears is not None:
            self._matching.append(branch)

    def __getitem__(self, key: int | str) -> Branch:
        return self._by_key[key]

    def hearers(self, frame: bytes) -> list[Branch]:
        """Whoever this frame is meant for."""
        first = self._by_key.get(frame[0])
        found = [first] if first is not None and first.hears is None else []
        found += [branch for branch in self._matching if branch.hears is not None and branch.hears(frame)]
        return found


class Pair:
    """What every kind of line has: stations by key, and what may be wrong with one station's cable.

    All setters raise KeyError for an unknown key.
    """

    def __init__(self) -> None:
        self._branches = Branches()

    def set_latency(self, key: int | str, latency_ns: int) -> None:
        """From the end of the silence after a request to the first bit of the answer."""
        self._branches[key].latency_ns = latency_ns

    def set_silent(self, key: int | str, silent: bool) -> None:
        """A silent meter hears nothing and says nothing."""
        self._branches[key].silent = silent

    def set_slow(self, key: int | str, slow: bool) -> None:
        """A slow meter answers a second late."""
        self._branches[key].slow = slow

    def set_noisy(self, key: int | str, noisy: bool) -> None:
        """Of a noisy meter's answers about every second has a wrong byte."""
        self._branches[key].noisy = noisy
