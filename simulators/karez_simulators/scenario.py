"""A scenario: a readable TOML file of what stands on the desk and what happens there.

    title = "…"            title_zh = "…"
    failure = "F2"         which of failures.toml it plays, if it is one of those
    use = "irrigation"     or "domestic", "livestock", "industry": what the well's water is for
    [well]                 fields of well.WellParameters
    [meters]               water = "PROFILE@ADDRESS", power = …; default: TUF-2000M and SDM630.
                           water = "none": no flow meter, the litres are converted from energy.
                           level = "PROFILE@ADDRESS": a probe in the well; default: none
    [controller]           settings of the controller (poll, intervals, restart delay …)
    [[act]]
    title = "…"            title_zh = "…"
    speed = 1              simulated seconds per real second, 1..20
    steps = [ { do = "grant", litres = 500 }, { check = "litres_exact" } ]

Every key is checked before anything starts: each fault is one clear line, and all are told at once.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from karez_firmware.core.settings import BadSetting, check
from karez_protocols import site_class
from karez_simulators import scenario_steps
from karez_simulators.clock import SPEED_MAX
from karez_simulators.meter_choice import Unusable
from karez_simulators.physical_site import METERS, NO_METER, mounted
from karez_simulators.scenario_faults import Faults, ScenarioError, known, shown, table, text
from karez_simulators.scenario_steps import Step
from karez_simulators.well import LIMITS, Well, WellParameters

if TYPE_CHECKING:
    from karez_simulators.meter_choice import BenchMeter

__all__ = ["Act", "Scenario", "ScenarioError", "Step", "load", "names", "parse", "read_toml"]

KEYS = ("title", "title_zh", "failure", "use", "well", "meters", "controller", "act")
USES = {
    "irrigation": site_class.IRRIGATION,
    "domestic": site_class.DOMESTIC,
    "livestock": site_class.LIVESTOCK,
    "industry": site_class.INDUSTRY,
}
FAILURES = tuple(f"F{number}" for number in range(1, 31))  # failures.toml
FILE_BYTES_MAX = 1_000_000  # a hundred times the longest; a device or a film is no scenario


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
    failure: str = ""  # of the catalogue in failures.toml that it plays
    use: int = site_class.IRRIGATION


def names() -> list[str]:
    """Return the names of the scenarios that ship with karez."""
    folder = resources.files("karez_simulators") / "scenarios"
    return sorted(path.name[:-5] for path in folder.iterdir() if path.name.endswith(".toml"))


def load(name: str) -> Scenario:
    """Return a scenario by its name, or by the path of a file. Raises ScenarioError with every fault."""
    document = read_toml(name, _read(name))
    try:
        return parse(Path(name).stem, document)
    except ScenarioError as error:
        raise error.inside(name) from None


def read_toml(name: str, text: str) -> dict[str, Any]:
    """Return the document in a TOML text. Raises ScenarioError naming the file and the place."""
    try:
        return tomllib.loads(text)
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
    """Return the scenario in a parsed TOML document. Raises ScenarioError with every fault."""
    faults, at = Faults(), "the file"
    faults.attempt(known, document, KEYS, at)
    title = faults.attempt(text, document, "title", at)
    title_zh = faults.attempt(text, document, "title_zh", at)
    failure = faults.attempt(_failure, document)
    use = faults.attempt(_use, document)
    well = faults.attempt(_well, document)
    meters = faults.attempt(_meters, document)
    settings = faults.attempt(_settings, document)
    acts = faults.attempt(_acts, document, mounted(meters or {}, Well()))
    faults.end()
    return Scenario(
        name, title or "", title_zh or "", well or WellParameters(), meters or {}, settings or {},
        tuple(act for act in acts or () if act is not None), failure or "", use or 0,
    )  # fmt: skip


def _failure(document: dict[str, Any]) -> str:
    value = document.get("failure", "")
    if value and value not in FAILURES:
        raise ScenarioError(
            f"failure = {shown(value)} in the file: it is one of {FAILURES[0]} to {FAILURES[-1]}"
        )
    return str(value)


def _use(document: dict[str, Any]) -> int:
    value = document.get("use", "irrigation")
    if not isinstance(value, str):
        raise ScenarioError(f"use = {shown(value)} in the file must be a text: one of {', '.join(USES)}")
    known([value], USES, "use")
    return USES[value]


def _well(document: dict[str, Any]) -> WellParameters:
    given, faults = table(document, "well"), Faults()
    names = [one.name for one in fields(WellParameters)]
    faults.attempt(known, given, names, "[well]")
    for key in names:
        if key in given:
            faults.attempt(_number, key, given[key])
    faults.end()
    try:
        return WellParameters(**given)
    except ValueError as error:
        raise ScenarioError(f"[well]: {error}") from None


def _number(key: str, value: Any) -> None:
    least, greatest = LIMITS[key]
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= greatest:
        said = f"a whole number from {least} to {greatest}, not {shown(value)}"
        raise ScenarioError(f"[well]: {key} must be {said}")


def _meters(document: dict[str, Any]) -> dict[str, str]:
    given, faults = table(document, "meters"), Faults()
    faults.attempt(known, given, METERS, "[meters]")
    for key, word in given.items():
        if not isinstance(word, str):
            faults.add(f'{shown(key)[1:-1]} in [meters] is a text: "PROFILE@ADDRESS"')
    if given.get("power") == NO_METER:
        faults.add('power in [meters] cannot be "none": nothing would say whether the pump runs')
    faults.end()
    try:
        mounted(given, Well())
    except Unusable as error:
        raise ScenarioError(f"[meters]: {error}") from None
    return given


def _settings(document: dict[str, Any]) -> dict[str, int]:
    given, faults = table(document, "controller"), Faults()
    names = sorted(check({}))
    faults.attempt(known, given, names, "[controller]")
    for key, value in given.items():
        if key in names:
            faults.attempt(_setting, key, value)
    faults.end()
    return given


def _setting(key: str, value: Any) -> None:
    try:
        check({key: value})
    except BadSetting as error:
        raise ScenarioError(f"[controller]: {error}") from None


def _acts(document: dict[str, Any], hanging: dict[str, BenchMeter]) -> list[Act | None]:
    acts, faults = document.get("act"), Faults()
    if not isinstance(acts, list) or not acts:
        raise ScenarioError("at least one act is needed: write [[act]], with two brackets")
    found = [faults.attempt(_act, act, hanging, f"act {number}") for number, act in enumerate(acts, 1)]
    faults.end()
    return found


def _act(act: Any, hanging: dict[str, BenchMeter], where: str) -> Act:
    if not isinstance(act, dict):
        raise ScenarioError(f"{where} must be a table")
    faults = Faults()
    faults.attempt(known, act, ("title", "title_zh", "speed", "steps"), where)
    title = faults.attempt(text, act, "title", where)
    title_zh = faults.attempt(text, act, "title_zh", where)
    speed = act.get("speed", 1)
    if not isinstance(speed, int) or isinstance(speed, bool) or not 1 <= speed <= SPEED_MAX:
        faults.add(f"speed = {shown(speed)} in {where}: a whole number from 1 to {SPEED_MAX} is needed")
    steps = act.get("steps")
    if not isinstance(steps, list) or not steps:
        faults.add(f'{where} needs steps = [ {{ do = "…" }}, … ]')
        steps = []
    found = [
        faults.attempt(scenario_steps.read, step, hanging, f"{where}, step {number}")
        for number, step in enumerate(steps, 1)
    ]
    faults.end()
    return Act(title or "", title_zh or "", speed, tuple(step for step in found if step is not None))
