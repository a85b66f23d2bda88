"""Records that go before anybody has confirmed them, and the record that says so (design §8)."""

from karez_protocols import causes, fields, record

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
    last = None
    first_volume = last_volume = None
    for index in range(1, SLOTS + 1):
        slot = ring.slot(sector, index)
        if slot is None:
            continue
        seq = int.from_bytes(slot[4:8], "little")
        last = max(seq, last or 0)
        if record.is_measuring(slot[1]):
            last_volume = fields.unpack(record.MEASURING, slot, 24)["volume_l"]
            first_volume = last_volume if first_volume is None else first_volume
    if last is None or last <= head["acknowledged_seq"]:
        return None
    return header["first_seq"], last, first_volume, last_volume
