"""A platform that takes JSON documents from an MQTT broker and answers them, politely or rudely.

    async with PlatformJson(broker_port=1883) as platform:
        await platform.received(3)

It subscribes to `<topic>/report` and answers on `<topic>/confirm`, quoting the document's SHA-256:

    {"sha256":"…","accepted":true}      {"sha256":"…","accepted":false,"reason":"…"}

docs/wire/upload-json.md has both ends; this one was written from it and shares no code with the gateway.
Of a document it wants no more than `station` and `utc_s`; the integers beside them are its quantities.
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiomqtt

from karez_simulators.platform_books import Platform
from karez_simulators.platform_broker import OpenBroker
from karez_simulators.platform_kept import Journal, Kept
from karez_simulators.platform_manners import POLITE, RUBBISH, Manners

TOPIC = "karez/upload"
REPORT, CONFIRM = "/report", "/confirm"
ANSWER_S = 10.0  # for the broker to answer us
RETRY_S = 1.0
ANSWERS_WAITING_MAX = 10_000  # late ones; beyond it the platform forgets to answer
DOCUMENT_BYTES_MAX = 1 << 20
UTC_S_MAX = 1 << 34  # in the year 2514

# paho reports every cut connection as an error of its own; ours is one line of the journal.
_PAHO = logging.getLogger("karez.platform")
_PAHO.addHandler(logging.NullHandler())
_PAHO.propagate = False


@dataclass
class ReceivedDocument(Kept):
    """A report with its document and the topic it came on."""

    topic: str = ""
    document: Any = None


def _unknown(document: Any) -> str:
    """Why a document is none, "" if it is one."""
    if not isinstance(document, dict):
        return "not a JSON object"
    if not isinstance(document.get("station"), str) or not document["station"]:
        return "station is no text"
    utc_s = document.get("utc_s", "")
    is_time = isinstance(utc_s, int) and not isinstance(utc_s, bool) and 0 <= utc_s < UTC_S_MAX
    return "" if utc_s is None or is_time else "utc_s is no time in whole seconds"


def _id_of(document: dict[str, Any]) -> str:
    """Controller, chain and number of a Karez record, the key of its report; "" for other documents."""
    evidence, controller = document.get("evidence"), document.get("controller")
    if not isinstance(evidence, dict) or not isinstance(controller, str):
        return ""
    chain, seq = evidence.get("chain"), evidence.get("seq")
    return f"{controller[:16]}.{chain}.{seq}" if isinstance(chain, int) and isinstance(seq, int) else ""


class PlatformJson(Platform):
    """The centre behind a broker; it connects again whenever the broker was away."""

    standard = "json"

    def __init__(
        self,
        manners: Manners = POLITE,
        *,
        broker_host: str = "127.0.0.1",
        broker_port: int = 1883,
        topic: str = TOPIC,
        utc_s: Callable[[], float] = time.time,
        journal: Journal | None = None,
        broker: OpenBroker | None = None,
    ) -> None:
        """`topic` may hold `+` for several gateways: each is answered beside its own reports.

        `broker` is started and stopped with the platform, which then has its address.
        """
        super().__init__(manners, host=broker_host, port=broker_port, utc_s=utc_s, journal=journal)
        self.topic = topic
        self._broker = broker
        self._task: asyncio.Task[None] | None = None
        self._late: set[asyncio.Task[None]] = set()

    @property
    def reports(self) -> list[ReceivedDocument]:
        """Reports in order of arrival, each once."""
        return [one for one in self.books.reports.values() if isinstance(one, ReceivedDocument)]

    # -- the broker ------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect and subscribe. Raises OSError if the broker is not there."""
        if self._broker is not None:
            await self._broker.start()
            self.host, self.port = self._broker.host, self._broker.port
        subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._run(subscribed))
        await asyncio.wait([self._task, subscribed], return_when=asyncio.FIRST_COMPLETED)
        if not subscribed.done():
            subscribed.cancel()
            task, self._task = self._task, None
            await self.stop()
            task.result()

    async def stop(self) -> None:
        """Leave the broker; what was received stays."""
        tasks = [*self._late, *([self._task] if self._task else [])]
        self._task = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._broker is not None:
            await self._broker.stop()

    async def _run(self, subscribed: "asyncio.Future[None]") -> None:
        while True:
            try:
                await self._session(subscribed)
            except (aiomqtt.MqttError, TimeoutError) as error:
                if not subscribed.done():
                    raise OSError(f"no broker on {self.host}:{self.port}: {error}") from None
                self._note_or_fail("closed", peer=f"{self.host}:{self.port}")
                await asyncio.sleep(RETRY_S)

    async def _session(self, subscribed: "asyncio.Future[None]") -> None:
        # Before Python 3.12 aiomqtt's own limits lose a cancellation that comes together with an answer.
        client = aiomqtt.Client(self.host, self.port, logger=_PAHO, timeout=math.inf)
        client.pending_calls_threshold = ANSWERS_WAITING_MAX
        async with asyncio.timeout(ANSWER_S):
            await client.__aenter__()
        try:
            async with asyncio.timeout(ANSWER_S):
                await client.subscribe(self.topic + REPORT, 1)
            self.counters.connections += 1
            self._note_or_fail("connected", peer=f"{self.host}:{self.port}")
            self._arrived.set()
            if not subscribed.done():
                subscribed.set_result(None)
            async for message in client.messages:
                await self._take(client, str(message.topic), message.payload)
        finally:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    await client.__aexit__(None, None, None)
            lost = client._disconnected  # noqa: SLF001 - nobody asked why: asyncio would print it
            if lost.done() and not lost.cancelled():
                lost.exception()

    async def _take(self, client: aiomqtt.Client, topic: str, payload: Any) -> None:
        try:
            answers = self.take(topic, payload if isinstance(payload, bytes) else b"")
        except OSError as error:  # the journal's: what is not kept must not be confirmed
            self.failed(error)
            answers = []
        self._arrived.set()
        delay_s = self.manners.delay_s
        if not delay_s:
            await self._publish(client, answers)
        elif answers and len(self._late) < ANSWERS_WAITING_MAX:
            task = asyncio.create_task(self._publish(client, answers, delay_s))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    async def _publish(
        self, client: aiomqtt.Client, answers: list[tuple[str, bytes]], delay_s: float = 0.0
    ) -> None:
        await asyncio.sleep(delay_s)
        with contextlib.suppress(aiomqtt.MqttError, TimeoutError):  # the session notices it by itself
            for topic, data in answers:
                async with asyncio.timeout(ANSWER_S):
                    await client.publish(topic, data, 1)

    # -- what comes ------------------------------------------------------------------------

    def take(self, topic: str, payload: bytes) -> list[tuple[str, bytes]]:
        """Store a document; the messages that answer it, as (topic, bytes). Raises OSError."""
        if self.manners.is_silent:
            self.counters.frames_ignored += 1
            return []
        document: Any = None
        with contextlib.suppress(ValueError, RecursionError):
            document = json.loads(payload) if len(payload) <= DOCUMENT_BYTES_MAX else None
        why = _unknown(document)
        confirm_topic = topic.removesuffix(REPORT) + CONFIRM
        if why:
            self.not_understood(payload[:DOCUMENT_BYTES_MAX], why)
            refusal = {"sha256": hashlib.sha256(payload).hexdigest(), "accepted": False, "reason": why}
            return [(confirm_topic, json.dumps(refusal).encode())]
        kept = self.store(self._report(topic, document, payload))
        if kept is None:
            return []
        if self.confirms_to_lose > 0:
            self.confirms_to_lose -= 1
            return []
        answers = list(self._answers(confirm_topic, payload))
        kept.confirm_bytes = next(data for _, data in answers if data.startswith(b'{"sha256"'))
        return answers

    def _report(self, topic: str, document: dict[str, Any], payload: bytes) -> ReceivedDocument:
        utc_s = document["utc_s"]
        quantities = {
            name: value
            for name, value in document.items()
            if (value is None or isinstance(value, int)) and not (isinstance(value, bool) or "utc_s" in name)
        }
        record = document.get("record")
        return ReceivedDocument(
            document["station"],
            record if isinstance(record, str) else "report",
            int(self._utc_s()) if utc_s is None else utc_s,
            quantities,
            payload,
            payload,
            id=_id_of(document),
            topic=topic,
            document=document,
        )

    def _answers(self, topic: str, payload: bytes) -> Iterator[tuple[str, bytes]]:
        manners = self.manners
        said = payload + b" " if manners.is_checksum_wrong else payload
        answer: dict[str, Any] = {"sha256": hashlib.sha256(said).hexdigest(), "accepted": not manners.refuses}
        if manners.refuses:
            answer["reason"] = "this platform refuses everything"
        if manners.is_station_wrong:
            topic = topic.removesuffix(CONFIRM) + "-other" + CONFIRM
        rubbish = [(topic, one) for one in (RUBBISH, b"[]", b"{}")] if manners.has_rubbish else []
        yield from rubbish
        for _ in range(2 if manners.confirms_twice else 1):
            yield topic, json.dumps(answer, separators=(",", ":")).encode()
        yield from rubbish
