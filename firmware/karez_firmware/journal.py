"""The journal: one gap-free, chained sequence of records, committed before it is believed.

Commit order (design §8): slot to NOR, read back, head to FRAM. A cut between the two
leaves one uncommitted slot that fits the chain: it is rolled forward at the next start.
"""

from karez_protocols import causes, chain, fields, record, signed

from .store import head as head_store
from .store import objects
from .store.devices import StoreFailed


def loss(first_seq, last_seq, first_volume_l=None, last_volume_l=None):
    """Return the values of a record that declares records lost, with W at both ends."""
    return {
        "kind": record.LOSS,
        "cause": causes.NONE,
        "first_seq": first_seq,
        "last_seq": last_seq,
        "first_volume_l": first_volume_l,
        "last_volume_l": last_volume_l,
    }


class Journal:
    """Records of one controller over its two memories."""

    def __init__(self, nor, fram, ring):
        self._nor = nor
        self._fram = fram
        self._ring = ring
        self.head = head_store.fresh()
        self.is_rebuilt = False
        self.rolled = []  # slots found beyond the head at start, oldest first
        self._lost: list = []
        ring.before_open = self._before_open

    def start(self, binding):
        """Load or rebuild the head and roll forward; `binding` is the signed binding's bytes.

        Without a head and with an empty ring the chain begins at h_0.
        """
        found = head_store.load(self._fram)
        if found is None:
            newest = self._ring.newest()
            found = head_store.fresh()
            if newest is None:
                found["h"] = chain.genesis(found["chain"], binding)
            else:
                self.is_rebuilt = True
                found["chain"], found["seq"], found["h"], place = newest
                found["sector"], found["index"] = place
                slot = self._ring.find(found["chain"], found["seq"])
                if slot:
                    # What the newest record says of itself; the rest of the head is lost.
                    values = record.header(slot)
                    found["boot"], found["grant_seq"] = values["boot"], values["grant_seq"]
        self.head = found
        self._roll_forward()

    def _roll_forward(self):
        head = self.head
        place = (head["sector"], head["index"])
        if place[1] == 0 and not self._opened(place[0]):
            return
        seq = head["seq"]
        end_seq, h, place = self._ring.walk(seq, head["h"], (place[0], place[1] or 1), burn=True)
        head["seq"], head["h"] = end_seq, h
        head["sector"], head["index"] = place
        while seq < end_seq:
            seq += 1
            self.rolled.append(self._ring.find(head["chain"], seq))

    def _opened(self, sector):
        """True if the sector the head is about to open was already opened for the next seq."""
        header = self._ring.header(sector)
        head = self.head
        return bool(header and header["chain"] == head["chain"] and header["first_seq"] == head["seq"] + 1)

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
        self.save()
        while self._lost:
            values = loss(*self._lost.pop())
            try:
                self.append(values, now_s, uptime_s, time_state)
            except StoreFailed:
                break  # the record itself stands; the next start declares what is missing
        return slot

    def _before_open(self, sector):
        """The ring is about to erase a sector: note what of it nobody has confirmed."""
        lost = self._lost_by_opening(sector)
        if lost:
            self._lost.append(lost)

    def _lost_by_opening(self, sector):
        """(first seq, last seq, W at both ends) of unconfirmed records in a sector, or None."""
        header = self._ring.header(sector)
        head = self.head
        if not header or header["chain"] != head["chain"] or header["first_seq"] > head["seq"]:
            return None
        last = None
        first_volume = last_volume = None
        for index in range(1, 32):
            slot = self._ring.slot(sector, index)
            if slot is None:
                break
            seq = int.from_bytes(slot[4:8], "little")
            last = max(seq, last or 0)
            if record.is_measuring(slot[1]):
                last_volume = fields.unpack(record.MEASURING, slot, 24)["volume_l"]
                first_volume = last_volume if first_volume is None else first_volume
        if last is None or last <= head["acknowledged_seq"]:
            return None
        return header["first_seq"], last, first_volume, last_volume

    def save(self):
        """Write the head as it stands to FRAM."""
        head_store.save(self._fram, self.head)

    def oldest(self):
        """Return the lowest seq of the current chain that the ring may still hold."""
        return self._ring.oldest(self.head["chain"]) or self.head["seq"] + 1

    def slot(self, seq):
        """Return the slot of a seq of the current chain, or None."""
        return self._ring.find(self.head["chain"], seq)

    def holds(self, chain_number, seq, h):
        """True/False if this chain holds that head; None when the ring no longer reaches it."""
        if chain_number != self.head["chain"] or seq > self.head["seq"]:
            return False
        slot = self.slot(seq)
        if slot is None:
            return None
        return slot[record.CONTENT_SIZE :] == h[:16]

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
