"""The truth about one well's orders: who signed which, which are in force by its records, which should be.

An order is replayed as design section 6 has it: a stop and a seal stand until their office, or the root,
lifts them. What is compared is the controller's own list, and whether its pump obeys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_firmware.core import pump
from karez_protocols import order, record, signed

if TYPE_CHECKING:
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World

ARRIVES_MS = 7_200_000  # with network and gateway there, as a record's acknowledgement does
STEP_MS = 600  # design section 4: a step at least every 500 ms, the contactor within 100 ms of it
InForce = tuple[tuple[int, int], ...]  # (office, number) of each


class OrderBook:
    """Orders and lists of keys of one well."""

    def __init__(self) -> None:
        """None yet."""
        self._signed: dict[
            bytes, dict[str, Any]
        ] = {}  # digest -> values of what an office signed in its time
        self.in_force: InForce = ()  # by the records
        self.since_ms = 0  # when that became so
        self.wanted: InForce = ()  # by what the gateway has taken
        self.wanted_ms = 0  # when it took the last
        self.list_seq = 0  # of the list of keys in force, by the records

    def issue(self, data: bytes) -> None:
        """An office has signed an order while its key held."""
        self._signed[signed.digest(data)] = dict(order.open_signed(data)[0])

    def brought(self, data: bytes, now_ms: int) -> None:
        """The gateway has taken it."""
        self.wanted = _after(self.wanted, self._signed[signed.digest(data)])
        self.wanted_ms = now_ms

    def renew(self) -> None:
        """Another box: nothing is in force by its records."""
        self.in_force, self.list_seq = (), 0

    def knows(self, digest: bytes) -> bool:
        """True of an order that an office signed."""
        return digest in self._signed

    def take(self, values: dict[str, Any], now_ms: int) -> None:
        """A record was committed."""
        if values["kind"] == record.KEYS:
            self.list_seq = values["object_seq"]
        elif values["kind"] == record.ORDER:
            said = self._signed.get(bytes(values["digest"]))
            if said is not None:
                self.in_force, self.since_ms = _after(self.in_force, said), now_ms


def _after(in_force: InForce, values: dict[str, Any]) -> InForce:
    if values["kind"] != order.LIFT:
        return (*in_force, (values["office"], values["seq"]))
    office, seq = values["lift_office"], values["lift_seq"]
    return tuple(one for one in in_force if one[0] != office or seq not in (order.EVERY, one[1]))


def no_stranger_orders(_: World, farm: Farm, values: dict[str, Any]) -> str:
    """Design section 6: an order is an office's of the root's list, by the key that the list names."""
    if values["kind"] != record.ORDER or farm.orders.knows(bytes(values["digest"])):
        return ""
    return f"order {values['object_seq']} is in force, and no office that the list names has signed it"


def a_stop_holds(world: World, farm: Farm) -> str:
    """Design section 6: under a stop or a seal on record nothing pumps, over power cuts too."""
    app = farm.box.app
    if app is None or not farm.orders.in_force or farm.history.rolled_back:
        return ""
    if world.agenda.now_ms - farm.orders.since_ms <= STEP_MS:
        return ""
    if app.controller.pump.state not in (pump.RUNNING, pump.STARTING):
        return ""
    return f"it pumps under the orders {farm.orders.in_force} (office, number)"


def orders_are_the_signed_ones(_: World, farm: Farm) -> str:
    """Design section 6: orders survive power loss, and a lift ends its own office's alone."""
    app = farm.box.app
    if app is None or farm.history.rolled_back:
        return ""
    held = sorted((one["office"], one["seq"]) for one in app.parts.orders.listing())
    if held == sorted(farm.orders.in_force):
        return ""
    return f"the box holds the orders {held}, its records say {sorted(farm.orders.in_force)}"


def orders_have_arrived(world: World, farm: Farm) -> str:
    """Design section 6: what an office orders is offered until the controller has it."""
    if farm.history.rolled_back or world.agenda.now_ms - farm.orders.wanted_ms < ARRIVES_MS:
        return ""
    wanted, in_force = sorted(farm.orders.wanted), sorted(farm.orders.in_force)
    return "" if wanted == in_force else f"ordered was {wanted}, and in force is {in_force}"
