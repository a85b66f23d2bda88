"""The head: what must be known at once after power returns, in FRAM (design §8).

Further layouts, of the books for one, are given by whoever opens the journal.
"""

from karez_protocols import fields
from karez_protocols.constant import const

from . import fram_map, objects
from .devices import SECTOR, look

COPY_SIZE = fram_map.HEAD[1]
MAGIC = const(0x335A484B)  # "KHZ3"

LAYOUT = """
chain u4
seq u4
h b32
sector u2
index u1
boot u4
acknowledged_seq u4
acknowledged_volume_l u6
acknowledged_utc_s u4
floor_utc_s u4
grant_seq u4
grant_place u1
order_seq u4
order_place u1
order_count u1
key_list_seq u4
key_list_place u1
running u1
account u4
credential b8
start_volume_l u6
good_utc_s u4
water_pulses u6
energy_pulses u6
owed u1
old_chain u4
old_seq u4
old_h b20
"""

NO_PLACE = 2  # objects stand in place 0 or 1

# `owed`: records that are still to be written; they survive a cut before they are.
OWES_REBUILT = const(1)  # event HEAD_REBUILT, at a start
OWES_LINK = const(2)  # event CHAIN_BEGUN, at a start
OWES_LOSS = const(4)  # a loss record: the gateway asks again for what the ring has overwritten

# A zero stands for nothing here; in every other number unknown is a state of its own.
_ZERO = (
    "seq sector index boot acknowledged_seq floor_utc_s grant_seq order_seq order_count key_list_seq "
    "running account held_l owed old_chain"
).split(" ")


def fresh(further=()):
    """Return the head of a controller that has never written a record.

    `further`: layouts behind the head's own; their new numbers begin as unknown.
    """
    values: dict = {"generation": 0}
    for name, kind, _, size in fields.each((LAYOUT,) + further):
        values[name] = bytes(size) if kind == "b" else "" if kind == "t" else None
    for name in _ZERO:
        if name in values:
            values[name] = 0
    for name in ("grant_place", "order_place", "key_list_place"):
        values[name] = NO_PLACE
    values["chain"] = 1
    return values


def sector_in_use(nor):
    """Return the first sector that begins with a head's journal (nor_head.py), None if neither does.

    A short look: it is made at every start, and nor_head is loaded only then.
    """
    for sector in (objects.HEAD, objects.HEAD + 1):
        if look(nor, sector * SECTOR, 4) == MAGIC.to_bytes(4, "little"):
            return sector
    return None
