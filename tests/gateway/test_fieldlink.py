"""The gateway's end of the field link: what a stop of the service must never meet."""

import asyncio
import contextlib

import aiomqtt
import pytest

from karez_gateway.config import Broker
from karez_gateway.intake.fieldlink import FieldLink
from karez_gateway.intake.ingest import Ack, Frame
from karez_gateway.worker import Worker
from karez_protocols import link as wire
from karez_simulators.broker import LinkBroker

MANY = 20


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
