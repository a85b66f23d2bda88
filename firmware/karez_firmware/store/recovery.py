"""A start whose head and ring do not fit each other (design §8). Loaded only then.

- Head lost, ring whole: the head is rebuilt from the ring, same chain, flagged.
- Head older than the ring: the same, keeping what the old head still knows.
- Ring lost: chain n + 1 of the same controller, linked to what is known of n.
- Both lost: the same; n comes from chain_number.py.
- Neither ever was: chain 1.
"""

from karez_protocols import chain, record

from . import chain_number, ring_walk
from . import head as head_store


def head_for(nor, ring, found, binding, further):
    """Return the head to go on with; `found`: the head in FRAM or NOR, None if lost.

    Not yet written anywhere. `further`: layouts behind the head's own.
    """
    newest = ring_walk.newest(ring)
    kept = chain_number.highest(nor)
    if found is None and newest is None and not kept:
        found = head_store.fresh(further)
        found["h"] = chain.genesis(1, binding)
        return found
    if newest and not newest[4] and _goes_on(ring, found, newest, kept):
        return _rebuilt(ring, found or head_store.fresh(further), newest)
    return _next_chain(ring, found, newest, kept, binding, further)


def _goes_on(ring, found, newest, kept):
    """True if the ring's newest record is the newest of all, as far as anybody knows."""
    number, seq, h = newest[:3]
    if number < kept:
        return False  # a later chain was begun, and its records are lost
    if found is None:
        return True
    if number != found["chain"] or seq < found["seq"]:
        return number > found["chain"]
    if seq == found["seq"]:
        return h == found["h"]
    slot = ring.find(number, found["seq"])
    return slot is None or slot[record.CONTENT_SIZE :] == found["h"][:16]


def _rebuilt(ring, head, newest):
    number, seq, h, place, _ = newest
    if number != head["chain"]:
        head["acknowledged_seq"] = 0
    head["chain"], head["seq"], head["h"] = number, seq, h
    head["sector"], head["index"] = place
    head["owed"] |= head_store.OWES_REBUILT
    slot = ring.find(number, seq)
    if slot:
        # What the newest record says of itself; the rest of the head is lost.
        values = record.header(slot)
        head["boot"] = max(head["boot"], values["boot"])
        head["grant_seq"] = values["grant_seq"]
    return head


def _next_chain(ring, found, newest, kept, binding, further):
    """Begin a chain with a number never used, linked to the last one known."""
    old = (kept, None, bytes(20))
    if newest and newest[0] >= kept:
        old = newest[0], newest[1], newest[2][:20]
    if found and found["chain"] >= old[0]:
        old = found["chain"], found["seq"], found["h"][:20]
    head = found or head_store.fresh(further)
    number = old[0] + 1
    if not found:
        head["owed"] |= head_store.OWES_REBUILT
    head["owed"] |= head_store.OWES_LINK
    head["old_chain"], head["old_seq"], head["old_h"] = old
    head["chain"], head["seq"] = number, 0
    head["h"] = chain.genesis(number, binding)
    head["acknowledged_seq"] = 0
    # Behind the newest sector that is left: the oldest records go first.
    sector, index = newest[3] if newest else (0, 0)
    head["sector"], head["index"] = ring.following(sector) if index else sector, 0
    return head
