"""Who has lost what it had accepted: a memory that was restored, a box that was swapped.

The proof that an object arrived is the controller's own record of it, at a place (chain, number).
The state says how far the chain goes now, so a proof beyond its end, in another chain or on
another branch is void. `order_seq` in the state is the highest number of *all* offices and hides
what is missing of the others; it only ever shows that something is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from karez_gateway.store import downlinks, entries, proofs
from karez_gateway.store.downlinks import Downlink
from karez_gateway.store.proofs import Proof
from karez_protocols import order, record
from karez_protocols.errors import ProtocolError

# A state and a record that left together may be read the other way round, and a batch takes its
# time. The next state comes within a minute, so nothing is lost by not hearing this one. It doubles
# each time: a memory that forgets at once must not be filled with events, nor the line.
SETTLED_S = 10
DOUBLINGS_MAX = 8  # 43 min


def look(connection: Connection, controller_id: int, state: Mapping[str, Any], now_s: int) -> bool:
    """Compare a state with what the controller had accepted; take up again what it lacks. True if so."""
    proved = [one for one in proofs.of_controller(connection, controller_id) if _is_settled(one, now_s)]
    missing: set[int] = set()
    grants = [one for one in proved if one.sort == record.GRANT]
    newest = max(grants, key=lambda one: one.object_seq or 0, default=None)
    if newest is not None and (state["grant_seq"] or 0) < (newest.object_seq or 0):
        missing.add(newest.id)
    others = [one for one in proved if one.sort != record.GRANT]
    if others and _have_gone(connection, controller_id, state, others):
        held = downlinks.of_controller(connection, controller_id, record.ORDER, record.KEYS)
        wanted = {one.id for one in needed(held, now_s)}
        gone = {one.id for one in others}
        missing |= gone & wanted
        downlinks.ended(connection, gone - wanted)
    if missing:
        downlinks.take_up_again(connection, missing, entries.next_index(connection))
    return bool(missing)


def _is_settled(proof: Proof, now_s: int) -> bool:
    """True unless it has only just come; one from the future came by a clock that has been set back since."""
    age_s = now_s - proof.received_utc_s
    return age_s < -SETTLED_S or age_s >= SETTLED_S << min(proof.times_again, DOUBLINGS_MAX)


def _have_gone(
    connection: Connection, controller_id: int, state: Mapping[str, Any], proved: Sequence[Proof]
) -> bool:
    """True if any proof does not stand in the chain that the controller goes on with."""
    chain, last_seq, order_seq = state["chain"], state["last_seq"], state["order_seq"]
    if any(one.chain != chain or (last_seq is not None and last_seq < one.seq) for one in proved):
        return True
    seqs = [one.object_seq or 0 for one in proved if one.sort == record.ORDER]
    if seqs and (order_seq or 0) < max(seqs):
        return True
    if not proofs.is_forked_since(connection, controller_id, min(one.log_index for one in proved)):
        return False
    return any(
        proofs.is_forked_before(connection, controller_id, one.chain, one.seq, one.log_index)
        for one in proved
    )


def needed(held: Iterable[Downlink], now_s: int) -> list[Downlink]:
    """Of a well's orders and key lists those that a box without any of them needs, oldest first.

    Not the orders that are over; not those that a later lift of the same office ended, for the
    lift's number keeps them out for good. What the root lifted is given with its lift: without
    it the lift would be too early, so of an order that is over not even that. A list is needed
    if it is the newest, or if an order was signed under it.
    """
    read = [(one, _values(one)) for one in held if _counts(one)]
    kept: list[Downlink] = []
    over: list[tuple[int, int]] = []
    keys: Downlink | None = None
    for at, (one, values) in enumerate(read):
        if one.sort == record.KEYS:
            keys = one
            continue
        if values is None or _is_lifted(values, read[at + 1 :]):
            continue
        if _is_over(values, now_s):
            over.append((values["office"], values["seq"]))
            continue
        if (values["lift_office"], values["lift_seq"]) in over:
            continue
        if keys is not None and keys not in kept:
            kept.append(keys)
        kept.append(one)
    if keys is not None and keys not in kept:
        kept.append(keys)
    return kept


def _counts(one: Downlink) -> bool:
    return one.state not in (downlinks.REFUSED, downlinks.SUPERSEDED, downlinks.OVER)


def _values(one: Downlink) -> Mapping[str, Any] | None:
    if one.sort != record.ORDER:
        return None
    try:
        values: Mapping[str, Any] = order.open_signed(one.body)[0]
    except ProtocolError:  # carried unchecked
        return None
    return values


def _is_over(values: Mapping[str, Any], now_s: int) -> bool:
    return values["until_utc_s"] is not None and bool(values["until_utc_s"] <= now_s)


def _is_lifted(values: Mapping[str, Any], later: Sequence[tuple[Downlink, Mapping[str, Any] | None]]) -> bool:
    for _, lift in later:
        if lift is None or lift["kind"] != order.LIFT:
            continue
        is_own = values["office"] == lift["office"] == lift["lift_office"]
        if is_own and values["kind"] != order.LIFT and lift["lift_seq"] in (order.EVERY, values["seq"]):
            return True
    return False
