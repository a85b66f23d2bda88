"""What an attack or a fault makes of one interval: what the meters show of what happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class When:
    """An interval: pumping days since the beginning, its place in the day of `climate.INTERVALS`, dice."""

    day: int
    index: int
    chance: random.Random


@dataclass(slots=True)
class Shown:
    """Shares of the truth that are shown; 1 everywhere is an untouched well.

    `water`, `energy`: what flow and register, power and register show (below zero: they run backwards).
    `power`: of power alone where the register goes another way, else None. `second`: the second water
    channel, of what truly flowed. `flow_lph`: a flow that is held to the digit. `beat_s`: water is shown
    for the first so many seconds of each three minutes only. `dry_s`: no water for so long at the beginning.
    `k`: the truth itself, litres for each watt-hour against those of an untouched well.
    `is_commanded`, `aux`: the contactor, and its contact. A meter that is not there
    is silent (`has_water_meter`, `has_power_meter`).
    """

    k: float = 1.0
    water: float = 1.0
    energy: float = 1.0
    power: float | None = None
    second: float | None = None
    flow_lph: int | None = None
    beat_s: int = 0
    dry_s: int = 0
    is_commanded: bool = True
    aux: bool = True
    has_water_meter: bool = True
    has_power_meter: bool = True
    # Of the controller itself.
    is_restarted: bool = False
    reference: float | None = None  # a step test is entered: this share of the true ratio


if TYPE_CHECKING:
    Act = Callable[[When, float], Shown]
