"""An MQTT broker in this process: amqtt, with the port it got, and an end that cuts every connection.

Who may come and say what is the plugins': the field link's rules are in broker.py, a platform that lets
everybody in is in platform_broker.py.
"""

import asyncio
import contextlib
import functools
import logging
import pathlib
import ssl
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import amqtt.broker
import amqtt.errors
from amqtt.session import Session

# amqtt reports every hang-up and every refused client as warning, error or traceback; on a bench
# that cuts links on purpose these are the normal course. What matters arrives as a failed act.
LOG_LEVEL = logging.CRITICAL

# A peer that opens TCP and says nothing; asyncio's own default is a minute.
HANDSHAKE_TIMEOUT_S = 10

# A cut connection's tasks end within a few loop turns; one that does not is a bug in the bench.
STOP_TIMEOUT_S = 10


def _hush() -> None:
    """Keep amqtt's own errors, in its logs and in the tasks that it leaves to nobody, off the screen."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(LOG_LEVEL)
    asyncio.get_running_loop().set_exception_handler(_report)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    task = context.get("future")
    code = getattr(task.get_coro(), "cr_code", None) if isinstance(task, asyncio.Task) else None
    if (
        code is None
        or pathlib.Path(amqtt.broker.__file__).parent not in pathlib.Path(code.co_filename).parents
    ):
        loop.default_exception_handler(context)


class _Serving(amqtt.broker.Broker):  # type: ignore[misc]  # amqtt ships no types
    """amqtt's broker, from one start to its stop."""

    def __init__(self, plugins: Iterable[str], host: str, port: int, context: ssl.SSLContext | None) -> None:
        listener = {"type": "tcp", "bind": f"{host}:{port}"}
        super().__init__({"listeners": {"default": listener}, "plugins": {name: {} for name in plugins}})
        self._context = context
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._is_cut = False
        self._obeyed: set[asyncio.Task[None]] = set()  # connections whose packets are obeyed
        self._host = host
        self.port = port

    async def _create_server_instance(self, listener_name: str, *_: Any) -> asyncio.Server:
        # amqtt's own context makes the client certificate optional.
        server = await asyncio.start_server(
            functools.partial(self.stream_connected, listener_name=listener_name),
            self._host,
            self.port,
            ssl=self._context,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S if self._context else None,
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("amqtt calls this in a task of its own")
        if self._is_cut:  # its TLS handshake ended after the cut
            writer.transport.abort()
            return
        self._connections[task] = writer
        try:
            # A peer that hangs up in the middle of a packet is its own affair.
            with contextlib.suppress(OSError, EOFError, amqtt.errors.AMQTTError, amqtt.errors.MQTTError):
                await super().stream_connected(reader, writer, listener_name)
        finally:
            del self._connections[task]
            self._obeyed.discard(task)
            writer.close()

    async def _client_message_loop(self, client_session: Session, handler: Any) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("amqtt calls this in the connection's task")
        self._obeyed.add(task)
        await super()._client_message_loop(client_session, handler)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # A retained message goes out when its subscription is made (MQTT 3.1.1, 3.3.1.3). amqtt
        # sends it also behind each CONNACK, for the filters of every client and without asking
        # who may read it: a controller that comes back then hears its own last will.
        if asyncio.current_task() in self._obeyed:
            await super()._publish_retained_messages_for_subscription(subscription, session)

    async def cut(self) -> None:
        """Accept nobody any more and reset every connection, also those that never said CONNECT."""
        self._is_cut = True
        for server in self._servers.values():
            if server.instance:
                server.instance.close()
        for writer in list(self._connections.values()):
            writer.transport.abort()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=STOP_TIMEOUT_S)


class MqttBroker:
    """Listens from `start` to `stop`, as often as wanted; a free port that it took once, it keeps.

    `plugins`: names of amqtt plugins, `module.Class`. With a context it speaks TLS, else plain TCP.
    """

    def __init__(
        self, plugins: Iterable[str], host: str, port: int = 0, context: ssl.SSLContext | None = None
    ) -> None:
        self.host = host
        self.port = port
        self._plugins = tuple(plugins)
        self._context = context
        self._serving: _Serving | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the port is taken."""
        if self._serving is not None:
            return
        _hush()
        serving = _Serving(self._plugins, self.host, self.port, self._context)
        try:
            await serving.start()
        except amqtt.errors.BrokerError as error:
            raise OSError(f"no broker on {self.host}:{self.port}: {error.__cause__ or error}") from None
        self._serving, self.port = serving, serving.port

    async def stop(self) -> None:
        """Cut every connection and stop listening. Wills are not sent: the broker is gone."""
        serving, self._serving = self._serving, None
        if serving is not None:
            await serving.cut()
            await serving.shutdown()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()
