"""One pumped well: water, pump, motor and energy. Pure: time is an argument.

Rules of this file
- The books are exact. Water and energy are integrals of polylines, kept as whole
  numbers of a unit small enough that nothing is ever rounded away; the litres do
  not depend on how often or when `advance` is called.
- Levels move slowly: they are settled at instants that follow from what happened to the well, each second
  at first, ever more rarely while nothing happens (`_pause_ms`). Between two settlements the full-speed
  flow is constant and only the run of the motor (`ramps.py`) shapes it.
- A pump cannot give more water than its energy lifts: m3/kWh = 367 x eta / H (domain.md section 4)
  while running, less over a start and a stop.

The level: casing and well loss of this well as one linear store (drawdown in proportion to the flow,
B of Jacob's B Q + C Q^2 (1947); the casing empties with a time constant, Papadopulos and Cooper 1967, of
which one exponential is kept). What the aquifer adds, of this well's past and its neighbours', comes from
`well_field.py`; a well by itself has none. Range: the first order is good to some centimetres.
"""

from __future__ import annotations

from functools import lru_cache
from math import expm1
from typing import TYPE_CHECKING

from karez_simulators.physics import motor, pump
from karez_simulators.physics.aquifer import MARK_MS
from karez_simulators.physics.ramps import ENDLESS_MS
from karez_simulators.physics.well_parameters import LIMITS, SETTLE_MS, UM_PER_MM, WellParameters
from karez_simulators.physics.well_truth import Truth

if TYPE_CHECKING:
    from karez_simulators.physics.well_field import WellField

UNSTEADY_MS = 5_000  # constructed: how long a slug of sand or a bubble of air takes to pass
CALM = 8  # a pause between settlements is at most this part of the time since something happened …
PAUSE_MS_MAX = 512_000  # … and no longer than this: about MARK_MS, at which a field settles its wells
NEAR_UM = 100  # a level so near to where it goes is there
FRACTION_BITS = 40


@lru_cache(maxsize=8192)
def _approach(passed_ms: int, constant_ms: int) -> int:
    """How much of a way is gone after this time, in 2^-FRACTION_BITS: 1 - exp(-t / constant)."""
    return round(-expm1(-passed_ms / constant_ms) * (1 << FRACTION_BITS))


