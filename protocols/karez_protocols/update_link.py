"""An update over the field link: steps down, behind the kind UPDATE of link.py, and how far it is up.

    karez/1/<controller>/down     kind 7 ‖ STEP ‖ data
    karez/1/<controller>/update   STATUS: what the controller has, and what it wants next

A step that comes twice or too early changes nothing, so the other side may send again from wherever the last
status says. Loaded while an update comes, and given back to the heap after it.
"""

from . import fields
from .errors import Malformed, NotAllowed

VERSION = 1
DATA_MAX = 512

PUT = 1  # a manifest of `index` bytes begins; data: its SHA-256
PIECE = 2  # bytes of it from `offset` on
BEGIN = 3  # all of it is there: check it
CHUNK = 4  # bytes of chunk `index` from `offset` on
APPLY = 5  # restart into it, as soon as the pump stands and the log is stored
DROP = 6  # forget it
ASK = 7  # say how far it is

STEP = """
version u1
step u1
index u2
offset u2
reserved x2
update b8
"""

STATUS = """
version u1
state u1
is_wanted u1
reserved x1
number u4
index u2
offset u2
update b8
reason t48
"""


def encode(values, data=b""):
    """Return the bytes of a step behind its kind; `update`: first 8 bytes of the manifest's SHA-256.

    Raises NotAllowed.
    """
    if len(data) > DATA_MAX:
        raise NotAllowed("a step carries at most %d bytes" % DATA_MAX)
    values = dict(values)
    values["version"] = VERSION
    payload = fields.pack(STEP, values) + data
    decode(payload)
    return payload


def decode(payload):
    """Return (values of STEP, data). Raises Malformed."""
    values = fields.unpack(STEP, payload)
    data = bytes(payload[fields.size_of(STEP) :])
    if values["version"] != VERSION or not PUT <= (values["step"] or 0) <= ASK or len(data) > DATA_MAX:
        raise Malformed("step %s of version %s" % (values["step"], values["version"]))
    if values["index"] is None or values["offset"] is None:
        raise Malformed("a step without index or offset")
    if values["step"] == PUT and len(data) != 32:
        raise Malformed("a manifest is announced by its SHA-256")
    if values["step"] in (PIECE, CHUNK) and not data:
        raise Malformed("a piece without bytes")
    return values, data


def decode_status(payload):
    """Return the values of STATUS. Raises Malformed."""
    values = fields.unpack(STATUS, payload)
    if values["version"] != VERSION or len(payload) != fields.size_of(STATUS):
        raise Malformed("status of version %s, %d bytes" % (values["version"], len(payload)))
    return values
