"""A made-up fleet for a preset: townships, villages, wells, intakes, permits and plots, from one seed.

Every name says that it is synthetic (模拟). Only the number of wells and intakes, and the limits that permits
are cut from, come from a document.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from karez_gateway.county.quota.apportion import Part, split
from karez_gateway.county.registry.fields import Value

Row = tuple[str, dict[str, Value]]  # kind and values, as the books hold them
MARK = "synthetic"
CROP, IRRIGATION = "synthetic-crop", "drip"
NORM_L_PER_MU = 480_000
AREA_CMU = (10_000, 30_000)  # 100 to 300 mu of a well
ALLOWED_L = (60_000_000, 140_000_000)
INTAKE_ALLOWED_L = (15_000_000_000, 30_000_000_000)
INTAKE_AREA_CMU = 5_000_000
DOMESTIC_EVERY, INDUSTRY_EVERY = 60, 97
DOMESTIC_MINIMUM_L = 20_000_000
PERMITTED_PERCENT = 99  # of the limit: the counties of a prefecture sum to a little more than it has
INTAKE_POINT = "canal-head"


def fleet(wish: Mapping[str, Any], limits_l: Mapping[tuple[str, str], int]) -> Iterator[Row]:
    """Rows, each after those that it names. `limits_l`: (county, source) -> litres of the year."""
    counties: Sequence[str] = wish["counties"]
    year = int(wish["year"])
    yield "region", {"code": "basin-1", "name_zh": f"模拟地下水区 ({MARK})", "tree": "basin"}
    yield (
        "norm",
        {
            "crop": CROP,
            "irrigation": IRRIGATION,
            "year": year,
            "l_per_mu": NORM_L_PER_MU,
            "document": MARK,
        },
    )
    wells = split(int(wish["wells"]), [Part(one, limits_l[one, "ground"]) for one in counties])
    intakes = split(int(wish["intakes"]), [Part(one, limits_l[one, "surface"]) for one in counties])
    for county, townships in zip(counties, wish["townships"], strict=True):
        drawn = random.Random(f"{wish['seed']} {county}")  # noqa: S311 - made-up wells, no secret
        villages = []
        for township in range(1, townships + 1):
            code = f"{county}-{township:02d}"
            yield _region(code, county, "township", f"模拟乡{township:02d}")
            for village in range(1, int(wish["villages"]) + 1):
                villages.append(f"{code}-{village:02d}")
                yield _region(villages[-1], code, "village", f"模拟村{village:02d}")
        sites = _sites(county, villages, wells[county], "ground", drawn)
        sites += _sites(county, villages, intakes[county], "surface", drawn)
        yield from _permitted(sites, county, limits_l, year)
        for site in sites:
            area = INTAKE_AREA_CMU if site["source"] == "surface" else drawn.randint(*AREA_CMU)
            if site["class"] == "farming":
                names = {"site": site["site"], "year": year, "crop": CROP, "irrigation": IRRIGATION}
                yield "plot", {**names, "area_cmu": area}


def _region(code: str, parent: str, level: str, name: str) -> Row:
    values = {"code": code, "name_zh": f"{name} ({MARK})", "tree": "admin", "parent": parent, "level": level}
    return "region", dict(values)


def _sites(
    county: str, villages: Sequence[str], count: int, source: str, drawn: random.Random
) -> list[dict[str, Value]]:
    """Wells or intakes, over the villages by weights at random."""
    is_well = source == "ground"
    shares = split(count, [Part(one, drawn.randint(50, 150)) for one in villages])
    places = [village for village in villages for _ in range(shares[village])]
    found = []
    for number, village in enumerate(places, 1):
        use = _class(number) if is_well else "farming"
        values: dict[str, Value] = {
            "site": f"SYN-{county}-{'W' if is_well else 'I'}{number:04d}",
            "name_zh": f"模拟{'机井' if is_well else '取水口'}{number:04d} ({MARK})",
            "sort": "well" if is_well else "intake",
            "region": village,
            "basin": "basin-1",
            "holder": f"SYN-{village}",
            "permit": f"SYN-{village}-{use}-{source}",
            "class": use,
            "source": source,
            "point": "wellhead" if is_well else INTAKE_POINT,
            "status": "licensed",
            "allowed_l": drawn.randint(*(ALLOWED_L if is_well else INTAKE_ALLOWED_L)) // 1000 * 1000,
        }
        if use == "domestic":
            values["minimum_l"] = DOMESTIC_MINIMUM_L
        found.append(values)
    return found


def _class(number: int) -> str:
    if number % DOMESTIC_EVERY == 0:
        return "domestic"
    return "industry" if number % INDUSTRY_EVERY == 0 else "farming"


def _permitted(
    sites: Sequence[dict[str, Value]], county: str, limits_l: Mapping[tuple[str, str], int], year: int
) -> Iterator[Row]:
    """Holders and permits of a county, then its sites: the permits of a source sum to its limit (T20)."""
    for village in sorted({str(one["region"]) for one in sites}):
        name = f"模拟村集体 ({MARK})"
        yield "holder", {"code": f"SYN-{village}", "name_zh": name, "sort": "village", "region": village}
    for source in ("ground", "surface"):
        allowed: dict[str, int] = {}
        first: dict[str, dict[str, Value]] = {}
        for one in sites:
            if one["source"] == source:
                number = str(one["permit"])
                allowed[number] = allowed.get(number, 0) + int(one["allowed_l"])
                first.setdefault(number, one)
        parts = [Part(number, volume) for number, volume in allowed.items()]
        for number, volume_l in split(
            limits_l[county, source] * PERMITTED_PERCENT // 100, parts, 1000
        ).items():
            values: dict[str, Value] = {"number": number, "volume_l": volume_l, "document": MARK}
            same = {key: first[number][key] for key in ("holder", "class", "source")}
            days = {"from_date": f"{year}-01-01", "to_date": f"{year + 4}-12-31"}
            yield "permit", {**values, **same, **days}
    for one in sites:
        yield "site", one
