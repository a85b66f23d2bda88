"""The link under a running service: a broker that forgets, boxes with one identity, a box that is revoked."""

import asyncio
import contextlib
import json

from karez_gateway import config as configuration
from karez_gateway import data as data_directory
from karez_gateway.intake.verify import REVOKED
from karez_gateway.store import entries
from karez_protocols import entry, link
from karez_simulators.broker import LinkBroker

from .service_process import Box, connected, directory_for, karez, status, until_status
from .synthetic import BASE_VOLUME_L, SyntheticController, make_grant, zeros

RESEND_S = 15  # the courier's own patience with a gateway (firmware/karez_firmware/uplink/courier.py)


def records(directory):
    """Every logged record's (controller, number)."""
    with data_directory.beside(configuration.load(directory)) as store, store.reading() as connection:
        found = [entry.decode(body) for body in entries.bodies(connection, 0, 100_000)]
    return [
        (one["controller"], int.from_bytes(one["slot"][4:8], "little"))
        for one in found
        if one["entry"] == entry.RECORD
    ]


async def test_what_a_broker_lost_in_its_queue_is_sent_again_and_stored_once(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(80)
    broker = LinkBroker()
    await broker.start()
    directory = directory_for(tmp_path, broker.port, box)
    acknowledged = 0
    async with connected(directory) as running:
        for cut in (1, 3, 2):
            async with Box(box, broker) as end:
                for payload in box.payloads(acknowledged + 1)[:cut]:
                    await end.publish(payload)
                acknowledged = max(acknowledged, (await end.received(link.ACK))["seq"])
                await broker.stop()  # with whatever it held, for either side
            await running.event("disconnected")
            await broker.start()
            await running.event("connected")
        async with Box(box, broker) as end:
            while acknowledged < box.seq:  # what a broker may still lose, a controller sends again
                for payload in box.payloads(acknowledged + 1):
                    await end.publish(payload)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RESEND_S):
                        while acknowledged < box.seq:
                            acknowledged = max(acknowledged, (await end.received(link.ACK))["seq"])
        found = await until_status(
            directory, lambda one: one["controllers"][0]["chains"][0]["signed_seq"] == box.seq
        )
        assert found["broker"] == "connected"
        assert (await running.end())[0] == 0
    await broker.stop()
    assert sorted(records(directory)) == [(box.name, seq) for seq in range(1, box.seq + 1)]
    assert status(directory)["controllers"][0]["litres_booked"] == box.volume_l - BASE_VOLUME_L


async def test_two_boxes_with_one_identity_are_shown_as_forks_by_the_running_service(tmp_path):
    one, twin = SyntheticController("a", "well-1"), SyntheticController("a", "well-1")
    one.irrigate(5, litres=4000)
    twin.irrigate(9, litres=5000)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, one)
        async with connected(directory) as running:
            async with Box(one, broker) as end:
                await end.send()
                await until_status(
                    directory, lambda one_: one_["controllers"][0]["chains"][0]["signed_seq"] == one.seq
                )
                for payload in twin.payloads():  # the same name: to the broker it is the same box
                    await end.publish(payload)
                await end.acknowledged(twin.seq)
                found = await until_status(
                    directory, lambda one_: one_["controllers"][0]["chains"][0]["verified_seq"] == twin.seq
                )
            assert (await running.end())[0] == 0
    (chain,) = found["controllers"][0]["chains"]
    same = sum(one.slots[seq] == twin.slots[seq] for seq in one.slots)
    assert chain["forks"] == one.seq - same
    assert sum(chain["quarantined"].values()) == twin.seq - same - 2  # its last statement and signature hold
    assert len(records(directory)) == one.seq + twin.seq - same
    assert found["controllers"][0]["litres_booked"] == one.volume_l - BASE_VOLUME_L
    assert "FORKS" in karez("status", "--data", directory).stdout


async def test_a_box_revoked_while_it_speaks_is_acknowledged_quarantined_and_sent_nothing(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(3)
    async with LinkBroker() as broker:
        directory = directory_for(tmp_path, broker.port, box)
        async with connected(directory) as running:
            async with Box(box, broker) as end:
                state = zeros(link.STATE_BODY) | {"volume_l": 0}
                await end.publish(link.encode_state(state), "state")
                await end.send()
                before = box.seq
                entry = before + 1  # the log begins with who brought the box in
                (tmp_path / "g.grant").write_bytes(make_grant("well-1", 1, 9_000_000))
                words = ("revoke", "--data", directory, "well-1", "--by", "li", "--because", "stolen")
                done = await asyncio.to_thread(karez, *words)
                assert f"is revoked: entry {entry} of the log" in done.stdout
                words = ("grant", "--data", directory, tmp_path / "g.grant")
                refused = await asyncio.to_thread(karez, *words)
                assert refused.returncode == 2 and "is revoked, by li (stolen)" in refused.stderr
                box.irrigate(3)
                await end.send(before + 1)
                found = await until_status(
                    directory, lambda one: one["controllers"][0]["chains"][0]["verified_seq"] == box.seq
                )
            code, log = await running.end()
            assert code == 0
    (shown,) = found["controllers"]
    assert shown["revoked"]["by"] == "li" and shown["revoked"]["log_index"] == entry
    assert shown["chains"][0]["quarantined"] == {REVOKED: box.seq - before}
    assert shown["litres_booked"] == 4 * 4000
    assert [json.loads(line)["controller"] for line in log if "a controller is revoked" in line] == [box.name]
    assert "REVOKED by li: stolen" in karez("status", "--data", directory).stdout
