"""Orders, commands and the time through the running service and a real broker."""

import json
import time

import pytest

from karez_protocols import causes, link, record
from karez_simulators.broker import LinkBroker

from .papers import COUNTY, COUNTY_KEY, accept, make_keys, make_order, state_of
from .service_process import Box, connected, directory_for, enrol, karez, service, until_status
from .synthetic import SyntheticController, make_grant

SOON_S = 60  # a loaded machine; the service itself takes half a second


class Ear(Box):
    """A controller's end of the link that keeps what it hears, whatever its kind."""

    def __init__(self, *args):
        super().__init__(*args)
        self.heard = []

    async def next(self):
        message = await anext(self.client.messages)
        self.heard.append(link.decode_down(message.payload))
        return self.heard[-1]

    async def received(self, kind):
        while (found := await self.next())[0] != kind:
            pass
        return found[1]

    async def say(self, **values):
        await self.publish(state_payload(self.controller, **values), "state")


def state_payload(box, **values):
    return link.encode_state(state_of(box, **values))


@pytest.fixture
def box():
    return SyntheticController("a", "well-1")


def carried(directory, verb, data, *words):
    path = directory / f"{verb}.bin"
    path.write_bytes(data)
    return karez(verb, "--data", directory, path, *words)


async def test_list_order_time_and_command_reach_a_controller_and_its_records_tell_the_rest(tmp_path, box):
    keys = make_keys(1, (COUNTY, COUNTY_KEY))
    stop = make_order("area:N", 3, office=COUNTY, key=COUNTY_KEY)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box, extra="\n[commands]\nremote_stop = true\n")
        refused = carried(directory, "order", stop, "--all")
        assert refused.returncode == 2 and "karez gateway keys" in refused.stderr
        assert "1 office) is queued for controller" in carried(directory, "keys", keys).stdout
        said = carried(directory, "order", stop, "--all")
        assert said.returncode == 0 and "order 3 of office 1 (stop for area N) is queued" in said.stdout
        async with connected(directory) as running:
            async with Ear(box, broker) as end:
                await end.say(time_state=record.TIME_UNKNOWN)
                assert await end.received(link.KEYS) == keys
                accept(box, keys)
                await end.send()
                assert await end.received(link.ORDER) == stop
                accept(box, stop)
                await end.send(box.seq)
                found = await until_status(
                    directory,
                    lambda one: (
                        [each["state"] for each in one["downlinks"]] == ["accepted"] * 2
                        and one["controllers"][0]["state"]
                    ),
                )
                assert found["controllers"][0]["holds"] == {
                    "grant_seq": None,
                    "key_list_seq": 1,
                    "orders": [{"office": 1, "seq": 3}],
                    "on_the_way": 0,
                }
                told = [values["utc_s"] for kind, values in end.heard if kind == link.TIME]
                told = told or [(await end.received(link.TIME))["utc_s"]]
                assert len(told) == 1 and abs(told[0] - time.time()) < SOON_S
                done = karez("command", "--data", directory, "well-1", "stop", "--by", "li")
                assert done.returncode == 0, done.stderr
                assert (await end.received(link.COMMAND))["verb"] == link.STOP
                box.stop(1, cause=causes.REMOTE)
                await end.send(box.seq)
                found = await until_status(directory, lambda one: one["commands"][0]["state"] == "done")
                assert found["commands"][0]["cause"] == "remote"
                assert [kind for kind, _ in end.heard].count(link.TIME) == 1
                assert karez("command", "--data", directory, "well-1", "start").returncode == 2
            assert (await running.end())[0] == 0
    shown = karez("status", "--data", directory).stdout
    assert (
        "order 3 of office 1 (stop for area N) for well-1" in shown and "wished by li: done: remote" in shown
    )
    assert "proved to hold: key list 1, order 3 of office 1" in shown
    assert json.loads(karez("status", "--data", directory, "--json").stdout)["time_held"] == ""
    late = karez("command", "--data", directory, "well-1", "stop")
    assert late.returncode == 2 and "the service does not run" in late.stderr


async def test_an_order_brought_in_while_the_broker_is_away_goes_out_when_it_is_back(tmp_path, box):
    stop = make_order("well-1", 1)
    broker = LinkBroker()
    await broker.start()
    await broker.stop()
    directory = directory_for(tmp_path, broker.port, box)
    async with service(directory) as running:
        await running.event("disconnected")
        assert carried(directory, "order", stop).returncode == 0
        found = await until_status(directory, lambda one: one["downlinks"][0]["state"] == "logged")
        assert found["downlinks"][0]["attempts"] == 0
        async with broker, Ear(box, broker) as end:
            await end.say()
            await running.event("connected")
            assert await end.received(link.ORDER) == stop
            assert (await running.end())[0] == 0


async def test_a_gateway_told_not_to_send_the_time_does_not(tmp_path, box):
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port)
        path = directory / "gateway.toml"
        path.write_text(path.read_text().replace("# send_time", "send_time"))
        enrol(directory, box)
        async with connected(directory) as running:
            async with Ear(box, broker) as end:
                await end.say(time_state=record.TIME_UNKNOWN)
                for seq in (1, 2, 3):  # each is a round of what is due, and the time would be in it
                    grant = make_grant("well-1", seq, 5_000)
                    assert carried(directory, "grant", grant).returncode == 0
                    while await end.received(link.GRANT) != grant:  # one before may come once more
                        pass
                assert {kind for kind, _ in end.heard} == {link.GRANT}
            assert (await running.end())[0] == 0


async def test_a_controller_that_reconnects_with_an_old_memory_is_given_its_order_again(tmp_path, box):
    stop = make_order("well-1", 1)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        assert carried(directory, "order", stop).returncode == 0
        async with connected(directory) as running:
            async with Ear(box, broker) as end:
                await end.say()
                assert await end.received(link.ORDER) == stop
                accept(box, stop)
                await end.send()
                await until_status(directory, lambda one: one["downlinks"][0]["state"] == "accepted")
                aged(directory)
                await end.say(last_seq=0, order_seq=0)
                assert await end.received(link.ORDER) == stop
            found = await until_status(directory, lambda one: one["downlinks"][0]["state"] == "sent")
            assert found["downlinks"][0]["times_again"] == 1
            _, log = await running.end()
    assert any("has lost what it had accepted" in line for line in log)


def aged(directory):
    """The proof is as old as one of a minute ago: nothing waits here for its settling."""
    import sqlite3

    with sqlite3.connect(directory / "karez.sqlite3") as connection:
        connection.execute("UPDATE entry SET received_utc_s = received_utc_s - 60")
    connection.close()
