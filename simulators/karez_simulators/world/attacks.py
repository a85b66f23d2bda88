"""The attackers of integrity.md section 4, each with a strength: what they do, and what they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import link_gateway
from karez_simulators.world.people import HOUR_MS, MINUTE_MS
from karez_simulators.world.site import ENERGY, WATER

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

PERMILLE = 1_000


def magnet(world: World, farm: Farm, chance: Chance) -> None:
    """A farmer: the dial stands still, and the meter reports nothing."""
    minutes = chance.choice((5, 30, 120))
    _meter_fault(world, farm, WATER, "magnet", minutes * MINUTE_MS)
    world.story.tell(farm.name, "magnet_on", minutes=minutes)


def transformers_off(world: World, farm: Farm, chance: Chance) -> None:
    """An electrician: the power meter sees no current."""
    minutes = chance.choice((5, 60))
    _meter_fault(world, farm, ENERGY, "ct_open", minutes * MINUTE_MS, "ct_off")
    world.story.tell(farm.name, "ct_off", minutes=minutes)


def _meter_fault(world: World, farm: Farm, meter: str, fault: str, for_ms: int, trouble: str = "") -> None:
    farm.begin(trouble or fault)
    farm.was_cheated = True
    farm.site.refresh(meter)
    farm.site.fault(meter, fault)

    def off() -> None:
        farm.site.refresh(meter)
        farm.end(trouble or fault, world.agenda.now_ms)
        if not farm.stands(trouble or fault):
            farm.site.fault(meter, fault, on=False)
            world.story.tell(farm.name, "magnet_off" if meter == WATER else "ct_on")

    world.agenda.after(for_ms, off)


def bypass(world: World, farm: Farm, chance: Chance) -> None:
    """A pipe around the meter, for a part of the water or all of it."""
    percent = chance.choice((5, 20, 50, 100))
    place = farm.site.place[WATER]
    if farm.stands("bypass"):
        return
    farm.begin("bypass")
    farm.was_cheated = True
    farm.site.settle()
    sound_ppm = place.gain_ppm
    place.gain_ppm = sound_ppm * (100 - percent) // 100
    farm.site.changed()
    world.story.tell(farm.name, "bypass_on", percent=percent)

    def shut() -> None:
        farm.site.settle()
        place.gain_ppm = sound_ppm
        farm.site.changed()
        farm.end("bypass", world.agenda.now_ms)
        world.story.tell(farm.name, "bypass_off")

    world.agenda.after(chance.randrange(1, 40) * HOUR_MS, shut)


def bridge(world: World, farm: Farm, chance: Chance) -> None:
    """The motor is fed past the contactor: the meters count, the coil is off."""
    minutes = chance.choice((1, 10, 30))
    if not farm.site.has_mains or farm.stands("bridge"):
        return
    farm.begin("bridge")
    farm.site.settle()
    farm.site.bridge(True)
    world.story.tell(farm.name, "bridged", minutes=minutes)

    def off() -> None:
        farm.site.settle()
        farm.site.bridge(False)
        farm.end("bridge", world.agenda.now_ms)
        world.story.tell(farm.name, "bridge_gone")

    world.agenda.after(minutes * MINUTE_MS, off)


def replay_grant(world: World, farm: Farm, chance: Chance) -> None:
    """Somebody on the network sends an old grant, or a neighbour's, once more."""
    signed = [one for each in world.farms for one in each.history.signed.values()]
    if not signed:
        return
    right = chance.choice(signed)
    world.story.tell(farm.name, "replayed", seq=right.seq)
    farm.radio.down(link_gateway.encode_grant(right.data))


def forge_grant(world: World, farm: Farm, chance: Chance) -> None:
    """Somebody makes a grant of his own, with a high number and all the water there is."""
    data = world.offices.grant(
        farm.name, farm.seq + chance.randrange(1, 99), 10**9, world.agenda.utc_s, forged=True
    )
    world.story.tell(farm.name, "forged")
    farm.radio.down(link_gateway.encode_grant(data))


