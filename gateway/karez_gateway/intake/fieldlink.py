"""The MQTT shell of the field link: frames to ingest, acknowledgements and all else back.

The session is clean: what the broker loses is not acknowledged, so controllers send it again.
Acknowledgements go out only after the batch is durable in table and log, beside the storing of the next one:
whoever has to wait for the broker keeps nothing from being stored, and of several for one chain the newest
says all. What came before a session ended is stored, and the next session says so.
"""

import asyncio
import contextlib
import logging
import math
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import aiomqtt
import structlog

from karez_gateway.config import LINK_IDENTITY, Broker
from karez_gateway.intake.ingest import Ack, Frame, Ingest
from karez_gateway.worker import Worker
from karez_protocols import link, link_gateway
from karez_protocols.errors import ProtocolError

_log = structlog.get_logger()

# paho reports every cut connection as an error of its own; ours is the one line of an outage.
_PAHO = logging.getLogger("karez.mqtt")
_PAHO.addHandler(logging.NullHandler())
_PAHO.propagate = False

# A batch of 256 frames is at most 4,096 records: one transaction of some 100 ms.
BATCH_FRAMES_MAX = 256
# A prefecture's clocks are right, so all of it reports in the same second: 10,000 short frames, 2 MB; of
# whole ones it is 35 MB. Beyond it aiomqtt drops, which the acknowledgement forgives.
WAITING_FRAMES_MAX = 16_384
RETRY_S_MAX = 30
ANSWER_S = 10.0  # for one downlink, or a good-bye
# A broker that takes a county's TLS handshakes lets us wait in line with them. One that is gone is found
# sooner, by the keep-alive.
PATIENCE_S = 60.0
# aiomqtt warns about this many publishes under way; a batch answers every controller in it.
PENDING_MAX = 2 * BATCH_FRAMES_MAX

UP, STATE, UPDATE = "karez/1/+/up", "karez/1/+/state", "karez/1/+/update"


@dataclass(slots=True)
class Presence:
    """What the `state` topic says of one controller."""

    utc_s: int
    state: dict[str, int | None]


@dataclass(slots=True)
class LinkState:
    """How the link stands, for `status`."""

    broker: str = "connecting"
    presence: dict[str, Presence] = field(default_factory=dict)
    states_malformed: int = 0


class FieldLink:
    """Runs until cancelled; reconnects by itself."""

    def __init__(
        self,
        broker: Broker,
        ingest: Ingest,
        worker: Worker,
        *,
        on_stored: Callable[[], None],
        on_change: Callable[[], None],
        on_state: Callable[[str, bool], None],
        on_update: Callable[[str, bytes], None] = lambda _name, _payload: None,
    ) -> None:
        """`on_stored` after each durable batch, `on_change` when the link's state changes.

        `on_state` with each readable state of a controller, and whether it has come online with it;
        `on_update` with what it says of an update.
        """
        self.state = LinkState()
        self._broker = broker
        self._ingest = ingest
        self._worker = worker
        self._on_stored = on_stored
        self._on_change = on_change
        self._on_state = on_state
        self._on_update = on_update
        self._client: aiomqtt.Client | None = None
        self._owed: dict[tuple[str, int], Ack] = {}  # by controller and chain: what is stored and not said
        self._owing = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        """True while something can be published."""
        return self._client is not None

    async def run(self) -> None:
        """Keep the link up."""
        failures = 0
        while True:
            try:
                await self._session()
            except aiomqtt.MqttError as error:
                was_up = self.state.broker == "connected"
                failures = 1 if was_up else failures + 1
                self._say(f"not connected: {error}")
                if failures == 1:  # one line for an outage, not one for every attempt
                    where = f"{self._broker.host}:{self._broker.port}"
                    _log.warning("broker not reachable, trying on", broker=where, reason=str(error))
            await asyncio.sleep(min(1 << min(failures - 1, 5), RETRY_S_MAX))

    def _say(self, broker: str) -> None:
        if broker != self.state.broker:
            self.state.broker = broker
            self._on_change()

    async def _session(self) -> None:
        client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            identifier=LINK_IDENTITY,
            logger=_PAHO,
            keepalive=self._broker.keepalive_s,
            tls_context=tls_context(self._broker),
            max_queued_incoming_messages=WAITING_FRAMES_MAX,
            timeout=math.inf,  # see _answered
        )
        client.pending_calls_threshold = PENDING_MAX
        async with _connected(client):
            async with _answered(PATIENCE_S):
                await client.subscribe([(UP, 1), (STATE, 1), (UPDATE, 1)])
            self._client = client
            _log.info("connected to the broker", broker=f"{self._broker.host}:{self._broker.port}")
            self._say("connected")
            try:
                await _both(self._receive(client), self._answer(client))
            finally:
                self._client = None

    async def _receive(self, client: aiomqtt.Client) -> None:
        messages = client.messages
        async for message in messages:
            frames: list[Frame] = []
            self._sort(message, frames)
            while len(messages) and len(frames) < BATCH_FRAMES_MAX:
                self._sort(await anext(messages), frames)
            if frames:
                await self._store(frames)

    def _sort(self, message: aiomqtt.Message, frames: list[Frame]) -> None:
        _, _, controller, leaf = message.topic.value.split("/")
        payload = message.payload if isinstance(message.payload, bytes) else b""
        if leaf == "up":
            frames.append(Frame(controller, payload, int(time.time())))
            return
        if leaf == "update":
            self._on_update(controller, payload)
            return
        try:
            state = link_gateway.decode_state(payload)
        except ProtocolError:
            self.state.states_malformed += 1
            return
        before = self.state.presence.get(controller)
        self.state.presence[controller] = Presence(int(time.time()), state)
        self._on_state(controller, bool(state["online"]) and not (before and before.state["online"]))

    async def _store(self, frames: list[Frame]) -> None:
        storing = asyncio.create_task(self._worker.run(self._ingest.take, frames))
        storing.add_done_callback(self._stored)
        await asyncio.shield(storing)  # a session that ends meanwhile: the next one says what was stored

    def _stored(self, storing: asyncio.Task[list[Ack]]) -> None:
        if storing.cancelled() or storing.exception() is not None:
            return
        self._owed |= {(ack.controller, ack.chain): ack for ack in storing.result()}
        self._owing.set()
        self._on_stored()

    async def _answer(self, client: aiomqtt.Client) -> None:
        """Say what is stored, also what a session before this one did not get to."""
        while True:
            await self._owing.wait()
            said = dict(islice(self._owed.items(), BATCH_FRAMES_MAX))
            async with _answered(PATIENCE_S):
                await asyncio.gather(*[client.publish(*_encoded(ack), qos=1) for ack in said.values()])
            for key, ack in said.items():
                if self._owed[key] is ack:  # else a newer one came meanwhile
                    del self._owed[key]
            if not self._owed:
                self._owing.clear()

    async def publish(self, controller: str, payload: bytes) -> bool:
        """Publish a `down` payload; False when it did not reach the broker."""
        client = self._client
        if client is None:
            return False
        with contextlib.suppress(aiomqtt.MqttError):
            async with _answered():
                await client.publish(link.topic(controller, "down"), payload, qos=1)
            return True
        return False


