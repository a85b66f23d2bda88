"""What is bolted to the ground at one well, and within which limits."""

from __future__ import annotations

from dataclasses import dataclass

from karez_simulators.physics import pump

SETTLE_MS = 1000
UM_PER_MM = 1000
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
    "submergence_mm": (0, 200_000),
    "inrush_permille": (1000, 8000),
}


@dataclass(frozen=True)
class WellParameters:
    """What is bolted to the ground. Raises ValueError for an impossible well.

    Levels are depths below ground, positive downward. At rated flow the water
    stands `rated_drawdown_mm` below its static level, approached with the time
    constant `recovery_ms`. `efficiency_permille` is wire to water. The pump's
    intake lies `submergence_mm` below the level at rated flow: water that falls
    so far lets it run dry. A motor switched on draws `inrush_permille` of its
    rated current; 1000 is a soft starter.
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
    submergence_mm: int = 20_000
    inrush_permille: int = 1_000

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
    def intake_mm(self) -> int:
        """Depth of the pump's intake: at this level it draws air."""
        return self.static_level_mm + self.rated_drawdown_mm + self.submergence_mm

    @property
    def rated_power_w(self) -> int:
        """Electric power at rated flow and head."""
        rated_mw = pump.lifting_mw(
            self.rated_flow_lph * 1000, self.rated_head_mm * UM_PER_MM, self.efficiency_permille
        )
        return rated_mw // 1000

    @property
    def greatest_flow_lph(self) -> int:
        """Flow against the static level, before any drawdown."""
        head_um = (self.static_level_mm + self.delivery_head_mm) * UM_PER_MM
        return pump.curve_mlph(self.rated_flow_lph, self.rated_head_mm, head_um) // 1000

    @property
    def litres_per_kwh(self) -> int:
        """The conversion coefficient at the rated point, 367 x eta / H, in litres per kWh."""
        return 367_098 * self.efficiency_permille // self.rated_head_mm
