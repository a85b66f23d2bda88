"""The field link's payloads: what MQTT carries between controller and gateway (design §9).

    karez/1/<controller>/up     header ‖ 1..16 raw slots
    karez/1/<controller>/down   acknowledgement | signed grant | signed order | signed key list |
                                time | command | step of an update
    karez/1/<controller>/update how far an update is (update_link.py)
    karez/1/<controller>/state  retained: where the controller stands; the will says offline

The acknowledgement means *stored durably*, not *true*, and is no ratchet: a lower one makes
the controller send again from there. Here stand the layouts and the controller's side;
the other side is link_gateway.py, which costs a controller no heap.
"""

from . import fields, record
from .errors import Malformed, NotAllowed, TooLarge

VERSION = 1
SLOTS_MAX = 16  # 16 slots and a header fit a 2.1 kB buffer on the controller
DOWN_SIZE_MAX = 600  # a full grant and its first byte

ACK = 1
GRANT = 2
ORDER = 3
KEYS = 4
TIME = 5
COMMAND = 6
UPDATE = 7  # a step of an update: update_link.py

# Verbs of a command. Nobody signs one: it is a wish that the controller's own rules judge (design §6).
START = 1
STOP = 2

UP_HEADER = """
version u1
count u1
reserved x2
frame u4
chain u4
"""

ACK_BODY = """
kind u1
version u1
reserved x2
frame u4
chain u4
seq u4
"""

TIME_BODY = """
kind u1
version u1
reserved x2
utc_s u4
"""

# `boot` and `until_s` (uptime) are of the controller's last state: a start that came late is dead.
COMMAND_BODY = """
kind u1
version u1
verb u1
reserved x1
account u4
boot u4
until_s u4
"""

STATE_BODY = """
version u1
online u1
pump u1
time_state u1
chain u4
last_seq u4
acknowledged_seq u4
boot u4
uptime_s u4
grant_seq u4
order_seq u4
segment u2
reserved x2
volume_l u6
held_l u4
"""

UP_HEADER_SIZE = 12  # of UP_HEADER
UP_SIZE_MAX = UP_HEADER_SIZE + SLOTS_MAX * record.SLOT_SIZE

OFFLINE = bytes((VERSION, 0))  # the last will: fixed, the broker sends it when we cannot


def topic(controller, leaf):
    """Return the topic of one controller: leaf is "up", "down" or "state"."""
    return "karez/1/%s/%s" % (controller, leaf)


def put_up_header(buffer, frame, chain, count):
    """Write the header of an up payload of `count` slots into a buffer. Raises NotAllowed."""
    if not 1 <= count <= SLOTS_MAX:
        raise NotAllowed("a frame has 1..%d slots, not %d" % (SLOTS_MAX, count))
    values = {"version": VERSION, "count": count, "frame": frame, "chain": chain}
    fields.pack_into(UP_HEADER, buffer, 0, values)


def decode_down(payload):
    """Return (GRANT, ORDER, KEYS or UPDATE, the bytes behind it), or (ACK, TIME or COMMAND, values).

    Raises Malformed or TooLarge.
    """
    if len(payload) > DOWN_SIZE_MAX:
        raise TooLarge("a down payload has at most %d bytes" % DOWN_SIZE_MAX, DOWN_SIZE_MAX)
    kind = payload[0] if payload else 0
    if kind in (GRANT, ORDER, KEYS, UPDATE):
        return kind, bytes(payload[1:])
    layout = {ACK: ACK_BODY, TIME: TIME_BODY, COMMAND: COMMAND_BODY}.get(kind)
    if layout is None:
        raise Malformed("down payload of kind %s" % kind)
    values = fields.unpack(layout, payload)
    if len(payload) != fields.size_of(layout) or values["version"] != VERSION:
        raise Malformed("down payload of version %s, %d bytes" % (values["version"], len(payload)))
    if kind == COMMAND:
        _check(values)
    return kind, values


def _check(command):
    verb = command["verb"]
    if verb not in (START, STOP):
        raise Malformed("command of verb %s" % verb)
    if verb == START and None in (command["account"], command["boot"], command["until_s"]):
        raise Malformed("a start without account, boot or deadline")


def encode_state(values):
    """Return the state payload of a controller that is online. Raises NotAllowed."""
    values = dict(values)
    values["version"] = VERSION
    values["online"] = 1
    return fields.pack(STATE_BODY, values)
