"""The gateway's end of the field link: what a stop of the service must never meet."""

import asyncio
import contextlib

import pytest

from karez_gateway.config import Broker
from karez_gateway.intake.fieldlink import FieldLink
from karez_gateway.worker import Worker
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
