"""Makes a request file for the regulator: what the county plans, with what controllers have signed.

The plan is the registry's, the ledger this gateway's, the evidence the controllers' own. Who asks says
why; it is an act with the file's digest, and the log holds it before anything comes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway import hostclock
from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import doubles, evidence, usage
from karez_gateway.county.ledger.evidence import Signed
from karez_gateway.county.quota import grants
from karez_gateway.county.quota.grants import Plan, Terms
from karez_gateway.county.quota.wording import m3
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.years import yearplans
from karez_gateway.county.years.wateryear import Span, WaterYears
from karez_gateway.downlink import offering
from karez_gateway.errors import Refused
from karez_gateway.grants import pending
from karez_gateway.grants.pending import Pending
from karez_gateway.proofs import checkpoints
from karez_gateway.regulator import request
from karez_gateway.regulator.request import Correction, Wish
from karez_gateway.store import acts as store_acts
from karez_gateway.store import corrections, objects
from karez_gateway.store.controllers import Controller

SORT = "rights"  # of the act
ACT_VERSION = 2  # from 2 on 0 Wh is a limit of nothing; acts of before name no version, and 0 was no limit
DOCUMENT_BYTES_MAX = 24  # a grant names it in so many


class Asked(NamedTuple):
    """For which year, by which gateway, under which terms; `sites`: only these, else all that have a plan.

    `proves_start`: W at the year's start goes along; the office remembers it after the first grant of a year.
    """

    gateway: str
    year: int
    terms: Terms
    sites: tuple[str, ...] = ()
    proves_start: bool = True


@dataclass(frozen=True)
class Made:
    """A request file, and what to say about it."""

    data: bytes
    rights: dict[str, tuple[int, int | None]]  # site -> litres, Wh or None: energy has no limit
    without_evidence: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # a sentence each
    partly: list[str] = field(default_factory=list)  # a sentence for each year that its periods do not fill
    still: list[str] = field(default_factory=list)  # a sentence for each site with water and 0 kWh
    pending: list[Pending] = field(default_factory=list)


def make(connection: Connection, years: WaterYears, asked: Asked, deed: Deed) -> Made:
    """Return the request for a year. Raises Refused when a plan cannot become rows, or nothing is planned."""
    if not 0 < len(deed.document.encode()) <= DOCUMENT_BYTES_MAX:
        raise Refused(f"--document is what the grants name: 1 to {DOCUMENT_BYTES_MAX} bytes")
    now_s = hostclock.within(deed.now_s)
    span = years.span(asked.year)
    if not span.from_utc_s <= now_s < span.to_utc_s:
        raise Refused(
            f"{asked.year} is not the present water year: a year's grant follows from its first reading"
        )
    registry = objects.registry(connection)
    plans = _plans(registry, years, asked, now_s)
    boxes = {one.site: one for one in offering.newest_of_each_site(connection)}
    used, corrected = usage.of_sites(connection, span), _corrections(connection, span)
    given, pending_l = pending.given(connection, asked.year, span), {}
    made = Made(b"", {})
    wishes = []
    for one in plans:
        if one.site not in boxes:
            made.left_out.append(f"site {one.site} has a plan and no controller: enrol its binding first")
            continue
        year = _Year(span, usage.total_l(used, one.site), corrected.get(one.site, ()))
        try:
            wish, found = _wish(connection, one, boxes[one.site], asked, year)
        except _NotSigned as error:
            made.left_out.append(str(error))
            continue
        if not wish.newest:
            made.without_evidence.append(one.site)
        made.rights[one.site] = one.right_l, one.energy_wh
        _tell(made, one, yearplans.plan_l(registry, one.site, asked.year) or 0, asked.year)
        wishes.append(wish)
        if one_l := pending.litres(given.get(one.site, {}), asked.year, wish, found):
            pending_l[one.site] = one_l
    made.pending.extend(pending.by_village(registry, pending_l))
    if not wishes:
        raise Refused("; ".join(made.left_out))
    head = {
        "gateway": asked.gateway,
        "year": asked.year,
        "from_utc_s": span.from_utc_s,
        "to_utc_s": span.to_utc_s,
        "made_utc_s": now_s,
        "document": deed.document,
    }
    return replace(made, data=request.encode(head, wishes))


def _tell(made: Made, one: Plan, year_l: int, year: int) -> None:
    """What a person should hear of a plan before the regulator signs it; `year_l`: of its whole year."""
    if one.right_l < year_l:
        made.partly.append(
            f"site {one.site}: its periods open {m3(one.right_l)} of the {m3(year_l)} m³ of its year; "
            f"spread the rest (karez gateway quota spread), or the well never gets it"
        )
    if one.right_l and one.energy_wh == 0:
        made.still.append(
            f"site {one.site}: its plan of {year} has {m3(one.right_l)} m³ and 0 kWh: the well would stand "
            f"still; say its energy in the registry, or leave it empty where energy has no limit"
        )


def keep(connection: Connection, made: Made, sha256: str, asked: Asked, deed: Deed) -> int:
    """Write the act "rights prepared" with every site's right and the file's digest; return its number."""
    detail = {
        "version": ACT_VERSION,
        "year": asked.year,
        "request_sha256": sha256,
        "document": deed.document,
        "sites": {site: list(right) for site, right in made.rights.items()},
    }
    return acts.write(connection, SORT, deed, detail)


def _plans(registry: Registry, years: WaterYears, asked: Asked, now_s: int) -> list[Plan]:
    found, faults = [], []
    every = yearplans.by_site(registry, asked.year)
    missing = [site for site in asked.sites if site not in every]
    if missing:
        raise Refused(f"no plan of {asked.year} is in the registry for {', '.join(missing)}")
    for site in sorted(set(asked.sites) or every):
        try:
            found.append(grants.plan(registry, years, site, every[site], asked.year, now_s, asked.terms))
        except Refused as error:
            faults.append(str(error))
    if faults:
        raise Refused("\n".join(faults))
    if not found:
        raise Refused(f"no plan of {asked.year} is in the registry")
    return found


class _NotSigned(Refused):
    """The books of a site are not what its boxes signed: others need not wait for it."""


class _Year(NamedTuple):
    """A site's books of the year: litres with the corrections that are in force."""

    span: Span
    total_l: int
    corrections: Sequence[Correction]


