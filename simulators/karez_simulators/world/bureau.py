"""Who orders: the root, and the county's water bureau by a key that a list of the root names.

The bureau is an office, not a key (decision 22): when its key is stolen the root signs a new list, and the
successor key lifts what the key before it ordered.
"""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING

from karez_protocols import key_list, link_gateway, order
from karez_simulators.offices import Office
from karez_simulators.world.people import HOUR_MS

if TYPE_CHECKING:
    from karez_simulators.world.chance import Chance
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

BUREAU = 1  # its number in the list
LIST_MS = 30_000  # the first list is there before the first order
THIEF_WAITS = 24  # hours: who has a stolen key waits for the successor's list at most so long


class Bureau:
    """Stops, seals and lifts of both offices, and the list of keys."""

    def __init__(self, world: World, chance: Chance) -> None:
        """Have the first list signed."""
        self._world, self._chance = world, chance
        self._lists = self._orders = 0
        self._key = self._next_key()
        world.agenda.after(LIST_MS, self._bring_list)

    # -- keys ---------------------------------------------------------------------------

    def _next_key(self) -> Office:
        self._lists += 1
        seed = f"{self._world.plan.seed}/bureau/{self._lists}"
        return Office(hashlib.sha256(seed.encode()).digest())

    def _bring_list(self) -> None:
        world = self._world
        values = {"seq": self._lists, "issued_utc_s": world.agenda.utc_s}
        row = {"office": BUREAU, "may": key_list.ORDERS, "key": self._key.public}
        body = key_list.encode(values, [row])
        world.errands.bring("keys", world.offices.regulator.sign(key_list.LABEL, body), "county")

    def steal_key(self, farm: Farm) -> None:
        """Somebody has the bureau's key: it gets a successor, and the thief tries the old one."""
        stolen, self._key = self._key, self._next_key()
        self._world.story.tell("county", "key_stolen", seq=self._lists)
        self._bring_list()
        self._try(farm, stolen, self._lists, THIEF_WAITS)

    def _try(self, farm: Farm, stolen: Office, list_seq: int, hours: int) -> None:
        world = self._world
        if world.is_ending or not hours:
            return
        if farm.orders.list_seq < list_seq:  # until then the key is good, and nobody can know better
            world.agenda.after(HOUR_MS, partial(self._try, farm, stolen, list_seq, hours - 1))
            return
        kind = self._chance.choice((order.STOP, order.LIFT))
        world.story.tell(farm.name, "stolen_key", kind="lift" if kind == order.LIFT else "stop")
        farm.radio.down(link_gateway.encode_order(self._signed(farm, BUREAU, kind, BUREAU, stolen)))

    # -- orders -------------------------------------------------------------------------

    def stop(self, farm: Farm) -> None:
        """Order a stop or a seal, by one of the two offices, and lift it hours later."""
        world, chance = self._world, self._chance
        farm.begin("order")
        kind = order.STOP if chance.happens(700) else order.SEAL
        office = BUREAU if chance.happens(600) else order.ROOT
        world.story.tell(farm.name, "ordered", kind="stop" if kind == order.STOP else "seal", office=office)
        self._order(farm, office, kind, office)
        lifter = office if chance.happens(700) else order.ROOT
        wait_ms = chance.randrange(1, 9) * HOUR_MS
        world.agenda.after(wait_ms, lambda: self.lift(farm, lifter, office))

    def lift(self, farm: Farm, office: int, of: int) -> None:
        """Take back every order of an office at this well."""
        if not farm.stands("order"):
            return
        world = self._world
        world.story.tell(farm.name, "ordered", kind="lift", office=office)
        self._order(farm, office, order.LIFT, of)
        farm.end("order", world.agenda.now_ms + 6 * HOUR_MS)  # until it has arrived, wherever the network is

    def _order(self, farm: Farm, office: int, kind: int, of: int) -> None:
        world = self._world
        key = self._key if office == BUREAU else world.offices.regulator
        data = self._signed(farm, office, kind, of, key)
        farm.orders.issue(data)
        world.errands.bring(
            "order", data, farm.name, lambda taken: farm.orders.brought(taken, world.agenda.now_ms)
        )

    def _signed(self, farm: Farm, office: int, kind: int, of: int, key: Office) -> bytes:
        self._orders += 1
        now_utc_s = self._world.agenda.utc_s
        is_lift = kind == order.LIFT
        values = {
            "kind": kind, "scope": order.SITE, "basis": order.PLAIN, "office": office, "from_min": None,
            "to_min": None, "lift_office": of if is_lift else None,
            "lift_seq": order.EVERY if is_lift else None, "seq": self._orders, "target": farm.name,
            "issued_utc_s": now_utc_s, "until_utc_s": None, "document": f"order {self._orders}",
        }  # fmt: skip
        return key.sign(order.LABEL, order.encode(values))
