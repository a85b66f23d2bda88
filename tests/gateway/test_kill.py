"""A running service is killed with SIGKILL again and again: nothing acknowledged is lost, none counted twice.

Two controllers send as the firmware does: what is not acknowledged is sent again from there. A
platform takes reports, grants go down, sometimes the broker dies too. What each of them was told is
held against the data directory after every kill. KAREZ_KILLS and KAREZ_KILL_SEED ask for more of it, or
for another run.
"""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter

import aiomqtt
import pytest

from karez_gateway.log.tlog import CHECKPOINT, NEXT
from karez_gateway.store import chains, controllers, engines, entries
from karez_gateway.store.database import FILE, Database
from karez_protocols import entry, link
from karez_simulators.broker import LinkBroker
from karez_simulators.platform_szy206 import PlatformSzy206

from .county import opened
from .service_process import Box, connected, directory_for, karez, service, until_status
from .synthetic import BASE_VOLUME_L, SyntheticController, make_grant, zeros

KILLS = int(os.environ.get("KAREZ_KILLS", "20"))
SEED = int(os.environ.get("KAREZ_KILL_SEED", "20261122"))
# A batch is stored, logged and acknowledged in some 20 ms, its verdicts and reports follow within 100.
LATEST_KILL_S = 0.25
WINDOW = 4  # frames that a controller sends without waiting


class Sender:
    """A controller that keeps its records until they are acknowledged."""

    def __init__(self, seed, site):
        self.controller = SyntheticController(seed, site)
        self.acknowledged = 0
        self.grants = set()
        self.heard = asyncio.Event()

    async def run(self, broker):
        """Send until all is acknowledged, over whatever broker is there; cancelled at a kill."""
        while self.acknowledged < self.controller.seq:
            try:
                async with Box(self.controller, broker) as end:
                    await self._talk(end)
            except aiomqtt.MqttError:
                await asyncio.sleep(0)  # the broker dies, too: on to the next attempt

    async def _talk(self, end):
        state = zeros(link.STATE_BODY) | {"volume_l": 0}
        await end.publish(link.encode_state(state), "state")
        hearing = asyncio.create_task(self._hear(end))
        try:
            while self.acknowledged < self.controller.seq and not hearing.done():
                for payload in self.controller.payloads(self.acknowledged + 1)[:WINDOW]:
                    await end.publish(payload)
                self.heard.clear()
                with contextlib.suppress(TimeoutError):  # nothing heard: the same again
                    async with asyncio.timeout(1):
                        await self.heard.wait()
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, end):
        async for message in end.client.messages:
            kind, value = link.decode_down(message.payload)
            if kind == link.ACK:
                self.acknowledged = max(self.acknowledged, value["seq"])
            elif kind == link.GRANT:
                self.grants.add(value)
            self.heard.set()


def check_kept(directory, senders):
    """The dead service's directory holds what its controllers were told."""
    store = Database.open(engines.in_file(directory / FILE))
    try:
        with store.reading() as connection:
            for one in senders:
                known = controllers.find(connection, one.controller.name)
                marks = chains.stored(connection, (known.id, 1))
                assert (marks.stored_seq if marks else 0) >= one.acknowledged
                found = entries.keys(connection, known.id, 1, 1, one.acknowledged)
                assert max((index for _, _, index in found), default=-1) < signed_size(directory)
    finally:
        store.close()


def signed_size(directory):
    """Entries under the log's newest signature."""
    notes = [directory / "log" / name for name in (CHECKPOINT, NEXT)]
    return max(int(note.read_text().split("\n")[1]) for note in notes if note.exists())


