"""Which stop is right: for every cause what must have been so. A cause that is not in the table never is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import causes
from karez_simulators.world import households

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

# What must never stop drinking water (design section 6).
OF_RIGHT = (
    causes.ACCOUNT_EMPTY, causes.WATER_CEILING, causes.ENERGY_CEILING, causes.GRANT_EXPIRED,
    causes.GRANT_MISSING, causes.OFFLINE_CEILING, causes.BOOKS_UNKNOWN, causes.STORE_DEAD,
)  # fmt: skip
METER_TROUBLE = ("meter_silent", "meter_wild", "meter_jump", "magnet", "bypass", "ct_off")


def _pressed(_: World, farm: Farm, __: dict[str, Any]) -> bool:
    """Since this irrigation began; a cut may put off the record of it until the mains are back."""
    return farm.pressed_stop_ms is not None and farm.pressed_stop_ms >= farm.started_ms


def _used_up(_: World, farm: Farm, values: dict[str, Any]) -> bool:
    """W + P had come to within half a poll's water of the ceiling (design section 6, early opening)."""
    right = farm.history.right
    if right is None or values["volume_l"] is None:
        return False
    near_l = farm.site.well.parameters.greatest_flow_lph * 2_100 // 3_600_000 + 2
    return bool(values["volume_l"] + (values["held_l"] or 0) + near_l >= right.ceiling_l)


def _felt(*troubles: str) -> Callable[[World, Farm, dict[str, Any]], bool]:
    def was_so(world: World, farm: Farm, _: dict[str, Any]) -> bool:
        return farm.felt(world.agenda.now_ms, *troubles)

    return was_so


def _restarted(_: World, farm: Farm, __: dict[str, Any]) -> bool:
    """Since this irrigation began; while the motor is fed past the contactor it does not end."""
    return farm.booted_ms >= farm.started_ms


RIGHT: dict[int, Callable[[World, Farm, dict[str, Any]], bool]] = {
    causes.BUTTON: _pressed,
    causes.WATER_CEILING: _used_up,
    causes.ACCOUNT_EMPTY: households.is_used_up,
    causes.GRANT_MISSING: lambda _world, farm, _: farm.history.right is None,
    causes.ORDER_STOP: _felt("order"),
    causes.SEALED: _felt("order"),
    causes.MAINS_LOST: _felt("grid", "power_cycling"),
    causes.RESTARTED: _restarted,
    causes.FEEDBACK_LOST: _felt("grid", "power_cycling", "ct_off", "meter_silent", "write_cut", "welded"),
    causes.NO_WATER: _felt("magnet", "bypass", "meter_jump"),
    causes.BOOKS_UNKNOWN: _felt(*METER_TROUBLE),
}


def is_right(world: World, farm: Farm, values: dict[str, Any]) -> bool:
    """True if what this stop gives as its cause was so."""
    known = RIGHT.get(values["cause"])
    return known is not None and known(world, farm, values)
