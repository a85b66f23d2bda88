"""Swaps of meters and boxes on the bench: another kind of meter, one that sends pulses, spares for boxes."""

import asyncio
import json

from commission.visits import (
    NUMBER,
    PULSE_L,
    PULSE_METER,
    SHARED,
    answers,
    visit,
)
from karez_protocols import key_list, order
from karez_simulators.clock import NS_PER_S
from karez_simulators.controller_vm import ControllerVm
from karez_simulators.desk import SITE
from karez_simulators.offices import Office
from system.bare_bench import WAIT_S, reset, site_toml, write
from system.tool_cable import Cable, run

COUNTY = 1  # an office


async def swap_meter(desk, cable, person, folder, work="meter"):
    """Another water meter; return the tool's last line."""
    file = answers(
        desk, folder, *SHARED, add='\n[seals]\nseals = [{number = "A-0003", place = "water meter"}]\n'
    )
    return await visit(cable, person, "swap-meter", folder / f"{work}.visit", "--answers", file)


async def swap_for_pulses(desk, cable, person, folder):
    """A water meter that sends pulses; return the tool's last line."""
    config = (await run(cable, "config", "show"))["document"]
    config["meters"][0] = {"quantity": "water", "pulse_milli": PULSE_L * 1000, "input": 0}
    path = write(folder / "pulses.json", json.dumps(config).encode())
    person.next_meter = PULSE_METER
    person.put_on()
    who = ("--key", person.folder / "li.pem", "--number", NUMBER)
    await run(cable, "config", "apply", path, *who)
    counting = asyncio.create_task(send_pulses(desk))
    try:
        return await swap_meter(desk, cable, person, folder, "pulses")
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)


async def send_pulses(desk):
    """What a reed contact does: a pulse whenever the dial passes its next ten litres."""
    sent = desk.site.dial("water") // PULSE_L
    while True:
        await desk.clock.sleep_ms(100)
        desk.site.settle()
        now = desk.site.dial("water") // PULSE_L
        if now != sent:
            desk.controller().send(f"pulse 0 {now - sent}")
            sent = now


async def order_hours(desk, cable, person):
    """An office's list and its limit of hours come into force; return them as files: options of swap-box."""
    county, utc_s = Office(), desk.clock.utc()
    rows = [{"office": COUNTY, "may": key_list.ORDERS, "key": county.public}]
    keys_body = key_list.encode({"seq": 1, "issued_utc_s": utc_s}, rows)
    # All but the minute that has just passed, in any zone of whole hours: an hour is enough for a visit.
    closed_min = (utc_s // 60 - 1) % 1440
    said = {
        "kind": order.HOURS, "scope": order.SITE, "basis": order.PLAIN, "office": COUNTY,
        "from_min": (closed_min + 1) % 1440, "to_min": closed_min, "lift_office": None, "seq": 1,
        "lift_seq": None, "target": SITE, "issued_utc_s": utc_s, "until_utc_s": None, "document": "hours 1",
    }  # fmt: skip
    lists = write(person.folder / "county.keys", desk.regulator.sign(key_list.LABEL, keys_body))
    hours = write(person.folder / "hours.order", county.sign(order.LABEL, order.encode(said)))
    for verb, path in (("keys", lists), ("order", hours)):
        await desk.gateway.verb(verb, str(path))
    until_s = desk.clock.ran_ns() + WAIT_S * NS_PER_S
    while not (await run(cable, "orders"))["parts"]:
        assert desk.clock.ran_ns() < until_s, "the order comes into force"
    return ["--keys", lists, "--order", hours]


async def swap_box(desk, line, person, words, folder, papers=()):
    """Read out the old box, put a spare in its place; return the tool's last line."""
    with Cable(line.port) as cable:
        await run(cable, "readout", folder / "old.json")
    return await put_spare(desk, line, person, (*words, *papers, "--old", folder / "old.json"), folder, "box")


async def swap_dead_box(desk, line, person, words, folder, refusal):
    """Put a spare in the place of a box that nobody reads any more, by what the gateway has of it.

    `refusal`: of the tool while it knows the gateway's file alone: "old-config" where the box ran another
    configuration than the office's file makes, else "old-grant-needed". Return the tool's last line, all
    before it, and what `karez gateway spare` said.
    """
    with Cable(line.port) as cable:
        await run(cable, "config", "save", folder / "saved.json")
        file = await spare_file(desk, folder)
        words = (*words, "--from", folder / "well.spare")
        found, _ = await visit(cable, person, "swap-box", folder / "dead.visit", *words, code=2)
        assert found["error"] == refusal, found
    words = (*words, "--grant", folder / "grant.bin")  # it came over the cable: the gateway does not hold it
    if refusal == "old-config":
        words = (*words, "--config", folder / "saved.json")
    return *(await put_spare(desk, line, person, words, folder, "dead", has_site=True)), file


async def spare_file(desk, folder):
    """What the gateway has of the well, once it has all of it."""
    until_s = desk.clock.ran_ns() + WAIT_S * NS_PER_S
    words = (SITE, "--out", str(folder / "well.spare"), "--json", "--force")
    while True:
        found = json.loads((await desk.gateway.verb("spare", *words)).out)
        if found["volume_l"] == desk.volume_l and found["config_digest"] is not None:
            return found
        assert desk.clock.ran_ns() < until_s, found
        await asyncio.sleep(0.5)


async def put_spare(desk, line, person, words, folder, work, *, has_site=False):
    """Take the box off, put a bare one on, and lead it through the guide; `has_site`: it is known already."""
    spare = await a_spare(desk, line, folder, work)
    site_of_now(desk, folder)
    add = '\n[old-box]\nbecause = "lightning"\n[seals]\nseals = []\n'
    only = [one for one in SHARED if one != "site" or not has_site]
    file = answers(desk, folder, *only, "scan-energy", "meter-water", "meter-energy", "contactor", add=add)
    resets = asyncio.create_task(reset(desk, spare))
    try:
        with Cable(line.port) as cable:
            return await visit(cable, person, "swap-box", folder / f"{work}.visit", "--answers", file, *words)
    finally:
        resets.cancel()
        await asyncio.gather(resets, return_exceptions=True)


def site_of_now(desk, folder):
    """The office keeps the site's file: with the meters that hang there now."""
    found = site_toml(desk)
    if found["meters"][0]["address"] == int(PULSE_METER.partition("@")[2]):
        found["meters"][0] = {
            "quantity": "water", "pulse_milli": PULSE_L * 1000, "input": 0,
            "serial": desk.site.serial("water"), "register_l": 0,
        }  # fmt: skip
    write(folder / "site.json", json.dumps(found).encode())


async def a_spare(desk, line, folder, work):
    """Take the old box off, and put a bare one at the same wires."""
    old = desk.controller()
    await old.stop()
    desk.identity, desk.is_commissioned = None, False
    desk.forget_panel()
    spare = ControllerVm(folder / f"spare-{work}", old._image, desk.site, desk.clock, desk.hear)
    spare.how = line.start(old.how)
    desk.vm = spare
    desk._stack.push_async_callback(spare.stop)
    await spare.start()
    await desk.until(lambda: desk.identity is not None, WAIT_S, "the spare shows its keys")
    return spare
