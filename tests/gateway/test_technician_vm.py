"""The tool against the real firmware in the real VM, over ptys: read, bring a list, log in, apply."""

import asyncio
import contextlib
import json

import pytest

from karez_gateway.technician import connection, keys
from karez_gateway.technician.errors import Refused
from karez_protocols import bundle, causes
from karez_simulators.desk import SITE, Desk, Plan
from karez_simulators.offices import Technician
from system.console_line import BAUD, ConsoleLine
from system.tool_cable import PASSPHRASE, Cable, run

NUMBER = 12


@contextlib.asynccontextmanager
async def well(tmp_path):
    """(desk, cable): a well that is provisioned, and a tool's cable at its console."""
    line = ConsoleLine()
    try:
        async with Desk(tmp_path, Plan(settings={"poll_idle_ms": 1000})) as desk:
            vm = desk.controller()
            vm.how = line.start(vm.how)
            await desk.provision()
            with Cable(line.port) as cable:
                yield desk, cable
    finally:
        line.port.close()


@pytest.mark.timeout(300)
async def test_a_reader_sees_everything_of_a_real_controller(tmp_path):
    async with well(tmp_path) as (desk, cable):
        found = await run(cable, "find")
        assert found == [{"port": cable.path, "controller": desk.identity.name, "site": SITE}]
        assert (await run(cable, "status"))["pump"] == "off"
        quantities = {part["quantity"] for part in (await run(cable, "live"))["parts"]}
        assert quantities == {"water", "energy"}
        raw = await run(cable, "raw", "water")
        assert any("answer" in part for part in raw["parts"])
        assert (await run(cable, "raw", "level", code=1))["error"] == "usage"
        await run(cable, "readout", tmp_path / "out.json")
        found = json.loads((tmp_path / "out.json").read_text())
        assert found["identify"]["site"] == SITE and found["health"]["failures"] == 0
        assert not {name for name, part in found.items() if isinstance(part, dict) and "error" in part}
        bundle.require_digest(bundle.decode((tmp_path / "out.kzb").read_bytes()))


def _role(cable, key):
    """Log in as a technician; return the role that the box then tells."""
    who = connection.Who(NUMBER, keys.load(key, PASSPHRASE))
    with connection.connected(cable.path, BAUD, who) as (controller, _):
        return controller.ask("json").answer["role"]


@pytest.mark.timeout(300)
async def test_a_technician_comes_in_by_the_list_that_he_brings(tmp_path):
    async with well(tmp_path) as (desk, cable):
        key, listed = tmp_path / "li.pem", tmp_path / "county.technicians"
        row = Technician(NUMBER, keys.make(key, PASSPHRASE))
        with pytest.raises(Refused) as caught:
            await asyncio.to_thread(_role, cable, key)
        assert caught.value.word == "signature"
        listed.write_bytes(desk.regulator.technicians(1, desk.clock.utc() - 60, row))
        assert (await run(cable, "technicians", "bring", listed))["changed"] is True
        assert (await run(cable, "technicians", "show"))["parts"][0]["number"] == NUMBER
        assert await asyncio.to_thread(_role, cable, key) == "technician"
        causes_of = [part["cause"] for part in (await run(cable, "events", "20"))["parts"]]
        assert causes.TECHNICIAN_IN in causes_of and causes.TECHNICIANS_TAKEN in causes_of


@pytest.mark.timeout(300)
async def test_a_technician_applies_a_configuration_to_a_real_controller(tmp_path):
    async with well(tmp_path) as (desk, cable):
        key, file, listed = tmp_path / "li.pem", tmp_path / "well.json", tmp_path / "county.technicians"
        row = Technician(NUMBER, keys.make(key, PASSPHRASE))
        listed.write_bytes(desk.regulator.technicians(1, desk.clock.utc() - 60, row))
        await run(cable, "technicians", "bring", listed)
        await run(cable, "config", "save", file)
        before = json.loads(file.read_text())
        after = {**before, "settings": {**before["settings"], "quiet_days": 30}}
        # As many cards as accounts: the check of a large document needs the most room.
        after["accounts"] = {f"{number:016x}": 1 + number % 30 for number in range(32)}
        after["ceilings_l"] = {str(number): 120_000 for number in range(1, 31)}
        file.write_text(json.dumps(after, separators=(",", ":")))
        assert file.stat().st_size > 1_200
        await run(cable, "config", "check", file, "--key", key, "--number", NUMBER)
        health = await run(cable, "health")
        assert health["failures"] == 0 and health["free"] > 8_000, health
        print("free", health["free"], "late ms", health["late_ms"])
        found = await run(cable, "config", "apply", file, "--key", key, "--number", NUMBER)
        assert found["changed"] is True
        assert (await run(cable, "config", "show"))["document"] == after
        assert (await run(cable, "config", "diff", file))["same"] is True
        assert found["sha256"].startswith((await run(cable, "identify"))["config_digest"])
