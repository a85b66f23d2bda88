"""A box dies for good, and a technician hangs a spare in its place, as `karez tech swap-box` has it.

W, its register and the accounts come from what the gateway's verified records say (docs/wire/spare.md), the
grant, the orders and the list of keys from the gateway by itself. Hours later the old box gets power in a
workshop and empties its ring; the site's books must not count a litre twice, nor lose one.
"""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from karez_firmware.console import bringing, verbs
from karez_firmware.console.refusal import Refused
from karez_protocols import link, link_gateway
from karez_protocols.slices import finish
from karez_simulators.world.history import History
from karez_simulators.world.households import Households
from karez_simulators.world.people import HOUR_MS, MINUTE_MS

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

VISITS_MAX = 4  # then it was the fuse only: no record says what the spare would need
TECHNICIAN = 12
FRAME_SLOTS = 16
WORKSHOP_TIMES = 3  # the gateway may be down, or put back
PAPERS_MAX = 10  # grant, lists and orders that a spare inherits
SWAP_SLOTS = 8  # a meter's change is on record after so many


def box_dies(world: World, farm: Farm, chance: Chance) -> None:
    """Lightning: the controller is dead, and its ring can be read in a workshop only."""
    if not farm.box.is_on or farm.stands() or farm.history.rolled_back or farm.ring_lost:
        return
    world.power_off(farm)
    farm.box.is_broken = True
    farm.begin("box")
    world.story.tell(farm.name, "box_dead")
    world.agenda.after(chance.randrange(20, 90) * MINUTE_MS, lambda: _visit(world, farm, VISITS_MAX))


def _visit(world: World, farm: Farm, left: int) -> None:
    now_utc_s = world.agenda.utc_s
    world.host.work()  # a service judges what it has stored at once
    said = world.host.ask(lambda: world.host.county.spare(now_utc_s, farm.name))
    if said is not None and "refused" not in said:
        _swap(world, farm, said)
    elif left:
        world.agenda.after(20 * MINUTE_MS, lambda: _visit(world, farm, left - 1))
    else:
        farm.box.is_broken = False
        _go_on(world, farm)


def _go_on(world: World, farm: Farm) -> None:
    farm.end("box", world.agenda.now_ms)
    world.power_on(farm)


def _swap(world: World, farm: Farm, said: dict[str, Any]) -> None:
    old, before = farm.box, farm.history
    farm.past.append((old.name, before))
    farm.bindings += 1
    farm.untold_l += max(0, before.volume_l - said["volume_l"])
    box = world.new_box(farm.site, farm.radio, farm.bindings)
    farm.renew(box, _history(farm, said), Households(farm.households.spelled()))
    farm.households.used_l = {one["account"]: one["used_l"] for one in said["accounts"]}
    world.install(farm, _books(farm, said))
    world.story.tell(farm.name, "box_swapped", volume_l=said["volume_l"])
    _go_on(world, farm)
    for one in said["accounts"]:
        _inherit(world, farm, one["account"], one["used_l"])
    for minutes in range(
        1, PAPERS_MAX + 1
    ):  # one paper after the other: a service does not wait for its round
        world.agenda.after(minutes * MINUTE_MS, world.host.work_soon)
    world.agenda.after(HOUR_MS, lambda: _workshop(world, farm, old.name, before, WORKSHOP_TIMES))


def _history(farm: Farm, said: dict[str, Any]) -> History:
    """Records of the spare begin at 1; W goes on from where the old box was, if its register does."""
    if said["last_seq"] <= farm.meter_changed_seq + SWAP_SLOTS:
        farm.is_exact = False  # that meter is not the one which the records speak of
    known_l = farm.history.volume_l if farm.is_exact else said["volume_l"]
    return History(signed=farm.history.signed, volume_l=known_l)


def _books(farm: Farm, said: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """(base, register at it) of each quantity; a register behind it is no reading of this meter."""
    found = {}
    for name, base in (("water", said["volume_l"]), ("energy", said["energy_wh"])):
        dial, register = farm.site.dial(name), said["registers"].get(name)
        if register is None or register > dial:
            register = dial
            farm.is_exact = farm.is_exact and name != "water"
        found[name] = base or 0, register
    return found


def _inherit(world: World, farm: Farm, account: int, used_l: int, tries: int = 30) -> None:
    """`inherit` of the console, as soon as the spare's books are known."""
    app = farm.box.app
    if app is not None:
        session = SimpleNamespace(app=app, number=TECHNICIAN)
        try:
            finish(bringing.rows(session, verbs.INHERIT, ["inherit", str(account), str(used_l)]))
        except Refused:
            pass  # the books are not known yet
        else:
            return
    if tries:
        world.agenda.after(10_000, lambda: _inherit(world, farm, account, used_l, tries - 1))


def _workshop(world: World, farm: Farm, name: str, history: History, times: int) -> None:
    """The old box, under power again, sends what it has; not before the spare has told where it begins.

    Else its litres are booked before those, and count twice until a person heals it (decision 44).
    """
    app = farm.box.app
    if times > 1 or app is None or not app.journal.head["acknowledged_seq"]:
        left = times - 1 if app is not None and app.journal.head["acknowledged_seq"] else times
        world.agenda.after(HOUR_MS, lambda: _workshop(world, farm, name, history, left))
    if app is None or not app.journal.head["acknowledged_seq"]:
        return
    world.host.work()  # what the spare has told is booked
    slots = [slot for (chain, _), slot in sorted(history.slots.items()) if chain == history.chain]
    for at in range(0, len(slots), FRAME_SLOTS):
        frame = link_gateway.encode_up(at + 1, history.chain, slots[at : at + FRAME_SLOTS])
        world.host.receive(link.topic(name, "up"), frame)


# -- what must hold ---------------------------------------------------------------------


def old_boxes_are_kept(world: World, farm: Farm) -> str:
    """I5, for boxes that are gone: what the workshop read out of them lies in the gateway, bit by bit."""
    for name, history in farm.past:
        kept = world.host.county.digests(name, history.chain)
        for (chain, seq), slot in history.slots.items():
            if chain == history.chain and hashlib.sha256(slot).hexdigest() not in kept.get(seq, []):
                return f"record {seq} of {name}, the box before, is not in the gateway"
    return ""


def rights_have_arrived(world: World, farm: Farm) -> str:
    """Design section 6: the newest grant is offered until it is taken, a spare takes the last."""
    if farm.history.rolled_back or farm.box.app is None:
        return ""
    wanted = max(
        (one.seq for at_ms, one in farm.given if world.agenda.now_ms - at_ms > 2 * HOUR_MS), default=0
    )
    held = farm.history.right.seq if farm.history.right else 0
    return "" if held >= wanted else f"grant {wanted} was brought, and grant {held} is in force"
