"""/v1/sites/{site}/findings: what a person should look at."""

from collections.abc import Iterator

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from karez_gateway.api import models
from karez_gateway.api.access import Caller, Ours
from karez_gateway.api.answers import document
from karez_gateway.api.asked import only_known
from karez_gateway.api.routes_sites import SiteName, allowed
from karez_gateway.entries.places import Places
from karez_gateway.intake import verify
from karez_gateway.store import entries, sites, verdicts
from karez_gateway.store.sites import Chain

router = APIRouter(dependencies=[Depends(only_known)])

SHOWN_MAX = 1000
LOOKED_AT_MAX = 20_000  # numbers above a gap: two months of one well

WORDS = {
    verify.OVERSHOOT: ("more was taken than the grant allows", "取水超出用水指标"),
    verify.SEGMENT: ("a segment opened: held litres were booked", "启用新表计段，待核水量已入账"),
}


@router.get("/v1/sites/{site:path}/findings", response_model=models.Findings, summary="Findings, forks, gaps")
def findings(request: Request, token: Caller, ours: Ours, site: SiteName) -> Response:
    """Findings of good records, numbers with two records, numbers without one, and what failed a check."""
    with ours.store.reading() as connection:
        allowed(connection, token, site)
        places = Places(ours.config)
        chains = sites.chains(connection, site)
        found = _findings(connection, chains, places)
        forks = [each for one in chains for each in _forks(connection, one, places)]
        gaps = [gap for one in chains for gap in _gaps(connection, one)]
        quarantined = [each for one in chains for each in _quarantined(connection, one)]
    shown = models.Findings(
        site=site,
        findings=found[:SHOWN_MAX],
        forks=forks[:SHOWN_MAX],
        gaps=gaps[:SHOWN_MAX],
        quarantined=quarantined[:SHOWN_MAX],
        is_whole=max(len(found), len(forks), len(gaps), len(quarantined)) <= SHOWN_MAX,
    )
    return document(request, shown)


def _entry(places: Places, number: int) -> models.Entry:
    return models.Entry(**places.of(number)._asdict())


def _findings(connection: Connection, chains: list[Chain], places: Places) -> list[models.Finding]:
    """Those of the chains that began here: a box may have stood elsewhere before."""
    mine = {one.key: one for one in chains}
    found = []
    for controller_id in dict.fromkeys(one.controller_id for one in chains):
        for kind, subject, litres, log_index in sites.findings(connection, controller_id):
            chain = mine.get((controller_id, sites.chain_of_entry(connection, log_index) or 0))
            if chain is None:
                continue
            english, chinese = WORDS.get(kind, (kind, kind))
            found.append(
                models.Finding(
                    controller=chain.controller,
                    kind=kind,
                    kind_en=english,
                    kind_zh=chinese,
                    subject=subject,
                    volume_l=litres,
                    entry=_entry(places, log_index),
                )
            )
    return found


def _forks(connection: Connection, one: Chain, places: Places) -> Iterator[models.Fork]:
    for seq, second, first in sites.forks(connection, one, SHOWN_MAX + 1):
        yield models.Fork(
            controller=one.controller,
            chain=one.chain,
            seq=seq,
            first_entry=_entry(places, first),
            second_entry=_entry(places, second),
        )


def _gaps(connection: Connection, one: Chain) -> Iterator[models.Gap]:
    """Numbers declared lost, then those that have not come yet."""
    lost = sorted(entries.passed_ranges(connection, one.controller_id, one.chain))
    for first, last in lost:
        if last >= one.first_seq:  # what lies before belongs to the chain before
            yield _gap(one, max(first, one.first_seq), last, is_lost=True)
    expected = one.stored_seq + 1
    for at, seq in enumerate(entries.seqs_above(connection, *one.key, one.stored_seq)):
        if seq > expected:
            yield _gap(one, expected, seq - 1, is_lost=False)
        expected = max(expected, seq + 1)
        if at == LOOKED_AT_MAX:
            return


def _gap(one: Chain, first: int, last: int, *, is_lost: bool) -> models.Gap:
    return models.Gap(
        controller=one.controller, chain=one.chain, first_seq=first, last_seq=last, is_lost=is_lost
    )


def _quarantined(connection: Connection, one: Chain) -> Iterator[models.Quarantine]:
    for reason, count in sorted(verdicts.quarantined(connection, *one.key).items()):
        yield models.Quarantine(controller=one.controller, chain=one.chain, reason=reason, records=count)
