"""`karez tech provision` against the real VM on a pty: a bare box, its first day, and the gateway."""

import asyncio
import contextlib
import json

import pytest

from karez_firmware.console.bare import TABLE
from karez_gateway.technician import keys
from karez_protocols import causes, record
from karez_simulators.acts import Play
from karez_simulators.desk import ACCOUNT, CARD, SITE, TLS_NAME, Desk, Plan
from karez_simulators.offices import MeterReading, Technician
from system.console_line import ConsoleLine

from .test_technician_vm import PASSPHRASE, Cable, run

HALF_PIECES = 2  # of the configuration: then the cable is out
WAIT_S = 60


@contextlib.asynccontextmanager
async def bench(tmp_path):
    """(desk, line): a box that was never commissioned, and that starts anew whenever it ends by itself."""
    line = ConsoleLine()
    try:
        async with Desk(tmp_path, Plan()) as desk:
            vm = desk.controller()
            vm.how = line.start(vm.how)
            await vm.start()
            resets = asyncio.create_task(_reset(desk, vm))
            try:
                await desk.until(lambda: desk.identity is not None, WAIT_S, "the box shows its keys")
                yield desk, line
            finally:
                resets.cancel()
                await asyncio.gather(resets, return_exceptions=True)
    finally:
        line.port.close()


async def _reset(desk, vm):
    """As a board does: the end of the program is a reset."""
    while True:
        await asyncio.sleep(0.05)
        if desk.is_commissioned and not vm.is_running:
            await vm.stop()
            await vm.start()
            return


def write(path, data):
    path.write_bytes(data)
    return path


def site_toml(desk):
    """The site's file, with what the dials show."""
    desk.site.begin_counting()
    desk.site.settle()
    water, energy = MeterReading.of(desk.site, "water"), MeterReading.of(desk.site, "power")
    parameters = desk.site.well.parameters
    meters = [
        {"quantity": "water", "register_l": water.register},
        {"quantity": "energy", "register_wh": energy.register},
    ]
    for meter, found in zip(meters, (water, energy)):
        meter |= {"profile": found.profile, "address": found.address, "serial": found.serial}
    return {
        "site": {
            "name": SITE, "class": "irrigation", "fail": "stopped", "riser_l": 0,
            "rated_flow_lph": parameters.greatest_flow_lph, "rated_power_w": parameters.rated_power_w,
            "upper_ml_per_wh": parameters.litres_per_kwh * 115 // 100,
        },
        "settings": {"restart_delay_s": 0, "interval_idle_s": 60},
        "accounts": {CARD.hex(): ACCOUNT},
        "link": {"host": desk.broker.host, "port": desk.broker.port, "tls_name": TLS_NAME},
        "meters": meters,
    }  # fmt: skip


def office(desk, folder):
    """The command line of the desk's offices, their keys in encrypted files."""
    bench_key, authority = folder / "bench.pem", folder / "ca.pem"
    keys.keep(bench_key, desk.bench._key, PASSPHRASE)
    keys.keep(authority, desk.authority._key, PASSPHRASE)
    write(authority.with_suffix(".crt"), desk.authority.certificate_pem)
    listed = desk.regulator.technicians(1, desk.clock.utc() - 60, Technician(12, b"t" * 32))
    return [
        "provision", "--site", write(folder / "site.json", json.dumps(site_toml(desk)).encode()),
        "--authority-key", authority, "--provisioner-key", bench_key,
        "--regulator-key", desk.regulator.public.hex(),
        "--technicians", write(folder / "county.technicians", listed), "--out", folder / "provisioned",
    ]  # fmt: skip


class PulledCable(Cable):
    """A cable that somebody pulls when so many pieces of the configuration have gone over it."""

    def __init__(self, port):
        super().__init__(port)
        self.box_sends, self._pieces = self._box.write, 0
        self._box.write = self._send

    def _send(self, data):
        self._pieces += data.count(b"object config piece")
        return self.box_sends(data) if self._pieces < HALF_PIECES else len(data)

    def __exit__(self, *exc):
        super().__exit__(*exc)
        self._box.write = self.box_sends


@pytest.mark.timeout(400)
async def test_a_bare_box_is_provisioned_over_the_cable_runs_and_is_known_to_the_gateway(tmp_path):
    async with bench(tmp_path) as (desk, line):
        name, words = desk.identity.name, office(desk, tmp_path)
        with PulledCable(line.port) as cable:
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
