"""The bench's MQTT broker: amqtt in this process, with the field link's rules.

A client's identity is the CN of its certificate. What an identity may do stands in `permits`,
written once; `mosquitto.py` says the same rules in mosquitto's words, and one test file holds
both to them. amqtt acknowledges a denied QoS 1 publish and drops it, mosquitto closes the
connection; both are allowed by MQTT 3.1.1 (3.3.5).

Its queue does not survive a restart. The link's own acknowledgement, which means *stored*,
forgives that.
"""

import asyncio
import contextlib
import functools
import logging
import pathlib
import ssl
import tempfile
from types import TracebackType
from typing import Any, Self

import amqtt.broker
import amqtt.errors
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from karez_simulators.pki import Credential, LinkAuthority

GATEWAY = "gateway"
LEAVES_UP = ("up", "state")
LEAF_DOWN = "down"

# amqtt reports every hang-up and every refused client as warning, error or traceback; on a bench
# that cuts links on purpose these are the normal course. What matters arrives as a failed act.
LOG_LEVEL = logging.CRITICAL

# A peer that opens TCP and says nothing; asyncio's own default is a minute.
HANDSHAKE_TIMEOUT_S = 10

# A cut connection's tasks end within a few loop turns; one that does not is a bug in the bench.
STOP_TIMEOUT_S = 10


def permits(identity: str, action: Action, topic: str) -> bool:
    """May this identity do that? `topic` is a filter for SUBSCRIBE, a name otherwise."""
    parts = topic.split("/")
    if len(parts) != 4 or parts[:2] != ["karez", "1"]:
        return False
    controller, leaf = parts[2:]
    publishes = action == Action.PUBLISH
    if identity == GATEWAY:
        if publishes:
            return leaf == LEAF_DOWN
        return leaf in LEAVES_UP
    if not identity or controller != identity or any(mark in identity for mark in "+#/"):
        return False
    return leaf in LEAVES_UP if publishes else leaf == LEAF_DOWN


def hush() -> None:
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


def common_name(connection: ssl.SSLObject | None) -> str | None:
    """Return the CN of the peer's verified certificate, None without one."""
    certificate = connection.getpeercert() if connection else None
    if not certificate:
        return None
    subject: Any = certificate["subject"]
    names = [value for part in subject for key, value in part if key == "commonName"]
    return names[0] if len(names) == 1 else None


class CertificateIdentity(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    """amqtt plugin: the certificate's CN becomes the user name; without TLS the client id does."""

    async def authenticate(self, *, session: Session) -> bool | None:
        """Refuse no identity, a controller under another's client id, a will on a foreign topic."""
        identity = common_name(session.ssl_object) if session.ssl_object else session.client_id
        if not identity:
            return False
        # Another's client id would take over, that is cut, the other's connection. (amqtt itself
        # forgets the other's subscriptions before it asks us; mosquitto does not.)
        if identity not in (GATEWAY, session.client_id):
            return False
        # amqtt broadcasts a will without asking the topic plugins.
        if session.will_flag and not permits(identity, Action.PUBLISH, session.will_topic or ""):
            return False
        session.username = identity
        return True


class LinkTopics(BaseTopicPlugin):  # type: ignore[misc]  # amqtt ships no types
    """amqtt plugin: `permits`, asked for every publish, subscription and delivery."""

    async def topic_filtering(
        self, *, session: Session | None = None, topic: str | None = None, action: Action | None = None
    ) -> bool | None:
        """True when the session's identity may do it."""
        if session is None or topic is None or action is None or not session.username:
            return False
        return permits(session.username, action, topic)


class _Broker(amqtt.broker.Broker):  # type: ignore[misc]  # amqtt ships no types
    """amqtt's broker with our TLS context, the port it got, and a way to cut every connection."""

    def __init__(self, context: ssl.SSLContext | None, port: int) -> None:
        plugins: dict[str, dict[str, Any]] = {
            f"{__name__}.{plugin.__name__}": {} for plugin in (CertificateIdentity, LinkTopics)
        }
        listener = {"type": "tcp", "bind": f"127.0.0.1:{port}"}
        super().__init__({"listeners": {"default": listener}, "plugins": plugins})
        self._context = context
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._is_cut = False
        self._serving: set[asyncio.Task[None]] = set()  # connections whose packets are obeyed
        self.port = port

    async def _create_server_instance(self, listener_name: str, *_: Any) -> asyncio.Server:
        # amqtt's own context makes the client certificate optional.
        server = await asyncio.start_server(
            functools.partial(self.stream_connected, listener_name=listener_name),
            "127.0.0.1",
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
            self._serving.discard(task)
            writer.close()

    async def _client_message_loop(self, client_session: Session, handler: Any) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("amqtt calls this in the connection's task")
        self._serving.add(task)
        await super()._client_message_loop(client_session, handler)

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple[str, int], session: Session
    ) -> None:
        # A retained message goes out when its subscription is made (MQTT 3.1.1, 3.3.1.3). amqtt
        # sends it also behind each CONNACK, for the filters of every client and without asking
        # `permits`: a controller that comes back then hears its own last will.
        if asyncio.current_task() in self._serving:
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


class LinkBroker:
    """An in-process broker on a free loopback port; it keeps that port over stop and start.

        async with LinkBroker(authority, "broker.karez.test") as broker:
            ... connect to broker.host, broker.port ...
            await broker.stop()   # the broker goes away, all connections are cut
            await broker.start()  # and is back

    Without an authority it speaks plain TCP and takes the client id for the identity.
    """

    host = "127.0.0.1"

    def __init__(self, authority: LinkAuthority | None = None, tls_name: str = "", port: int = 0) -> None:
        """`tls_name` is what controllers expect in the certificate; port 0 takes a free one."""
        self.port = port
        self._broker: _Broker | None = None
        self._context = None
        if authority:
            self._context = server_context(authority, authority.broker(tls_name, self.host))

    async def start(self) -> None:
        """Listen. Raises amqtt.errors.BrokerError when the port is taken."""
        if self._broker:
            return
        hush()
        broker = _Broker(self._context, self.port)
        await broker.start()
        self._broker, self.port = broker, broker.port

    async def stop(self) -> None:
        """Cut every connection and stop listening. Wills are not sent: the broker is gone."""
        broker, self._broker = self._broker, None
        if broker:
            await broker.cut()
            await broker.shutdown()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()


def server_context(authority: LinkAuthority, credential: Credential) -> ssl.SSLContext:
    """TLS of a broker that refuses clients without a certificate of this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.certificate_der)
    _load(context, credential)
    return context


def client_context(authority: LinkAuthority, credential: Credential | None) -> ssl.SSLContext:
    """TLS of a CPython client of the link: the gateway, a simulated controller, a test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=authority.certificate_der)
    if credential:
        _load(context, credential)
    return context


def _load(context: ssl.SSLContext, credential: Credential) -> None:
    # OpenSSL's Python binding reads a chain from files only.
    with tempfile.TemporaryDirectory(prefix="karez-") as folder:
        context.load_cert_chain(*credential.write(pathlib.Path(folder), "peer"))
