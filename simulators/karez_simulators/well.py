"""One pumped well: aquifer, pump, water and energy. Pure: time is an argument.

Rules of this file
- The books are exact. Water and energy are integrals of polylines, kept as whole
  numbers of a unit small enough that nothing is ever rounded away; the litres do
  not depend on how often or when `advance` is called.
- Heads move slowly: they are settled once a second, on whole seconds of the
  simulated clock. Between two settlements the full-speed flow is constant and
  only the run of the motor (spin-up, run-down) shapes it.
- A pump cannot give more water than its energy lifts: m3/kWh = 367 x eta / H
  (domain.md section 4) while running, less over a start and a stop.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

SETTLE_MS = 1000
MS_PER_HOUR = 3_600_000
UM_PER_MM = 1000
SHUTOFF_HEAD_PERMILLE = 1600  # of the rated head: a multi-stage submersible pump's usual curve
SHUTOFF_POWER_PERMILLE = 400  # of the rated power: a pump that lifts nothing still heats water
# The controller believes steps up to 1.25 x rated flow; a modelled well stays clearly below.
GREATEST_FLOW_PERMILLE = 1200

# name: (least, greatest); domain.md section 2 (flow, power), reference wells 20-300 m deep.
LIMITS = {
    "rated_flow_lph": (1_000, 500_000),
    "static_level_mm": (500, 400_000),
    "rated_drawdown_mm": (0, 100_000),
    "delivery_head_mm": (0, 200_000),
    "efficiency_permille": (100, 900),
    "recovery_ms": (SETTLE_MS, 86_400_000),
    "spin_up_ms": (1, 60_000),
    "motor_start_ms": (1, 60_000),
    "run_down_ms": (1, 60_000),
}


@dataclass(frozen=True)
class WellParameters:
    """What is bolted to the ground. Raises ValueError for an impossible well.

    Levels are depths below ground, positive downward. At rated flow the water
    stands `rated_drawdown_mm` below its static level, approached with the time
    constant `recovery_ms`. `efficiency_permille` is wire to water.
    """

    rated_flow_lph: int = 60_000
    static_level_mm: int = 48_000
    rated_drawdown_mm: int = 12_000
    delivery_head_mm: int = 10_000
    efficiency_permille: int = 550
    recovery_ms: int = 60_000
    spin_up_ms: int = 1_000
    motor_start_ms: int = 200
    run_down_ms: int = 600

    def __post_init__(self) -> None:
        for name, (least, greatest) in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= greatest:
                raise ValueError(f"{name} must be a whole number from {least} to {greatest}, not {value!r}")
        if self.run_down_ms + self.motor_start_ms > self.spin_up_ms:
            raise ValueError("run_down_ms + motor_start_ms > spin_up_ms: water that no energy has lifted")
        if self.greatest_flow_lph * 1000 > self.rated_flow_lph * GREATEST_FLOW_PERMILLE:
            raise ValueError(
                "the drawdown is too large a part of the head: the pump would start far above rated flow"
            )

    @property
    def rated_head_mm(self) -> int:
        """Total head at rated flow: depth to the pumping level plus delivery head."""
        return self.static_level_mm + self.rated_drawdown_mm + self.delivery_head_mm

    @property
    def rated_power_w(self) -> int:
        """Electric power at rated flow and head."""
        return (
            _power_mw(self.rated_flow_lph * 1000, self.rated_head_mm * UM_PER_MM, self.efficiency_permille)
            // 1000
        )

    @property
    def greatest_flow_lph(self) -> int:
        """Flow against the static level, before any drawdown."""
        return _full_flow_mlph(self, (self.static_level_mm + self.delivery_head_mm) * UM_PER_MM) // 1000

    @property
    def litres_per_kwh(self) -> int:
        """The conversion coefficient at the rated point, 367 x eta / H, in litres per kWh."""
        return 367_098 * self.efficiency_permille // self.rated_head_mm


class Well:
    """The truth of one site. Every setter says when; time never goes back (ValueError)."""

    def __init__(self, parameters: WellParameters | None = None, now_ms: int = 0) -> None:
        self.parameters = parameters or WellParameters()
        self.contactor = False  # read here, set with set_contactor
        self.mains = True
        self.bridged = False
        self.static_level_mm = self.parameters.static_level_mm
        self._now_ms = now_ms
        # Both ramps in whole units per millisecond: flow 0.._spin_full, power 0..motor_start_ms.
        self._spin_full = self.parameters.spin_up_ms * self.parameters.run_down_ms
        self._spin = 0
        self._motor = 0
        self._drawdown_um = 0
        self._settled = False
        self._water = 0  # mL/h x ms x 2 x _spin_full
        self._energy = 0  # mW x ms x 2 x motor_start_ms
        self._set_heads()

    # -- what others do to the well

    def set_contactor(self, closed: bool, now_ms: int) -> None:
        """The contactor's main contacts close or open."""
        self.advance(now_ms)
        self.contactor = closed
        self._switched()

    def set_mains(self, present: bool, now_ms: int) -> None:
        """The supply comes or goes; the pump runs only with it."""
        self.advance(now_ms)
        self.mains = present
        self._switched()

    def set_bridged(self, bridged: bool, now_ms: int) -> None:
        """Somebody bridges the contactor, or it welds: the pump runs whatever the controller says."""
        self.advance(now_ms)
        self.bridged = bridged
        self._switched()

    def set_static_level_mm(self, depth_mm: int, now_ms: int) -> None:
        """The aquifer rises or falls (season, neighbours); depth below ground. Raises ValueError."""
        least, greatest = LIMITS["static_level_mm"]
        if not least <= depth_mm <= greatest:
            raise ValueError(f"static level must be {least} to {greatest} mm deep, not {depth_mm!r}")
        self.advance(now_ms)
        self.static_level_mm = depth_mm
        self._settled = False
        self._set_heads()

    # -- what can be measured

    @property
    def is_powered(self) -> bool:
        """Whether the motor has voltage."""
        return self.mains and (self.contactor or self.bridged)

    @property
    def flow_lph(self) -> int:
        """Flow in the riser now."""
        return self._full_flow_mlph * self._spin // (self._spin_full * 1000)

    @property
    def power_w(self) -> int:
        """Electric power of the motor now."""
        return self._full_power_mw * self._motor // (self.parameters.motor_start_ms * 1000)

    @property
    def water_level_mm(self) -> int:
        """Depth to the water in the well now, positive downward."""
        return self.static_level_mm + self._drawdown_um // UM_PER_MM

    @property
    def head_mm(self) -> int:
        """Total head the pump works against now."""
        return self.water_level_mm + self.parameters.delivery_head_mm

    @property
    def volume_ul(self) -> int:
        """Water lifted since the model began, in microlitres."""
        return self._water * 1000 // (2 * self._spin_full * MS_PER_HOUR)

    @property
    def volume_l(self) -> int:
        """Water lifted since the model began, in whole litres."""
        return self.volume_ul // 1_000_000

    @property
    def energy_milliwh(self) -> int:
        """Energy taken since the model began, in thousandths of a watt-hour."""
        return self._energy // (2 * self.parameters.motor_start_ms * MS_PER_HOUR)

    @property
    def energy_wh(self) -> int:
        """Energy taken since the model began, in whole watt-hours."""
        return self.energy_milliwh // 1000

    # -- time

    def advance(self, now_ms: int) -> None:
        """Live until `now_ms`. Raises ValueError if that is in the past."""
        if now_ms < self._now_ms:
            raise ValueError(f"time went back from {self._now_ms} to {now_ms} ms")
        while self._now_ms < now_ms:
            self._run_for(self._straight_ms(now_ms))
            if self._now_ms % SETTLE_MS == 0 and not self._settled:
                self._settle()

    def _switched(self) -> None:
        self._settled = False
        if not self.is_powered:  # the power is gone at once; only the water runs on
            self._motor = 0

    def _slopes(self) -> tuple[int, int]:
        """Change of spin and motor per millisecond."""
        if self.is_powered:
            spin = self.parameters.run_down_ms if self._spin < self._spin_full else 0
            return spin, 1 if self._motor < self.parameters.motor_start_ms else 0
        return -self.parameters.spin_up_ms if self._spin > 0 else 0, 0

    def _straight_ms(self, now_ms: int) -> int:
        """Milliseconds for which flow and power are straight lines; at least one."""
        left_ms = now_ms - self._now_ms
        spin, motor = self._slopes()
        if not self._settled:
            left_ms = min(left_ms, SETTLE_MS - self._now_ms % SETTLE_MS)
        if spin:
            room = self._spin_full - self._spin if spin > 0 else self._spin
            left_ms = min(left_ms, max(1, room // abs(spin)))
        if motor:
            left_ms = min(left_ms, self.parameters.motor_start_ms - self._motor)
        return left_ms

    def _run_for(self, duration_ms: int) -> None:
        spin, motor = self._slopes()
        spin_after = min(max(self._spin + spin * duration_ms, 0), self._spin_full)
        motor_after = self._motor + motor * duration_ms
        self._water += self._full_flow_mlph * (self._spin + spin_after) * duration_ms
        self._energy += self._full_power_mw * (self._motor + motor_after) * duration_ms
        self._spin = spin_after
        self._motor = motor_after
        self._now_ms += duration_ms

    def _settle(self) -> None:
        """Once a second: the level follows the flow, then flow and power follow the level."""
        flow_mlph = self._full_flow_mlph * self._spin // self._spin_full
        parameters = self.parameters
        rated_um = parameters.rated_drawdown_mm * UM_PER_MM
        target_um = rated_um * flow_mlph // (parameters.rated_flow_lph * 1000)
        step_um = abs(target_um - self._drawdown_um) * SETTLE_MS // parameters.recovery_ms
        self._drawdown_um += step_um if target_um > self._drawdown_um else -step_um
        self._set_heads()
        self._settled = step_um == 0 and self._slopes() == (0, 0)

    def _set_heads(self) -> None:
        head_um = (self.static_level_mm + self.parameters.delivery_head_mm) * UM_PER_MM + self._drawdown_um
        self._full_flow_mlph = _full_flow_mlph(self.parameters, head_um)
        lifting_mw = _power_mw(self._full_flow_mlph, head_um, self.parameters.efficiency_permille)
        idle_mw = self.parameters.rated_power_w * SHUTOFF_POWER_PERMILLE
        self._full_power_mw = max(lifting_mw, idle_mw)


def _full_flow_mlph(parameters: WellParameters, head_um: int) -> int:
    """Pump curve H = H0 - k Q^2 through the rated point, H0 the shut-off head."""
    rated_um = parameters.rated_head_mm * UM_PER_MM
    shutoff_um = rated_um * SHUTOFF_HEAD_PERMILLE // 1000
    if head_um >= shutoff_um:
        return 0
    rated_mlph = parameters.rated_flow_lph * 1000
    return isqrt(rated_mlph * rated_mlph * (shutoff_um - head_um) // (shutoff_um - rated_um))


def _power_mw(flow_mlph: int, head_um: int, efficiency_permille: int) -> int:
    """Power = rho g Q H / eta with rho = 1000 kg/m3 and g = 9.80665 m/s2, rounded up: never free water."""
    numerator = flow_mlph * head_um * 980_665
    return -(-numerator // (360_000_000_000 * efficiency_permille))
