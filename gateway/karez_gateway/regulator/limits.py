"""The office's own limits: its tree of regions, what each may take, and which site lies where.

A folder with four files, kept in a spreadsheet and an editor, and nobody else's:

    rules.toml     what a grant may hold at most: allowances, interim rule, age of evidence
    regions.csv    region, name, parent                      the tree
    limits.csv     region, year, class, source, volume_m3    the limits; class and source may be `all`
    sites.csv      site, region, class, source               every site, with its village

A limit of 0 and no limit are opposites: a site that no limit covers gets nothing signed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from . import tables
from .errors import Fault, Refused, fault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CLASSES = ("farming", "industry", "domestic", "ecology")
SOURCES = ("surface", "ground", "reclaimed", "rain", "brackish")
ALL, DOMESTIC = "all", "domestic"
RULES, REGIONS, LIMITS, SITES = "rules.toml", "regions.csv", "limits.csv", "sites.csv"
FILES = (RULES, REGIONS, LIMITS, SITES)
YEAR_MIN, YEAR_MAX = 1971, 2104  # within 32 bits of UTC seconds
_RANGE = (0, 6553)  # an allowance has 16 bits of 0.1 m³ on the wire
_RANGES = {
    "interim_percent": (1, 100),
    "interim_days": (1, 366),
    "evidence_days": (1, 366),
    "water_year_month": (1, 12),
    "utc_offset_h": (-12, 14),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What one grant may hold at most."""

    finish_m3: int = 0  # above the ceiling, for the irrigation in progress
    emergency_m3: int = 0  # above the ceiling, opened by button and account
    interim_percent: int = 10  # of the year's right, after its end
    interim_days: int = 92  # for which the interim rule holds at most
    evidence_days: int = 60  # how old the newest checkpoint of a well may be
    water_year_month: int = 1  # the water year begins on the first day of this month
    utc_offset_h: int = 8  # at this distance from UTC


class Region(NamedTuple):
    """A node of the tree; the village is one that sites name."""

    code: str
    name: str
    parent: str


class Limit(NamedTuple):
    """What a region may take in a water year, of a class and a source (or `all` of them)."""

    region: str
    year: int
    use: str
    source: str
    volume_l: int

    @property
    def words(self) -> str:
        """Which one it is, for people."""
        return f"{self.year} {self.use}/{self.source}"


class Site(NamedTuple):
    """A well or intake and its village."""

    name: str
    region: str
    use: str
    source: str


@dataclass(frozen=True)
class Limits:
    """All of it, checked."""

    rules: Rules
    regions: dict[str, Region]
    limits: tuple[Limit, ...]
    sites: dict[str, Site]
    sha256: str

    def path(self, code: str) -> Iterator[str]:
        """A region and all above it."""
        while code:
            yield code
            code = self.regions[code].parent

    @cached_property
    def _at(self) -> dict[tuple[int, str], list[Limit]]:
        found: dict[tuple[int, str], list[Limit]] = {}
        for one in self.limits:
            found.setdefault((one.year, one.region), []).append(one)
        return found

    def covering(self, site: Site, year: int) -> list[Limit]:
        """The limits of a year that a site counts against."""
        above = (one for region in self.path(site.region) for one in self._at.get((year, region), ()))
        return [one for one in above if covers(one, site)]

    def year(self, year: int) -> tuple[int, int]:
        """First second of a water year and of the next one, UTC."""
        zone = dt.timezone(dt.timedelta(hours=self.rules.utc_offset_h))
        first, after = (dt.datetime(y, self.rules.water_year_month, 1, tzinfo=zone) for y in (year, year + 1))
        return int(first.timestamp()), int(after.timestamp())


def covers(limit: Limit, site: Site) -> bool:
    """True if a limit is for a site's class and source, wherever the site lies."""
    return limit.use in (ALL, site.use) and limit.source in (ALL, site.source)


def load(folder: Path) -> Limits:
    """Read the four files. Raises Refused with every fault of all of them."""
    faults: list[Fault] = []
    rules = Rules()
    try:
        rules = read_rules(folder / RULES)
    except Refused as error:
        faults += error.faults
    read: dict[str, list[tables.Row]] = {}
    for name, needed, optional in (
        (REGIONS, ("region", "name"), ("parent",)),
        (LIMITS, ("region", "year", "class", "source", "volume_m3"), ("document",)),
        (SITES, ("site", "region", "class", "source"), ("name",)),
    ):
        try:
            read[name] = tables.read(folder / name, needed, optional)
        except Refused as error:
            faults += error.faults
    if faults:
        raise Refused(faults, "limits-faulty")
    regions = _regions(read[REGIONS], faults)
    limits = _limits(read[LIMITS], regions, faults)
    sites = _sites(read[SITES], regions, faults)
    if faults:
        raise Refused(faults, "limits-faulty")
    return Limits(rules, regions, limits, sites, _digest(folder))


def _digest(folder: Path) -> str:
    """What a grant's journal entry names: the files it was judged by."""
    digest = hashlib.sha256()
    for name in FILES:
        digest.update(hashlib.sha256((folder / name).read_bytes()).digest())
    return digest.hexdigest()


