"""What goes wrong, as RFC 9457 says it: a document that says what to do, never a trace."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from karez_gateway.errors import GatewayError, Refused
from karez_gateway.store.readonly import OtherVersion

_log = logging.getLogger("karez.api")

MEDIA = "application/problem+json"
_AWAY = "the gateway's data cannot be read now: ask again later; its operator asks karez gateway doctor"
RETRY_S = 5  # a store that is away comes back, or a person looks


class Problem(Exception):
    """One answer that is no success. `kind` tells programs which, `detail` tells people what to do."""

    def __init__(self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Take what RFC 9457 asks for."""
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The document."""
        body = {
            "type": f"urn:karez:problem:{self.kind}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(data, self.status, headers, MEDIA)


def bad_request(detail: str) -> Problem:
    """A parameter that cannot be."""
    return Problem(400, "bad-parameter", detail)


def no_such_site() -> Problem:
    """The same words for a site that is not there and one outside the token's scope."""
    return Problem(404, "no-such-site", "there is no such site for this token: see /v1/sites")


def _of_http(error: HTTPException) -> Problem:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return Problem(404, "no-such-path", "there is nothing under this path: see /v1/openapi.json")
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        return Problem(405, "read-only", "this interface only reads: use GET", error.headers)
    return Problem(error.status_code, "refused", str(error.detail), error.headers)


def _of_validation(error: RequestValidationError) -> Problem:
    said = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in error.errors())
    return bad_request(said[:500])


def _of_ours(error: GatewayError) -> Problem:
    if isinstance(error, Refused):
        return Problem(409, "refused", str(error))
    if isinstance(error, OtherVersion):
        return Problem(503, "other-version", str(error))
    _log.error("%s", error)  # names files and servers, which are the operator's
    return Problem(503, "store-unavailable", _AWAY, {"Retry-After": str(RETRY_S)})


def install(app: FastAPI) -> None:
    """Make every error of an application such a document."""

    @app.exception_handler(Problem)
    async def _ours(_: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return _of_http(error).response()

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> Response:
        return _of_validation(error).response()

    @app.exception_handler(GatewayError)
    async def _gateway(_: Request, error: GatewayError) -> Response:
        return _of_ours(error).response()

    @app.exception_handler(Exception)
    async def _any(_: Request, __: Exception) -> Response:
        detail = "this is a fault of the gateway: its log says which; tell its operator"
        return Problem(500, "fault", detail).response()
