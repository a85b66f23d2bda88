"""/v1/sites/{site}/records, /findings and /bundle: what stands behind a figure."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy import Connection

from karez_gateway.api import asked, models, recordview
from karez_gateway.api.access import Caller, Ours, Served
from karez_gateway.api.answers import document, tagged
from karez_gateway.api.asked import PAGE_DEFAULT, InCalendar, Limit, only_known
from karez_gateway.api.problems import Problem, bad_request
from karez_gateway.api.routes_sites import SiteName, allowed
from karez_gateway.calendars import Calendar
from karez_gateway.entries.places import Places
from karez_gateway.proofs import evidence
from karez_gateway.store import sites
from karez_gateway.store.sites import Chain, Whole

router = APIRouter(dependencies=[Depends(only_known)])

READ_AT_ONCE = 500
# A page that finds few records of its span ends after so many looked at, and `next` goes on from there.
LOOKED_AT_MAX = 5000
SEQ_MAX = (1 << 32) - 2

Seq = Annotated[int | None, Query(ge=1, le=SEQ_MAX)]


@router.get("/v1/sites/{site:path}/records", response_model=models.Records, summary="Records as they came")
def records(
    request: Request,
    token: Caller,
    ours: Ours,
    civil: InCalendar,
    site: SiteName,
    begin: Annotated[
        str | None, Query(alias="from", max_length=40, description="Begin; none: from the first.")
    ] = None,
    end: Annotated[str | None, Query(alias="to", max_length=40, description="End; not part of it.")] = None,
    after: Annotated[str, Query(max_length=60, description="`next` of the page before.")] = "",
    limit: Limit = PAGE_DEFAULT,
) -> Response:
    """Raw registers, W, P, E, verdict and log index, by number. One without a time is in every span."""
    span = asked.moment(civil, begin), asked.moment(civil, end)
    with ours.store.reading() as connection:
        allowed(connection, token, site)
        found, following = _page(connection, site, span, asked.place(after), limit)
    places = Places(ours.config)
    shown = [_record(chain, one, civil, places) for chain, one in found]
    next_page = None if following is None else following.text()
    return document(request, models.Records(site=site, records=shown, next=next_page))


def _page(
    connection: Connection,
    site: str,
    span: tuple[int | None, int | None],
    place: asked.Place | None,
    limit: int,
) -> tuple[list[tuple[Chain, Whole]], asked.Place | None]:
    """Records of a span behind a place, and where the next page goes on."""
    chains = sites.chains(connection, site)
    if place is not None:
        chains = _from(chains, place)
    found: list[tuple[Chain, Whole]] = []
    looked_at = 0
    for chain in chains:
        first = 0 if span[0] is None else sites.first_at(connection, chain, span[0])
        is_first = place is not None and (chain.controller, chain.chain) == place[:2]
        behind = (place.seq, place.log_index) if place is not None and is_first else None
        while True:
            rows = sites.whole_records(connection, chain, first, behind, READ_AT_ONCE)
            for one in rows:
                behind = one.seen.seq, one.seen.log_index
                if _is_behind(one, span[1]):
                    rows = []
                    break
                if _is_in(one, span):
                    found.append((chain, one))
                looked_at += 1
                if len(found) == limit or looked_at == LOOKED_AT_MAX:
                    return found, asked.Place(chain.controller, chain.chain, *behind)
            if len(rows) < READ_AT_ONCE:
                break
    return found, None


def _from(chains: list[Chain], place: asked.Place) -> list[Chain]:
    """The chain in which a page ended, and those behind it."""
    for at, one in enumerate(chains):
        if (one.controller, one.chain) == place[:2]:
            return chains[at:]
    raise bad_request("after: take it from `next` of the page before, of the same site")


def _is_behind(one: Whole, to_utc_s: int | None) -> bool:
    """True if this record, and so those behind it, are surely of later."""
    seen = one.seen
    if to_utc_s is None or seen.reason is not None or not sites.is_sure(seen.head):
        return False
    return seen.head.utc_s >= to_utc_s


def _is_in(one: Whole, span: tuple[int | None, int | None]) -> bool:
    utc_s = one.seen.utc_s
    if utc_s is None:
        return True
    return (span[0] is None or utc_s >= span[0]) and (span[1] is None or utc_s < span[1])


def _record(chain: Chain, one: Whole, civil: Calendar, places: Places) -> models.Record:
    view = recordview.of_slot(one.slot)
    seen = one.seen
    verdict = "unjudged" if not seen.is_judged else "good" if seen.reason is None else "quarantined"
    return models.Record(
        entry=models.Entry(**places.of(seen.log_index)._asdict()),
        controller=chain.controller,
        chain=chain.chain,
        seq=seen.seq,
        time=models.at_or_none(civil, seen.utc_s),
        received=models.at(civil, seen.received_utc_s),
        verdict=verdict,
        reason=seen.reason,
        **view._asdict(),
    )


@router.get(
    "/v1/sites/{site:path}/bundle",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "the evidence bundle"}},
    summary="The evidence bundle, for karez verify",
)
async def bundle(
    request: Request,
    token: Caller,
    ours: Ours,
    site: SiteName,
    controller: Annotated[str, Query(max_length=16, description="One of the site; none: the newest.")] = "",
    from_seq: Seq = None,
    to_seq: Seq = None,
) -> Response:
    """The same bytes as `karez gateway export`. It holds records as they are, with card numbers."""

    def check() -> None:
        with ours.store.reading() as connection:
            allowed(connection, token, site)
            if controller and controller not in [one.name for one in sites.boxes(connection, site)]:
                raise Problem(404, "no-such-controller", "this controller never stood at this site")

    await to_thread.run_sync(check)
    async with ours.bundles:
        data = await to_thread.run_sync(lambda: _bundle(ours, site, controller, from_seq, to_seq))
    name = "bundle.kzb"
    return tagged(
        request, data, "application/octet-stream", **{"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _bundle(ours: Served, site: str, controller: str, from_seq: int | None, to_seq: int | None) -> bytes:
    return evidence.export(
        ours.store, ours.config, site=site, controller=controller, from_seq=from_seq, to_seq=to_seq
    ).data
