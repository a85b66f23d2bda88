"""The 128-byte slot: one record of the controller's log (design §8).

    112 bytes content = 24 bytes header + 88 bytes by kind
     16 bytes of the chain value h (see chain.py)

Measuring kinds (interval, start, stop, event, boot, gap) share 60 bytes that tie pump,
meters and books together in one signed record; their last 28 bytes differ by kind.
An unknown value is a state of its own (fields.py), never a zero.
"""

from . import fields
from .errors import Malformed, NotAllowed

VERSION = 1
SLOT_SIZE = 128
CONTENT_SIZE = 112

INTERVAL = 1
START = 2
STOP = 3
EVENT = 4
BOOT = 5
GAP = 6
LOSS = 7
CONFIG = 8
BINDING = 9
GRANT = 10
ORDER = 11
STATEMENT = 12
SIGNATURE = 13
KEYS = 14

# One text, split at import: short literals would each become a name that MicroPython keeps for ever.
KIND_NAMES = (
    " interval start stop event boot gap loss config binding grant order statement signature keys"
).split(" ")

# Time states: how far the UTC of a record may be believed (OCMF, integrity §2.1).
TIME_UNKNOWN = 0
TIME_INFORMATIVE = 1
TIME_SYNCHRONISED = 2

# Methods: where a volume comes from, best first (design §5, order of trust).
METERED = 1
CONVERTED = 2
CONVERTED_GROUP = 3
ESTIMATED = 4

HEADER = """
version u1
kind u1
cause u1
time_state u1
seq u4
utc_s u4
boot u4
uptime_s u4
grant_seq u4
"""

MEASURING = """
segment u2
method u1
pump u1
water_raw b8
energy_raw b8
water_age_ds u2
energy_age_ds u2
volume_l u6
held_l u4
energy_wh u6
flow_lph s4
power_w s4
status u2
meters u2
alarms u4
reserved x4
"""

INTERVAL_TAIL = """
voltage_a_dv u2
voltage_b_dv u2
voltage_c_dv u2
current_a_ca u2
current_b_ca u2
current_c_ca u2
level_mm s4
pressure_pa u4
reserved x8
"""

IRRIGATION_TAIL = """
account u4
credential b8
account_l u6
ceiling_l u6
actor u4
"""

EVENT_TAIL = """
subject u4
detail b24
"""

BOOT_TAIL = """
chain u4
order_seq u4
last_seq u4
outage_s u4
tier u1
reserved x11
"""

GAP_TAIL = """
outage_s u4
from_utc_s u4
volume_before_l u6
energy_before_wh u6
reserved x8
"""

LOSS_BODY = """
first_seq u4
last_seq u4
first_volume_l u6
last_volume_l u6
reserved x68
"""

OBJECT_BODY = """
object_seq u4
digest b32
length u2
reserved x50
"""

STATEMENT_BODY = """
covered_seq u4
covered_h b32
core_digest b24
config_digest b24
chain u4
"""

SIGNATURE_BODY = """
statement_seq u4
signature b64
reserved x20
"""

_TAILS = {
    INTERVAL: INTERVAL_TAIL,
    START: IRRIGATION_TAIL,
    STOP: IRRIGATION_TAIL,
    EVENT: EVENT_TAIL,
    BOOT: BOOT_TAIL,
    GAP: GAP_TAIL,
}
_BODIES = {
    LOSS: LOSS_BODY,
    CONFIG: OBJECT_BODY,
    BINDING: OBJECT_BODY,
    GRANT: OBJECT_BODY,
    ORDER: OBJECT_BODY,
    KEYS: OBJECT_BODY,
    STATEMENT: STATEMENT_BODY,
    SIGNATURE: SIGNATURE_BODY,
}


def is_measuring(kind):
    """True if records of this kind carry registers and books."""
    return kind in _TAILS


def layouts(kind):
    """The layouts that follow one another in the content of a record of this kind.

    Raises Malformed for a kind that this version does not know.
    """
    if kind in _TAILS:
        return HEADER, MEASURING, _TAILS[kind]
    if kind in _BODIES:
        return HEADER, _BODIES[kind]
    raise Malformed("record kind %d is not known" % kind)


def encode(values):
    """Return the 112 content bytes of a record; `values` by field name, `version` is set here.

    Raises NotAllowed on a value outside its range.
    """
    content = bytearray(CONTENT_SIZE)
    offset = 0
    values = dict(values)
    values["version"] = VERSION
    for layout in layouts(values["kind"]):
        offset = fields.pack_into(layout, content, offset, values)
    if offset != CONTENT_SIZE:
        raise NotAllowed("record layout of kind %d is %d bytes" % (values["kind"], offset))
    return bytes(content)


def header(slot):
    """Return the 24-byte header of a slot or content as a dict. Raises Malformed."""
    values = fields.unpack(HEADER, slot)
    if values["version"] != VERSION:
        raise Malformed("record version %s is not %d" % (values["version"], VERSION))
    return values


def decode(slot):
    """Return every field of a slot (or of its content) as one dict. Raises Malformed."""
    if len(slot) not in (SLOT_SIZE, CONTENT_SIZE):
        raise Malformed("a slot has %d bytes, this has %d" % (SLOT_SIZE, len(slot)))
    values = header(slot)
    offset = 0
    for layout in layouts(values["kind"]):
        values.update(fields.unpack(layout, slot, offset))
        offset += fields.size_of(layout)
    return values


def legible(slot):
    """As decode; None for a slot that says what no record says: a bit turned over, or a later firmware's."""
    try:
        return decode(slot)
    except Malformed:
        return None
