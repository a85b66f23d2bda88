"""`karez gateway api`: opens the store for reading, and serves until SIGTERM."""

import asyncio
import json
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from karez_gateway.api.access import Served
from karez_gateway.api.application import create
from karez_gateway.api.tokens import Tokens
from karez_gateway.config import Config
from karez_gateway.errors import GatewayError
from karez_gateway.store.readonly import ReadOnlyDatabase

CONNECTIONS_MAX = 200  # above that 503 at once: each may hold some kilobytes of a request
KEEP_ALIVE_S = 15
STOP_S = 10
REQUEST_BYTES_MAX = 16_384  # line and headers


@dataclass(frozen=True, slots=True)
class Listening:
    """Where it listens, and with which certificate."""

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None


class _Server(uvicorn.Server):
    """Says when it is ready, as the service does."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[int], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready(self.servers[0].sockets[0].getsockname()[1])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End when told to, and with code 0: uvicorn's own would kill the process by the signal again."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.should_exit = True


def run(config: Config, at: Listening) -> None:
    """Serve until SIGTERM or SIGINT. Raises GatewayError when it cannot start."""
    store = ReadOnlyDatabase.open(config.store_url)
    try:
        tokens = Tokens(config.data)
        given_out = len(tokens.every())

        def ready(port: int) -> None:
            _tell("ready", host=at.host, port=port, tls=at.certificate is not None, tokens=given_out)

        if not given_out:
            sys.stderr.write(
                "karez gateway: no token is given out, so nobody gets in: karez gateway token add\n"
            )
        settings = settings_of(Served(store, config, tokens), at)
        try:
            server = _Server(settings, ready)
            server.run()
        except OSError as error:  # of the certificate's files
            raise GatewayError(f"[api]: certificate and key cannot be used: {error}") from None
        except SystemExit:
            raise GatewayError(f"{at.host}:{at.port} cannot be listened on: see that it is free") from None
        if not server.started:
            raise GatewayError(f"{at.host}:{at.port} cannot be listened on: see that it is free")
        _tell("stopped")
    finally:
        store.close()


def settings_of(served: Served, at: Listening) -> uvicorn.Config:
    """How uvicorn serves it: no worker processes, no reloading, no line per request."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return uvicorn.Config(
        create(served),
        host=at.host,
        port=at.port,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_S,
        h11_max_incomplete_event_size=REQUEST_BYTES_MAX,
        ssl_certfile=at.certificate,
        ssl_keyfile=at.key,
    )


def _tell(event: str, **facts: object) -> None:
    """One JSON line on stdout, for whoever started it."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()
