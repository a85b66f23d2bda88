"""Litres that the books of a year have beyond what the boxes of a site signed; a person takes them off.

A correction of the kind `double` takes off no more than that. It changes what the ledger says, and no right:
the office reckons by the signed W, and only litres that it had to count itself come back
(regulator/usage.py). Energy that two boxes counted goes with the litres, in their share: a correction of this
kind without litres says it of the energy alone, where no litre is left to take off.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.county.ledger import evidence, usage
from karez_gateway.county.ledger.correction_file import shown
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.county.ledger.evidence import Compared, Signed
from karez_gateway.county.years.wateryear import Span, WaterYears
from karez_gateway.downlink import offering
from karez_gateway.errors import Refused
from karez_gateway.regulator.request import DOUBLE
from karez_gateway.store import corrections


class Site(NamedTuple):
    """A site's year: what was signed, and the books against it."""

    site: str
    year: int
    signed: Signed
    compared: Compared


def of_sites(connection: Connection, years: WaterYears, year: int, only: str = "") -> list[Site]:
    """Sites whose books of a year are not what their boxes signed, or were healed; `only`: it anyway."""
    span = years.span(year)
    used = usage.of_sites(connection, span)
    found = []
    for box in offering.newest_of_each_site(connection):
        if only and box.site != only:
            continue
        signed = evidence.signed(connection, box, span)
        if signed is None:
            continue
        kept = corrections.in_force(connection, span, box.site)
        compared = evidence.compare(connection, signed, usage.total_l(used, box.site), kept)
        if compared is not None and (only or compared.excess_l or compared.healed_l or _twice_wh(compared)):
            found.append(Site(box.site, year, signed, compared))
    return found


def _twice_wh(compared: Compared) -> int:
    return compared.energy.twice_wh if compared.energy else 0


def check(connection: Connection, those: Sequence[Correction], years: WaterYears) -> None:
    """Refuse corrections of this kind that take off more than the boxes' records show. Raises Refused."""
    wanted: dict[tuple[str, int], list[int]] = {}
    for one in those:
        if one.kind == DOUBLE:
            wanted.setdefault((one.site, years.of(one.to_utc_s - 1)), []).append(one.litres)
    for (site, year), rows in wanted.items():
        litres = sum(rows)
        found = of_sites(connection, years, year, site)
        if not found:
            raise Refused(
                f"site {site}: its boxes have not signed what they counted in {year}: nothing shows that "
                f"litres were counted twice"
            )
        if 0 in rows:
            _check_energy(found[0], rows)
        every = corrections.every(connection, years.span(year), site)
        after_l = litres + sum(one.litres for one in every if one.kind == DOUBLE)
        most_l = max(found[0].compared.excess_l, 0)
        if not -most_l <= after_l <= 0:
            raise Refused(
                f"site {site}: the records of its boxes show {shown(most_l)} m³ counted twice in {year}; "
                f"with this, {shown(-after_l)} m³ would be taken off. See karez gateway ledger doubles"
            )


def _check_energy(found: Site, rows: Sequence[int]) -> None:
    """Refuse a correction without litres beside others, where litres have to be said, or without energy."""
    compared = found.compared
    if rows[1:]:
        raise Refused(
            f"site {found.site}: a correction of {found.year} without litres speaks of all energy that is "
            f"left: it stands alone for its site and year, not beside others of the kind {DOUBLE}"
        )
    if compared.to_heal_l > 0:
        raise Refused(
            f"site {found.site}: {shown(compared.to_heal_l)} m³ of {found.year} were counted twice: take "
            f"them off, and their energy goes with them"
        )
    if not compared.to_heal_wh:
        raise Refused(
            f"site {found.site}: the records of its boxes show no energy counted twice in {found.year}: a "
            f"correction without litres would say nothing"
        )


def explained(connection: Connection, years: WaterYears, site: str, span: Span) -> list[Site]:
    """A site's water years that a span meets, where two boxes differ from the books or were healed."""
    first, last = years.of(span.from_utc_s), years.of(span.to_utc_s - 1)
    found = [one for year in range(first, last + 1) for one in of_sites(connection, years, year, site)]
    return [
        one
        for one in found
        if one.compared.healed_l
        or _twice_wh(one.compared)
        or (one.compared.excess_l and one.signed.boxes[1:])
    ]


def problem(found: Site) -> str:
    """What is wrong with the corrections of this kind at a site; empty: nothing."""
    healed_l, most_l = found.compared.healed_l, max(found.compared.excess_l, 0)
    if healed_l <= most_l:
        return ""
    return (
        f"corrections take {healed_l} L off as counted twice in {found.year}, the records of the boxes show "
        f"{most_l} L"
    )


def sentence(compared: Compared) -> str:
    """What to do where books and signatures differ."""
    litres = compared.to_heal_l
    if litres > 0:
        return (
            f"its books have {shown(litres)} m³ of this year that its boxes did not sign as used: see `karez "
            f"gateway ledger doubles`, and take them off with `ledger correct --kind double`"
        )
    if compared.healed_l > max(compared.excess_l, 0):
        said = f"corrections take {shown(-litres)} m³ too much off as counted twice"
        return f"{said}: see `karez gateway ledger doubles`"
    return f"its books lack {shown(-litres)} m³ that its boxes signed: see `karez gateway trace`"