class Well(Truth):
    """The truth of one site. Every setter says when; time never goes back (ValueError).

    `seed`: of what is chance in sand and air. `field`: the wells around it, see WellField.
    """

    def __init__(
        self,
        parameters: WellParameters | None = None,
        now_ms: int = 0,
        *,
        seed: int = 0,
        field: WellField | None = None,
    ) -> None:
        super().__init__(parameters, now_ms, seed=seed, field=field)
        rated = self.parameters
        self._rated_head_mm = rated.rated_head_mm
        self._rated_mlph = rated.rated_flow_lph * 1000
        self._rated_um = rated.rated_drawdown_mm * UM_PER_MM
        self._rated_mw = rated.rated_power_w * 1000
        self._recovery_ms = rated.recovery_ms
        self._intake_um = rated.intake_mm * UM_PER_MM
        self._delivery_um = rated.delivery_head_mm * UM_PER_MM
        self._idle_mw = rated.rated_power_w * pump.SHUTOFF_POWER_PERMILLE
        self._dead_head_mw = rated.rated_power_w * pump.DEAD_HEAD_POWER_PERMILLE
        self._settle_at_ms = _next_second(now_ms)
        self._breath_ms = now_ms
        self._is_calm = False
        self._set_heads()

    # -- what others do to the well

    def set_contactor(self, closed: bool, now_ms: int) -> None:
        """The contactor's coil is switched, and its main contacts close or open."""
        self._until(now_ms)
        self._contactor.set_coil(closed)
        self._switched()

    def set_mains(self, present: bool, now_ms: int) -> None:
        """The supply comes or goes; the pump runs only with it."""
        self._until(now_ms)
        self._mains = present
        self._switched()

    def set_bridged(self, bridged: bool, now_ms: int) -> None:
        """Somebody bridges the contactor: the pump runs whatever the controller says."""
        self._until(now_ms)
        self.bridged = bridged
        self._switched()

    def set_welded(self, welded: bool, now_ms: int) -> None:
        """The main contacts weld, now if they are closed, else when they close; or they are renewed."""
        self._until(now_ms)
        self._contactor.set_welded(welded)
        self._switched()

    def set_breaker(self, is_open: bool, now_ms: int) -> None:
        """The breaker in front of the contactor opens, or somebody closes it."""
        self._until(now_ms)
        self.is_breaker_open = is_open
        self._switched()

    def set_valve(self, is_closed: bool, now_ms: int) -> None:
        """The valve in the pipe is closed or opened: the pump runs against it and gives nothing."""
        self._until(now_ms)
        self.is_valve_closed = is_closed
        self._changed()

    def set_voltage_permille(self, permille: int, now_ms: int) -> None:
        """The supply's voltage, of the rated one; 0 is an outage. Raises ValueError for an impossible one."""
        _check("voltage", permille, 0, motor.VOLTAGE_PERMILLE_MAX, "thousandths of the rated one")
        self._until(now_ms)
        self.voltage_permille = permille
        self._contactor.set_voltage_permille(permille)
        self._switched()

    def set_supply(self, permille: int, is_phase_lost: bool, now_ms: int) -> None:
        """Voltage and phase C at once, as a feeder says them; nothing happens where they are as they were."""
        if (permille, is_phase_lost) != (self.voltage_permille, self.is_phase_lost):
            self.is_phase_lost = is_phase_lost
            self.set_voltage_permille(permille, now_ms)

    def set_phase_lost(self, lost: bool, now_ms: int) -> None:
        """Phase C of the supply is gone, or back."""
        self._until(now_ms)
        self.is_phase_lost = lost
        self._switched()

    def set_dry(self, dry: bool, now_ms: int) -> None:
        """The water has fallen to the pump's intake, or is back at its static level."""
        self._until(now_ms)
        self.is_dry = dry
        self._changed()

    def set_wear_permille(self, permille: int, now_ms: int) -> None:
        """So much of the pump's head is lost by wear from now on; sand adds to it. Raises ValueError."""
        _check("wear", permille, 0, pump.WEAR_PERMILLE_MAX, "thousandths of the head")
        self._until(now_ms)
        self._wear_permille = permille
        self._sand_ppm_ul = 0
        self.condition.wear_permille = permille
        self._changed()

    def set_sand_ppm(self, ppm: int, now_ms: int) -> None:
        """Sand in the water, millionths by mass. Raises ValueError."""
        _check("sand", ppm, 0, pump.SAND_PPM_MAX, "millionths by mass")
        self._until(now_ms)
        self.condition.sand_ppm = ppm
        self._sand_seen_ul = self.volume_ul
        self._changed()

    def set_air_permille(self, permille: int, now_ms: int) -> None:
        """Air in the water, thousandths by volume in the riser. Raises ValueError."""
        _check("air", permille, 0, pump.AIR_PERMILLE_MAX, "thousandths by volume")
        self._until(now_ms)
        self._air_ul, self._air_from_ul = self._air_now_ul(), self.volume_ul
        self.condition.air_permille = permille
        self._changed()

    def set_static_level_mm(self, depth_mm: int, now_ms: int) -> None:
        """The aquifer rises or falls (season); depth below ground. Raises ValueError."""
        least, greatest = LIMITS["static_level_mm"]
        if not least <= depth_mm <= greatest:
            raise ValueError(f"static level must be {least} to {greatest} mm deep, not {depth_mm!r}")
        self._until(now_ms)
        self.static_level_mm = depth_mm
        self._changed()

    # -- time

    def advance(self, now_ms: int) -> None:
        """Live until `now_ms`. Raises ValueError if that is in the past."""
        if self._field is not None:
            self._field.reach(now_ms)
        self.run_to(now_ms)

    def run_to(self, now_ms: int) -> None:
        """As `advance`, without asking the field: for the field. Raises ValueError."""
        if now_ms < self._now_ms:
            raise ValueError(f"time went back from {self._now_ms} to {now_ms} ms")
        ramps = self._ramps
        while self._now_ms < now_ms:
            until_ms = min(now_ms, self._settle_at_ms, self._now_ms + ramps.straight_ms())
            ramps.run(until_ms - self._now_ms, self._full_flow_mlph, self._full_power_mw, self._rush_mw)
            self._now_ms = until_ms
            if until_ms == self._settle_at_ms:
                self._settle()

    def hear_formation(self, drawdown_um: int) -> None:
        """The aquifer around the well stands so much below its static level: for the field, at its marks."""
        self._formation_um = drawdown_um
        if self._ramps.spin or self._ramps.is_on or not self._is_calm:
            self._settle()  # while nothing runs the heads may wait: every start sets them

    def _until(self, now_ms: int) -> None:
        """Live until `now_ms`, when something is done to the well."""
        self.advance(now_ms)
        self._draw_down()

    def _switched(self) -> None:
        """The motor may have got or lost its voltage, or another voltage."""
        ramps, was_on = self._ramps, self._ramps.is_on
        was_turning = ramps.is_turning
        effective = motor.effective_permille(self.voltage_permille, is_phase_lost=self.is_phase_lost)
        is_on = self.is_powered
        is_turning = is_on and motor.can_turn(
            effective, is_phase_lost=self.is_phase_lost, is_turning=ramps.spin * 2 > ramps.spin_full
        )
        ramps.switch(is_on, is_turning)
        if is_turning:
            self.condition.speed_permille = motor.speed_permille(effective)
        self._rush_mw = motor.inrush_mw(self._rated_mw, self.parameters.inrush_permille) if is_turning else 0
        if (is_on, is_turning) == (was_on, was_turning):
            self._settle()  # another voltage: levels go on at their own pace
            return
        self._changed()
        if self._field is not None and was_on != is_on:
            self._field.switched(self, self._now_ms)

    def _changed(self) -> None:
        """Something happened to the well: from now on it is looked at closely again."""
        self._event_ms = self._now_ms
        self._is_calm = False
        self._settle_at_ms = _next_second(self._now_ms)
        self._set_heads()

    def _settle(self) -> None:
        """The level follows the flow, then flow and power follow the level; say when to look again."""
        rest_um = self._draw_down()
        is_unsteady = self._ramps.is_on and self.condition.is_unsteady
        if is_unsteady and self._now_ms - self._breath_ms >= UNSTEADY_MS:
            self._breath_ms = self._now_ms
            self.condition.breath_permille = self._random.randint(pump.SLUG_LEAST_PERMILLE, 1000)
        self._set_heads()
        is_wearing = self._ramps.is_on and self.condition.sand_ppm > 0
        self._is_calm = not (rest_um or is_unsteady or is_wearing) and self._ramps.is_straight
        if self._is_calm:
            self._settle_at_ms = ENDLESS_MS
            return
        pause_ms = _pause_ms(self._now_ms - self._event_ms)
        if is_unsteady:
            pause_ms = min(pause_ms, UNSTEADY_MS)
        elif pause_ms >= MARK_MS and self._field is not None:
            pause_ms = ENDLESS_MS  # a running well is settled at the field's next mark
        self._settle_at_ms = self._now_ms + pause_ms

    def _draw_down(self) -> int:
        """Bring the level in the casing up to now; return how far it has yet to go, in micrometres."""
        passed_ms, self._settled_ms = self._now_ms - self._settled_ms, self._now_ms
        ramps = self._ramps
        flow_mlph = self._full_flow_mlph * ramps.spin // ramps.spin_full
        way_um = self._rated_um * flow_mlph // self._rated_mlph - self._drawdown_um
        if -NEAR_UM < way_um < NEAR_UM:
            step_um = way_um
        elif way_um > 0:
            step_um = way_um * _approach(passed_ms, self._recovery_ms) >> FRACTION_BITS
        else:
            step_um = -(-way_um * _approach(passed_ms, self._recovery_ms) >> FRACTION_BITS)
        self._drawdown_um += step_um
        if self._level_um() > self._intake_um:
            self._drawdown_um = max(self._room_um(), 0)
        if self.condition.sand_ppm:
            volume_ul = self.volume_ul
            self._sand_ppm_ul += self.condition.sand_ppm * (volume_ul - self._sand_seen_ul)
            self._sand_seen_ul = volume_ul
            self.condition.wear_permille = self._worn_permille()
        return way_um - step_um

    def _room_um(self) -> int:
        """How far the level may fall below the aquifer's until it is at the pump's intake."""
        return self._intake_um - self.static_level_mm * UM_PER_MM - self._formation_um

    def _set_heads(self) -> None:
        """Full-speed flow and power against the present level."""
        rated, state = self.parameters, self.condition
        level_um = self._level_um()
        head_um = level_um + self._delivery_um
        lph, head_mm, speed = rated.rated_flow_lph, self._rated_head_mm, state.speed_permille
        curve_mlph = worn_mlph = pump.curve_mlph(lph, head_mm, head_um, speed)
        if state.wear_permille:
            worn_mlph = pump.curve_mlph(lph, head_mm, head_um, speed, state.wear_permille)
        given_mlph = worn_mlph
        if state.air_permille or state.sand_ppm:
            given_mlph = given_mlph * state.left_permille // 1000
        if level_um >= self._intake_um:
            given_mlph = min(given_mlph, self._inflow_mlph())
        idle_mw = self._idle_mw
        if self.is_valve_closed:
            given_mlph, idle_mw = 0, self._dead_head_mw
        self._full_flow_mlph = given_mlph
        if self.is_stalled:
            self._full_power_mw = motor.locked_mw(
                self._rated_mw, self.voltage_permille, is_phase_lost=self.is_phase_lost
            )
            return
        lifting_mw = pump.lifting_mw(curve_mlph, head_um, rated.efficiency_permille)
        power_mw = pump.power_mw(given_mlph, worn_mlph, lifting_mw, idle_mw)
        self._full_power_mw = power_mw if speed == 1000 else -(-power_mw * 1000 // max(speed, 1))

    def _worn_permille(self) -> int:
        worn = self._wear_permille + self._sand_ppm_ul // (pump.SAND_PPM_L_PER_WEAR_PERMILLE * 1_000_000)
        return min(worn, pump.WEAR_PERMILLE_MAX)

    def _inflow_mlph(self) -> int:
        """What a pump can have whose water stands at its intake: no more than flows in."""
        room_um = self._room_um()
        if self.is_dry or room_um <= 0:
            return 0
        return self._rated_mlph * room_um // self._rated_um if self._rated_um else self._rated_mlph


def _next_second(now_ms: int) -> int:
    return (now_ms // SETTLE_MS + 1) * SETTLE_MS


def _pause_ms(calm_ms: int) -> int:
    """Until the next settlement, so long after the last event: a power of two of seconds."""
    pause_s = max(1, calm_ms // (CALM * SETTLE_MS))
    return min(SETTLE_MS << (pause_s.bit_length() - 1), PAUSE_MS_MAX)


def _check(what: str, value: int, least: int, greatest: int, unit: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= greatest:
        raise ValueError(f"{what} must be a whole number from {least} to {greatest} ({unit}), not {value!r}")
