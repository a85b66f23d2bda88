"""Adds a sum proof up again, from its rows alone: it knows nothing of how they came about.

Whoever has the exported table can do the same in a spreadsheet; the rules are the six in `RULES`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

Row = Mapping[str, str | int | None]


class Tally(NamedTuple):
    """The rows by name, and the sums of what each region's parts and sites say they get."""

    regions: dict[str, Row]
    sites: dict[str, Row]
    parts_l: dict[str, int]
    sites_l: dict[str, int]


def _int(row: Row, key: str) -> int:
    return int(row[key] or 0)


def _one_root(tally: Tally) -> Iterator[str]:
    roots = [name for name, row in tally.regions.items() if not row["above"]]
    if len(roots) != 1:
        yield f"there are {len(roots)} regions without one above: there must be one"


def _no_orphans(tally: Tally) -> Iterator[str]:
    for name, row in [*tally.regions.items(), *tally.sites.items()]:
        if row["above"] and row["above"] not in tally.regions:
            yield f"{name}: {row['above']}, which it belongs to, is no region of the table"


def _sums(tally: Tally) -> Iterator[str]:
    for name, row in tally.regions.items():
        for what, sums in (("parts", tally.parts_l), ("sites", tally.sites_l)):
            if sums.get(name, 0) != _int(row, f"{what}_l"):
                yield f"{name}: its {what} sum to {sums.get(name, 0)} L, it says {_int(row, f'{what}_l')} L"


def _accounts(tally: Tally) -> Iterator[str]:
    for name, row in tally.regions.items():
        spent = sum(_int(row, key) for key in ("parts_l", "sites_l", "reserve_l", "left_over_l"))
        if spent != _int(row, "amount_l") or _int(row, "difference_l"):
            yield f"{name}: {_int(row, 'amount_l')} L come in, {spent} L go out"


def _limits(tally: Tally) -> Iterator[str]:
    for name, row in tally.regions.items():
        if row["limit_l"] not in (None, "") and _int(row, "amount_l") > _int(row, "limit_l"):
            yield f"{name}: {_int(row, 'amount_l')} L are above its limit, {_int(row, 'limit_l')} L"
        low = min(_int(row, key) for key in ("amount_l", "parts_l", "sites_l", "reserve_l", "left_over_l"))
        if low < 0:
            yield f"{name}: a volume is below nothing"


def _bounds(tally: Tally) -> Iterator[str]:
    for name, row in tally.sites.items():
        share, floor = _int(row, "share_l"), _int(row, "floor_l")
        if row["cap_l"] not in (None, "") and share > max(_int(row, "cap_l"), floor):
            yield f"{name}: {share} L are above its most, {_int(row, 'cap_l')} L"
        if share < floor or _int(row, "amount_l") < floor:
            yield f"{name}: it gets less than its protected minimum, {floor} L"
        if _int(row, "amount_l") != share - _int(row, "deducted_l") + _int(row, "carried_l"):
            yield f"{name}: share, deduction and what is carried over do not make its volume"


RULES: tuple[Callable[[Tally], Iterator[str]], ...] = (
    _one_root,
    _no_orphans,
    _sums,
    _accounts,
    _limits,
    _bounds,
)


def check(rows: Iterable[Row]) -> list[str]:
    """What does not add up; nothing if all does."""
    tally = Tally({}, {}, {}, {})
    wrong = []
    for row in rows:
        name, above = str(row["name"]), str(row["above"] or "")
        of_kind = tally.regions if row["row"] == "region" else tally.sites
        if name in of_kind:
            wrong.append(f"{name} stands in two rows")
        of_kind[name] = row
        sums = tally.parts_l if row["row"] == "region" else tally.sites_l
        sums[above] = sums.get(above, 0) + _int(row, "amount_l")
    return wrong + [one for rule in RULES for one in rule(tally)]
