"""Everything a meter can measure at one well, by name and unit, true or spoilt by the faults that are on.

Constructed: the totals a meter already shows, its pipe, and where a level probe hangs.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from karez_simulators.physics.level_probe import LevelProbe
from karez_simulators.power_side import PowerSide, between
from karez_simulators.water_side import WaterSide

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from karez_simulators.well import Well

START_UL = 1_234_567_890_000  # 1234.56789 m3
START_MILLIWH = 12_345_670_000
RIPPLE = 0.002  # of the voltages
PIPE_INNER_MM = 150  # DN 150 for 10-200 m3/h
PROBE_BELOW_MM = 5_000  # under the deepest level the pump draws to
WATER_PA_PER_M = Fraction(980665, 100)  # rho g, 1000 kg/m3
GROUND_WATER_CDEG = 1_450
PHASES = "abc"
BLIND = frozenset(("no_signal", "empty_pipe"))


class Quantities:
    """One meter's view of the well; `active` is its own set of faults that are on.

    `phase_count` 1: a single-phase meter, whose phase A carries the whole load.
    `begin` a reading, then take `value`s: all of one instant.
    """

    def __init__(self, well: Well, active: AbstractSet[str], phase_count: int = 3) -> None:
        self.water = WaterSide(well, active, START_UL)
        self.power = PowerSide(well, active, START_MILLIWH, RIPPLE, phase_count)
        self._well = well
        self._active = active
        parameters = well.parameters
        hangs_mm = parameters.static_level_mm + parameters.rated_drawdown_mm + PROBE_BELOW_MM
        self.probe = LevelProbe(hangs_mm, active)
        self.begin()

    @property
    def is_blind(self) -> bool:
        """Whether the meter knows that it measures nothing."""
        return bool(BLIND & self._active)

    def count(self, passed_ms: int) -> None:
        """Count what the well has done since the last call."""
        self.water.count(passed_ms)
        self.power.count()

    def act(self, name: str, modulus_l: Fraction, modulus_wh: Fraction) -> None:
        """reset, rollover or swapped happens now; the totals roll over at these."""
        self.water.act(name, int(modulus_l * 1_000_000))
        self.power.act(name, int(modulus_wh * 1000))

    def begin(self) -> None:
        """Measure anew: every `value` up to the next call is of this instant."""
        self._totals_ul = self.water.positive_ul, self.water.negative_ul
        self._flow_lph = Fraction(self.water.flow_lph)
        self._totals_milliwh = self.power.import_milliwh, self.power.export_milliwh
        self._phases = self.power.phases()
        above_mm = self.probe.look_mm(self._well.water_level_mm)
        self._above_mm = Fraction(0 if self.is_blind else above_mm)

    def value(self, name: str, unit: str, meaning: str = "") -> Fraction:
        """A value in its base unit; `meaning` of a total, where its name does not say it.

        Raises ValueError for a unit nobody measures.
        """
        if unit in ("l", "wh"):
            return self._total(name, unit, meaning or name.replace("_", " "))
        if unit == "lph":
            return self._flow_lph
        if unit == "mms":
            area_mm2 = Fraction(31415926536, 10**10) * Fraction(PIPE_INNER_MM, 2) ** 2
            return self._flow_lph * 1_000_000 / 3600 / area_mm2
        if unit == "mm":
            return self._above_mm
        if unit == "pa":
            return self._above_mm * WATER_PA_PER_M / 1000
        if unit == "cdeg":
            return Fraction(GROUND_WATER_CDEG)
        return self._electric(name, unit, phases_of(name))

    def _total(self, name: str, unit: str, meaning: str) -> Fraction:
        if unit == "l":
            return Fraction(_of_meaning(meaning, *self._totals_ul), 1_000_000)
        share = self.power.phase_count if phases_of(name) else 1
        return Fraction(_of_meaning(meaning, *self._totals_milliwh), 1000) / share

    def _electric(self, name: str, unit: str, phases: list[int]) -> Fraction:
        shown, count = self._phases, self.power.phase_count
        if unit == "dv":
            volts = shown.volts[phases[0]] if phases else sum(shown.volts) / count
            if len(phases) == 2:
                volts = between(shown.volts[phases[0]], shown.volts[phases[1]])
            return Fraction(volts * 10)
        if unit == "ca":
            return Fraction((shown.amperes[phases[0]] if phases else sum(shown.amperes) / count) * 100)
        if unit in ("w", "var", "va"):
            three = {"w": shown.active_w, "var": shown.reactive_var, "va": shown.apparent_va}[unit]
            return Fraction(three[phases[0]] if phases else sum(three))
        if unit == "chz":
            return Fraction(shown.frequency_hz * 100)
        if unit == "permille":
            return Fraction(shown.power_factor * 1000)
        raise ValueError(f"nobody here measures {name} in {unit!r}")


def phases_of(name: str) -> list[int]:
    """Which phases a value's name speaks of: voltage_a_dv is [0], voltage_ca_dv [2, 0]."""
    for word in name.split("_")[:-1]:
        if word and len(word) <= 2 and all(letter in PHASES for letter in word):
            return [PHASES.index(letter) for letter in word]
    return []


def _of_meaning(meaning: str, forward: int, reverse: int) -> int:
    """Forward, reverse, net or both."""
    words = meaning.replace("+", " + ").split()
    if "+" in words or "combined" in words or "both" in words:
        return forward + reverse
    if any(word in words for word in ("rev", "reverse", "export", "negative")):
        return reverse
    return forward - reverse if "net" in words else forward
