"""What may not overtake: an order that nobody answers holds up the next for a minute only (downlinks.due).

An own office's lift may pass its order: its number keeps what it lifts out for good. Three others may not:

- the root lifts what another office ordered, and that has not been decided yet. The root counts for itself,
  so what its lift has overtaken would come after it, and stay (decision 22). What was refused for now holds
  up no lift: it may be the lift that makes room for it, or the office may never be known again;
- so an order that was refused for now waits while a lift of it is on its way, and ends with it;
- an order by its office's new key, while the list that names it is on its way: with an older list the
  controller would refuse the signature, for good. An office that no list names is refused for now, no more.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from karez_gateway.downlink import orders
from karez_gateway.errors import Refused
from karez_gateway.store import downlinks
from karez_gateway.store.downlinks import Downlink
from karez_protocols import key_list, order, record
from karez_protocols.errors import ProtocolError


def early(connection: Connection, found: Sequence[Downlink]) -> set[int]:
    """Those of these objects that have to wait for another of their controller's."""
    due = {one.id: values for one in found if (values := _values(one)) is not None}
    lanes = downlinks.outstanding_lanes(connection, {one.controller_id for one in found if one.id in due})
    waiting = set()
    for one in found:
        if one.id in due and _waits(connection, one, due[one.id], lanes[one.controller_id]):
            waiting.add(one.id)
    return waiting


def lifted(lift: Downlink, others: Collection[Downlink]) -> list[Downlink]:
    """Of these objects, those refused for now that a root's lift has taken back: they end with it."""
    values = _values(lift)
    if values is None:
        return []
    return [one for one in others if one.cause in downlinks.SET_ASIDE and _lifts(values, lift, one)]


def _waits(
    connection: Connection, one: Downlink, values: Mapping[str, Any], lane: Sequence[Downlink]
) -> bool:
    if one.cause in downlinks.SET_ASIDE:
        return any(_lifts(read, lift, one) for lift in lane if (read := _values(lift)) is not None)
    if any(_lifts(values, one, other) for other in lane if other.cause not in downlinks.SET_ASIDE):
        return True
    lists = [other for other in lane if other.sort == record.KEYS and other.checked and other.id < one.id]
    if not lists or not one.checked or values["office"] == order.ROOT:
        return False
    taken = _newest_taken(connection, one.controller_id)
    if taken is not None and _is_by_its_key(one, taken):
        return False
    may_hold = lists if taken is None else [taken, *lists]
    return any(_names(each, values["office"]) and not _is_by_its_key(one, each) for each in may_hold)


def _lifts(values: Mapping[str, Any], lift: Downlink, other: Downlink) -> bool:
    """True if a lift in another office's name takes back an order that was given to the well before it."""
    if values["kind"] != order.LIFT or values["lift_office"] == values["office"] or other.id >= lift.id:
        return False
    read = _values(other)
    if read is None or read["kind"] == order.LIFT or read["office"] != values["lift_office"]:
        return False
    return values["lift_seq"] in (order.EVERY, read["seq"])


def _newest_taken(connection: Connection, controller_id: int) -> Downlink | None:
    held = downlinks.of_controller(connection, controller_id, record.KEYS)
    taken = [each for each in held if each.state == downlinks.ACCEPTED]
    return max(taken, key=lambda each: each.object_seq or 0, default=None)


def _names(keys: Downlink, office: int) -> bool:
    rows = orders.read_keys(keys.body).rows
    return key_list.key_of(rows, office, key_list.ORDERS) is not None


def _is_by_its_key(one: Downlink, keys: Downlink) -> bool:
    """True if a list confirms an order's signature."""
    try:
        orders.check(orders.read(one.body), b"", orders.read_keys(keys.body).rows)
    except Refused:
        return False
    return True


def _values(one: Downlink) -> Mapping[str, Any] | None:
    """What an order says; None of anything else."""
    if one.sort != record.ORDER:
        return None
    try:
        values: Mapping[str, Any] = order.open_signed(one.body)[0]
    except ProtocolError:  # carried unchecked
        return None
    return values
