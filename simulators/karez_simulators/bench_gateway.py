"""What each bench with a gateway of its own does: it comes up whole or not at all, and founds the gateway."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Self

from karez_simulators import gateway_toml

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from karez_simulators.broker import LinkBroker
    from karez_simulators.gateway_process import GatewayProcess
    from karez_simulators.mosquitto import Mosquitto
    from karez_simulators.offices import Office
    from karez_simulators.pki import LinkAuthority


class ComesUp:
    """An asynchronous context manager of parts that are pushed on `_stack` as they come up."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = contextlib.AsyncExitStack()

    async def _come_up(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        """Bring everything up."""
        try:
            await self._come_up()
        except BaseException:  # cancelled, too: what came up already goes down again
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take everything down."""
        await self._stack.aclose()


async def found(
    gateway: GatewayProcess,
    folder: Path,
    link: tuple[LinkAuthority, LinkBroker | Mosquitto, str],
    offices: tuple[Office, Office],
    origin: str,
    destinations: str = "",
) -> None:
    """Make a gateway's data directory, with a link certificate of its own in `folder`.

    `link`: authority, broker that runs, its TLS name; `offices`: bench and regulator; `destinations`: that
    part of gateway.toml.
    """
    authority, broker, tls_name = link
    bench, regulator = offices
    keys = folder / "link"
    keys.mkdir()
    (keys / "ca.crt").write_bytes(authority.certificate_pem)
    certificate, key = authority.gateway().write(keys, "gateway")
    where = gateway_toml.Link(broker.host, broker.port, tls_name, keys / "ca.crt", certificate, key)
    await gateway.init(
        gateway_toml.text(where, origin, bench.public, destinations),
        "--origin", origin, "--provisioner", bench.public.hex(), "--regulator", regulator.public.hex(),
    )  # fmt: skip
