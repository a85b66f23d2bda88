"""The downlink stage: carries grants, orders and key lists; the controller decides, its records tell us what.

An object becomes an entry of the log before it is published. It is published again, ever less
often, until a verified record of the controller shows what became of it: a record with its
digest, or an event that refuses it. Only records that came after it was logged count, so that
an old object carried again is not taken for accepted. Who forgot what it had accepted is found
by redelivery.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from karez_gateway.downlink import deciding, overtaking, redelivery, refusals
from karez_gateway.entries.sequence import Batch, Sequencer
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import controllers, downlinks, proofs
from karez_gateway.store.downlinks import Downlink
from karez_gateway.store.verdicts import Good
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import causes, entry, link_gateway, record

STAGE = "downlink"
FIRST_RETRY_S = 5
RETRY_S_MAX = 300  # a controller that comes online is served at once (`hurry`), not by this
# What was lost and is given again is often there before its record can be believed: a restored
# chain follows the stored one only from its next signed statement on. Each try costs it an event.
AGAIN_S_MAX = 3600
EARLY_S = 30  # so long what may not overtake is out of the way of what is due behind it
DUE_MAX = 256  # at a time: an order to all wells of a prefecture must not hold up acknowledgements

KINDS = (record.GRANT, record.ORDER, record.KEYS, record.EVENT)

_DIGEST = slice(*PLACES[record.GRANT]["digest"][:2])  # as in every record of an object
_ENVELOPES = {
    record.GRANT: link_gateway.encode_grant,
    record.ORDER: link_gateway.encode_order,
    record.KEYS: link_gateway.encode_keys,
}
_NOBODY: Mapping[str, Mapping[str, Any]] = {}


def retry_after_s(attempts: int, times_again: int = 0) -> int:
    """Seconds until an object is published again: 5, 10, 20 … 300, of one given again … 3600."""
    most_s = AGAIN_S_MAX if times_again else RETRY_S_MAX
    return min(FIRST_RETRY_S << min(attempts, 10), most_s)


def payload(one: Downlink) -> bytes:
    """What is published on the controller's `down` topic."""
    return bytes(_ENVELOPES[one.sort](one.body))


class Downlinks:
    """Run `step` until it returns 0; publish what `due` gives and say so with `sent`."""

    def __init__(self, sequencer: Sequencer, at: Seam = unharmed) -> None:
        """Take the healed sequencer: objects become log entries."""
        self._sequencer = sequencer
        self._database = sequencer.database
        self._at = at
        self._ids: dict[str, int] = {}  # a controller keeps its row for ever

    def log_queued(self, now_s: int) -> int:
        """Put every queued object into the log; return how many were queued."""
        with self._database.reading() as connection:
            if not downlinks.in_state(connection, downlinks.QUEUED):
                return 0
        with self._sequencer.batch() as batch:
            queued = downlinks.in_state(batch.connection, downlinks.QUEUED)
            indexes = _logged(batch, queued, now_s)
            since = batch.next_index  # all that follows is later than these
            batch.write()
            for one, index in zip(queued, indexes, strict=True):
                downlinks.logged(batch.connection, one.id, index, since)
        return len(queued)

    def due(self, now_s: int, states: Mapping[str, Mapping[str, Any]] = _NOBODY) -> list[Downlink]:
        """What is to be published now; `states`: what controllers said of themselves last, by name.

        Whoever is known to be offline waits: the broker would drop it. A grant whose number the
        state shows has arrived, and its record is on its way. What may not
        overtake waits, too (overtaking.py).
        """
        with self._database.reading() as connection:
            found = downlinks.due(connection, now_s, DUE_MAX)
            early = overtaking.early(connection, found)
        waiting = [one.id for one in found if _waits(one, states.get(one.controller))]
        if waiting or early:
            with self._database.writing() as connection:
                downlinks.postpone(connection, early, now_s + EARLY_S)
                downlinks.postpone(connection, waiting, now_s + RETRY_S_MAX)
        return [one for one in found if one.id not in waiting and one.id not in early]

    def sent(self, published: Sequence[Downlink], now_s: int) -> None:
        """They were handed to the broker."""
        with self._database.writing() as connection:
            for one in published:
                downlinks.sent(connection, one.id, now_s + retry_after_s(one.attempts, one.times_again))

    def hurry(self, controller_id: int, now_s: int) -> None:
        """A controller has come online."""
        with self._database.writing() as connection:
            downlinks.hurry(connection, [controller_id], now_s)

    def heard(
        self, states: Mapping[str, Mapping[str, Any]], came_online: Sequence[str], now_s: int
    ) -> list[str]:
        """Take the newest states; return the names of those that had lost what they had accepted."""
        lost = []
        with self._database.writing() as connection:
            online = {name: state for name, state in states.items() if state["online"]}
            new = controllers.find_all(connection, online.keys() - self._ids.keys())
            self._ids |= {name: one.id for name, one in new.items()}
            numbers = {name: self._ids[name] for name in online if name in self._ids}
            accepted = proofs.of_controllers(connection, list(numbers.values()))
            downlinks.hurry(connection, [numbers[name] for name in came_online if name in numbers], now_s)
            for name, number in numbers.items():
                held = accepted.get(number)
                if held and redelivery.look(connection, number, held, online[name], now_s):
                    lost.append(name)
        return lost

    def step(self) -> int:
        """Read the next slice of verdicts for decisions; return how many verdicts that was."""
        return deciding.step(self._database, STAGE, KINDS, _decide, self._at)


