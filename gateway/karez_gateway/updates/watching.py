"""What is known of the wells of a roll-out, for `judging.judge`: silence, alarms, energy for a litre."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.county.alarms.record_rules import (
    ALARM,
    EVENT,
    EVIDENCE,
    FORK,
    OVERSHOOT,
    QUARANTINED,
    RULE,
)
from karez_gateway.store import firmwares
from karez_gateway.store.firmwares import Firmware, Place
from karez_gateway.updates.rollout import UPDATED, Site
from karez_protocols import causes, flags

# What new firmware may break: the checks C1 to C6 (integrity §4), meters that are not heard any more, its own
# tasks and stores, its chain. Not doors, log-ins, the motor's protection, an order or a grant.
_BITS = (
    flags.NOT_STOPPED, flags.NOT_STARTED, flags.UNCERTAIN, flags.FOREIGN_RUN, flags.WATER_SILENT,
    flags.ENERGY_SILENT, flags.STORE_FAILED, flags.NO_WATER, flags.NO_ENERGY, flags.RATIO, flags.IMPOSSIBLE,
    flags.CHANNELS, flags.REVERSED, flags.STUCK, flags.FROZEN, flags.TASK,
)  # fmt: skip
_CAUSES = (causes.TRIPPED, causes.REVERSE_FLOW, causes.HEAD_REBUILT, causes.CHAIN_BEGUN)
LINES = {
    RULE: [f"{ALARM}:{bit.bit_length() - 1}" for bit in _BITS] + [f"{EVENT}:{one}" for one in _CAUSES],
    EVIDENCE: [QUARANTINED, FORK, OVERSHOOT],
}
BEFORE_DAYS = 30
LEAST_L = 10_000  # on either side; less says nothing of a pump
DAY_S = 86400


class Ratio(NamedTuple):
    """Energy for a litre after against before, in thousandths: a well's, and the others' median, or None."""

    own: int
    usual: int | None


class _Sums:
    """A site's days, summed up: energy and litres between two days cost two look-ups."""

    def __init__(self, rows: Iterable[tuple[int, int, int]]) -> None:
        days = sorted(rows)
        self._days = [day for day, _, _ in days]
        self._wh = [0, *accumulate(wh for _, wh, _ in days)]
        self._litres = [0, *accumulate(litres for _, _, litres in days)]

    def between(self, first: int, end: int) -> tuple[int, int]:
        """(Wh, litres) from a day on, until before another."""
        at, to = bisect_left(self._days, first), bisect_left(self._days, end)
        return self._wh[to] - self._wh[at], self._litres[to] - self._litres[at]

    def ratio(self, split: int, after: int) -> int | None:
        """Energy for a litre from day `after` on against the days before `split`; None: too little water."""
        wh, litres = self.between(split - BEFORE_DAYS, split)
        wh_after, litres_after = self.between(after, 1 << 40)
        if min(litres, litres_after) < LEAST_L or not wh or not wh_after:
            return None
        return 1000 * wh_after * litres // (wh * litres_after)


def sites(connection: Connection, places: Sequence[Place], found_ratios: Mapping[str, Ratio]) -> list[Site]:
    """Every well of a roll-out, in its order. `found_ratios`: what `ratios` gave, which takes longer."""
    heard, alarmed = firmwares.heard(connection), firmwares.alarmed(connection, LINES)
    found = []
    for each in places:
        ratio = found_ratios.get(each.site)
        own, usual = (None, None) if ratio is None else ratio
        found.append(
            Site(
                each.controller, each.site, each.state, each.reason, heard.get(each.site), each.done_utc_s,
                alarmed.get(each.site, 0), own, usual,
            )
        )  # fmt: skip
    return found


def ratios(connection: Connection, one: Firmware, places: Sequence[Place], offset_s: int) -> dict[str, Ratio]:
    """Updated site -> its ratio from the day after on, and the others' over the very same days.

    After a stop that a person has seen, only days behind it are the days after. `offset_s`: the county's
    seconds from UTC.
    """

    def day_of(utc_s: int) -> int:
        return (utc_s + offset_s) // DAY_S

    updated = {each.site: day_of(each.done_utc_s or 0) for each in places if each.state in UPDATED}
    if not updated:
        return {}
    rows: dict[str, list[tuple[int, int, int]]] = {}
    first = min(updated.values()) - BEFORE_DAYS
    every = {each.site for each in places}
    for site, day, energy_wh, litres in firmwares.days(connection, every, first, offset_s):
        rows.setdefault(site, []).append((day, energy_wh, litres))
    sums = {site: _Sums(days) for site, days in rows.items()}
    others = [sums[site] for site in sums if site not in updated]
    resumed = day_of(one.resumed_utc_s)
    usual = {split: _median(others, split, max(split, resumed) + 1) for split in set(updated.values())}
    found = {}
    for site, split in updated.items():
        own = sums[site].ratio(split, max(split, resumed) + 1) if site in sums else None
        if own is not None:  # the day of the restart itself belongs to neither side
            found[site] = Ratio(own, usual[split])
    return found


def _median(others: Iterable[_Sums], split: int, after: int) -> int | None:
    found = sorted(ratio for each in others if (ratio := each.ratio(split, after)) is not None)
    return found[len(found) // 2] if found else None
