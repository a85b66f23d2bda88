"""The supply that several wells share: outages, brown-outs, lost phases, and the sag under their load.

Sag: the voltage falls in proportion to the load, as over the reactance of a distribution transformer (4 % at
its rated load is usual for 50 to 630 kVA, IEC 60076-5 table 1) and the line behind it. Range: up to 30 %;
the angle between voltage and current is not modelled. How often and how long a rough supply fails is
constructed (field.md F11 names outages and brown-outs, no figures).
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass
from math import exp, log

from karez_simulators.physics.motor import VOLTAGE_PERMILLE_MAX
from karez_simulators.physics.ramps import ENDLESS_MS

SAG_PERMILLE_MAX = 300
DAY_MS = 86_400_000
OUTAGE_MS = (1_000, 8 * 3_600_000)  # constructed: from a blink to a working day, short ones more often
BROWN_OUT_MS = (60_000, 3 * 3_600_000)
BROWN_OUT_PERMILLE = (600, 880)
PHASE_LOST_MS = (10_000, 12 * 3_600_000)


@dataclass(frozen=True)
class Disturbance:
    """From one instant until another the supply is not what it should be; 0 permille is an outage."""

    from_ms: int
    until_ms: int
    voltage_permille: int = 0
    is_phase_lost: bool = False


class Feeder:
    """A supply with its disturbances. Raises ValueError if they overlap, end too early, or cannot be.

    `sag_permille`: by so much the voltage falls per 100 kW of load.
    """

    def __init__(self, disturbances: tuple[Disturbance, ...] = (), sag_permille: int = 0) -> None:
        if not 0 <= sag_permille <= SAG_PERMILLE_MAX:
            raise ValueError(f"sag_permille must be 0 to {SAG_PERMILLE_MAX}, not {sag_permille!r}")
        self.sag_permille = sag_permille
        self._changes_ms: list[int] = []  # a supply from each on, until the next
        self._supplies: list[tuple[int, bool]] = []
        end_ms = None
        for one in sorted(disturbances, key=lambda one: one.from_ms):
            if end_ms is not None and one.from_ms < end_ms:
                raise ValueError(f"disturbances overlap at {one.from_ms} ms")
            if one.until_ms <= one.from_ms or not 0 <= one.voltage_permille <= VOLTAGE_PERMILLE_MAX:
                raise ValueError(f"no such disturbance: {one}")
            if one.from_ms == end_ms:  # the next follows at once
                self._changes_ms.pop()
                self._supplies.pop()
            self._changes_ms += [one.from_ms, one.until_ms]
            self._supplies += [(one.voltage_permille, one.is_phase_lost), (1000, False)]
            end_ms = one.until_ms

    def supply(self, now_ms: int) -> tuple[int, bool]:
        """Voltage in thousandths without any load, and whether phase C is lost."""
        at = bisect_right(self._changes_ms, now_ms)
        return self._supplies[at - 1] if at else (1000, False)

    def next_change_ms(self, now_ms: int) -> int:
        """The next instant after now at which the supply changes; ENDLESS_MS if none is known."""
        at = bisect_right(self._changes_ms, now_ms)
        return self._changes_ms[at] if at < len(self._changes_ms) else ENDLESS_MS

    def sagged_permille(self, voltage_permille: int, load_w: int) -> int:
        """The voltage under a load."""
        sag = min(self.sag_permille * load_w // 100_000, SAG_PERMILLE_MAX)
        return voltage_permille * (1000 - sag) // 1000


def rough_supply(
    seed: int,
    days: int,
    *,
    outages: int = 20,
    brown_outs: int = 20,
    phase_losses: int = 1,
    from_ms: int = 0,
) -> tuple[Disturbance, ...]:
    """Disturbances of so many days; `outages`, `brown_outs` and `phase_losses` in 100 days on average."""
    chance = random.Random(seed)
    kinds = ["outage"] * outages + ["brown-out"] * brown_outs + ["phase"] * phase_losses
    found: list[Disturbance] = []
    if not kinds:
        return ()
    now_ms, end_ms = from_ms, from_ms + days * DAY_MS
    while True:
        now_ms += 1 + round(chance.expovariate(len(kinds)) * 100 * DAY_MS)
        kind = chance.choice(kinds)
        length = {"outage": OUTAGE_MS, "brown-out": BROWN_OUT_MS, "phase": PHASE_LOST_MS}[kind]
        until_ms = now_ms + round(exp(chance.uniform(log(length[0]), log(length[1]))))
        voltage = {"outage": 0, "phase": 1000}.get(kind, chance.randint(*BROWN_OUT_PERMILLE))
        if now_ms >= end_ms:
            return tuple(found)
        found.append(Disturbance(now_ms, until_ms, voltage, kind == "phase"))
        now_ms = until_ms
