"""The failure catalogue F1 to F30: which scenario plays each, and what no scenario plays yet."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from karez_simulators.scenario import FAILURES, load, names, read_toml
from karez_simulators.scenario_faults import Faults, ScenarioError, known, shown, text

if TYPE_CHECKING:
    from karez_simulators.scenario import Scenario

FILE = "failures.toml"
KEYS = ("number", "title", "title_zh", "must", "waits")


@dataclass(frozen=True)
class Failure:
    """One row of the catalogue; `waits`: parts that no scenario plays, each with what it waits for."""

    number: str
    title: str
    title_zh: str
    must: str
    waits: tuple[str, ...]
    scenarios: tuple[str, ...]

    @property
    def state(self) -> str:
        """How much of it is played: all, in part, or nothing yet."""
        if not self.scenarios:
            return "waiting"
        return "in part" if self.waits else "played"


def catalogue() -> list[Failure]:
    """Return all thirty, in order, with the scenarios that ship. Raises ScenarioError with every fault."""
    shipped = [load(name) for name in names()]
    document = read_toml(FILE, (resources.files("karez_simulators") / FILE).read_text("utf-8"))
    try:
        return parse(document, shipped)
    except ScenarioError as error:
        raise error.inside(FILE) from None


def parse(document: dict[str, Any], shipped: list[Scenario]) -> list[Failure]:
    """Return the catalogue in a parsed TOML document. Raises ScenarioError with every fault."""
    faults = Faults()
    faults.attempt(known, document, ("failure",), "the file")
    rows = document.get("failure")
    if not isinstance(rows, list):
        raise ScenarioError("the catalogue is a list: write [[failure]], with two brackets")
    found = [faults.attempt(_row, row, shipped, f"failure {at}") for at, row in enumerate(rows, 1)]
    faults.end()
    whole = [one for one in found if one is not None]
    if tuple(one.number for one in whole) != FAILURES:
        raise ScenarioError(f"the catalogue has {FAILURES[0]} to {FAILURES[-1]}, each once and in order")
    return whole


def _row(row: Any, shipped: list[Scenario], where: str) -> Failure:
    if not isinstance(row, dict):
        raise ScenarioError(f"{where} must be a table")
    faults = Faults()
    faults.attempt(known, row, KEYS, where)
    number, title, title_zh, must = (faults.attempt(text, row, key, where) for key in KEYS[:4])
    waits = row.get("waits", [])
    if not isinstance(waits, list) or not all(isinstance(one, str) and one.strip() for one in waits):
        faults.add(f"waits = {shown(waits)} in {where} must be a list of texts")
        waits = []
    scenarios = tuple(one.name for one in shipped if one.failure == number)
    if number and not scenarios and not waits:
        faults.add(f"{where}: no scenario plays {number}, and waits = [ … ] does not say for what it waits")
    faults.end()
    return Failure(number or "", title or "", title_zh or "", must or "", tuple(waits), scenarios)
