"""What a seed and a length say about a run before it begins: sizes, intervals, how much goes wrong."""

from __future__ import annotations

from typing import NamedTuple

from karez_protocols import site_class
from karez_simulators.world.people import DAY_MS, HOUR_MS, LONG_DAYS

SECTORS = 24  # of the ring: 744 records, so that a month goes round it
# One run in so many has a ring of three sectors and a record every 90 s: it goes round in two hours or three,
# and what the network keeps back for longer is lost, and must be declared.
SMALL_EVERY, SMALL_SECTORS, SMALL_INTERVAL_S, SMALL_HOURS = 16, 3, 90, 4
# Mean time between two mischiefs at a well: so many a short run, else a season would be nothing else.
GAP_LONG_MS, PER_RUN = 60 * HOUR_MS, 8
RESTART_DELAY_S = 60


class Plan(NamedTuple):
    """One run: its seed, its days and its wells."""

    seed: int
    days: float
    wells: int

    @property
    def is_long(self) -> bool:
        """A season rather than some days: rounds of irrigation lie days apart, records are fewer."""
        return self.days > LONG_DAYS

    @property
    def has_small_rings(self) -> bool:
        """Whether the ring goes round within hours."""
        return self.seed % SMALL_EVERY == 0 and not self.is_long

    @property
    def sectors(self) -> int:
        """Of each controller's ring."""
        return SMALL_SECTORS if self.has_small_rings else SECTORS

    @property
    def duration_ms(self) -> int:
        """Until everything is put right."""
        return int(self.days * DAY_MS)

    @property
    def round_ms(self) -> int:
        """From round to round of the gateway's stages, and of platforms."""
        return (12 if self.is_long else 3) * HOUR_MS

    @property
    def mischief_ms(self) -> int:
        """Mean time between two troubles at a well."""
        return min(GAP_LONG_MS, self.duration_ms // PER_RUN)

    @property
    def machines_ms(self) -> int:
        """Mean time between two troubles of the county's machines."""
        return self.duration_ms // (12 if self.is_long else 4)

    @property
    def settings(self) -> dict[str, int]:
        """Each controller's."""
        if self.has_small_rings:
            idle_s = pumping_s = SMALL_INTERVAL_S
        else:
            idle_s, pumping_s = (3600, 900) if self.is_long else (900, 300)
        return {
            "restart_delay_s": RESTART_DELAY_S,
            "interval_idle_s": idle_s,
            "interval_pumping_s": pumping_s,
        }

    @staticmethod
    def use(at: int) -> int:
        """The site class of the well of this place in the list: one in five is drinking water."""
        return site_class.DOMESTIC if at % 5 == 1 else site_class.IRRIGATION
