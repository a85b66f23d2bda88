"""What weeks of pumping show, in virtual time: the firmware's own rules on wells of `karez bench detection`.

No desk can wait for a drift of a few percent. So these checks let that verb, in a process of its own, run
wells of a noisy climate through a season, and judge what it says. The same wells give the same figures.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import TYPE_CHECKING, Any

from karez_simulators.cable import DeskError
from karez_simulators.detection.attacks import ATTACKS
from karez_simulators.detection.honest import HONEST
from karez_simulators.story import Found, Story

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

# What each check may look at: a case, and the strengths that it is run with.
TOLD = {one.name: one.strengths for one in ATTACKS}
QUIET = {one.name: one.strengths for one in HONEST if one.act is None}


class SeasonChecks(Story):
    """More steps of `check = …`. `case` is one of `karez bench detection --case list`."""

    async def told_in_season(self, case: str, strength: int, wells: int, days: int) -> Found:
        """Nine of ten wells tell it in a season, and within so many days of pumping."""
        row = await _row("attacks", case, strength, wells)
        day_s = row["day_s"]
        percentiles = [row["delays_s"][at] for at in (9, 17)]  # of 5, 10 … 95 %
        half, most = (None if one is None else -(-one // day_s) for one in percentiles)
        figures = {
            "strength": strength, "found": row["found"], "runs": row["runs"], "half": half or "-",
            "most": most or "-",
        }  # fmt: skip
        return most is not None and most <= days, figures

    async def quiet_years(self, case: str, wells: int) -> Found:
        """Honest wells are accused less than once in a year of pumping each, on the average."""
        row = await _row("honest", case, 0, wells)
        alarms, years = sum(row["events"].values()), row["days"] / row["year_days"]
        return alarms < years, {"alarms": alarms, "years": f"{years:.0f}"}


def unfit(step: str, values: Mapping[str, object], where: str) -> str:
    """Return what is wrong with the case of such a check; empty if nothing is."""
    cases = {"told_in_season": TOLD, "quiet_years": QUIET}.get(step)
    case, strength = values.get("case"), values.get("strength")
    if cases is None or not isinstance(case, str):
        return ""
    if case not in cases:
        return f"{where} ({step}): case = {case[:40]!r} is none of {', '.join(cases)}"
    if isinstance(strength, int) and strength not in cases[case]:
        return (
            f"{where} ({step}): strength = {strength} of {case} is none of {', '.join(map(str, cases[case]))}"
        )
    return ""


async def _row(kind: str, case: str, strength: int, wells: int) -> dict[str, Any]:
    """One row of what the verb finds, with the lengths of its day and year. Raises DeskError."""
    words = ("bench", "detection", "--seeds", f"0:{wells}", "--case", case, "--jobs", "1", "--json")
    async with _process(*words) as process:
        said, why = await process.communicate()
    if process.returncode:
        raise DeskError(f"karez bench detection: {why.decode(errors='replace').strip()[-200:]}")
    document = json.loads(said.splitlines()[-1])
    for row in document[kind]:
        if (row["name"], row["strength"]) == (case, strength):
            return {**row, "day_s": document["day_s"], "year_days": document["year_days"]}
    raise DeskError(
        f"karez bench detection has no case {case!r} with the strength {strength} among its {kind}"
    )


@contextlib.asynccontextmanager
async def _process(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `karez` with these words; it ends with the step."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "karez_gateway", *words, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