def read_rules(path: Path) -> Rules:
    try:
        found = tomllib.loads(tables.text_of(path))
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits
        raise Refused([fault(path.name, "toml", why=error)]) from None
    known = {one.name for one in fields(Rules)}
    faults = [
        fault(path.name, "rule-unknown", rule=name, known=", ".join(sorted(known)))
        for name in found
        if name not in known
    ]
    for name, value in found.items():
        least, most = _RANGES.get(name, _RANGE)
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if name in known and not (is_number and least <= value <= most):
            faults.append(fault(path.name, "rule-value", rule=name, least=least, most=most))
    if faults:
        raise Refused(faults)
    return Rules(**found)


def _regions(rows: list[tables.Row], faults: list[Fault]) -> dict[str, Region]:
    found: dict[str, Region] = {}
    lines: dict[str, tables.Row] = {}
    for row in rows:
        code = tables.code(row.cells["region"])
        if code is None:
            faults.append(fault(row.place("region"), "code", text=row.cells["region"][:40]))
        elif code in found:
            faults.append(fault(row.place("region"), "twice", what=code, first=lines[code].line))
        else:
            found[code] = Region(code, row.cells["name"], row.cells.get("parent", ""))
            lines[code] = row
    for code, one in found.items():
        if one.parent and one.parent not in found:
            faults.append(fault(lines[code].place("parent"), "region-unknown", region=one.parent[:40]))
    if not faults:
        faults += [fault(lines[code].place("parent"), "cycle", path=path) for code, path in _cycles(found)]
    return found


def _cycles(regions: dict[str, Region]) -> list[tuple[str, str]]:
    """(first region, its way back to itself) of every cycle, each once."""
    found, done = [], set()
    for code in regions:
        way: list[str] = []
        at = code
        while at and at not in done:
            if at in way:
                ring = way[way.index(at) :]
                found.append((min(ring), " → ".join([*ring, at])))
                break
            way.append(at)
            at = regions[at].parent
        done.update(way)
    return found


def _limits(rows: list[tables.Row], regions: dict[str, Region], faults: list[Fault]) -> tuple[Limit, ...]:
    found: dict[tuple[str, int, str, str], tuple[Limit, int]] = {}
    for row in rows:
        bad = _words(row, regions)
        year, volume_l = _year(row.cells["year"]), tables.litres(row.cells["volume_m3"])
        if year is None:
            bad.append(fault(row.place("year"), "year", text=row.cells["year"][:40]))
        if volume_l is None:
            bad.append(fault(row.place("volume_m3"), "volume", text=row.cells["volume_m3"][:40]))
        if bad or year is None or volume_l is None:
            faults += bad
            continue
        one = Limit(row.cells["region"], year, row.cells["class"], row.cells["source"], volume_l)
        if one[:4] in found:
            first = found[one[:4]][1]
            faults.append(fault(row.place(), "twice", what=f"{one.region} {one.words}", first=first))
        else:
            found[one[:4]] = one, row.line
    return tuple(one for one, _ in found.values())


def _sites(rows: list[tables.Row], regions: dict[str, Region], faults: list[Fault]) -> dict[str, Site]:
    found: dict[str, Site] = {}
    lines: dict[str, int] = {}
    for row in rows:
        name = tables.code(row.cells["site"])
        bad = _words(row, regions, with_all=False)
        if name is None or len(name.encode()) > 16:  # as the wire has them
            bad.append(fault(row.place("site"), "site-name", text=row.cells["site"][:40]))
        elif name in found:
            bad.append(fault(row.place("site"), "twice", what=name, first=lines[name]))
        elif not bad:
            found[name] = Site(name, row.cells["region"], row.cells["class"], row.cells["source"])
            lines[name] = row.line
        faults += bad
    return found


def _words(row: tables.Row, regions: dict[str, Region], *, with_all: bool = True) -> list[Fault]:
    """What is wrong with a row's region, class and source."""
    more = (ALL,) if with_all else ()
    found = []
    if row.cells["region"] not in regions:
        found.append(fault(row.place("region"), "region-unknown", region=row.cells["region"][:40]))
    for column, known in (("class", (*CLASSES, *more)), ("source", (*SOURCES, *more))):
        if row.cells[column] not in known:
            values = {"word": row.cells[column][:40], "known": ", ".join(known)}
            found.append(fault(row.place(column), "word-unknown", **values))
    return found


def _year(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and YEAR_MIN <= int(text) <= YEAR_MAX else None


def overdrawn(limits: Limits) -> list[tuple[Limit, int]]:
    """(limit, litres of its parts) where the limits right below add up to more than the one above.

    No fault: each binds by itself when grants are signed. A person should know that not all can be used.
    """
    found = []
    for one in limits.limits:
        parts = [
            each.volume_l
            for each in limits.limits
            if (each.year, each.use, each.source) == (one.year, one.use, one.source)
            and limits.regions[each.region].parent == one.region
        ]
        if sum(parts) > one.volume_l:
            found.append((one, sum(parts)))
    return found
