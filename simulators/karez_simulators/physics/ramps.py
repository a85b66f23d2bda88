"""How a motor starts and stops: straight lines, so that their integrals are whole numbers.

Three of them, in units small enough that nothing is rounded:
- spin: the flow, 0 to `spin_full`. It comes within spin_up_ms of the voltage, and goes within run_down_ms.
- age: milliseconds that the motor has had voltage, 0 to spin_up_ms. Of its power all is there at
  motor_start_ms, nothing once the voltage is gone.
- rush: the inrush, 0 to `rush_full` at motor_start_ms and back to 0 at spin_up_ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karez_simulators.physics.well_parameters import WellParameters

MS_PER_HOUR = 3_600_000
ENDLESS_MS = 1 << 60


class Ramps:
    """The three ramps of one motor, and what they have added up to.

    `water`: mL/h x ms x 2 x spin_full; `energy`: mW x ms x 2 x rush_full.
    """

    __slots__ = (
        "_after_ms", "_run_down_ms", "_spin_up_ms", "_start_ms", "age_ms", "energy", "is_on", "is_turning",
        "rush_full", "spin", "spin_full", "water",
    )  # fmt: skip

    def __init__(self, parameters: WellParameters) -> None:
        self._spin_up_ms = parameters.spin_up_ms
        self._start_ms = parameters.motor_start_ms
        self._run_down_ms = parameters.run_down_ms
        self._after_ms = self._spin_up_ms - self._start_ms  # not 0: the run-down fits in
        self.spin_full = self._spin_up_ms * self._run_down_ms
        self.rush_full = self._start_ms * self._after_ms
        self.is_on = self.is_turning = False
        self.spin = self.age_ms = self.water = self.energy = 0

    @property
    def is_straight(self) -> bool:
        """Whether flow and power stay as they are until somebody switches."""
        end = self.spin_full if self.is_turning else 0
        return self.spin == end and (not self.is_on or self.age_ms == self._spin_up_ms)

    @property
    def motor(self) -> int:
        """How much of its power the motor takes, of motor_start_ms."""
        return min(self.age_ms, self._start_ms)

    @property
    def rush(self) -> int:
        """How much of its inrush it takes, of rush_full."""
        return self._rush_at(self.age_ms)

    @property
    def volume_ul(self) -> int:
        """What the flow has added up to, in microlitres."""
        return self.water * 1000 // (2 * self.spin_full * MS_PER_HOUR)

    @property
    def energy_milliwh(self) -> int:
        """What the power has added up to, in thousandths of a watt-hour."""
        return self.energy // (2 * self.rush_full * MS_PER_HOUR)

    def switch(self, is_on: bool, is_turning: bool) -> None:
        """The motor has voltage or has not, and turns with it or stands."""
        if not is_on:  # the power is gone at once; only the water runs on
            self.age_ms = 0
        self.is_on = is_on
        self.is_turning = is_turning

    def straight_ms(self) -> int:
        """Milliseconds for which everything here is a straight line; at least one."""
        if self.is_straight:
            return ENDLESS_MS
        left_ms = ENDLESS_MS
        room = self.spin_full - self.spin if self.is_turning else self.spin
        if room:
            left_ms = max(1, room // (self._run_down_ms if self.is_turning else self._spin_up_ms))
        if self.is_on and self.age_ms < self._spin_up_ms:
            end_ms = self._start_ms if self.age_ms < self._start_ms else self._spin_up_ms
            left_ms = min(left_ms, end_ms - self.age_ms)
        return left_ms

    def run(self, duration_ms: int, flow_mlph: int, power_mw: int, rush_mw: int) -> None:
        """Live for so long along straight lines, at this full flow, power and inrush."""
        spin, age_ms = self.spin, self.age_ms
        if self.is_on:
            self.age_ms = min(age_ms + duration_ms, self._spin_up_ms)
        if self.is_turning:
            self.spin = min(spin + self._run_down_ms * duration_ms, self.spin_full)
        elif spin:
            self.spin = max(spin - self._spin_up_ms * duration_ms, 0)
        self.water += flow_mlph * (spin + self.spin) * duration_ms
        if self.is_on:
            motor = min(age_ms, self._start_ms) + min(self.age_ms, self._start_ms)
            self.energy += power_mw * motor * self._after_ms * duration_ms
            if rush_mw and age_ms < self._spin_up_ms:
                rush = self._rush_at(age_ms) + self._rush_at(self.age_ms)
                self.energy += rush_mw * rush * duration_ms

    def _rush_at(self, age_ms: int) -> int:
        if age_ms <= self._start_ms:
            return age_ms * self._after_ms
        return (self._spin_up_ms - age_ms) * self._start_ms
