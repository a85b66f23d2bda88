"""Rule C7 over seeded months: ten wells behind one transformer, and a pump that no meter sees.

The balance is the gateway's own: its command is run on a list, nothing of it is imported. Meters err within
their class (the defaults of `karez gateway feeder`), evenly; lines lose 2 to 5 %. Constructed: ten wells, a
spread of two in how much they pump.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from typing import NamedTuple

WELLS = 10
MONTH_DAYS = 30  # pumping days between two readings of the transformer's meter
MONTHS = 5
WELL_WH = 500_000  # of a month
FEEDER_ERROR, WELL_ERROR = 0.010, 0.020
LOSSES = (0.02, 0.05)
# Of one well's energy.
UNMETERED = (0, 25, 50, 100, 200)
SHUNTED = (50, 100)
ANSWER_S = 120


class Village(NamedTuple):
    """What stands behind a transformer: percent of a well's energy that no meter sees, and by which way."""

    name: str
    words: str
    strengths: tuple[int, ...]


VILLAGES = (
    Village("honest", "ten honest wells", (0,)),
    Village(
        "unmetered-pump", "an unmetered pump behind the transformer, of one well's energy", UNMETERED[1:]
    ),
    Village("shunted-well", "one of the ten wells shunted, pipe and all (`both`, `all-past`)", SHUNTED),
)


def balances(seeds: range) -> list[dict[str, object]]:
    """Every month of every village, as lines for the gateway's command."""
    found = []
    for seed in seeds:
        for village in VILLAGES:
            for strength in village.strengths:
                found += _months(seed, village.name, strength)
    return found


def _months(seed: int, name: str, strength: int) -> list[dict[str, object]]:
    chance = random.Random(f"{seed}/village")
    feeder_error = 1 + chance.uniform(-FEEDER_ERROR, FEEDER_ERROR)
    errors = [1 + chance.uniform(-WELL_ERROR, WELL_ERROR) for _ in range(WELLS)]
    loss = chance.uniform(*LOSSES)
    found: list[dict[str, object]] = []
    for month in range(MONTHS):
        used = [WELL_WH * chance.uniform(0.67, 1.33) for _ in range(WELLS)]
        seen = list(used)
        extra = 0.0
        if name == "unmetered-pump":
            extra = WELL_WH * strength / 100
        elif name == "shunted-well":
            seen[0] *= 1 - strength / 100
        feeder_wh = (sum(used) + extra) / (1 - loss) * feeder_error
        wells_wh = [round(wh * error) for wh, error in zip(seen, errors, strict=True)]
        key = f"{name} {strength} {seed} {month}"
        found.append({"name": key, "feeder_wh": round(feeder_wh), "wells": wells_wh})
    return found


def judged(lines: list[dict[str, object]]) -> dict[str, str]:
    """The gateway's finding of each line by name. Raises RuntimeError with its own words if it refuses."""
    if not lines:
        return {}  # the gateway wants a transformer at least
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "karez_gateway", "gateway", "balances", "-"],
        input=text,
        capture_output=True,
        text=True,
        timeout=ANSWER_S,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError((done.stderr.strip() or "karez gateway balances said nothing").splitlines()[-1])
    return {one["name"]: one["finding"] for one in map(json.loads, done.stdout.splitlines())}


def study(seeds: range) -> list[dict[str, object]]:
    """For each village: in how many of all its seeds a finding came by each month's reading."""
    findings = judged(balances(seeds))
    rows: list[dict[str, object]] = []
    for village in VILLAGES:
        for strength in village.strengths:
            first: Counter[int] = Counter()
            for seed in seeds:
                months = [findings[f"{village.name} {strength} {seed} {month}"] for month in range(MONTHS)]
                first.update([months.index(one) for one in months if one][:1])
            rows.append({
                "name": village.name,
                "strength": strength,
                "runs": len(seeds),
                "found_by_month": [sum(first[at] for at in range(month + 1)) for month in range(MONTHS)],
            })  # fmt: skip
    return rows
