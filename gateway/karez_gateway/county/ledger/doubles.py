"""Litres that the books of a year have beyond what the boxes of a site signed; a person takes them off.

A correction of the kind `double` takes off no more than that. It changes what the ledger says, and no right:
the office reckons by the signed W, and only litres that it had to count itself come back
(regulator/usage.py). Energy that two boxes counted goes with the litres, in their share; a correction of this
kind without litres says it of the energy alone, where no litre is left to take off. The act keeps its Wh: it
says nothing of what is counted twice after it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.county.ledger import evidence, usage
from karez_gateway.county.ledger.correction_file import kwh, shown
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


class _Taken(NamedTuple):
    """Litres and Wh of a site's year that were taken off so far, also by acts that the log does not hold."""

    litres: int
    wh: int


def check(connection: Connection, those: Sequence[Correction], years: WaterYears) -> list[Correction]:
    """The same, those of this kind with the Wh that go with them. Raises Refused.

    Refused are corrections of this kind that take off more than the boxes' records show. The Wh are what two
    boxes have counted by now: what they may count twice later, no person has seen.
    """
    wanted: dict[tuple[str, int], list[int]] = {}  # (site, year) -> places of its rows
    for at, one in enumerate(those):
        if one.kind == DOUBLE:
            wanted.setdefault((one.site, years.of(one.to_utc_s - 1)), []).append(at)
    settled = list(those)
    for (_, year), places in wanted.items():
        rows = [those[at] for at in places]
        litres, wh = _checked(connection, years, year, rows)
        # One that moves litres from method to method stands in two rows: the row that says it has the Wh.
        at = next((at for at in places if those[at].litres * litres > 0), places[0])
        settled[at] = settled[at]._replace(energy_wh=wh)
    return settled


def _checked(
    connection: Connection, years: WaterYears, year: int, rows: Sequence[Correction]
) -> tuple[int, int]:
    """Litres of a site's rows of one year, and the Wh that go with them. Raises Refused."""
    site, litres = rows[0].site, sum(one.litres for one in rows)
    found = of_sites(connection, years, year, site)
    if not found:
        raise Refused(
            f"site {site}: its boxes have not signed what they counted in {year}: nothing shows that "
            f"litres were counted twice"
        )
    every = [one for one in corrections.every(connection, years.span(year), site) if one.kind == DOUBLE]
    taken = _Taken(-sum(one.litres for one in every), -sum(one.energy_wh for one in every))
    if any(not one.litres for one in rows):
        return 0, _energy_alone(found[0], rows, taken)
    most_l = max(found[0].compared.excess_l, 0)
    off_l = taken.litres - litres
    if not 0 <= off_l <= most_l:
        raise Refused(
            f"site {site}: the records of its boxes show {shown(most_l)} m³ counted twice in {year}; "
            f"with this, {shown(off_l)} m³ would be taken off. See karez gateway ledger doubles"
        )
    return litres, _share_wh(found[0].compared, litres, taken)


def _share_wh(compared: Compared, litres: int, taken: _Taken) -> int:
    """Wh that go with litres: as large a share of what is left, or of what was taken if it is given back."""
    if litres > 0:
        return max(taken.wh, 0) * litres // taken.litres
    left_l = max(compared.excess_l, compared.twice_l) - taken.litres
    return -(max(_twice_wh(compared) - taken.wh, 0) * -litres // left_l) if left_l > 0 else 0


def _energy_alone(found: Site, rows: Sequence[Correction], taken: _Taken) -> int:
    """Wh of a correction without litres: all that is left, or what it says itself. Raises Refused."""
    compared, said_wh = found.compared, rows[0].energy_wh
    if rows[1:]:
        raise Refused(
            f"site {found.site}: a correction of {found.year} without litres speaks of energy: it stands "
            f"alone for its site and year, not beside others of the kind {DOUBLE}"
        )
    if said_wh > 0:
        if said_wh > taken.wh:
            raise Refused(
                f"site {found.site}: {kwh(max(taken.wh, 0))} kWh of {found.year} were taken off as counted "
                f"twice: no more comes back"
            )
        return said_wh
    left_l, left_wh = max(compared.excess_l, 0) - taken.litres, _twice_wh(compared) - taken.wh
    if left_l > 0:
        raise Refused(
            f"site {found.site}: {shown(left_l)} m³ of {found.year} were counted twice: take "
            f"them off, and their energy goes with them"
        )
    if left_wh <= 0:
        raise Refused(
            f"site {found.site}: the records of its boxes show no energy counted twice in {found.year}: a "
            f"correction without litres would say nothing"
        )
    if -said_wh > left_wh:
        raise Refused(
            f"site {found.site}: the records of its boxes show {kwh(left_wh)} kWh of {found.year} that were "
            f"counted twice and not taken off: no more can be"
        )
    return said_wh or -left_wh


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
