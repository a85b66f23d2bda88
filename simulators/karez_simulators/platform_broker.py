"""An MQTT broker in this process that lets everybody in: for `karez bench platform json` without one.

Not the field link's broker (broker.py), which knows who may say what. Plain TCP, no identities.
"""

import asyncio
import contextlib
import functools
from types import TracebackType
from typing import Any, Self

import amqtt.broker
import amqtt.errors

from karez_simulators.broker import hush
from karez_simulators.platform_books import LOOPBACK

ANYBODY = "amqtt.plugins.authentication.AnonymousAuthPlugin"
STOP_TIMEOUT_S = 10  # a cut connection's tasks end within a few turns of the loop


class _Broker(amqtt.broker.Broker):  # type: ignore[misc]  # amqtt ships no types
    """amqtt's broker that knows its port, and closes what is open when it ends."""

    def __init__(self, host: str, port: int) -> None:
        listener = {"type": "tcp", "bind": f"{host}:{port}"}
        super().__init__({"listeners": {"default": listener}, "plugins": {ANYBODY: {}}})
        self._at = host, port
        self._open: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self.server: asyncio.Server | None = None

    async def _create_server_instance(self, listener_name: str, *_: Any) -> asyncio.Server:
        connected = functools.partial(self.stream_connected, listener_name=listener_name)
        self.server = await asyncio.start_server(connected, *self._at)
        return self.server

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("amqtt calls this in a task of its own")
        self._open[task] = writer
        try:
            # A peer that hangs up in the middle of a packet is its own affair.
            with contextlib.suppress(OSError, EOFError, amqtt.errors.AMQTTError, amqtt.errors.MQTTError):
                await super().stream_connected(reader, writer, listener_name)
        finally:
            del self._open[task]
            writer.close()

    async def cut(self) -> None:
        """Accept nobody any more and drop every connection."""
        if self.server is not None:
            self.server.close()
        for writer in self._open.values():
            writer.transport.abort()
        if self._open:
            await asyncio.wait(list(self._open), timeout=STOP_TIMEOUT_S)


class OpenBroker:
    """Listens from `start` to `stop`; port 0 takes a free one."""

    def __init__(self, host: str = LOOPBACK, port: int = 0) -> None:
        self.host = host
        self.port = port
        self._broker: _Broker | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        hush()
        broker = _Broker(self.host, self.port)
        try:
            await broker.start()
        except amqtt.errors.BrokerError as error:
            raise OSError(f"no broker on {self.host}:{self.port}: {error.__cause__ or error}") from None
        self._broker = broker
        if broker.server is not None:
            self.port = broker.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection and listen no more."""
        broker, self._broker = self._broker, None
        if broker is not None:
            await broker.cut()
            await broker.shutdown()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
