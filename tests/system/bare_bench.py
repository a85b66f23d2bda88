"""A bare box on a desk: it starts anew by itself, and the offices' files to provision it with."""

import asyncio
import contextlib
import json

from karez_gateway.technician import keys
from karez_simulators import cards
from karez_simulators.desk import CARD, SITE, TLS_NAME, Desk, Plan
from karez_simulators.offices import MeterReading, Technician
from system.console_line import ConsoleLine
from system.tool_cable import PASSPHRASE

WAIT_S = 60


@contextlib.asynccontextmanager
async def bench(tmp_path, plan=None):
    """(desk, line): a box that was never commissioned, and that starts anew whenever it ends by itself."""
    line = ConsoleLine()
    try:
        async with Desk(tmp_path, plan or Plan()) as desk:
            vm = desk.controller()
            vm.how = line.start(vm.how)
            await vm.start()
            resets = asyncio.create_task(reset(desk, vm))
            try:
                await desk.until(lambda: desk.identity is not None, WAIT_S, "the box shows its keys")
                yield desk, line
            finally:
                resets.cancel()
                await asyncio.gather(resets, return_exceptions=True)
    finally:
        line.port.close()


async def reset(desk, vm):
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
        "accounts": {CARD.hex(): cards.ACCOUNTS[cards.FARMER]},
        "link": {"host": desk.broker.host, "port": desk.broker.port, "tls_name": TLS_NAME},
        "meters": meters,
    }  # fmt: skip


def office(desk, folder, technician=b"t" * 32):
    """Options of `provision`: what the desk's offices give, their keys in encrypted files."""
    bench_key, authority = folder / "bench.pem", folder / "ca.pem"
    keys.keep(bench_key, desk.bench._key, PASSPHRASE)
    keys.keep(authority, desk.authority._key, PASSPHRASE)
    write(authority.with_suffix(".crt"), desk.authority.certificate_pem)
    desk.site.begin_counting()
    listed = desk.regulator.technicians(1, desk.clock.utc() - 60, Technician(12, technician))
    return [
        "--site", write(folder / "site.json", json.dumps(site_toml(desk)).encode()),
        "--authority-key", authority, "--provisioner-key", bench_key,
        "--regulator-key", desk.regulator.public.hex(),
        "--technicians", write(folder / "county.technicians", listed), "--out", folder / "provisioned",
    ]  # fmt: skip
