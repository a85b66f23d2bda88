"""/v1/sites/{site}/commissionings: who set the well up, with what result; each file a version."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from karez_gateway.api import models
from karez_gateway.api.access import Caller, Ours
from karez_gateway.api.answers import document
from karez_gateway.api.asked import InCalendar, only_known
from karez_gateway.api.models import Answer, Moment
from karez_gateway.api.routes_sites import SiteName, allowed
from karez_gateway.calendars import Calendar
from karez_gateway.controllers import commissionings as kept

router = APIRouter(dependencies=[Depends(only_known)])


class Photo(Answer):
    """A photo that the file names; it is kept elsewhere."""

    file: str
    size_bytes: int
    sha256: str


class Check(Answer):
    """What came of one check."""

    check: Annotated[str, Field(description="scan, ct, pulse, dial, contactor or step")]
    quantity: str | None
    error_ppm: int | None
    outcome: Annotated[str, Field(description="passed, failed or skipped")]
    why: Annotated[str | None, Field(description="the reason's name, or why it was skipped")]


class Commissioning(Answer):
    """One file that a technician signed."""

    version: Annotated[int, Field(description="of this site, in the order of coming in")]
    kind: Annotated[str, Field(description="commissioning, box-swap or meter-swap")]
    controller: str
    technician: Annotated[int, Field(description="his number in the list of technicians")]
    list_seq: Annotated[int, Field(description="the list that was in force")]
    result: Annotated[str, Field(description="passed, skipped or failed")]
    permit: str | None
    latitude_udeg: int | None
    longitude_udeg: int | None
    finished: Moment
    taken: Moment
    sha256: Annotated[str, Field(description="of the file")]
    checks: list[Check]
    photos: list[Photo]


class Commissionings(Answer):
    """All of a site, by version."""

    site: str
    commissionings: list[Commissioning]


def _answer(one: dict[str, Any], civil: Calendar) -> Commissioning:
    return Commissioning(
        **{name: value for name, value in one.items() if name in Commissioning.model_fields},
        finished=models.at(civil, one["finished_utc_s"]),
        taken=models.at(civil, one["taken_utc_s"]),
    )


@router.get(
    "/v1/sites/{site:path}/commissionings",
    response_model=Commissionings,
    summary="Commissionings and swaps of a well",
)
def list_commissionings(
    request: Request, token: Caller, ours: Ours, civil: InCalendar, site: SiteName
) -> Response:
    """Who set the well up or replaced something, when, with what result."""
    with ours.store.reading() as connection:
        allowed(connection, token, site)
        found = kept.facts(connection, site)
    return document(request, Commissionings(site=site, commissionings=[_answer(one, civil) for one in found]))
