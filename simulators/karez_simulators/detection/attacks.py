"""The attacks of integrity.md section 4 that water and energy can show, each with its strengths.

An act is asked for every interval from the day on which the attack begins (day 0). Strengths are percent
unless the attack says otherwise. Physics of the current transformers: three equal phases at power factor
cos(phi) add up to 3 cos(phi); one off leaves 2 of 3, one turned 1 of 3; two exchanged give
cos(phi) + cos(phi + 120) + cos(phi - 120) = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from karez_firmware.core.ratio import LESS, MORE
from karez_simulators.detection.climate import INTERVALS
from karez_simulators.detection.shown import Shown, When

if TYPE_CHECKING:
    from karez_simulators.detection.shown import Act

EITHER = LESS | MORE
RAMP_MAX = 0.4
MONTH_DAYS = 30
REFERENCE_FIRST_DAYS = 10  # a step test is entered so long before the pipe is opened
RESTART_EVERY = 10  # intervals: fifty minutes, never a whole pumping hour
HELD_LPH = 30_000
HALF_PIPE_MAX = 0.7  # as the simulated meter with air in it shows, water_side.py


@dataclass(frozen=True)
class Case:
    """Something done to a well. `side`: which side of the ratio is a finding. `unit`: of the strengths.

    `is_fine`: it needs a second water channel or watches a register against power: always in steps.
    """

    name: str
    words: str
    strengths: tuple[int, ...]
    act: Act
    side: int = LESS
    unit: str = "%"
    is_fine: bool = False


def _bypass(_when: When, part: float) -> Shown:
    return Shown(water=1 - part)


def _bypass_hours(when: When, part: float) -> Shown:
    """Open wholly, for this part of each pumping day, in its middle."""
    first = max(1, round(INTERVALS * (1 - part) / 2))
    return Shown(water=0.0 if first <= when.index < first + round(INTERVALS * part) else 1.0)


def _half_open_hours(when: When, part: float) -> Shown:
    return Shown(water=0.5 if when.index < INTERVALS * part else 1.0)


def _bypass_days(when: When, part: float) -> Shown:
    return Shown(water=1 - part if when.day % 2 == 0 else 1.0)


def _ramp(when: When, per_month: float) -> Shown:
    return Shown(water=1 - min(RAMP_MAX, per_month * (when.day + 1) / MONTH_DAYS))


def _beats(_when: When, seconds: float) -> Shown:
    """Seconds of each three minutes without the magnet."""
    return Shown(beat_s=round(seconds))


def _turned_meter(_when: When, _: float) -> Shown:
    return Shown(water=-1.0)


def _half_pipe(when: When, _: float) -> Shown:
    return Shown(water=when.chance.random() * HALF_PIPE_MAX)


def _held(_when: When, part: float) -> Shown:
    """Somebody answers as the meter, with one flow for ever."""
    return Shown(water=1 - part, flow_lph=round(HELD_LPH * (1 - part)))


def _second_channel(_when: When, part: float) -> Shown:
    return Shown(second=1 - part)


def _energy_register(_when: When, part: float) -> Shown:
    """The register is slowed, power is shown truly."""
    return Shown(energy=1 - part, power=1.0)


def _shunt(_when: When, part: float) -> Shown:
    return Shown(energy=1 - part)


def _turned_transformers(_when: When, _: float) -> Shown:
    return Shown(energy=0.0, power=-1.0)


def _exchanged_phases(_when: When, _: float) -> Shown:
    return Shown(energy=0.0)


def _second_pump_in_pipe(_when: When, part: float) -> Shown:
    """Fed from elsewhere, its water through the meter."""
    return Shown(water=1 + part)


def _second_pump_on_meter(_when: When, part: float) -> Shown:
    """Fed behind the power meter, its water past the water meter."""
    return Shown(energy=1 + part)


def _fed_past(_when: When, _: float) -> Shown:
    return Shown(energy=0.0, is_commanded=False, aux=False)


def _bridged(_when: When, _: float) -> Shown:
    return Shown(is_commanded=False, aux=False)


def _both(_when: When, part: float) -> Shown:
    return Shown(water=1 - part, energy=1 - part)


def _all_past(_when: When, _: float) -> Shown:
    return Shown(water=0.0, energy=0.0, is_commanded=False, aux=False)


def _reference(when: When, part: float) -> Shown:
    """A false step test and the pipe on one day."""
    is_first = when.day == 0 and when.index == 0
    return Shown(water=1 - part, reference=1 - part if is_first else None)


def _reference_first(when: When, part: float) -> Shown:
    is_first = when.day == 0 and when.index == 0
    is_open = when.day >= REFERENCE_FIRST_DAYS
    return Shown(water=1 - part if is_open else 1.0, reference=1 - part if is_first else None)


def _restarts(when: When, part: float) -> Shown:
    return Shown(water=1 - part, is_restarted=when.index % RESTART_EVERY == 0)


def _nothing(_when: When, _: float) -> Shown:
    return Shown()


ATTACKS = (
    Case("bypass", "water past the meter, or a slowed meter, lasting", (5, 10, 20, 25, 40, 60, 100), _bypass),
    Case(
        "bypass-hours", "magnet on the meter for a part of each pumping day", (5, 10, 20, 50), _bypass_hours
    ),
    Case("half-open-hours", "pipe half open for a part of each pumping day", (10, 20, 50), _half_open_hours),
    Case("bypass-days", "pipe open every other day, by so much", (10, 20, 40), _bypass_days),
    Case("ramp", "pipe opened a little more each day, up to 40 %", (1, 2, 5, 10), _ramp, unit="% a month"),
    Case("beats", "magnet lifted for seconds of each three minutes", (20, 60, 120), _beats, unit="s"),
    Case("restarts", "pipe open, and the controller restarted every 50 minutes", (20, 40), _restarts),
    Case("turned-meter", "water meter turned round", (100,), _turned_meter),
    Case("half-pipe", "half-full pipe: the flow jumps", (100,), _half_pipe),
    Case("held-flow", "an answer with one flow for ever, its total less by", (0, 20, 40), _held, EITHER),
    Case("second-channel", "pulses fewer by", (2, 5, 100), _second_channel, EITHER, is_fine=True),
    Case(
        "shunt", "energy past the meter (current transformer shunted)", (5, 10, 20, 33, 67, 100), _shunt, MORE
    ),
    Case(
        "energy-register", "energy register slowed, power true", (5, 10), _energy_register, MORE, is_fine=True
    ),
    Case("turned-ct", "all current transformers turned", (100,), _turned_transformers, MORE),
    Case("exchanged-phases", "transformers of two phases exchanged", (100,), _exchanged_phases, MORE),
    Case(
        "pump-in-pipe",
        "second pump, own feed, through the water meter",
        (10, 20, 50),
        _second_pump_in_pipe,
        MORE,
    ),
    Case(
        "pump-on-meter",
        "second pump behind the power meter, water past its meter",
        (10, 20, 50),
        _second_pump_on_meter,
    ),
    Case("fed-past", "motor fed past meter and contactor", (100,), _fed_past, EITHER),
    Case("bridged", "contactor bridged", (100,), _bridged, EITHER),
    Case("reference-first", "false step test, ten days before the pipe", (10, 20), _reference_first, EITHER),
    Case("reference", "false step test and the pipe on one day", (20,), _reference),
    Case("both", "water and energy past their meters alike", (20,), _both, EITHER),
    Case("all-past", "pipe and feed wholly past both meters", (100,), _all_past, EITHER),
    Case("nothing", "nothing at all: what chance finds", (0,), _nothing, EITHER),
)