def _logged(batch: Batch, queued: Sequence[Downlink], now_s: int) -> list[int]:
    """Index of each object's entry. An order for a thousand wells is one order, and one entry."""
    known: dict[tuple[int, bytes], int] = {}
    indexes = []
    for one in queued:
        key = one.sort, one.digest
        index = known.get(key)
        if index is None and one.sort != record.GRANT:
            index = downlinks.log_index_of(batch.connection, *key)
        if index is None:
            index = batch.add(entry.OBJECT, entry.encode_object(one.sort, now_s, one.body), now_s)
        if one.sort != record.GRANT:
            known[key] = index
        indexes.append(index)
    return indexes


def _waits(one: Downlink, state: Mapping[str, Any] | None) -> bool:
    if state is None:
        return False
    if not state["online"]:
        return True
    if one.sort != record.GRANT or not one.checked or not one.attempts:
        return False  # also a grant that came by card first, or another one of that number: ask once
    return bool(state["grant_seq"] == one.object_seq)


def _decide(connection: Connection, one: Good) -> None:
    """A record may say what became of an object: of one, or with it of older ones."""
    slot, index = one.record.slot, one.record.log_index
    head = slots.head(slot)
    if head.kind == record.EVENT and head.cause not in refusals.CAUSES:
        return
    found = downlinks.outstanding(connection, one.record.controller_id)
    later = [each for each in found if each.since_index is not None and each.since_index <= index]
    if head.kind == record.EVENT:
        refusals.take(connection, slot, index, later)
        return
    for each in later:
        if each.sort == head.kind and each.digest == slot[_DIGEST]:
            downlinks.decided(connection, each.id, downlinks.ACCEPTED, None, index)
            _end_older(connection, each, later, index)
            downlinks.ended(connection, [one.id for one in overtaking.lifted(each, later)])
            return


def _end_older(connection: Connection, accepted: Downlink, later: Sequence[Downlink], index: int) -> None:
    """A controller takes rising numbers only: what is below an accepted one will never be taken."""
    seq = accepted.object_seq
    if accepted.sort == record.GRANT or seq is None:
        return
    for each in later:
        is_older = each.sort == accepted.sort and each.checked and (each.object_seq or 0) < seq
        if not is_older or each.office != accepted.office:
            continue
        if each.sort == record.KEYS:
            downlinks.decided(connection, each.id, downlinks.SUPERSEDED, None, index)
        else:
            downlinks.decided(connection, each.id, downlinks.REFUSED, causes.ORDER_REFUSED_SEQ, index)
