"""A scenario: a readable TOML file of what stands on the desk and what happens there.

    title = "…"            title_zh = "…"
    [well]                 fields of well.WellParameters
    [meters]               water = "PROFILE@ADDRESS", power = …; default: TUF-2000M and SDM630.
                           water = "none": no flow meter, the litres are converted from energy.
                           level = "PROFILE@ADDRESS": a probe in the well; default: none
    [controller]           settings of the controller (poll, intervals, restart delay …)
    [[act]]
    title = "…"            title_zh = "…"
    speed = 1              simulated seconds per real second, 1..20
    steps = [ { do = "grant", litres = 500 }, { check = "litres_exact" } ]

Every key is checked before anything starts: an unknown scenario, key, step or value is one
clear line.
"""

from __future__ import annotations

import difflib
import inspect
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from karez_firmware.core.settings import BadSetting, check
from karez_protocols import causes
from karez_simulators import part_steps, wording
from karez_simulators.acts import CHECKS, HANDS
from karez_simulators.clock import SPEED_MAX
from karez_simulators.meter_choice import Unusable
from karez_simulators.meter_faults import ACTS
from karez_simulators.physical_site import METERS, NO_METER, mounted
from karez_simulators.platform_levels import STEPS_L
from karez_simulators.well import Well, WellParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from karez_simulators.meter_choice import BenchMeter

FILE_BYTES_MAX = 1_000_000  # a hundred times the longest; a device or a film is no scenario

# value: (least, greatest) of a step's whole numbers. A day of pumping is an hour of waiting; a grant's
# ceiling has 40 bits, of which a well of a million m³ a year uses 30.
RANGES = {
    "litres": (0, 1_000_000_000),
    "seconds": (0, 86_400),
    "within": (1, 86_400),
    "at_least": (0, 1_000_000),
}
# What the texts of a step may say; those of a meter and its faults hang on what is mounted.
CHOICES: dict[str, list[str]] = {
    "cause": [words for _, words in causes.every()],
    "method": list(wording.METHODS["en"].values()),
    "level": list(STEPS_L),
}


class ScenarioError(ValueError):
    """A scenario cannot be played; the text names file, place and what to write instead."""


@dataclass(frozen=True)
class Step:
    """One thing done or checked, with its values."""

    name: str
    is_check: bool
    values: dict[str, Any]


@dataclass(frozen=True)
class Act:
    """One act: its titles, its speed, its steps."""

    title: str
    title_zh: str
    speed: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Scenario:
    """A whole scenario, checked."""

    name: str
    title: str
    title_zh: str
    well: WellParameters
    meters: dict[str, str]
    settings: dict[str, int]
    acts: tuple[Act, ...]


def names() -> list[str]:
    """Return the names of the scenarios that ship with karez."""
    folder = resources.files("karez_simulators") / "scenarios"
    return sorted(path.name[:-5] for path in folder.iterdir() if path.name.endswith(".toml"))


def load(name: str) -> Scenario:
    """Return a scenario by its name, or by the path of a file. Raises ScenarioError."""
    text = _read(name)
    try:
        return parse(Path(name).stem, tomllib.loads(text))
    except ScenarioError as error:
        raise ScenarioError(f"{name}: {error}") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, brackets 1,000 deep
        raise ScenarioError(f"{name} is not TOML: {error}") from None


