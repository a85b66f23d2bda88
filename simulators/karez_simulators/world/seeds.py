"""Many seeds: each a run of its own, over processes if asked for; one object at the end."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, NamedTuple

from karez_simulators.world import run, sometimes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LAST_EVENTS = 12


class Seen(NamedTuple):
    """What is kept of a run: it goes from one process to another."""

    seed: int
    records: int
    digest: str
    met: frozenset[str]
    violations: tuple[dict[str, object], ...]
    last_events: tuple[str, ...]  # where something did not hold


def look(seed: int, days: float, wells: int, lang: str = "en", only: tuple[str, ...] = ()) -> Seen:
    """Run one seed."""
    found = run.play(seed, days, wells, only)
    told = [one.said(lang) for one in found.story.events[-LAST_EVENTS:]] if found.violations else []
    return Seen(
        seed,
        found.story.records,
        found.story.digest,
        frozenset(found.met),
        tuple(one._asdict() for one in found.violations),
        tuple(told),
    )


def replay(seed: int, days: float, wells: int) -> str:
    """The command that runs a seed once more."""
    return f"karez bench world --seed {seed} --days {days:g} --wells {wells}"


def every(
    seeds: Iterable[int], days: float, wells: int, jobs: int, progress: Callable[[Seen], None]
) -> dict[str, Any]:
    """Run seeds and return the one object of `--json`: its digests are not in it, its violations are."""
    began_s = time.monotonic()
    count = records = 0
    met: set[str] = set()
    violations: list[dict[str, object]] = []
    for seen in _each(list(seeds), days, wells, jobs):
        progress(seen)
        count, records = count + 1, records + seen.records
        met |= seen.met
        violations += [
            {"seed": seen.seed, **one, "replay": replay(seen.seed, days, wells)} for one in seen.violations
        ]
    return {
        "seeds": count,
        "simulated_days": round(count * days, 2),
        "violations": violations,
        "records": records,
        "wall_s": round(time.monotonic() - began_s, 1),
        "sometimes_missed": sometimes.missed(met),
    }


def _each(seeds: list[int], days: float, wells: int, jobs: int) -> Iterator[Seen]:
    if jobs == 1:
        for seed in seeds:
            yield look(seed, days, wells)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        size = len(seeds)
        yield from pool.map(look, seeds, [days] * size, [wells] * size)
