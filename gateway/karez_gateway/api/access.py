"""Who asks: the bearer token, its scope, and how often one address may be wrong.

A wrong token gets 401, and after ten in a minute 429. A right one is never refused for what others do from
the same address, so a proxy in front shuts nobody out. 32 random bytes cannot be guessed; the limit keeps
the guessing cheap for us.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from karez_gateway.api.problems import Problem
from karez_gateway.api.tokens import Token, Tokens
from karez_gateway.config import Config
from karez_gateway.store.readonly import ReadOnlyDatabase

FAILURES_MAX = 10
WINDOW_S = 60
ADDRESSES_MAX = 1024  # so many are remembered: an attacker with more addresses does not fill the memory
BUNDLES_AT_ONCE = 2  # each reads and checks a whole chain

_CHALLENGE = 'Bearer realm="karez"'


class Failures:
    """How often each address was wrong in the last minute."""

    def __init__(self) -> None:
        """Nobody was."""
        self._seen: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def note(self, address: str, now_s: float) -> int:
        """Count one more; return after how many seconds to ask again, 0: it is within the limit."""
        since_s, count = self._seen.pop(address, (now_s, 0))
        if not 0 <= now_s - since_s < WINDOW_S:
            since_s, count = now_s, 0
        self._seen[address] = (since_s, count + 1)
        while len(self._seen) > ADDRESSES_MAX:
            self._seen.popitem(last=False)
        return int(WINDOW_S - (now_s - since_s)) + 1 if count >= FAILURES_MAX else 0


@dataclass
class Served:
    """What every handler works with."""

    store: ReadOnlyDatabase
    config: Config
    tokens: Tokens
    now: Callable[[], float] = time.time
    failures: Failures = field(default_factory=Failures)
    bundles: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(BUNDLES_AT_ONCE))


_bearer = HTTPBearer(auto_error=False, description="A token that `karez gateway token add` made.")


def served(request: Request) -> Served:
    """What the application works with."""
    found: Served = request.app.state.karez
    return found


async def caller(
    request: Request, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Token:
    """The valid token of a request; everybody else is refused."""
    ours = served(request)
    now_s = ours.now()
    found = None if shown is None else ours.tokens.find(shown.credentials, now_s)
    if found is not None:
        return found
    if not ours.tokens.every():
        detail = "this gateway has given out no token, so nobody gets in: karez gateway token add"
        raise Problem(401, "no-token", detail, {"WWW-Authenticate": _CHALLENGE})
    if shown is None:
        detail = "send a token: Authorization: Bearer karez_..."
        raise Problem(401, "no-token", detail, {"WWW-Authenticate": _CHALLENGE})
    wait_s = ours.failures.note(request.client.host if request.client else "", now_s)
    if wait_s:
        detail = f"too many wrong tokens from this address: wait {wait_s} s, and correct the token"
        raise Problem(429, "too-many-failures", detail, {"Retry-After": str(wait_s)})
    detail = "this token is unknown, ended or over: ask the gateway's operator for one"
    challenge = f'{_CHALLENGE}, error="invalid_token"'
    raise Problem(401, "wrong-token", detail, {"WWW-Authenticate": challenge})


Ours = Annotated[Served, Depends(served)]
Caller = Annotated[Token, Depends(caller)]
