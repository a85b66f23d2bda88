"""The PostgreSQL server goes away under the running service and comes back: nothing acknowledged is lost.

A transaction that fails ends the service with one line (docs/operations.md, Faults): systemd starts it again
until the server is there. A restart between two transactions is not even noticed.
"""

import asyncio
import json

import pytest

from karez_gateway.config import STORE_VARIABLE
from karez_protocols import link
from karez_simulators.broker import LinkBroker

from . import postgres
from .service_process import Box, connected, directory_for, karez, status, until_status
from .synthetic import BASE_VOLUME_L, SyntheticController


@pytest.fixture
def server(monkeypatch):
    """A server of this test's own: it is stopped."""
    with postgres.cluster() as found:
        if found is None:
            pytest.skip("PostgreSQL is not installed; .ci/run installs it")
        monkeypatch.setenv(STORE_VARIABLE, found.url())
        yield found


def is_done(box):
    def holds(found):
        (one,) = found["controllers"]
        wanted_l = box.volume_l - BASE_VOLUME_L
        return one["chains"][0]["signed_seq"] == box.seq and one["litres_booked"] == wanted_l

    return holds


async def test_a_server_that_is_gone_ends_the_service_and_it_goes_on_when_it_is_back(tmp_path, server):
    box = SyntheticController("a", "well-1")
    box.irrigate(60)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                await end.publish(box.frame(*range(1, 17)))
                await end.acknowledged(16)
                await asyncio.to_thread(server.stop)
                await end.publish(box.frame(*range(17, 33)))
                assert await running.process.wait() == 1
                assert not len(end.client.messages)
            log = [json.loads(line) for line in (await running.log).decode().splitlines()]
        assert log[-1]["event"] == "stopped by an error"
        assert log[-1]["reason"].startswith("the store's server does not do its work (")
        assert len(log[-1]["reason"].splitlines()) == 1
        again = karez("run", "--data", directory)
        assert again.returncode == 2 and "see that the server runs" in again.stderr
        shown = karez("status", "--data", directory)
        assert shown.returncode == 2 and "see that the server runs" in shown.stderr
        await asyncio.to_thread(server.start)
        assert "see that the server runs" in status(directory)["stopped"]["reason"]
        assert status(directory)["controllers"][0]["chains"][0]["stored_seq"] == 16
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                await end.send()
            assert (await until_status(directory, is_done(box)))["stopped"] is None
            assert (await running.end())[0] == 0


async def test_a_server_restarted_under_a_service_at_work_costs_at_most_a_restart(tmp_path, server):
    box = SyntheticController("a", "well-1")
    box.irrigate(200)
    acknowledged = 0
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                for payload in box.payloads()[:4]:
                    await end.publish(payload)
                while acknowledged < 16:
                    acknowledged = (await end.received(link.ACK))["seq"]
                for _ in range(2):
                    await asyncio.to_thread(server.stop)
                    await asyncio.to_thread(server.start)
            assert running.process.returncode in (None, 1)
        async with connected(directory) as running:
            (chain,) = status(directory)["controllers"][0]["chains"]
            assert chain["stored_seq"] >= acknowledged
            async with Box(box, broker) as end:
                await end.send()
            found = await until_status(directory, is_done(box))
            assert found["controllers"][0]["chains"][0]["forks"] == 0
            assert (await running.end())[0] == 0
