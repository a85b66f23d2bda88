"""The application: every route reads, every error says what to do."""

from typing import Any

from fastapi import APIRouter, FastAPI, Response

from karez_gateway.api import (
    problems,
    routes_commissionings,
    routes_findings,
    routes_ledger,
    routes_log,
    routes_records,
    routes_sites,
)
from karez_gateway.api.access import Served

VERSION = "1"
DESCRIPTION = (
    "What a Karez gateway knows of its wells, to be read. Volumes are whole litres, each with the method by "
    "which it was obtained and the entries of the transparency log that prove it. Times go in as a day or as "
    "ISO 8601 with its zone, and come out as UTC seconds and as ISO 8601. Errors are RFC 9457 documents. "
    "docs/api.md begins with curl."
)
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457: `type` for programs, `detail` says what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
_SAID = {
    "304": "you have it already (If-None-Match)",
    "400": "a parameter cannot be",
    "401": "no valid token",
    "404": "not there, or not for this token",
    "409": "there is nothing to prove yet",
    "429": "too many wrong tokens from this address",
    "503": "the store cannot be read now",
}
_OPEN = "/v1/health"


def create(served: Served) -> FastAPI:
    """An application over an open store. It owns nothing: who opened the store closes it."""
    app = _bare()
    app.state.karez = served
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return _described(_bare())


def _bare() -> FastAPI:
    app = FastAPI(
        title="Karez gateway",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # those pages load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(app)
    last = APIRouter()
    routes_sites.add_one_site(last)
    for module in (
        routes_sites,
        routes_ledger,
        routes_records,
        routes_findings,
        routes_commissionings,
        routes_log,
    ):
        app.include_router(module.router)
    app.include_router(last)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]

    @app.middleware("http")
    async def _plain(request: Any, following: Any) -> Response:
        answer: Response = await following(request)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what every route may answer besides."""
    if app.openapi_schema is None:
        found = FastAPI.openapi(app)
        schemas = found["components"]["schemas"]
        for name in ("HTTPValidationError", "ValidationError"):  # ours are problems
            schemas.pop(name, None)
        schemas["Problem"] = _PROBLEM
        for path, methods in found["paths"].items():
            for operation in methods.values():
                _add_problems(path, operation)
    return app.openapi_schema or {}


def _add_problems(path: str, operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    answers.pop("422", None)
    statuses = ["400", "503"] if path == _OPEN else sorted(_SAID)
    if not path.endswith("/bundle") and "409" in statuses:
        statuses.remove("409")
    problem = {problems.MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in statuses:
        known = answers.setdefault(status, {"description": _SAID[status]})
        if status != "304":
            known.setdefault("content", {}).update(problem)