async def killed_in_the_midst(directory, broker, senders, chance):
    """Start a service and everybody who talks to it, kill it at a random moment; return which that was."""
    async with service(directory) as running:
        talks = [asyncio.create_task(one.run(broker)) for one in senders]
        try:
            stage = chance.choice(["starting", "ready", *["connected"] * 4])
            if stage != "starting":
                await running.event(stage)
            delay_s = chance.uniform(0, LATEST_KILL_S)
            asyncio.get_running_loop().call_later(delay_s, running.process.kill)
            if chance.random() < 0.25:
                await broker.stop()  # what was on its way is lost with it
                await broker.start()
            assert await running.process.wait() == -signal.SIGKILL
        finally:
            for talk in talks:
                talk.cancel()
            await asyncio.gather(*talks, return_exceptions=True)
    return f"{delay_s * 1000:.0f} ms after {stage}"


@pytest.mark.timeout(15 * KILLS)  # each a start of the service
async def test_a_service_that_is_killed_again_and_again_keeps_everything_it_acknowledged(tmp_path):
    print(f"seed {SEED}")
    chance = random.Random(SEED)
    senders = [Sender("a", "well-1"), Sender("b", "well-2")]
    boxes = [one.controller for one in senders]
    async with LinkBroker() as broker, PlatformSzy206() as platform:
        directory = directory_for(tmp_path, broker.port, *boxes, extra=platform_for(senders, platform))
        for number in range(KILLS):
            for one in senders:
                one.controller.irrigate(chance.randint(5, 40))
            if number % 5 == 1:
                bring_grant(directory, tmp_path, senders[0].controller.site, number)
            when = await killed_in_the_midst(directory, broker, senders, chance)
            print(f"kill {number}: {when}, acknowledged {[one.acknowledged for one in senders]}")
            check_kept(directory, senders)
        await to_the_end(directory, broker, senders)
    check_all(directory, senders)


def platform_for(senders, platform):
    """The part of gateway.toml that names a platform and a station there for each well."""
    stations = "\n".join(f'{one.controller.name} = "410105010{at}"' for at, one in enumerate(senders))
    return (
        f'\n[[destination]]\nname = "county"\nkind = "szy206"\nhost = "{platform.host}"\n'
        f"port = {platform.port}\n\n[destination.stations]\n{stations}\n"
    )


def bring_grant(directory, tmp_path, site, number):
    path = tmp_path / f"{number}.grant"
    path.write_bytes(make_grant(site, number, 900_000_000))
    assert karez("grant", "--data", directory, path).returncode == 0


async def to_the_end(directory, broker, senders):
    """Let a service run until nothing is left to do."""
    wanted_l = sum(one.controller.volume_l - BASE_VOLUME_L for one in senders)

    def is_done(found):
        signed = {one["name"]: one["chains"][0]["signed_seq"] for one in found["controllers"]}
        return (
            all(signed[one.controller.name] == one.controller.seq for one in senders)
            and found["destinations"][0]["waiting"] == 0
            and sum(one["litres_booked"] for one in found["controllers"]) == wanted_l
        )

    async with connected(directory) as running:
        await asyncio.gather(*[one.run(broker) for one in senders])
        await until_status(directory, is_done)
        code, _ = await running.end()
        assert code == 0


def check_all(directory, senders):
    """Each record once, each litre once, each report with one receipt."""
    with opened(directory) as county:
        with county.store.reading() as connection:
            bodies = entries.bodies(connection, 0, 1_000_000)
        log = county.sequencer.log
        assert [log.entry(at) for at in range(log.size)] == bodies
        litres = Counter()
        for (site, _, _), each in county.litres().items():
            litres[site] += each
    found = [entry.decode(body) for body in bodies]
    stored = Counter(
        (one["controller"], int.from_bytes(one["slot"][4:8], "little"))
        for one in found
        if one["entry"] == entry.RECORD
    )
    assert set(stored) == {(one.controller.name, seq) for one in senders for seq in one.controller.slots}
    assert set(stored.values()) == {1}
    receipts = Counter((one["controller"], one["seq"]) for one in found if one["entry"] == entry.UPLOAD)
    assert receipts and set(receipts.values()) == {1}
    for one in senders:
        assert litres[one.controller.site] == one.controller.volume_l - BASE_VOLUME_L
    assert senders[0].grants <= {one["object"] for one in found if one["entry"] == entry.OBJECT}
