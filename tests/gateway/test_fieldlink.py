"""The gateway's end of the field link: what a stop of the service must never meet."""

import asyncio
import contextlib
import threading

import aiomqtt
import pytest

from karez_gateway.config import Broker
from karez_gateway.intake import fieldlink
from karez_gateway.intake.fieldlink import FieldLink
from karez_gateway.intake.ingest import Ack, Frame
from karez_gateway.worker import Worker
from karez_protocols import link as wire
from karez_simulators.broker import LinkBroker

MANY = 20
PATIENCE_S = 10


@contextlib.asynccontextmanager
async def running_link():
    """A connected link and its task. Nothing is stored in these tests, so there is no ingest."""
    worker = Worker()
    changed = asyncio.Event()
    async with LinkBroker() as broker:
        link = FieldLink(
            Broker(port=broker.port),
            None,
            worker,
            on_stored=lambda: None,
            on_change=changed.set,
            on_state=lambda *_: None,
        )
        task = asyncio.create_task(link.run())
        await changed.wait()
        assert link.is_connected
        yield link, task
    worker.close()


async def test_a_stop_that_comes_together_with_the_brokers_answer_is_obeyed():
    # asyncio.wait_for of Python 3.11 loses such a cancellation: the service went on for ever.
    async with running_link() as (link, running):
        paho = link._client._client
        answered = paho.on_publish
        for number in range(MANY):
            task = asyncio.create_task(link.publish("well-1", b"%d" % number))

            def stop(*facts, task=task):
                answered(*facts)
                task.cancel()

            paho.on_publish = stop
            with pytest.raises(asyncio.CancelledError):
                await task
        paho.on_publish = answered
        assert await link.publish("well-1", b"last")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_a_stop_is_obeyed_though_the_broker_does_not_take_the_good_bye(monkeypatch):
    monkeypatch.setattr("karez_gateway.intake.fieldlink.ANSWER_S", 0.05)
    async with running_link() as (link, running):
        link._client._client.on_disconnect = None  # the broker's end of it never comes
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


class Stored:
    """An ingest that acknowledges every frame with the number that its payload is."""

    def take(self, frames):
        return [Ack(one.controller, int(one.payload), 1, int(one.payload)) for one in frames]


class Sessions:
    """A client whose first session fails at every publish; then it notes what is said."""

    def __init__(self):
        self.said = []
        self.both_said = asyncio.Event()
        self.is_broken = True

    async def publish(self, topic, payload, qos):
        if self.is_broken:
            raise aiomqtt.MqttError("gone")
        self.said.append((topic, wire.decode_down(payload)[1]["seq"], qos))
        if len(self.said) == 2:
            self.both_said.set()


class Held(Stored):
    """The same, as slow as a test wants: it has begun, and ends when it is let go."""

    def __init__(self):
        self.begun, self.go = threading.Event(), threading.Event()

    def take(self, frames):
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        return super().take(frames)


@contextlib.contextmanager
def link_over(ingest):
    """A link without a broker, and how often it has stored."""
    worker, stored = Worker(), []
    link = FieldLink(
        Broker(port=1),
        ingest,
        worker,
        on_stored=lambda: stored.append(1),
        on_change=lambda: None,
        on_state=lambda *_: None,
    )
    try:
        yield link, stored
    finally:
        worker.close()


async def begun(held):
    assert await asyncio.to_thread(held.begun.wait, PATIENCE_S)


async def test_a_session_that_ends_while_something_is_stored_leaves_its_answer_to_the_next_one():
    held = Held()
    with link_over(held) as (link, stored):
        storing = asyncio.create_task(link._store([Frame("well-1", b"5", 0), Frame("well-2", b"7", 0)]))
        await begun(held)
        storing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await storing
        assert not stored and not link._owed
        held.go.set()
        client = Sessions()
        client.is_broken = False
        answering = asyncio.create_task(link._answer(client))
        async with asyncio.timeout(PATIENCE_S):
            await client.both_said.wait()
        assert client.said == [("karez/1/well-1/down", 5, 1), ("karez/1/well-2/down", 7, 1)]
        assert stored == [1]
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering


async def test_an_answer_that_fails_ends_the_session_after_what_was_received_is_stored():
    held = Held()
    with link_over(held) as (link, stored):
        failed = asyncio.Event()

        async def receive():  # its queue is empty then, and the connection gone
            await link._store([Frame("well-1", b"5", 0)])
            await link._store([Frame("well-1", b"6", 0)])

        async def answer():
            await asyncio.to_thread(held.begun.wait, PATIENCE_S)
            failed.set()
            raise aiomqtt.MqttError("gone")

        both = asyncio.create_task(fieldlink._both(receive(), answer()))
        async with asyncio.timeout(PATIENCE_S):
            await failed.wait()
        await asyncio.sleep(0)
        assert not both.done()
        held.go.set()
        with pytest.raises(aiomqtt.MqttError, match="gone"):
            await both
        assert stored == [1, 1] and [ack.seq for ack in link._owed.values()] == [6]


async def test_a_receiver_that_does_not_end_by_itself_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(fieldlink, "ANSWER_S", 0.05)
    ended = []

    async def receive():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async def answer():
        raise aiomqtt.MqttError("gone")

    with pytest.raises(aiomqtt.MqttError, match="gone"):
        async with asyncio.timeout(PATIENCE_S):
            await fieldlink._both(receive(), answer())
    assert ended == [1]


async def test_what_a_session_did_not_get_to_say_the_next_one_says_newest_only():
    worker, stored = Worker(), []
    link = FieldLink(
        Broker(port=1),
        Stored(),
        worker,
        on_stored=lambda: stored.append(1),
        on_change=lambda: None,
        on_state=lambda *_: None,
    )
    await link._store([Frame("well-1", b"5", 0), Frame("well-2", b"7", 0)])
    await link._store([Frame("well-1", b"6", 0)])
    client = Sessions()
    with pytest.raises(aiomqtt.MqttError, match="gone"):
        await link._answer(client)
    client.is_broken = False
    await link._store([Frame("well-2", b"9", 0)])  # what had come before it broke
    assert len(stored) == 3 and not client.said
    answering = asyncio.create_task(link._answer(client))
    await client.both_said.wait()
    assert client.said == [("karez/1/well-1/down", 6, 1), ("karez/1/well-2/down", 9, 1)]
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    worker.close()
