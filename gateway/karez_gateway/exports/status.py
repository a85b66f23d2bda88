"""How the exports stand: the last file of each, what is overdue, what fails; for a program and for people."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.config.api import Export
from karez_gateway.exports import due
from karez_gateway.exports.exporter import CLOCK_SLACK_S, FILE
from karez_gateway.store import exports, sites

# A county's month takes minutes; an export that is due for longer than this waits for something.
OVERDUE_S = 3600


def facts(connection: Connection, config: Config, now_utc_s: float | None = None) -> list[dict[str, Any]]:
    """One dictionary for each export of gateway.toml."""
    now_utc_s = time.time() if now_utc_s is None else now_utc_s
    problems = _problems(config.data)
    return [_export(connection, one, problems.get(one.name, {}), now_utc_s) for one in config.export]


def _export(
    connection: Connection, export: Export, problem: dict[str, Any], now_utc_s: float
) -> dict[str, Any]:
    last = exports.last(connection, export.name, int(now_utc_s) + CLOCK_SLACK_S)
    waiting = due.next_due(export, None if last is None else last.to_utc_s, now_utc_s - OVERDUE_S)
    civil = Calendar(export.utc_offset_h)
    return {
        "name": export.name,
        "kind": export.kind,
        "format": export.format,
        "every": export.every,
        "folder": str(export.folder),
        "last": None
        if last is None
        else {
            "file": last.file,
            "sha256": last.sha256,
            "rows": last.records,
            "from": civil.iso(last.from_utc_s),
            "to": civil.iso(last.to_utc_s),
            "made_utc_s": last.made_utc_s,
        },
        "overdue": None if waiting is None else due.name_of(export, waiting),
        "problem": problem.get("problem"),
        "problem_since_utc_s": problem.get("since_utc_s"),
        "unknown_sites": [one for one in export.sites if not sites.exists(connection, one)],
    }


def _problems(directory: Path) -> dict[str, Any]:
    try:
        found = json.loads((directory / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def failing(directory: Path) -> list[str]:
    """Names of exports whose last attempt failed, by what the service left in the data directory."""
    return sorted(_problems(directory))


def is_well(one: dict[str, Any]) -> bool:
    """True if nobody need look at it."""
    return not (one["problem"] or one["overdue"] or one["unknown_sites"])


def lines(found: list[dict[str, Any]]) -> Iterator[str]:
    """For people."""
    for one in found:
        yield f"export {one['name']}: {line(one)}"


def line(one: dict[str, Any]) -> str:
    """How one export stands, and what to do."""
    last = "no file yet" if one["last"] is None else f"last file {one['last']['file']}"
    if one["problem"]:
        return f"FAILS, {one['problem']}; {last}; it is tried again by itself"
    if one["overdue"]:
        return f"{one['overdue']} is overdue; {last}; see that the service runs"
    if one["unknown_sites"]:
        return f"{last}; no controller stands at {', '.join(one['unknown_sites'])}: correct sites"
    return last
