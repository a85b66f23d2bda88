"""/v1/sites/{site}/ledger: litres by hour, day or month, each with method and evidence."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from karez_gateway.api import models
from karez_gateway.api.access import Caller, Ours
from karez_gateway.api.answers import document
from karez_gateway.api.asked import From, InCalendar, To, only_known, span
from karez_gateway.api.routes_sites import SiteName, allowed
from karez_gateway.calendars import Calendar
from karez_gateway.entries.places import Places
from karez_gateway.ledger import figures
from karez_gateway.store import sites
from karez_gateway.store.corrections import Kept

router = APIRouter(dependencies=[Depends(only_known)])


@router.get(
    "/v1/sites/{site:path}/ledger", response_model=models.Ledger, summary="Litres by hour, day or month"
)
def ledger(
    request: Request,
    token: Caller,
    ours: Ours,
    civil: InCalendar,
    site: SiteName,
    begin: From,
    end: Annotated[To, Query(alias="to")],
    step: Annotated[Literal["hour", "day", "month"], Query(description="Length of a period.")] = "day",
) -> Response:
    """At most 31 days by hour, 366 by day, 3653 by month; the span begins and ends with a period."""
    asked = span(civil, step, begin, end)
    with ours.store.reading() as connection:
        allowed(connection, token, site)
        found = figures.of_site(connection, site, civil, step, *asked)
        verified = [sites.newest_good(connection, one) for one in sites.chains(connection, site)]
    known = [one.utc_s for one in verified if one is not None and one.utc_s is not None]
    places = Places(ours.config)
    periods = [_period(one, civil, step, places) for one in found]
    volume_l = sum(one.volume_l for one in found)
    correction_l = sum(one.correction_l for one in found)
    return document(
        request,
        models.Ledger(
            site=site,
            step=step,
            utc_offset=civil.offset,
            from_=models.at(civil, asked.from_utc_s),
            to=models.at(civil, asked.to_utc_s),
            verified_to=models.at_or_none(civil, max(known, default=None)),
            volume_l=volume_l,
            correction_l=correction_l,
            corrected_l=volume_l + correction_l,
            statistic_method_en=figures.STATISTIC_EN,
            statistic_method_zh=figures.STATISTIC_ZH,
            periods=periods,
        ),
    )


def _entry(places: Places, number: int) -> models.Entry:
    return models.Entry(**places.of(number)._asdict())


def _figure(one: figures.Figure, places: Places) -> models.Figure:
    method = figures.method(one.method)
    return models.Figure(
        volume_l=one.volume_l,
        method=method.code,
        method_en=method.en,
        method_zh=method.zh,
        first_entry=_entry(places, one.first_entry),
        last_entry=_entry(places, one.last_entry),
    )


def _period(one: figures.Period, civil: Calendar, step: str, places: Places) -> models.Period:
    return models.Period(
        period=civil.name(step, one.from_utc_s),
        from_=models.at(civil, one.from_utc_s),
        to=models.at(civil, one.to_utc_s),
        volume_l=one.volume_l,
        records_good=one.counts.good,
        records_missing=one.counts.missing,
        records_quarantined=one.counts.quarantined,
        records_unjudged=one.counts.unjudged,
        figures=[_figure(each, places) for each in one.figures],
        correction_l=one.correction_l,
        corrected_l=one.volume_l + one.correction_l,
        corrections=[_correction(each, civil, places) for each in one.corrections],
    )


def _correction(one: Kept, civil: Calendar, places: Places) -> models.Correction:
    return models.Correction(
        kind=one.kind,
        method=figures.method(one.method).code,
        volume_l=one.litres,
        from_=models.at(civil, one.from_utc_s),
        to=models.at(civil, one.to_utc_s),
        entry=_entry(places, one.log_index or 0),
    )
