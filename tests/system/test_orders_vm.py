"""Orders, a key list and commands, from the gateway's command line to the firmware in the real VM."""

import asyncio
import shutil

import pytest

from karez_protocols import causes, key_list, order, record
from karez_simulators.acts import Play
from karez_simulators.desk import SITE, Desk, Plan
from karez_simulators.offices import Office

SETTINGS = {"restart_delay_s": 0, "interval_idle_s": 60, "interval_pumping_s": 60}
COUNTY = 1
SOON_S = 60  # a loaded machine; each step takes a few seconds


def office_order(desk, office, key, seq, kind, *, target=SITE, scope=order.SITE, **values):
    said = {
        "kind": kind, "scope": scope, "basis": order.PLAIN, "office": office, "from_min": None,
        "to_min": None, "lift_office": None, "seq": seq, "lift_seq": None, "target": target,
        "issued_utc_s": desk.clock.utc(), "until_utc_s": None, "document": f"no {seq}",
    }  # fmt: skip
    return key.sign(order.LABEL, order.encode(said | values))


def county_keys(desk, county, seq):
    rows = [{"office": COUNTY, "may": key_list.ORDERS, "key": county.public}]
    body = key_list.encode({"seq": seq, "issued_utc_s": desk.clock.utc()}, rows)
    return desk.regulator.sign(key_list.LABEL, body)


async def carry(desk, verb, data, *words):
    path = desk.folder / f"{verb}-{len(list(desk.folder.glob(verb + '-*')))}.bin"
    path.write_bytes(data)
    await desk.gateway.verb(verb, str(path), *words)


async def status(desk, holds):
    async with asyncio.timeout(SOON_S):
        while not holds(found := await desk.gateway.status()):
            pass
    return found


def stopped(desk, cause, count=1):
    return lambda: [one["cause"] for one in desk.records(record.STOP)].count(cause) == count


@pytest.mark.timeout(300)
async def test_an_office_stops_and_releases_a_pump_and_an_operator_stops_and_starts_it(tmp_path):
    async with Desk(tmp_path, Plan(settings=SETTINGS)) as desk:
        toml = desk.gateway.data / "gateway.toml"
        assert "[commands]\nremote_stop = true\nremote_start = true" in toml.read_text()
        await desk.provision()
        county, play = Office(), Play(desk)
        await play.grant(50_000)
        await play.start()

        await carry(desk, "keys", county_keys(desk, county, 1))
        await carry(desk, "order", office_order(desk, COUNTY, county, 1, order.STOP))
        await desk.until(stopped(desk, causes.ORDER_STOP), SOON_S, "the order stops the pump")
        area = office_order(desk, COUNTY, county, 2, order.STOP, target="410105-N", scope=order.AREA)
        await carry(desk, "order", area, "--all")
        found = await status(
            desk,
            lambda one: [each["state"] for each in one["downlinks"][1:]] == ["accepted"] * 2 + ["refused"],
        )
        assert found["downlinks"][3]["cause"] == "order refused: another site"
        assert found["controllers"][0]["holds"]["orders"] == [{"office": COUNTY, "seq": 1}]

        lift = office_order(desk, COUNTY, county, 3, order.LIFT, lift_office=COUNTY, lift_seq=1)
        await carry(desk, "order", lift)
        await desk.until(lambda: len(desk.records(record.ORDER)) == 2, SOON_S, "the lift is taken")
        await desk.gateway.verb("command", SITE, "start")
        is_remote = lambda: desk.newest(record.START)["cause"] == causes.REMOTE  # noqa: E731 - one line, one use
        await desk.until(is_remote, SOON_S, "the operator's start is heard")
        await status(desk, lambda one: one["commands"][0]["state"] == "done")
        await desk.gateway.verb("command", SITE, "stop")
        await desk.until(stopped(desk, causes.REMOTE), SOON_S, "the operator's stop is heard")
        found = await status(desk, lambda one: one["commands"][1]["state"] == "done")
        assert [one["cause"] for one in found["commands"]] == ["remote", "remote"]


@pytest.mark.timeout(300)
async def test_a_box_restored_from_an_old_memory_gets_its_list_and_orders_again(tmp_path):
    async with Desk(tmp_path, Plan(settings=SETTINGS)) as desk:
        await desk.provision()
        county, play = Office(), Play(desk)
        await play.grant(50_000)
        vm = desk.controller()
        await vm.stop()
        shutil.copytree(tmp_path / "controller", tmp_path / "old")
        await vm.start()
        await carry(desk, "keys", county_keys(desk, county, 1))
        await carry(desk, "order", office_order(desk, COUNTY, county, 1, order.STOP))
        await status(desk, lambda one: [each["state"] for each in one["downlinks"]] == ["accepted"] * 3)

        await vm.stop()
        shutil.rmtree(tmp_path / "controller")
        shutil.copytree(tmp_path / "old", tmp_path / "controller")
        known = len(desk.records(record.ORDER))
        desk.clock.speed = 5  # the state after next comes in seconds
        await vm.start()
        await desk.until(
            lambda: len(desk.records(record.ORDER)) > known, SOON_S + 75, "the order comes to the box again"
        )
        found = await desk.gateway.status()
        assert [one["times_again"] for one in found["downlinks"]] == [0, 1, 1]
