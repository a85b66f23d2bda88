"""`karez tech provision` against the real VM on a pty: a bare box, its first day, and the gateway."""

import json

import pytest

from karez_firmware.console.bare import TABLE
from karez_protocols import causes, record
from karez_simulators.acts import Play
from karez_simulators.desk import SITE
from system.bare_bench import WAIT_S, bench, office
from system.tool_cable import Cable, PulledCable, run


@pytest.mark.timeout(400)
async def test_a_bare_box_is_provisioned_over_the_cable_runs_and_is_known_to_the_gateway(tmp_path):
    async with bench(tmp_path) as (desk, line):
        name, words = desk.identity.name, ["provision", *office(desk, tmp_path)]
        with PulledCable(line.port, b"object config piece") as cable:
            assert await run(cable, "find") == [{"port": cable.path, "controller": name, "site": None}]
            assert (await run(cable, "live", code=1))["error"] == "bare"
            dry = await run(cable, *words, "--dry-run")
            assert dry["controller"] == name and dry["there"] == []
            found = await run(cable, *words, code=3)
            assert found["error"] in ("silent", "unknown-outcome"), found
        with Cable(line.port) as cable:
            begun = await run(cable, *words, "--dry-run")
            assert set(begun["there"]) == {"authority", "certificate", "technicians"}
            found = await run(cable, *words)
            assert found["controller"] == name and found["objects"]["config"]["sent"] is True
            assert not found["objects"]["authority"]["sent"]
            folder = tmp_path / "provisioned" / name
            assert (folder / "labels.html").exists() and json.loads(
                (folder / "provisioning.json").read_text()
            )["proved"] is True
            other = [tmp_path / "elsewhere" if one == tmp_path / "provisioned" else one for one in words]
            refused = await run(cable, *other, code=2)
            assert refused["error"] == "provisioned-already" and SITE in refused["text"]
            await desk.gateway.verb("import", str(folder / "registry.csv"))
            await desk.gateway.start()
            await desk.until(lambda: desk.is_ready, WAIT_S, "the meters answer and the books are known")
            kinds = [slot[1] for slot in desk.slots[:4]]
            assert kinds == [record.BINDING, record.CONFIG, record.EVENT, record.BOOT]
            assert desk.events(causes.TECHNICIANS_TAKEN)
            play = Play(desk)
            await play.grant(20_000)
            await play.start()
            assert (await run(cable, "identify"))["site"] == SITE
            health = await run(cable, "health")
            print("free", health["free"], "failures", health["failures"])
            assert health["failures"] == 0
            await play.stop()
            status = await desk.gateway.status()
            assert name in json.dumps(status)


@pytest.mark.timeout(200)
async def test_a_person_at_a_terminal_of_a_bare_box_reads_what_it_needs(tmp_path):
    async with bench(tmp_path) as (desk, line):
        line.port.write(b"\r")
        await line.shown(b"karez> ")
        line.port.write(b"identify\r")
        shown = await line.shown(b"ok\r\nkarez> ")
        assert desk.identity.name in shown and "binding, certificate, authority, config" in shown
        line.port.write(b"help\r")
        shown = await line.shown(b"ok\r\nkarez> ")
        assert TABLE.decode().strip().rpartition("|")[2] in shown
