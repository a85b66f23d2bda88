"""The head: what must be known at once after power returns, in FRAM (design §8).

Two copies are written in turn, so a cut in the middle of one leaves the other; the valid
copy with the higher generation counts.
"""

import binascii

from karez_protocols import fields
from karez_protocols.constant import const

COPY_SIZE = 256
_MAGIC = const(0x325A484B)  # "KHZ2"

LAYOUT = """
magic u4
generation u4
chain u4
seq u4
h b32
sector u2
index u1
boot u4
acknowledged_seq u4
floor_utc_s u4
grant_seq u4
grant_place u1
running u1
account u4
credential b8
start_volume_l u6
volume_l u6
register_l u6
energy_wh u6
energy_register_wh u6
good_utc_s u4
held_l u4
water_pulses u6
energy_pulses u6
"""

NO_PLACE = 2  # objects stand in place 0 or 1

_FRESH = {
    "magic": _MAGIC,
    "generation": 0,
    "chain": 1,
    "seq": 0,
    "h": bytes(32),
    "sector": 0,
    "index": 0,
    "boot": 0,
    "acknowledged_seq": 0,
    "floor_utc_s": 0,
    "grant_seq": 0,
    "grant_place": NO_PLACE,
    "running": 0,
    "account": 0,
    "credential": bytes(8),
    "start_volume_l": None,
    "volume_l": None,
    "register_l": None,
    "energy_wh": None,
    "energy_register_wh": None,
    "good_utc_s": None,
    "held_l": 0,
    "water_pulses": None,  # never counted, or lost with the head
    "energy_pulses": None,
}


def _read_copy(fram, copy):
    size = fields.size_of(LAYOUT)
    data = fram.read(copy * COPY_SIZE, size + 4)
    if binascii.crc32(data[:size]) != int.from_bytes(data[size:], "little"):
        return None
    values = fields.unpack(LAYOUT, data)
    return values if values["magic"] == _MAGIC else None


def fresh():
    """Return the head of a controller that has never written a record."""
    return dict(_FRESH)


def load(fram):
    """Return the newest valid head as a dict, or None when both copies are lost."""
    newest = None
    for copy in (0, 1):
        values = _read_copy(fram, copy)
        if values and (newest is None or values["generation"] > newest["generation"]):
            newest = values
    return newest


def save(fram, values):
    """Write the head to the copy that is not the newest; return when it is on the medium."""
    values["generation"] += 1
    data = fields.pack(LAYOUT, values)
    fram.write((values["generation"] & 1) * COPY_SIZE, data + binascii.crc32(data).to_bytes(4, "little"))
    fram.flush()
