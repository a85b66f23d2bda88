"""What a desk needs to come up: ports that can be had, and work done beside other work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

from karez_simulators.cable import DeskError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from karez_simulators.desk import Plan

LOOPBACK = "127.0.0.1"


def check_ports(plan: Plan) -> None:
    """Raise DeskError, naming port and option, if a port that was asked for cannot be had."""
    asked = (
        ("broker", "--broker-port", plan.broker_port),
        ("platform", "--platform-port", plan.platform_port),
    )
    with contextlib.ExitStack() as held:  # both at once: they may be the same
        for what, option, port in asked:
            try:
                if port:
                    held.enter_context(socket.create_server((LOOPBACK, port)))
            except OSError as error:
                raise DeskError(
                    f"port {port} of the {what} cannot be used ({error.strerror}): "
                    f"name another with {option}, or leave it out for a free one"
                ) from None


@contextlib.asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do this beside the body, and to its end; neither outlives the other's failure."""
    doing = asyncio.create_task(work)
    try:
        yield
        await doing
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
