"""Following the chain through the ring at a start: roll forward, and rebuild a lost head.

Between the last slot in NOR and the head in FRAM stands at most one record, unless a copy of
the head was lost or FRAM is dead: so the walk goes on through as many sectors as carry the
chain on.
"""

from karez_protocols import chain, record
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .ring import BURNT_MAX, DEAD_MAX, SLOTS

ROLLED_MAX = const(31)  # records beyond the head that a start takes one by one: 4 kB of heap
LOST = const(0)  # the ring does not hold what the head says
WHOLE = const(1)
DAMAGED = const(2)  # its newest record stands there, but not as it was written


def _after(seq, h, slot):
    """Return h after a slot that carries the chain on, None when it does not."""
    try:
        after = chain.check(h, slot)
    except ProtocolError:
        return None
    is_next = slot[0] == record.VERSION and int.from_bytes(slot[4:8], "little") == seq + 1
    return after if is_next else None


def _through(ring, seq, h, place, found=None, is_beyond=True):
    """Follow one sector; return (seq, h, index after its last written slot, torn slots behind the chain).

    `is_beyond`: the place is the head's, and nothing but a torn write can stand beyond it: what
    fits is programmed once more, what does not is made unreadable.
    """
    sector, index = place
    used = index
    erased = 0
    torn: list = []  # behind the last that fits
    while index <= SLOTS and erased < BURNT_MAX:
        slot = ring.slot(sector, index)
        index += 1
        if slot is None:  # the end, or a burnt slot whose cells hold nothing
            erased += 1
            continue
        erased = 0
        used = index
        after = _after(seq, h, slot)
        if after is not None:
            seq, h = seq + 1, after
            torn = []
            if found is not None and len(found) <= ROLLED_MAX:
                found.append(slot)
        elif slot[:8] != bytes(8):
            torn.append(index - 1)
        if is_beyond and after is not None:
            ring.confirm(sector, index - 1, slot)
        elif is_beyond:
            ring.burn(sector, index - 1)
    return seq, h, used, torn


def _continued(ring, chain_number, seq, h, sector):
    """Return the sector of three from this one on that was opened for the next seq, or None."""
    for step in range(DEAD_MAX):
        at = ring.following(sector, step)
        header = ring.header(at)
        if (
            header
            and header["chain"] == chain_number
            and header["first_seq"] == seq + 1
            and header["h_before"] == h
        ):
            ring.confirm_header(at, header)
            return at
    return None


def _place(ring, sector, index):
    return (sector, index) if index <= SLOTS else (ring.following(sector), 0)


def follow(ring, chain_number, seq, h, place, found=None):
    """Follow the chain from a place to its end; return (seq, h, place after it).

    `found`, a list, gets the slots on the way, ROLLED_MAX and one at most.
    """
    sector, index = place
    for _ in range(ring.sectors + 1):  # a place in none yet has all of them before it
        if index:
            seq, h, index, _ = _through(ring, seq, h, (sector, index), found)
        after = ring.following(sector) if index else sector
        opened = _continued(ring, chain_number, seq, h, after)
        if opened is None:
            break
        sector, index = opened, 1
    return seq, h, _place(ring, sector, index)


def newest(ring):
    """Return (chain, seq, h, place, is_broken) at the end of the ring, by its headers; None if empty.

    `is_broken`: records stand behind the end that do not fit it, more than one torn write
    leaves: the chain went on from there, and nobody can say how.
    """
    best = None
    for sector in range(ring.sectors):
        header = ring.header(sector)
        if header is None:
            continue
        # The generation tells a dead sector from the one that was taken in its place.
        age = (header["chain"], header["first_seq"], header["generation"])
        if best is None or age > best[:3]:
            best = age + (sector, header["h_before"])
    if best is None:
        return None
    number, first_seq, _, sector, h = best
    seq, h, index, torn = _through(ring, first_seq - 1, h, (sector, 1), is_beyond=False)
    if len(torn) == 1:
        ring.burn(sector, torn[0])
    return number, seq, h, _place(ring, sector, index), len(torn) > 1


def reaches(ring, head):
    """Say whether the head's newest record stands in the sector that the head names.

    LOST, WHOLE or DAMAGED; an older image of the whole flash shows an erased slot there.
    """
    seq, h = head["seq"], head["h"]
    sector, index = head["sector"], head["index"]
    if index == 0:
        sector, index = ring.following(sector, -1), SLOTS + 1
    header = ring.header(sector)
    if not header or header["chain"] != head["chain"]:
        return LOST
    first_seq = header["first_seq"]
    if first_seq == seq + 1:  # opened for the next record
        return WHOLE if header["h_before"] == h else LOST
    if not first_seq <= seq < first_seq + SLOTS:
        return LOST
    for at in range(index - 1, 0, -1):
        slot = ring.slot(sector, at)
        if slot and slot[record.CONTENT_SIZE :] == h[:16] and int.from_bytes(slot[4:8], "little") == seq:
            return WHOLE
    return LOST if ring.slot(sector, index - 1) is None else DAMAGED
