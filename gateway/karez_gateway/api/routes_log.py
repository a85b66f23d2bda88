"""/v1/log, /v1/destinations and /v1/health: the gateway itself."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response

from karez_gateway.api import models
from karez_gateway.api.access import Caller, Ours
from karez_gateway.api.answers import document, tagged
from karez_gateway.api.asked import InCalendar, only_known
from karez_gateway.calendars import Calendar
from karez_gateway.data import SERVICE
from karez_gateway.entries import logview, origins
from karez_gateway.entries.origins import Origin
from karez_gateway.service import servicestate
from karez_gateway.uploads import status as uploadstatus
from karez_gateway.verifier.checkpoint import open_checkpoint

router = APIRouter(dependencies=[Depends(only_known)])


def _note(origin: Origin) -> bytes:
    """The newest checkpoint, its signature checked. Raises StoreError."""
    return logview.prove(origin.directory, origin.name, str(origin.verifier_key()), [])[0]


@router.get("/v1/log", response_model=models.Log, summary="The transparency log")
def log(request: Request, token: Caller, ours: Ours) -> Response:  # noqa: ARG001 - whoever has a token may
    """Name, public key and size. Records of all wells are entries of it."""
    every = origins.every(ours.config)
    origin = every[-1]
    key = origin.verifier_key()
    size = open_checkpoint(_note(origin), origin.name, key).checkpoint.size
    return document(
        request,
        models.Log(
            origin=origin.name,
            verifier_key=str(key),
            size=size,
            former_origins=[one.name for one in every[:-1]],
        ),
    )


@router.get(
    "/v1/log/checkpoint",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "a C2SP signed note"}},
    summary="The log's newest signed checkpoint",
)
def checkpoint(request: Request, token: Caller, ours: Ours) -> Response:  # noqa: ARG001 - whoever has a token may
    """Keep one now and then: a log that contradicts it later has been changed."""
    return tagged(request, _note(origins.current(ours.config)), "text/plain; charset=utf-8")


@router.get("/v1/destinations", response_model=models.Destinations, summary="Platforms and their queues")
def destinations(request: Request, token: Caller, ours: Ours, civil: InCalendar) -> Response:
    """Sums over all wells. Why a report waits may name a well, so it is for tokens of all sites."""
    service = servicestate.read(ours.config.data / SERVICE)
    is_running = servicestate.is_running(service)
    with ours.store.reading() as connection:
        found = uploadstatus.facts(
            connection, ours.config, service.get("destinations", {}), is_running=is_running
        )
    sees_all = token.scope.sites is None
    shown = [_destination(one, civil, sees_all=sees_all) for one in found]
    return document(request, models.Destinations(destinations=shown))


def _destination(one: dict[str, Any], civil: Calendar, *, sees_all: bool) -> models.Destination:
    receipt = one["receipt"]
    return models.Destination(
        name=one["name"],
        level=one.get("level", ""),
        kind=one.get("kind", ""),
        state=one["state"],
        waiting=one["waiting"],
        confirmed=one["confirmed"],
        refused=one["refused"],
        oldest_waiting=models.at_or_none(civil, one["oldest_received_utc_s"]),
        last_receipt=None if receipt is None else models.at_or_none(civil, receipt["utc_s"]),
        problem=one["problem"] if sees_all else None,
    )


@router.get(
    "/v1/health",
    response_model=models.Health,
    responses={503: {"model": models.Health, "description": "the service beside it does not run"}},
    summary="For a load balancer: no token is needed",
)
def health(ours: Ours) -> Response:
    """503 when the store cannot be read or the service beside it does not run."""
    with ours.store.reading():
        pass
    is_running = servicestate.is_running(servicestate.read(ours.config.data / SERVICE))
    answer = models.Health(state="ok" if is_running else "service-not-running")
    return Response(
        answer.model_dump_json(),
        200 if is_running else 503,
        {"Cache-Control": "no-store"},
        "application/json",
    )
