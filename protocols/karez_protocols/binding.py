"""The binding: which box stands at which site, with which meters (design §5).

Signed at the bench; h_0 of the controller's chain follows from it (chain.genesis), so a
chain can never be shown for another site. Ceilings and readings refer to its segments:
W = base + multiplier x (register - register_base) of the current segment of its quantity.

A metered segment reads its own quantity. A converted one of WATER reads the energy meter that
its profile names, and its multiplier is the coefficient: 1,000,000 ppm = 1 litre per Wh.
"""

from . import fields, signed
from .errors import Malformed, NotAllowed
from .grant import ENERGY, WATER
from .record import CONVERTED, CONVERTED_GROUP, ESTIMATED, METERED
from .site_class import CLASSES

VERSION = 2
LABEL = b"KZ binding 1"
SEGMENTS_MAX = 8  # one object of at most 1 kB on the controller; older ones live in the log

FAIL_STOPPED = 0
FAIL_RUNNING = 1

HEADER = """
version u1
class u1
fail u1
segments u1
seq u4
controller t16
site t16
gateway t16
controller_key b32
regulator_key b32
issued_utc_s u4
rated_flow_lph u4
rated_power_w u4
upper_ml_per_wh u4
reference_ml_per_wh u4
physical_ml_per_wh u4
riser_l u4
"""

# Without a step test there is no reference, without the lift no physical bound: None. The riser is
# never unknown: 0 says that a check valve holds, and a wrong 0 only asks a person about backflow.
_REQUIRED = "class fail seq issued_utc_s rated_flow_lph upper_ml_per_wh riser_l"

SEGMENT = """
quantity u1
method u1
address u1
profile_version u1
coefficient_version u2
from_seq u4
profile t16
serial t16
base u6
register_base u6
multiplier_ppm u4
"""


def encode(values, segments):
    """Return a binding's body; `segments` are dicts of SEGMENT. Raises NotAllowed."""
    values = dict(values)
    values["version"] = VERSION
    values["segments"] = len(segments)
    body = fields.pack(HEADER, values)
    for segment in segments:
        body += fields.pack(SEGMENT, segment)
    decode(body)
    return body


def _check(segment):
    """Refuse a segment that no controller could keep books by. Raises NotAllowed."""
    if segment["quantity"] not in (WATER, ENERGY) or not segment["multiplier_ppm"]:
        raise NotAllowed("segment of %r" % segment["serial"])
    if segment["method"] not in (METERED, CONVERTED, CONVERTED_GROUP, ESTIMATED):
        raise NotAllowed("method %s of a segment is not known" % segment["method"])
    if segment["quantity"] == ENERGY and segment["method"] != METERED:
        raise NotAllowed("energy is metered, nothing converts to it")
    if segment["coefficient_version"] is None:
        raise NotAllowed("coefficient version of a segment is missing")


def decode(body):
    """Return (values, segments) of a binding's body. Raises Malformed or NotAllowed."""
    values = fields.unpack(HEADER, body)
    if values["version"] != VERSION:
        raise Malformed("binding version %s is not %d" % (values["version"], VERSION))
    count = values["segments"]
    if count is None or not 1 <= count <= SEGMENTS_MAX:
        raise NotAllowed("a binding has 1..%d segments" % SEGMENTS_MAX)
    start = fields.size_of(HEADER)
    width = fields.size_of(SEGMENT)
    if len(body) != start + count * width:
        raise Malformed("%d segments need %d bytes" % (count, start + count * width))
    for name in _REQUIRED.split():
        if values[name] is None:
            raise NotAllowed("%s of a binding is missing" % name)
    if values["class"] >= CLASSES or values["fail"] not in (FAIL_STOPPED, FAIL_RUNNING):
        raise NotAllowed("class %d with fail direction %d" % (values["class"], values["fail"]))
    segments = [fields.unpack(SEGMENT, body, start + i * width) for i in range(count)]
    for segment in segments:
        _check(segment)
    return values, segments


def open_signed(data):
    """Return (values, segments, message, signature) of a signed binding. Raises ProtocolError."""
    body, message, signature = signed.split(LABEL, data)
    values, segments = decode(body)
    return values, segments, message, signature
