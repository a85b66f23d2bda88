"""What is true at one well now: the state that `well.py` moves, and all that could be measured there."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from karez_simulators.physics import motor, pump
from karez_simulators.physics.contactor import Contactor
from karez_simulators.physics.ramps import Ramps
from karez_simulators.physics.well_parameters import UM_PER_MM, WellParameters

if TYPE_CHECKING:
    from karez_simulators.physics.well_field import WellField


class Truth:
    """State of a well and its readings; no method here changes anything.

    Attributes without a leading underscore are for reading; `Well` has a setter for each.
    """

    def __init__(
        self,
        parameters: WellParameters | None = None,
        now_ms: int = 0,
        *,
        seed: int = 0,
        field: WellField | None = None,
    ) -> None:
        self.parameters = parameters or WellParameters()
        self.bridged = False
        self.static_level_mm = self.parameters.static_level_mm
        self.condition = pump.Condition()
        self.voltage_permille = 1000  # of the rated one; read here, as all that has a setter
        self.is_phase_lost = False
        self.is_dry = False
        self.is_valve_closed = False  # behind the meter, at the head of the pipe
        self.is_breaker_open = False  # between power meter and contactor: the motor alone has no voltage
        self._field = field
        self._mains = True
        self._contactor = Contactor()
        self._ramps = Ramps(self.parameters)
        self._random = random.Random(seed)
        self._now_ms = self._event_ms = self._settled_ms = now_ms
        self._drawdown_um = 0
        self._formation_um = 0
        self._wear_permille = 0  # as set; sand adds to it
        self._sand_ppm_ul = 0  # lifted since then
        self._sand_seen_ul = 0  # volume when it was last added up
        self._air_ul = 0  # that passed before …
        self._air_from_ul = 0  # … the water's volume at which the present share of air began
        self._full_flow_mlph = self._full_power_mw = self._rush_mw = 0

    @property
    def contactor(self) -> bool:
        """Whether the main contacts are closed, and so the auxiliary one; set with set_contactor."""
        return self._contactor.is_closed

    @property
    def is_welded(self) -> bool:
        """Whether contacts that close, or are closed, will not open."""
        return self._contactor.is_welded

    @property
    def mains(self) -> bool:
        """Whether the supply is there; set with set_mains."""
        return self._mains and self.voltage_permille > 0

    @property
    def is_powered(self) -> bool:
        """Whether the motor has voltage."""
        return self.mains and not self.is_breaker_open and (self._contactor.is_closed or self.bridged)

    @property
    def is_stalled(self) -> bool:
        """Whether the motor has voltage and does not turn with it."""
        return self._ramps.is_on and not self._ramps.is_turning

    @property
    def flow_lph(self) -> int:
        """Flow of water in the riser now."""
        return self._full_flow_mlph * self._ramps.spin // (self._ramps.spin_full * 1000)

    @property
    def pipe_flow_lph(self) -> int:
        """Flow of water and air in the riser now: what a meter sees."""
        return self.flow_lph * 1000 // (1000 - self.condition.air_permille)

    @property
    def power_w(self) -> int:
        """Electric power of the motor now."""
        ramps = self._ramps
        power_mw = self._full_power_mw * ramps.motor // self.parameters.motor_start_ms
        return (power_mw + self._rush_mw * ramps.rush // ramps.rush_full) // 1000

    @property
    def power_factor_permille(self) -> int:
        """Active over apparent power of the motor now."""
        if self.is_stalled:
            return motor.LOCKED_FACTOR_PERMILLE
        ramps = self._ramps
        if not self._rush_mw:
            return motor.RUNNING_FACTOR_PERMILLE
        if ramps.motor < self.parameters.motor_start_ms:
            return motor.LOCKED_FACTOR_PERMILLE
        span = motor.RUNNING_FACTOR_PERMILLE - motor.LOCKED_FACTOR_PERMILLE
        return motor.RUNNING_FACTOR_PERMILLE - span * ramps.rush // ramps.rush_full

    @property
    def water_level_mm(self) -> int:
        """Depth to the water in the well now, positive downward."""
        return self._level_um() // UM_PER_MM

    @property
    def formation_mm(self) -> int:
        """By how much the aquifer around the well stands below its static level, as last heard."""
        return self._formation_um // UM_PER_MM

    @property
    def head_mm(self) -> int:
        """Total head the pump works against now."""
        return self.water_level_mm + self.parameters.delivery_head_mm

    @property
    def volume_ul(self) -> int:
        """Water lifted since the model began, in microlitres."""
        return self._ramps.volume_ul

    @property
    def pipe_volume_ul(self) -> int:
        """Water and air that went through the riser since the model began, in microlitres."""
        return self.volume_ul + self._air_now_ul()

    @property
    def volume_l(self) -> int:
        """Water lifted since the model began, in whole litres."""
        return self.volume_ul // 1_000_000

    @property
    def energy_milliwh(self) -> int:
        """Energy taken since the model began, in thousandths of a watt-hour."""
        return self._ramps.energy_milliwh

    @property
    def energy_wh(self) -> int:
        """Energy taken since the model began, in whole watt-hours."""
        return self.energy_milliwh // 1000

    def _air_now_ul(self) -> int:
        """Air that went through the riser since the model began; never added up by being asked."""
        share = self.condition.air_permille
        return self._air_ul + (self.volume_ul - self._air_from_ul) * share // (1000 - share)

    def _level_um(self) -> int:
        if self.is_dry:
            return self.parameters.intake_mm * UM_PER_MM
        return self.static_level_mm * UM_PER_MM + self._formation_um + self._drawdown_um