def steal_key(world: World, farm: Farm, _: Chance) -> None:
    """Somebody steals the key of the county's bureau, and orders with it once it has a successor."""
    world.bureau.steal_key(farm)


def turn_the_clock(world: World, farm: Farm, chance: Chance) -> None:
    """A technician turns the RTC back or forth by hours."""
    hours = chance.choice((-48, -5, -1, 3))
    if farm.box.app is None:
        return
    farm.begin("clock")
    farm.box.port.clock_error_s += hours * 3600
    world.story.tell(farm.name, "clock_turned", hours=hours)

    def right() -> None:
        if farm.box.app is not None:
            farm.box.port.clock_error_s = 0
        farm.end("clock", world.agenda.now_ms)

    world.agenda.after(chance.randrange(1, 6) * HOUR_MS, right)


def power_cycling(world: World, farm: Farm, chance: Chance) -> None:
    """A farmer hopes that litres are lost each time the box goes off."""
    times, seconds = chance.randrange(3, 9), chance.choice((1, 3, 20))
    world.story.tell(farm.name, "pull_out", times=times, seconds=seconds)
    farm.begin("power_cycling")
    for number in range(times):
        world.agenda.after(number * (seconds + 30) * 1000, lambda: world.power_off(farm))
        world.agenda.after((number * (seconds + 30) + seconds) * 1000, lambda: world.power_on(farm))
    end_ms = times * (seconds + 30) * 1000
    world.agenda.after(end_ms, lambda: farm.end("power_cycling", world.agenda.now_ms))


def open_the_door(world: World, farm: Farm, _: Chance) -> None:
    """Somebody looks in."""
    world.story.tell(farm.name, "door")
    farm.box.hear("door 1")
    world.agenda.after(10 * MINUTE_MS, lambda: farm.box.hear("door 0"))


def rot(world: World, farm: Farm, chance: Chance) -> None:
    """While the network is gone age turns one bit over in a record that the gateway does not have yet."""
    farm.begin("radio")
    farm.radio.set_up(False)

    def turn() -> None:
        farm.end("radio", world.agenda.now_ms)
        app = farm.box.app
        head = app.journal.head if app is not None else {"seq": 0, "acknowledged_seq": 0}
        if head["acknowledged_seq"] + 2 < head["seq"]:
            seq = chance.randrange(head["acknowledged_seq"] + 1, head["seq"] - 1)
            if farm.box.rot(seq, chance.randrange(24, 100), chance.randrange(8)):
                farm.ring_lost = True
                world.story.tell(farm.name, "rot", seq=seq)
        if not farm.stands("radio"):
            world.radio_back(farm)

    world.agenda.after(HOUR_MS, turn)


def restore_flash(world: World, farm: Farm, chance: Chance) -> None:
    """An insider copies the memories, and writes the copy back a day later: what was, shall not have been."""
    if farm.box.app is None or farm.history.rolled_back:
        return
    box, kept = farm.box, (farm.box.nor.copy(), farm.box.fram.copy())
    kept_seq = farm.box.app.journal.head["seq"]

    def back() -> None:
        # A dead box's memories in its spare are another attack: its key would be there a second time.
        if farm.box is not box or box.app is None or world.is_ending:
            return
        farm.begin("restored")
        world.power_off(farm)
        farm.box.nor, farm.box.fram = kept
        farm.history.rolled_back, farm.history.kept_seq = True, kept_seq
        world.story.tell(farm.name, "restored")
        world.agenda.after(5_000, go_on)

    def go_on() -> None:
        world.power_on(farm)
        farm.end("restored", world.agenda.now_ms)

    at_most_h = max(2, min(20, int(world.days * 24) // 2))
    world.agenda.after(chance.randrange(1, at_most_h + 1) * HOUR_MS, back)
