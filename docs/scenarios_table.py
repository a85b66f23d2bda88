"""Write the table of the failure catalogue into scenarios.md from the scenarios and failures.toml.

python docs/scenarios_table.py            write it
python docs/scenarios_table.py --check    exit 1 if the page does not say what the files say
"""

import sys
from pathlib import Path

from page_parts import main

from karez_simulators import failures, scenario

STATES = {"played": "played", "in part": "played in part", "waiting": "waiting"}


def checks(names: tuple[str, ...]) -> str:
    """The checks of these scenarios, each once, in the order in which they are looked at."""
    acts = [act for name in names for act in scenario.load(name).acts]
    found = dict.fromkeys(_said(step) for act in acts for step in act.steps if step.is_check)
    return ", ".join(found)


def _said(step: scenario.Step) -> str:
    cause = step.values.get("cause")
    return f"`{step.name}`" + (f" *{cause}*" if cause else "")


def catalogue() -> list[str]:
    """One row for each failure."""
    rows = ["| Failure | What must be | Scenario | What is checked | State |", "|---|---|---|---|---|"]
    for one in failures.catalogue():
        scenarios = ", ".join(f"`{name}`" for name in one.scenarios) or "none"
        row = (f"{one.number} {one.title}", one.must, scenarios, checks(one.scenarios), STATES[one.state])
        rows.append("| " + " | ".join(row) + " |")
    return rows


def waiting() -> list[str]:
    """What no scenario plays yet, and for what it waits."""
    rows = ["| Failure | What waits, and for what |", "|---|---|"]
    return rows + [f"| {one.number} | {what} |" for one in failures.catalogue() for what in one.waits]


if __name__ == "__main__":
    page = Path(__file__).with_name("scenarios.md")
    parts = {"the catalogue": catalogue, "what waits": waiting}
    sys.exit(main(page, "scenarios_table.py", parts, sys.argv[1:]))
