"""Faults of a well's own parts, by part and name: what a scenario or a person can do to it.

Meters, and the probe in the well, have faults of their own: `meter_faults.py`.
How strong each is here is constructed, so that it shows within minutes; `Well`'s setters take any strength.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.physics.well import Well

WORN_PERMILLE = 200
SAND_PPM = 5_000
AIR_PERMILLE = 60
BROWN_OUT_PERMILLE = 720  # the pump runs on, slower; below what protection allows
DEEP_BROWN_OUT_PERMILLE = 450  # the contactor lets go

PARTS = {
    "pump": {
        "dry_run": "the water has fallen to the pump's intake: no flow, the motor idles",
        "worn": "worn wear rings: a fifth of the head is lost, the motor takes what it took",
        "sand": "slugs of sand: the flow comes and goes, and the pump wears",
        "air": "air in the water: a third of the flow is lost and the rest jumps; meters count the air",
    },
    "supply": {
        "phase_loss": "phase C is gone: a running motor draws more, one at rest hums and stands",
        "brown_out": "the voltage falls to 72 %: the pump runs slower and draws more current",
        "deep_brown_out": "the voltage falls to 45 %: the contactor lets go until it is back",
    },
    "contactor": {
        "welded": "the main contacts weld: once closed they do not open",
        "bridged": "somebody bridges the contactor: the pump runs whatever the controller says",
    },
    "breaker": {
        "tripped": "the breaker in front of the contactor is open: the motor has no voltage",
    },
    "pipe": {
        "valve_closed": "somebody closed the valve of the pipe: the pump churns and gives nothing",
    },
}


def spoil(well: Well, part: str, name: str, on: bool, now_ms: int) -> None:
    """Switch a fault on or off. Raises KeyError, naming those there are, for an unknown part or name."""
    if part not in PARTS:
        raise KeyError(f"a well has no part {part!r}, only {', '.join(PARTS)}")
    if name not in PARTS[part]:
        raise KeyError(f"the {part} knows no fault {name!r}, only {', '.join(PARTS[part])}")
    _ACTS[name](well, on, now_ms)


def _lower(well: Well, permille: int, now_ms: int) -> None:
    well.set_voltage_permille(permille, now_ms)


_ACTS: dict[str, Callable[[Well, bool, int], None]] = {
    "dry_run": lambda well, on, now_ms: well.set_dry(on, now_ms),
    "worn": lambda well, on, now_ms: well.set_wear_permille(WORN_PERMILLE if on else 0, now_ms),
    "sand": lambda well, on, now_ms: well.set_sand_ppm(SAND_PPM if on else 0, now_ms),
    "air": lambda well, on, now_ms: well.set_air_permille(AIR_PERMILLE if on else 0, now_ms),
    "phase_loss": lambda well, on, now_ms: well.set_phase_lost(on, now_ms),
    "brown_out": lambda well, on, now_ms: well.set_voltage_permille(
        BROWN_OUT_PERMILLE if on else 1000, now_ms
    ),
    "deep_brown_out": lambda well, on, now_ms: well.set_voltage_permille(
        DEEP_BROWN_OUT_PERMILLE if on else 1000, now_ms
    ),
    "welded": lambda well, on, now_ms: well.set_welded(on, now_ms),
    "bridged": lambda well, on, now_ms: well.set_bridged(on, now_ms),
    "tripped": lambda well, on, now_ms: well.set_breaker(on, now_ms),
    "valve_closed": lambda well, on, now_ms: well.set_valve(on, now_ms),
}