def _encoded(ack: Ack) -> tuple[str, bytes]:
    """Topic and payload."""
    return link.topic(ack.controller, "down"), link_gateway.encode_ack(ack.frame, ack.chain, ack.seq)


async def _both(receive: Coroutine[Any, Any, None], answer: Coroutine[Any, Any, None]) -> None:
    """Run both until one fails, with its error. What has been received by then is stored first."""
    receiving, answering = tasks = [asyncio.create_task(one) for one in (receive, answer)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not receiving.done():  # it ends by itself, with an empty queue, where the connection is gone
            await asyncio.wait([receiving], timeout=ANSWER_S)
        for task in (answering, receiving):
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def _answered(seconds: float | None = None) -> AsyncIterator[None]:
    """Give the broker so long for what is asked inside, ANSWER_S if nothing is said. Raises MqttError.

    aiomqtt's own limit is asyncio.wait_for, which before Python 3.12 loses a cancellation that
    arrives together with the answer: a service told to stop then goes on for ever.
    """
    seconds = ANSWER_S if seconds is None else seconds
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise aiomqtt.MqttError(f"the broker did not answer within {seconds:g} s") from None


@contextlib.asynccontextmanager
async def _connected(client: aiomqtt.Client) -> AsyncIterator[None]:
    async with _answered(PATIENCE_S):
        await client.__aenter__()
    try:
        yield
    finally:
        # Nothing hangs on a good-bye: a broker that is gone must not turn our end into its error.
        with contextlib.suppress(aiomqtt.MqttError):
            async with _answered():
                await client.__aexit__(None, None, None)


def tls_context(broker: Broker) -> ssl.SSLContext | None:
    """TLS for the broker, None for plain MQTT on this machine."""
    if broker.ca is None or broker.certificate is None:
        return None
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.expected_name = broker.tls_name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cafile=str(broker.ca))
    context.load_cert_chain(str(broker.certificate), None if broker.key is None else str(broker.key))
    return context


class _NamedContext(ssl.SSLContext):
    """Expects a certificate for `expected_name` instead of the address that was dialled.

    The link names its broker apart from its address (design §9); paho always hands over the address.
    """

    expected_name = ""

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Put the expected name in the place of the address."""
        if self.expected_name:
            kwargs["server_hostname"] = self.expected_name
        return super().wrap_socket(*args, **kwargs)
