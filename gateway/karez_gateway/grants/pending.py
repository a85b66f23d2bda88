"""Cuts that are pending: what a site may still take by grants that its controller may hold.

The office counts a cut only once a signed record names its grant (regulator/held.py), and refuses a request
whose rises need that room. So whoever asks sees it before. Reckoned from the grants that were brought here:
one that the office signed and nobody brought is not among them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.county.ledger.evidence import Signed
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.values import text
from karez_gateway.county.years.wateryear import Span
from karez_gateway.regulator import boxes, held, usage
from karez_gateway.regulator.request import DOUBLE, Wish
from karez_gateway.regulator.state import SiteState
from karez_gateway.store import grantstates
from karez_protocols import grant, signed

Given = dict[str, list[int | None]]  # number of a grant -> year, litres, highest ceiling of the year


class Pending(NamedTuple):
    """Cuts of a village that no signed record has shown yet: their litres count until one does."""

    region: str
    name: str
    sites: int
    litres: int


def given(connection: Connection, year: int, span: Span) -> dict[str, Given]:
    """Grants of a water year that were brought in, by site."""
    found: dict[str, Given] = {}
    for body in grantstates.bodies(connection):
        values, rows = grant.decode(signed.split(grant.LABEL, body)[0])
        if not span.from_utc_s <= values["issued_utc_s"] < span.to_utc_s:
            continue
        ceilings = [
            row["ceiling"]
            for row in rows
            if row["quantity"] == grant.WATER and row["from_utc_s"] < span.to_utc_s
        ]
        if ceilings:
            base_l = values["head_volume_l"] - values["head_ledger_l"]
            found.setdefault(values["site"], {})[str(values["seq"])] = [
                year,
                max(ceilings) - base_l,
                max(ceilings),
            ]
    return found


def litres(mine: Given, year: int, wish: Wish, found: Signed | None) -> int:
    """What a site may take beyond a wish, by grants that it may hold; as the office reckons it."""
    known = SiteState(grants=mine)
    if found is None:
        return max(held.litres(known, year) - wish.right(), 0)
    others_l = sum(one.litres for one in wish.corrections if one.kind != DOUBLE)
    floor_l = found.newest.volume_l - max(wish.ledger_l, wish.ledger_l - others_l)
    twice_l = 0 if found.start_l is None else boxes.counted_twice(found.boxes, found.start_l)
    back_l = usage.of(wish, 0, twice_l).given_back_l
    return max(held.litres(known, year, found.newest.grant_seq, floor_l) - wish.right() - max(back_l, 0), 0)


def by_village(registry: Registry, litres_of: Mapping[str, int]) -> list[Pending]:
    """Cuts that are pending, by the region that their sites name."""
    found: dict[str, list[int]] = {}
    for site, one_l in litres_of.items():
        region = text(registry.get("site", site) or {}, "region")
        found.setdefault(region, []).append(one_l)
    return [
        Pending(region, text(registry.get("region", region) or {}, "name_zh"), len(those), sum(those))
        for region, those in sorted(found.items())
    ]