def _wish(
    connection: Connection, plan: Plan, box: Controller, asked: Asked, year: _Year
) -> tuple[Wish, Signed | None]:
    """A wish, and what its boxes signed. Raises Refused, or _NotSigned."""
    terms, begin_s = asked.terms, year.span.from_utc_s
    found = evidence.signed(connection, box, year.span)
    start = found.start if found else checkpoints.year_start(connection, plan.site, begin_s)
    wish = Wish(
        site=plan.site,
        policy=plan.policy,
        rows=plan.rows,
        finish_l=terms.finish_l if plan.policy == request.FINISH else 0,
        emergency_l=terms.emergency_l,
        interim_l=plan.interim_l,
        interim_wh=plan.interim_wh,
        interim_to_utc_s=year.span.to_utc_s + terms.interim_days * grants.DAY_S,
        ledger_l=_ledger_l(connection, plan.site, year, found) if found else 0,
        corrections=tuple(year.corrections),
        newest=found.newest.data if found else b"",
        year_start=start.data if start and asked.proves_start else b"",
        binding=b"" if found else box.signed_binding,
        former=tuple(one.data for one in found.former) if found else (),
    )
    return wish, found


def _ledger_l(connection: Connection, site: str, year: _Year, found: Signed) -> int:
    """The ledger at the checkpoint: what was booked behind it is taken off again."""
    compared = evidence.compare(connection, found, year.total_l, year.corrections)
    if compared is None:  # only the office may know where the year began
        ledger_l = year.total_l - evidence.booked_behind_l(connection, found.newest)
    else:
        ledger_l = compared.ledger_l
    if ledger_l < 0:
        raise Refused(f"site {site}: its corrections give back more than it used in this water year")
    if compared is not None and not compared.is_agreed:
        raise _NotSigned(f"site {site} is left out: {doubles.sentence(compared)}")
    return ledger_l


def _corrections(connection: Connection, span: Span) -> dict[str, list[Correction]]:
    """What people added to the ledger of a year, by site: as far as the log holds it."""
    found: dict[str, list[Correction]] = {}
    for one in corrections.in_force(connection, span):
        deed = store_acts.get(connection, one.act_id)
        if deed is not None:
            said = deed.by, deed.because, deed.document
            told = Correction(one.litres, *said, one.act_id, one.kind, one.energy_wh)
            found.setdefault(one.site, []).append(told)
    return found
