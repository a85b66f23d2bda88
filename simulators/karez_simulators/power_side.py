"""What a power meter makes of the well: three phases and two energies, true or spoilt by faults.

Constructed: the three voltages and how they tremble, 50 Hz, the motor's power factor.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import sqrt, tan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from karez_simulators.well import Well

PHASE_VOLTS = (230.2, 229.7, 231.1)
FREQUENCY_HZ = 50.02
PHASE_LOSS_CURRENT = sqrt(3)  # two windings carry a delta motor's load
MOTOR_TAN_PHI = tan(0.5355)  # acos 0.86, the power factor of a loaded motor (physics/motor.py)
BACK_FED = 0.9  # constructed: of a lost phase's voltage comes back from a motor that turns
WRONG_CT_FACTOR = 2  # constructed: 200/5 set where 100/5 is mounted
RIPPLE = 0.002  # of the voltage: a healthy meter never shows the same digits for long
MILLIWH_PER_KWH = 1_000_000
ROLLOVER_MARGIN_MILLIWH = 100_000  # constructed: 18 s of 20 kW
SWAPPED_TOTAL_MILLIWH = 1_234_560_000  # constructed: a used meter
BLINDING = frozenset(("ct_open", "bypass", "magnet"))
TURNED = frozenset(("reversed_ct", "reverse"))  # the second is the older name of the first


@dataclass(frozen=True)
class Phases:
    """What the meter measures at one instant, per phase; powers negative when the transformers are turned."""

    volts: tuple[float, float, float]
    amperes: tuple[float, float, float]
    active_w: tuple[float, float, float]
    reactive_var: tuple[float, float, float]
    apparent_va: tuple[float, float, float]
    power_factor: float
    frequency_hz: float


class PowerSide:
    """Counts from the well at each `count`; `active` is the meter's own set of faults that are on.

    `import_milliwh` and `export_milliwh` are the energies in thousandths of a watt-hour;
    `ripple` is the share by which voltages tremble. Of `phase_count` 1 all the load hangs on phase A.
    """

    def __init__(
        self,
        well: Well,
        active: AbstractSet[str],
        import_milliwh: int = 0,
        ripple: float = 0,
        phase_count: int = 3,
    ) -> None:
        self.phase_count = phase_count
        self.import_milliwh = import_milliwh
        self.export_milliwh = 0
        self._well = well
        self._active = active
        self._ripple = ripple
        self._seen_milliwh = well.energy_milliwh
        self._random = random.Random(1)
        self._frozen: Phases | None = None

    def phases(self) -> Phases:
        """What the meter shows now."""
        if "frozen_to_the_digit" not in self._active:
            self._frozen = None
            return self._measured()
        if self._frozen is None:
            self._frozen = self._measured()
        return self._frozen

    def _measured(self) -> Phases:
        blown = "phase_loss" in self._active  # at the meter; a supply without it is the well's
        lost = (blown or self._well.is_phase_lost) and self.phase_count == 3
        volts = [self._volts(n, blown) for n in range(3)]
        power_w = self._well.power_w * self._factor() * (PHASE_LOSS_CURRENT if blown else 1.0)
        sign = -1 if TURNED & self._active else 1
        factor = self._well.power_factor_permille / 1000
        loaded = [n for n in range(self.phase_count) if not (lost and n == 2)]
        share_w = power_w / (self.phase_count if blown else len(loaded))
        active = [share_w if n in loaded and volts[n] else 0.0 for n in range(3)]
        # Two phases carry what three did: sqrt(3) times the current, a third more than their share.
        more = PHASE_LOSS_CURRENT * len(loaded) / 3 if lost and not blown else 1.0
        apparent = [one / factor * more for one in active]
        return Phases(
            _three(volts),
            _three([va / v if v else 0.0 for va, v in zip(apparent, volts, strict=True)]),
            _three([sign * one for one in active]),
            _three([sqrt(max(va * va - w * w, 0.0)) for va, w in zip(apparent, active, strict=True)]),
            _three(apparent),
            sign * factor if power_w else 1.0,
            FREQUENCY_HZ if self._well.mains else 0.0,
        )

    def _volts(self, phase: int, is_blown: bool) -> float:
        """Voltage of one phase; what trembles trembles in each, so that the chances stay in step."""
        if not self._well.mains or phase >= self.phase_count or (is_blown and phase == 2):
            return 0.0
        volts = PHASE_VOLTS[phase] * (1 + self._random.uniform(-self._ripple, self._ripple))
        if phase == 2 and self._well.is_phase_lost:
            return volts * BACK_FED if self._well.is_powered and not self._well.is_stalled else 0.0
        return volts * self._well.voltage_permille / 1000

    def _factor(self) -> int:
        if BLINDING & self._active:
            return 0
        return WRONG_CT_FACTOR if "wrong_ct" in self._active else 1

    def count(self) -> None:
        """Count what the well has taken since the last call."""
        taken_milliwh = self._well.energy_milliwh
        passed_milliwh = (taken_milliwh - self._seen_milliwh) * self._factor()
        self._seen_milliwh = taken_milliwh
        if TURNED & self._active:
            self.export_milliwh += passed_milliwh
        else:
            self.import_milliwh += passed_milliwh

    def act(self, name: str, modulus_milliwh: int) -> None:
        """reset, rollover or swapped happens now."""
        self.export_milliwh = 0
        self.import_milliwh = {
            "reset": 0,
            "rollover": modulus_milliwh - ROLLOVER_MARGIN_MILLIWH,
            "swapped": SWAPPED_TOTAL_MILLIWH,
        }[name]


def between(one_v: float, other_v: float) -> float:
    """Voltage between two phases 120 degrees apart."""
    return sqrt(one_v * one_v + other_v * other_v + one_v * other_v)


def _three(values: list[float]) -> tuple[float, float, float]:
    return values[0], values[1], values[2]
