"""What a water meter makes of the well: a flow and two totals, true or spoilt by the faults that are on."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from karez_simulators.well import Well

UL_PER_M3 = 1_000_000_000
MS_PER_HOUR = 3_600_000
# Constructed: "oversized" is a meter that begins at a third of the pump's rated flow.
STARTING_FLOW_PERMILLE = 333
AIR_PERMILLE_MAX = 700  # constructed: how far a half-full pipe's flow jumps, of the rated flow
ROLLOVER_MARGIN_UL = 200_000_000  # constructed: 12 s of 60 m3/h
SWAPPED_TOTAL_UL = 4_321_234_000_000  # constructed: a used meter
BLINDING = frozenset(("bypass", "magnet", "empty_pipe", "no_signal"))


class WaterSide:
    """Counts from the well at each `count`; `active` is the meter's own set of faults that are on.

    `positive_ul` and `negative_ul` are the totals in microlitres.
    """

    def __init__(self, well: Well, active: AbstractSet[str], positive_ul: int = 0) -> None:
        self.positive_ul = positive_ul
        self.negative_ul = 0
        self._well = well
        self._active = active
        self._seen_ul = well.pipe_volume_ul
        self._random = random.Random(1)
        self._air_lph = 0
        self._frozen_lph: int | None = None

    @property
    def flow_lph(self) -> int:
        """What the meter shows: negative in reverse."""
        if "frozen_to_the_digit" in self._active:
            if self._frozen_lph is None:
                self._frozen_lph = self._measured_lph()
            return self._frozen_lph
        self._frozen_lph = None
        return self._measured_lph()

    def _measured_lph(self) -> int:
        flow_lph = self._well.pipe_flow_lph if self._sees() else 0
        if "air" in self._active:
            flow_lph = self._air_lph
        return -flow_lph if "reverse" in self._active else flow_lph

    def _sees(self) -> bool:
        if BLINDING & self._active:
            return False
        starting_lph = self._well.parameters.rated_flow_lph * STARTING_FLOW_PERMILLE // 1000
        return "starting_flow" not in self._active or self._well.flow_lph >= starting_lph

    def count(self, passed_ms: int = 0) -> None:
        """Count what the well has lifted since the last call; `passed_ms` is for what air counts."""
        lifted_ul = self._well.pipe_volume_ul  # a meter takes the air in the water for water
        passed_ul = lifted_ul - self._seen_ul if self._sees() else 0
        self._seen_ul = lifted_ul
        if "air" in self._active:
            passed_ul = self._air_lph * passed_ms * 1_000_000 // MS_PER_HOUR
            if passed_ms:
                rated_lph = self._well.parameters.rated_flow_lph
                self._air_lph = rated_lph * self._random.randrange(AIR_PERMILLE_MAX) // 1000
        if "reverse" in self._active:
            self.negative_ul += passed_ul
        else:
            self.positive_ul += passed_ul

    def act(self, name: str, modulus_ul: int) -> None:
        """reset, rollover or swapped happens now."""
        self.negative_ul = 0
        self.positive_ul = {
            "reset": 0,
            "rollover": modulus_ul - ROLLOVER_MARGIN_UL,
            "swapped": SWAPPED_TOTAL_UL,
        }[name]
