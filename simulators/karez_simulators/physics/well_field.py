"""Several wells on one aquifer and one feeder.

    field = WellField([Place(WellParameters(), 0, 0), Place(WellParameters(), 250, 0)], Aquifer(), Feeder())
    field.wells[0].set_contactor(True, 1_000)
    field.wells[1].advance(3_600_000)       # or field.advance(3_600_000), for all of them

Each of its wells is a `Well`, used like any other. Wells meet only at instants that the field knows by
itself: every MARK_MS for the aquifer, and when the supply changes. In between each lives by itself, so a well
may be asked about a later time than its neighbours; what is then done to a neighbour must not lie before
such an instant (ValueError: time went back). A world with one clock never sees that.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from math import hypot
from operator import mul
from typing import TYPE_CHECKING

from karez_simulators.physics.aquifer import DECAYS, MARK_MS, Aquifer
from karez_simulators.physics.feeder import Feeder
from karez_simulators.physics.ramps import ENDLESS_MS
from karez_simulators.physics.well import Well
from karez_simulators.physics.well_parameters import WellParameters

if TYPE_CHECKING:
    from collections.abc import Sequence

SAG_MS = 100  # constructed: a change of load is felt by the others so much later
REST_MLPH = 1.0  # an aquifer that remembers less than this of every well is at rest


@dataclass(frozen=True)
class Place:
    """A well and where it stands, in metres on any map."""

    parameters: WellParameters = field(default_factory=WellParameters)
    x_m: int = 0
    y_m: int = 0


class WellField:
    """`wells`, in the order of `places`. Raises ValueError for two wells at one place.

    `seed`: of what is chance in the wells (see Well). Cost of a mark grows with the square of the number of
    wells: made for up to some dozens; a county is many fields.
    """

    def __init__(
        self,
        places: Sequence[Place],
        aquifer: Aquifer | None = None,
        feeder: Feeder | None = None,
        now_ms: int = 0,
        *,
        seed: int = 0,
    ) -> None:
        self.aquifer = aquifer or Aquifer()
        self.feeder = feeder or Feeder()
        self.wells = tuple(
            Well(place.parameters, now_ms, seed=seed * 1_000_003 + at, field=self)
            for at, place in enumerate(places)
        )
        self._weights = [self._weights_at(at, places) for at in range(len(places))]
        self._decays = DECAYS * len(places)
        self._memory = [0.0] * len(self._decays)  # mL/h of each well in each mode, well after well
        self._counted_ul = [0] * len(places)
        self._is_at_rest = True
        self._started_ms = [now_ms] * len(places)
        self._felt_ms: list[int] = []  # instants at which a change of load is felt
        self._mark_ms = now_ms + MARK_MS
        self._change_ms = self.feeder.next_change_ms(now_ms)
        self._next_ms = min(self._mark_ms, self._change_ms)
        if self.feeder.supply(now_ms) != (1000, False):
            self._supply(now_ms)

    def advance(self, now_ms: int) -> None:
        """All wells live until `now_ms`. Raises ValueError if that is in the past of one of them."""
        for well in self.wells:
            well.advance(now_ms)

    def drawdown_mm(self, at: int) -> int:
        """By how much the aquifer at a well stands below its static level, as of the newest mark."""
        return self.wells[at].formation_mm

    def load_w(self, now_ms: int) -> int:
        """What the running motors draw from the feeder: rated power, and more while they start."""
        return sum(self._drawn_w(at, now_ms) for at in range(len(self.wells)))

    # -- for the wells

    def reach(self, now_ms: int) -> None:
        """Let everything happen between the wells that happens until `now_ms`."""
        while self._next_ms <= now_ms:
            at_ms = self._next_ms
            for well in self.wells:
                well.run_to(at_ms)
            is_supply = at_ms == self._change_ms
            while self._felt_ms and self._felt_ms[0] == at_ms:
                heapq.heappop(self._felt_ms)
                is_supply = True
            is_mark = at_ms == self._mark_ms
            self._mark_ms += MARK_MS if is_mark else 0
            if at_ms == self._change_ms:
                self._change_ms = self.feeder.next_change_ms(at_ms)
            self._plan()
            if is_mark:
                self._mark()
            if is_supply:
                self._supply(at_ms)

    def switched(self, well: Well, now_ms: int) -> None:
        """A motor got its voltage or lost it."""
        at = self.wells.index(well)
        self._started_ms[at] = now_ms
        if self.feeder.sag_permille:
            for later_ms in (SAG_MS, SAG_MS + well.parameters.spin_up_ms):
                heapq.heappush(self._felt_ms, now_ms + later_ms)
            self._plan()

    def _plan(self) -> None:
        felt_ms = self._felt_ms[0] if self._felt_ms else ENDLESS_MS
        self._next_ms = min(self._mark_ms, self._change_ms, felt_ms)

    # -- water

    def _weights_at(self, at: int, places: Sequence[Place]) -> tuple[float, ...]:
        """Micrometres of drawdown at one well per mL/h in each place of the memory."""
        found: list[float] = []
        for other, place in enumerate(places):
            away_m = hypot(place.x_m - places[at].x_m, place.y_m - places[at].y_m)
            if other == at:
                found += self.aquifer.own_weights()
            elif away_m < 1:
                raise ValueError(f"wells {at} and {other} stand at one place")
            else:
                found += self.aquifer.weights(round(away_m * 1000))
        return tuple(found)

    def _mark(self) -> None:
        """The aquifer learns what was pumped since the last mark, and the wells how it stands."""
        flows: list[float] = []
        for at, well in enumerate(self.wells):
            volume_ul = well.volume_ul
            mean_mlph = (volume_ul - self._counted_ul[at]) * 3600 / MARK_MS
            self._counted_ul[at] = volume_ul
            flows += [mean_mlph] * len(DECAYS)
        if self._is_at_rest and not any(flows):
            return
        self._memory = [
            flow + (past - flow) * decay
            for flow, past, decay in zip(flows, self._memory, self._decays, strict=True)
        ]
        self._is_at_rest = not any(flows) and max(map(abs, self._memory)) < REST_MLPH
        for well, weights in zip(self.wells, self._weights, strict=True):
            well.hear_formation(max(0, round(sum(map(mul, weights, self._memory)))))

    # -- supply

    def _drawn_w(self, at: int, now_ms: int) -> int:
        well = self.wells[at]
        if not well.is_powered:
            return 0
        is_starting = now_ms - self._started_ms[at] < well.parameters.spin_up_ms
        times_permille = well.parameters.inrush_permille if is_starting else 1000
        return well.parameters.rated_power_w * times_permille // 1000

    def _supply(self, now_ms: int) -> None:
        voltage, is_phase_lost = self.feeder.supply(now_ms)
        if voltage and self.feeder.sag_permille:
            voltage = self.feeder.sagged_permille(voltage, self.load_w(now_ms))
        for well in self.wells:
            well.set_supply(voltage, is_phase_lost, now_ms)
