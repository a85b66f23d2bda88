"""The journal: one gap-free, chained sequence of records, committed before it is believed.

Commit order (design §8): slot to NOR, read back, head to FRAM. A cut between the two
leaves one uncommitted slot that fits the chain: it is rolled forward at the next start.
"""

from karez_protocols import causes, chain, record, signed
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .store import chain_number, fram_map, objects, ring_walk, twins
from .store import head as head_store
from .store.devices import StoreFailed
from .store.losses import loss as loss  # noqa: PLC0414 - the app takes it from here
from .store.losses import unconfirmed
from .store.ring import SLOTS

_ROOM = const(27)  # of 31 slots: records nobody has confirmed go when the sector before them is nearly full


class Journal:
    """Records of one controller over its two memories.

    `further`: layouts (fields.py), a tuple, of what others keep in the head, behind its own fields.
    """

    def __init__(self, nor, fram, ring, further=()):
        self._nor = nor
        self._ring = ring
        self._further = further
        self._twins = twins.Twins(fram, fram_map.HEAD, head_store.MAGIC, (head_store.LAYOUT,) + further)
        self._nor_head = None
        self._is_stale = False  # NOR holds heads, and FRAM a newer one
        self.head = head_store.fresh(further)
        self.is_rebuilt = False  # the start owes the event HEAD_REBUILT
        self.is_new_chain = False  # the start owes the event CHAIN_BEGUN, as its first record
        self.is_saved = True  # False: neither FRAM nor NOR took the head last time
        self.rolled = []  # slots found beyond the head at start, oldest first
        self._lost: list = []
        self._declared = None  # sector whose loss is on record, before it is erased ahead
        self._kept = None  # (sector, acknowledged seq): looked at, and not to be erased yet
        ring.before_open = self._before_open

    # -- start --------------------------------------------------------------------------

    def start(self, binding):
        """Load or rebuild the head and roll forward; `binding` is the signed binding's bytes.

        Without a head and with an empty ring the chain begins at h_0. No error of a memory
        leaves this: what does not answer counts as lost.
        """
        found = self._load()
        kept = chain_number.highest(self._nor)
        if found is None or found["chain"] < kept or self._is_lost(found):
            from .store import recovery

            found = recovery.head_for(self._nor, self._ring, found, binding, self._further)
        self.head = found
        self._roll_forward()
        if found["seq"] == 0:
            # Head, number, record: whichever is missing after a cut, no number comes twice.
            self._save()
        chain_number.keep(self._nor, max(kept, found["chain"]))
        self.is_rebuilt = bool(found["owed"] & head_store.OWES_REBUILT)
        self.is_new_chain = bool(found["owed"] & head_store.OWES_LINK)

    def _load(self):
        """Return the newer of the heads in FRAM and NOR, None when both are lost."""
        found = self._twins.load()
        if head_store.sector_in_use(self._nor) is not None:
            kept = self._in_nor().load()
            if kept and (found is None or kept["generation"] > found["generation"]):
                return kept
        return found

    def _in_nor(self):
        if self._nor_head is None:
            from .store.nor_head import NorHead

            self._nor_head = NorHead(self._nor, self._twins.layout)
        return self._nor_head

    def _is_lost(self, head):
        """True if the ring does not reach the head; a damaged newest record alone is declared lost."""
        if not head["seq"] and not head["index"]:
            # Older than a ring that has gone round since, it would begin the same numbers again.
            return self._ring.oldest(head["chain"]) not in (None, 1)
        state = ring_walk.reaches(self._ring, head)
        if state == ring_walk.DAMAGED:
            self._lost.append((head["seq"], head["seq"], None, None))
        return state == ring_walk.LOST

    def _roll_forward(self):
        head = self.head
        place = (head["sector"], head["index"])
        head["seq"], head["h"], place = ring_walk.follow(
            self._ring, head["chain"], head["seq"], head["h"], place, self.rolled
        )
        head["sector"], head["index"] = place
        if len(self.rolled) > ring_walk.ROLLED_MAX:
            # A head this old is as good as none.
            self.rolled = []
            head["owed"] |= head_store.OWES_REBUILT
        for slot in self.rolled:
            self._pay(slot[1], slot[2])

    # -- writing ------------------------------------------------------------------------

    def append(self, values, now_s, uptime_s, time_state):
        """Commit one record; `values` without the header's own fields. Return its slot.

        Raises StoreFailed when the memory does not take it: nothing has then been decided.
        """
        head = self.head
        values["seq"] = head["seq"] + 1
        values["utc_s"] = now_s
        values["boot"] = head["boot"]
        values["uptime_s"] = uptime_s
        values["time_state"] = time_state
        values["grant_seq"] = head["grant_seq"]
        slot, h = chain.seal(head["h"], record.encode(values))
        place = (head["sector"], head["index"])
        place = self._ring.append(place, head["chain"], values["seq"], head["h"], slot)
        head["seq"], head["h"] = values["seq"], h
        head["sector"], head["index"] = place
        self._pay(slot[1], slot[2])
        self._save()
        if head["owed"] & head_store.OWES_LOSS:
            head["owed"] &= ~head_store.OWES_LOSS
            first, last = head["acknowledged_seq"] + 1, self.oldest() - 1
            if first <= last:
                self._lost.append((first, last, None, None))
        while self._lost:
            values = loss(*self._lost.pop())
            try:
                self.append(values, now_s, uptime_s, time_state)
            except StoreFailed:
                head["owed"] |= (
                    head_store.OWES_LOSS
                )  # the record itself stands; the next declares what is missing
                break
        return slot

    def owe_loss(self):
        """The gateway has less than it had: the next record declares lost what the ring has overwritten."""
        if self.head["acknowledged_seq"] + 1 < self.oldest():
            self.head["owed"] |= head_store.OWES_LOSS

    def _pay(self, kind, cause):
        """A record the start owed is written: with the same saving of the head it is owed no more."""
        if kind == record.EVENT and cause == causes.HEAD_REBUILT:
            self.head["owed"] &= ~head_store.OWES_REBUILT
        elif kind == record.EVENT and cause == causes.CHAIN_BEGUN:
            self.head["owed"] &= ~head_store.OWES_LINK

    def prepare(self, now_s, uptime_s, time_state):
        """Erase the next sector ahead of its use, or do a part of that; True if something was written.

        For when nothing is outstanding; at most one erase or one record a call. Records that
        nobody has confirmed are declared lost before they go.
        """
        ring, head = self._ring, self.head
        if self._is_stale and self._clear_stale():
            return True
        place = (head["sector"], head["index"])
        sector = ring.ahead(place)
        if sector is None:
            return False
        if place[1] < _ROOM and self._kept == (sector, head["acknowledged_seq"]):
            return False
        lost = None if self._declared == sector else unconfirmed(ring, head, sector)
        if lost is None:
            self._declared = None
            ring.erase(sector)
            return True
        if place[1] < _ROOM:
            self._kept = sector, head["acknowledged_seq"]
            return False
        self._declared = sector
        try:
            self.append(loss(*lost), now_s, uptime_s, time_state)
        except StoreFailed:
            pass  # the alarm is raised by the next record
        return True

    def _clear_stale(self):
        """FRAM is well again: the head that stood in NOR meanwhile must never come back."""
        sector = None if self.is_fram_dead else head_store.sector_in_use(self._nor)
        self._is_stale = sector is not None
        if self._is_stale:
            self._nor_head = None
            try:
                self._nor.erase(sector)
            except OSError:
                self._is_stale = False  # it does not go: the next start tries again
        return self._is_stale

    def _before_open(self, sector):
        """The ring is about to erase a sector: note what of it nobody has confirmed."""
        lost = None if self._declared == sector else unconfirmed(self._ring, self.head, sector)
        self._declared = None
        if lost:
            self._lost.append(lost)

    # -- the head -----------------------------------------------------------------------

    @property
    def is_fram_dead(self):
        """True from the first write that FRAM did not hold; the next start tries it again."""
        return self._twins.is_dead

    def save(self):
        """Write the head as it stands; True if it is safe. Never raises.

        With FRAM dead only records write it, in NOR: each saving wears a sector.
        """
        return True if self.is_fram_dead else self._save()

    def _save(self):
        try:
            is_in_fram = self._twins.save(self.head)
            self.is_saved = is_in_fram or self._in_nor().save(self.head)
            self._is_stale = self._is_stale or bool(is_in_fram and self._nor_head)
        except ProtocolError:  # a value that no head can hold
            self.is_saved = False
        return self.is_saved

    # -- reading ------------------------------------------------------------------------

    def oldest(self):
        """Return the lowest seq of the current chain that the ring may still hold."""
        return self._ring.oldest(self.head["chain"]) or self.head["seq"] + 1

    def slot(self, seq):
        """Return the slot of a seq of the current chain, or None."""
        return self._ring.find(self.head["chain"], seq)

    def backwards(self, limit):
        """Yield the slots of the current chain that can be read, newest first, `limit` seqs of them."""
        newest = self.head["seq"]
        for seq in range(newest, max(newest - limit, 0), -1):
            slot = self.slot(seq)
            if slot is not None:
                yield slot

    def fill_percent(self):
        """Return how much of the ring records fill that nobody has confirmed."""
        waiting = self.head["seq"] - self.head["acknowledged_seq"]
        return min(100, waiting * 100 // (self._ring.sectors * SLOTS))

    def holds(self, chain_number, seq, h):
        """True/False if this controller holds that head; None when the ring no longer reaches it."""
        head = self.head
        if chain_number > head["chain"] or (chain_number == head["chain"] and seq > head["seq"]):
            return False
        slot = self._ring.find(chain_number, seq)
        if slot is None:
            return None
        return slot[record.CONTENT_SIZE :] == h[:16]

    @property
    def dead_sectors(self):
        """(how many sectors were given up since the start, the last of them or None)."""
        return self._ring.dead, self._ring.last_dead

    def link(self):
        """Return (subject, detail) of the event that links this chain to the one lost before it.

        The old chain's number; its last seq (all ones: not known) and the first 20 bytes of its h.
        """
        head = self.head
        old_seq = 0xFFFFFFFF if head["old_seq"] is None else head["old_seq"]
        return head["old_chain"], old_seq.to_bytes(4, "little") + head["old_h"]

    # -- objects ------------------------------------------------------------------------

    def put_object(self, sort, name, data):
        """Write a signed object beside the one in force; return its place, not yet in force."""
        place = 0 if self.head[name] == 1 else 1
        objects.write(self._nor, sort, place, data)
        return place

    def object(self, sort, name):
        """Return the bytes of the object in force, or None."""
        place = self.head[name]
        return objects.read(self._nor, sort, place) if place in (0, 1) else None

    def find_object(self, sort, digest):
        """Return the place of the object with this digest, or None."""
        return objects.place_of(self._nor, sort, signed.digest, digest)
