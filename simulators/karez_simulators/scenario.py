"""A scenario: a readable TOML file of what stands on the desk and what happens there.

    title = "…"            title_zh = "…"
    [well]                 fields of well.WellParameters
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

from karez_simulators.acts import CHECKS, HANDS
from karez_simulators.clock import SPEED_MAX
from karez_simulators.well import WellParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


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
    settings: dict[str, int]
    acts: tuple[Act, ...]


def names() -> list[str]:
    """Return the names of the scenarios that ship with karez."""
    folder = resources.files("karez_simulators") / "scenarios"
    return sorted(path.name[:-5] for path in folder.iterdir() if path.name.endswith(".toml"))


def load(name: str) -> Scenario:
    """Return a scenario by its name, or by the path of a file. Raises ScenarioError."""
    path = Path(name)
    if name in names():
        text = (resources.files("karez_simulators") / "scenarios" / f"{name}.toml").read_text("utf-8")
    elif path.suffix == ".toml" or path.exists():
        try:
            text = path.read_text("utf-8")
        except OSError as error:
            raise ScenarioError(f"{name} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ScenarioError(f"{name} is not UTF-8 text") from None
    else:
        raise ScenarioError(
            f"there is no scenario {name!r}; the ones that ship: {', '.join(names())}; or give a .toml file"
        )
    try:
        return parse(path.stem, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{name} is not TOML: {error}") from None
    except ScenarioError as error:
        raise ScenarioError(f"{name}: {error}") from None


def parse(name: str, document: dict[str, Any]) -> Scenario:
    """Return the scenario in a parsed TOML document. Raises ScenarioError."""
    _known(document, ("title", "title_zh", "well", "controller", "act"), "the file")
    acts = document.get("act")
    if not isinstance(acts, list) or not acts:
        raise ScenarioError("at least one [[act]] is needed")
    return Scenario(
        name,
        _text(document, "title", "the file"),
        _text(document, "title_zh", "the file"),
        _well(_table(document, "well")),
        _settings(_table(document, "controller")),
        tuple(_act(act, f"act {number}") for number, act in enumerate(acts, 1)),
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
    if not isinstance(value, str) or not value:
        raise ScenarioError(f"{where} needs {key} = \"…\"")
    return value


def _well(table: dict[str, Any]) -> WellParameters:
    _known(table, [one.name for one in fields(WellParameters)], "[well]")
    try:
        return WellParameters(**table)
    except ValueError as error:
        raise ScenarioError(f"[well]: {error}") from None


def _settings(table: dict[str, Any]) -> dict[str, int]:
    try:
        check(table)
    except BadSetting as error:
        raise ScenarioError(f"[controller]: {error}") from None
    return table


def _act(act: Any, where: str) -> Act:
    if not isinstance(act, dict):
        raise ScenarioError(f"{where} must be a table")
    _known(act, ("title", "title_zh", "speed", "steps"), where)
    speed = act.get("speed", 1)
    if not isinstance(speed, int) or isinstance(speed, bool) or not 1 <= speed <= SPEED_MAX:
        raise ScenarioError(f"speed = {speed!r} in {where}: a whole number from 1 to {SPEED_MAX} is needed")
    steps = act.get("steps")
    if not isinstance(steps, list) or not steps:
        raise ScenarioError(f"{where} needs steps = [ … ]")
    return Act(
        _text(act, "title", where),
        _text(act, "title_zh", where),
        speed,
        tuple(_step(step, f"{where}, step {number}") for number, step in enumerate(steps, 1)),
    )


def _step(step: Any, where: str) -> Step:
    if not isinstance(step, dict) or ("do" in step) == ("check" in step):
        raise ScenarioError(f'{where}: write {{ do = "…" }} or {{ check = "…" }}')
    is_check = "check" in step
    name = step["check" if is_check else "do"]
    table: dict[str, Callable[..., Any]] = CHECKS if is_check else HANDS
    if name not in table:
        near = difflib.get_close_matches(str(name), list(table), 1)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(table)}"
        raise ScenarioError(f"{where}: {name!r} is not known; {hint}")
    values = {key: value for key, value in step.items() if key not in ("do", "check")}
    _fits(table[name], name, values, where)
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
        if kind is int and value < 0:
            raise ScenarioError(f"{where}: {key} = {value} must not be negative")


_KINDS = {int: "whole number", str: "text", bool: "true or false"}
