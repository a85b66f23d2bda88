"""The steps of a scenario file: each is known, takes these values, and can be done at this well."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from karez_protocols import causes
from karez_simulators import cards, part_steps, season_checks, wording
from karez_simulators.acts import CHECKS, HANDS
from karez_simulators.detection.attacks import ATTACKS
from karez_simulators.detection.honest import HONEST
from karez_simulators.meter_faults import ACTS
from karez_simulators.physical_site import METERS
from karez_simulators.platform_levels import STEPS_L
from karez_simulators.scenario_faults import Faults, ScenarioError, known, shown
from karez_simulators.well import LIMITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.meter_choice import BenchMeter

# value: (least, greatest) of a step's whole numbers. A day of pumping is an hour of waiting; a grant's
# ceiling has 40 bits, of which a well of a million m³ a year uses 30.
RANGES = {
    "litres": (0, 1_000_000_000),
    "seconds": (0, 86_400),
    "within": (1, 86_400),
    "finish": (0, 6_553_500),  # what a row of a grant can say, in steps of 100 L
    "emergency": (0, 6_553_500),
    "interim": (0, 1_000_000_000),
    "interim_seconds": (60, 31_536_000),
    "depth_mm": LIMITS["static_level_mm"],
    "percent": (1, 1_000),
    "watt_hours": (0, 1_000_000_000),
    "at_least": (0, 1_000_000),
    "kilobytes": (0, 1_000_000),
    "strength": (0, 1_000),
    "wells": (1, 200),  # twenty take some seconds of a processor
    "days": (1, 365),
}
# What the texts of a step may say; those of a meter and its faults hang on what is mounted.
CHOICES: dict[str, list[str]] = {
    "cause": [words for _, words in causes.every()],
    "method": list(wording.METHODS["en"].values()),
    "level": list(STEPS_L),
    "card": list(cards.CARDS),
    "verb": ["start", "stop"],
    "rule": ["silent", "laid-up"],
    "against": ["stop", "grant", "order", "violation"],
    "outcome": ["upheld", "in-part", "dismissed", "withdrawn"],
    "case": [one.name for one in (*ATTACKS, *HONEST)],
}
SWAPS = ("swap_meter", "silent_swap")
_KINDS = {int: "whole number", str: "text", bool: "true or false"}


@dataclass(frozen=True)
class Step:
    """One thing done or checked, with its values."""

    name: str
    is_check: bool
    values: dict[str, Any]


def read(step: Any, hanging: dict[str, BenchMeter], where: str) -> Step:
    """Return a step of the file; `hanging`: the meters at this well. Raises ScenarioError."""
    name, is_check = _name(step, where)
    values = {key: value for key, value in step.items() if key not in ("do", "check")}
    faults = Faults()
    faults.attempt(_fits, (CHECKS if is_check else HANDS)[name], name, values, where)
    if why := part_steps.unfit(name, values, where) or season_checks.unfit(name, values, where):
        faults.add(why)
    elif isinstance(values.get("meter"), str):
        faults.attempt(_fits_meter, name, values, hanging, where)
    faults.end()
    return Step(name, is_check, values)


def _name(step: Any, where: str) -> tuple[str, bool]:
    if not isinstance(step, dict) or ("do" in step) == ("check" in step):
        raise ScenarioError(f'{where}: write {{ do = "…" }} or {{ check = "…" }}')
    is_check = "check" in step
    name = step["check" if is_check else "do"]
    if not isinstance(name, str):
        raise ScenarioError(f"{where}: {shown(name)} is no name of a step")
    if name in (HANDS if is_check else CHECKS):
        right, wrong = ("do", "check") if is_check else ("check", "do")
        raise ScenarioError(f'{where}: write {{ {right} = "{name}" }}, not {wrong}')
    known([name], CHECKS if is_check else HANDS, where)
    return name, is_check


def _fits(function: Callable[..., Any], name: str, values: dict[str, Any], where: str) -> None:
    """Refuse values a step does not take, takes otherwise typed, or lacks."""
    parameters = dict(list(inspect.signature(function, eval_str=True).parameters.items())[1:])
    faults = Faults()
    faults.attempt(known, values, parameters, f"{where} ({name})")
    for key, parameter in parameters.items():
        if key in values:
            faults.attempt(_value, name, key, values[key], parameter.annotation, where)
        elif parameter.default is inspect.Parameter.empty:
            faults.add(f"{where}: {name} needs {key} = …")
    faults.end()


def _value(name: str, key: str, value: Any, kind: type[Any], where: str) -> None:
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
        raise ScenarioError(f"{where}: {key} = {shown(value)} must be a {_KINDS[kind]}")
    least, greatest = RANGES.get(key, (0, 0))
    if kind is int and not least <= value <= greatest:
        raise ScenarioError(f"{where}: {key} = {shown(value)} is outside {least}..{greatest}")
    if key in CHOICES:
        known([value], CHOICES[key], f"{where} ({name})")


def _fits_meter(name: str, values: dict[str, Any], hanging: dict[str, BenchMeter], where: str) -> None:
    """Refuse a step at a meter that is not there, or cannot have this done to it."""
    meter = values["meter"]
    known([meter], METERS, f"{where} ({name})")
    if meter not in hanging:
        raise ScenarioError(f"{where}: no {meter} meter hangs at this well")
    fault = values.get("name")
    if isinstance(fault, str):
        known([fault], sorted(hanging[meter].faults), f"{where} ({name})")
        if name == "mend" and fault in ACTS:
            raise ScenarioError(f"{where}: {fault} happens once, there is nothing to mend")
    elif name in SWAPS and hanging[meter].server is None:
        raise ScenarioError(f"{where}: the {meter} meter is called by its number and cannot be swapped")
