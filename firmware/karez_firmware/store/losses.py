"""Records that go before anybody has confirmed them, and the record that says so (design §8)."""

from karez_protocols import causes, fields, record
from karez_protocols.errors import ProtocolError

from .ring import SLOTS


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


def unconfirmed(ring, head, sector):
    """Return loss()'s arguments for a sector about to be erased, None when all of it is confirmed."""
    header = ring.header(sector)
    if not header or header["chain"] != head["chain"] or header["first_seq"] > head["seq"]:
        return None
    first, last = header["first_seq"], 0
    first_volume = last_volume = None
    for index in range(1, SLOTS + 1):
        slot = ring.slot(sector, index) or b""
        seq = int.from_bytes(slot[4:8], "little")
        if not first <= seq < first + SLOTS:
            continue  # erased, burnt, or not as it was written: it can claim no record of another sector
        last = max(seq, last)
        if record.is_measuring(slot[1]):
            try:
                last_volume = fields.unpack(record.MEASURING, slot, 24)["volume_l"]
            except ProtocolError:
                continue
            first_volume = last_volume if first_volume is None else first_volume
    if last <= head["acknowledged_seq"]:
        return None
    return first, last, first_volume, last_volume
