"""Many seeds of every case, on several processors: the figures of docs/detection.json."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from typing import TYPE_CHECKING, Any

from karez_simulators.detection import season_term, village
from karez_simulators.detection.attacks import ATTACKS
from karez_simulators.detection.climate import DAYS, INTERVAL_S, INTERVALS, SEASON_DAYS
from karez_simulators.detection.honest import HONEST
from karez_simulators.detection.run import Found, Well, honest_year

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

VERSION = 1
VILLAGE, SEASON_TERM = "village", "season-term"  # cases beside those of one well
KEPT_SEEDS = 3  # results of the first seeds stand in the file one by one: a test runs them again
QUANTILES = tuple(range(5, 100, 5))  # percent

Key = tuple[str, int]
Seeded = tuple[dict[Key, Found], dict[Key, dict[str, int] | None]]


def names() -> list[str]:
    """Every case by name: attacks, honest wells, villages."""
    return [one.name for one in (*ATTACKS, *HONEST)] + [VILLAGE, SEASON_TERM]


def of_seed(seed: int, only: Collection[str]) -> Seeded:
    """All cases of one seed; `only`: their names, empty means all."""
    found: dict[Key, Found] = {}
    alarms: dict[Key, dict[str, int] | None] = {}
    well = None
    for case in (*ATTACKS, *HONEST):
        if only and case.name not in only:
            continue
        for strength in case.strengths:
            key = (case.name, strength)
            if case.act is None:
                alarms[key] = dict(honest_year(seed, case.climate))
                continue
            well = well or Well(seed)
            if case in ATTACKS:
                found[key] = well.attacked(case, strength)
            else:
                counted = well.honest(case, strength)  # type: ignore[arg-type]
                alarms[key] = None if counted is None else dict(counted)
    return found, alarms


def run(seeds: range, only: Collection[str], jobs: int, tell: Callable[[int], None]) -> dict[str, Any]:
    """Study the seeds; `tell` hears how many are done. The same seeds give the same figures."""
    tasks = [(seed, tuple(only)) for seed in seeds]
    if jobs == 1:
        results = _collected(map(_task, tasks), tell)
    else:
        with multiprocessing.get_context("spawn").Pool(jobs) as pool:
            results = _collected(pool.imap(_task, tasks), tell)
    return {
        "version": VERSION,
        "seeds": [seeds.start, seeds.stop],
        "year_days": DAYS,
        "season_days": SEASON_DAYS,
        "day_s": INTERVALS * INTERVAL_S,
        "attacks": _attack_rows([one[0] for one in results]),
        "honest": _honest_rows([one[1] for one in results]),
        "villages": village.study(seeds) if not only or VILLAGE in only else [],
        "season_terms": season_term.study(seeds) if not only or SEASON_TERM in only else [],
    }


def _task(task: tuple[int, tuple[str, ...]]) -> Seeded:
    return of_seed(*task)


def _collected(results: Iterable[Seeded], tell: Callable[[int], None]) -> list[Seeded]:
    found = []
    for one in results:
        found.append(one)
        tell(len(found))
    return found


def _attack_rows(results: list[dict[Key, Found]]) -> list[dict[str, Any]]:
    rows = []
    for key in results[0]:
        every = [one[key] for one in results]
        judged = [one for one in every if not one.is_standing]
        delays = sorted(one.delay_s for one in judged if one.delay_s is not None)
        rules = Counter(one.rule for one in judged if one.rule is not None)
        rows.append({
            "name": key[0],
            "strength": key[1],
            "runs": len(judged),
            "standing": len(every) - len(judged),
            "found": len(delays),
            "first_rule": dict(sorted(rules.items())),
            "delays_s": [quantile(delays, len(judged), percent) for percent in QUANTILES],
            "by_seed": [list(one) for one in every[:KEPT_SEEDS]],
        })  # fmt: skip
    return rows


def quantile(delays: list[int], runs: int, percent: int) -> int | None:
    """The least delay within which so many percent of all runs were found; None: they were not.

    `delays`: sorted, of those found.
    """
    needed = -(-runs * percent // 100)
    return delays[needed - 1] if 0 < needed <= len(delays) else None


def _honest_rows(results: list[dict[Key, dict[str, int] | None]]) -> list[dict[str, Any]]:
    whole_years = {one.name for one in HONEST if one.act is None}
    rows = []
    for key in results[0]:
        every = [one[key] for one in results]
        judged = [one for one in every if one is not None]
        total: Counter[str] = Counter()
        for one in judged:
            total.update(one)
        rows.append({
            "name": key[0],
            "strength": key[1],
            "runs": len(judged),
            "standing": len(every) - len(judged),
            "days": len(judged) * (DAYS if key[0] in whole_years else SEASON_DAYS),
            "alarmed": sum(bool(one) for one in judged),
            "events": dict(sorted(total.items())),
            "by_seed": every[:KEPT_SEEDS],
        })  # fmt: skip
    return rows