def _read(name: str) -> str:
    if name in names():
        return (resources.files("karez_simulators") / "scenarios" / f"{name}.toml").read_text("utf-8")
    try:
        with Path(name).open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        if name.endswith(".toml") or not isinstance(error, FileNotFoundError):
            raise ScenarioError(f"{name!r} cannot be read: {getattr(error, 'strerror', error)}") from None
        near = difflib.get_close_matches(name, names(), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"the ones that ship: {', '.join(names())}"
        raise ScenarioError(f"there is no scenario {name!r}; {hint} Or give a .toml file") from None
    if len(data) > FILE_BYTES_MAX:
        raise ScenarioError(f"{name} is larger than {FILE_BYTES_MAX} bytes: no scenario")
    try:
        return data.decode("utf-8-sig")  # some editors begin a file with a mark
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{name} is not UTF-8 text (byte {error.start})") from None


def parse(name: str, document: dict[str, Any]) -> Scenario:
    """Return the scenario in a parsed TOML document. Raises ScenarioError."""
    _known(document, ("title", "title_zh", "well", "meters", "controller", "act"), "the file")
    acts = document.get("act")
    meters = _meters(_table(document, "meters"))
    hanging = mounted(meters, Well())
    if not isinstance(acts, list) or not acts:
        raise ScenarioError("at least one act is needed: write [[act]], with two brackets")
    return Scenario(
        name,
        _text(document, "title", "the file"),
        _text(document, "title_zh", "the file"),
        _well(_table(document, "well")),
        meters,
        _settings(_table(document, "controller")),
        tuple(_act(act, hanging, f"act {number}") for number, act in enumerate(acts, 1)),
    )


def _known(table: dict[str, Any], known: Iterable[str], where: str) -> None:
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, list(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise ScenarioError(f"{key!r} in {where} is not known; {hint}")


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise ScenarioError(f"[{key}] must be a table")
    return value


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value.isprintable() or not value.strip():
        raise ScenarioError(f'{where} needs {key} = "…", one line of text')
    return value


def _well(table: dict[str, Any]) -> WellParameters:
    _known(table, [one.name for one in fields(WellParameters)], "[well]")
    try:
        return WellParameters(**table)
    except ValueError as error:
        raise ScenarioError(f"[well]: {error}") from None


def _meters(table: dict[str, Any]) -> dict[str, str]:
    _known(table, METERS, "[meters]")
    for key, word in table.items():
        if not isinstance(word, str):
            raise ScenarioError(f'{key} in [meters] is a text: "PROFILE@ADDRESS"')
    if table.get("power") == NO_METER:
        raise ScenarioError('power in [meters] cannot be "none": nothing would say whether the pump runs')
    try:
        mounted(table, Well())
    except Unusable as error:
        raise ScenarioError(f"[meters]: {error}") from None
    return table


def _settings(table: dict[str, Any]) -> dict[str, int]:
    _known(table, sorted(check({})), "[controller]")
    try:
        check(table)
    except BadSetting as error:
        raise ScenarioError(f"[controller]: {error}") from None
    return table


def _act(act: Any, hanging: dict[str, BenchMeter], where: str) -> Act:
    if not isinstance(act, dict):
        raise ScenarioError(f"{where} must be a table")
    _known(act, ("title", "title_zh", "speed", "steps"), where)
    speed = act.get("speed", 1)
    if not isinstance(speed, int) or isinstance(speed, bool) or not 1 <= speed <= SPEED_MAX:
        raise ScenarioError(f"speed = {speed!r} in {where}: a whole number from 1 to {SPEED_MAX} is needed")
    steps = act.get("steps")
    if not isinstance(steps, list) or not steps:
        raise ScenarioError(f'{where} needs steps = [ {{ do = "…" }}, … ]')
    return Act(
        _text(act, "title", where),
        _text(act, "title_zh", where),
        speed,
        tuple(_step(step, hanging, f"{where}, step {number}") for number, step in enumerate(steps, 1)),
    )


def _step(step: Any, hanging: dict[str, BenchMeter], where: str) -> Step:
    if not isinstance(step, dict) or ("do" in step) == ("check" in step):
        raise ScenarioError(f'{where}: write {{ do = "…" }} or {{ check = "…" }}')
    is_check = "check" in step
    name = step["check" if is_check else "do"]
    table: dict[str, Callable[..., Any]] = CHECKS if is_check else HANDS
    other = HANDS if is_check else CHECKS
    if not isinstance(name, str):
        raise ScenarioError(f"{where}: {name!r} is no name of a step")
    if name in other:
        right, wrong = ("do", "check") if is_check else ("check", "do")
        raise ScenarioError(f'{where}: write {{ {right} = "{name}" }}, not {wrong}')
    _known({name: 0}, table, where)
    values = {key: value for key, value in step.items() if key not in ("do", "check")}
    _fits(table[name], name, values, where)
    if why := part_steps.unfit(name, values, where):
        raise ScenarioError(why)
    if "meter" in values:
        _fits_meter(name, values, hanging, where)
    return Step(name, is_check, values)


def _fits(function: Callable[..., Any], name: str, values: dict[str, Any], where: str) -> None:
    """Refuse values a step does not take, takes otherwise typed, or lacks."""
    parameters = dict(list(inspect.signature(function, eval_str=True).parameters.items())[1:])
    _known(values, parameters, f"{where} ({name})")
    for key, parameter in parameters.items():
        if key not in values:
            if parameter.default is inspect.Parameter.empty:
                raise ScenarioError(f"{where}: {name} needs {key} = …")
            continue
        value, kind = values[key], parameter.annotation
        if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
            raise ScenarioError(f"{where}: {key} = {value!r} must be a {_KINDS[kind]}")
        least, greatest = RANGES.get(key, (0, 0))
        if kind is int and not least <= value <= greatest:
            raise ScenarioError(f"{where}: {key} = {value} is outside {least}..{greatest}")
        if key in CHOICES:
            _known({value: 0}, CHOICES[key], f"{where} ({name})")


def _fits_meter(name: str, values: dict[str, Any], hanging: dict[str, BenchMeter], where: str) -> None:
    """Refuse a step at a meter that is not there, or cannot have this done to it."""
    meter = values["meter"]
    _known({meter: 0}, METERS, f"{where} ({name})")
    if meter not in hanging:
        raise ScenarioError(f"{where}: no {meter} meter hangs at this well")
    fault = values.get("name")
    if fault is not None:
        _known({fault: 0}, sorted(hanging[meter].faults), f"{where} ({name})")
        if name == "mend" and fault in ACTS:
            raise ScenarioError(f"{where}: {fault} happens once, there is nothing to mend")
    elif hanging[meter].server is None:
        raise ScenarioError(f"{where}: the {meter} meter is called by its number and cannot be swapped")


_KINDS = {int: "whole number", str: "text", bool: "true or false"}
