"""The order: a signed administrative instruction to one site or to an area (design §6, W04).

An office is an entry of the root-signed key list, not a key: what it ordered, its successor
key lifts. Every office numbers its orders; a site takes only a higher number of an office,
so a replayed lift is no lift. With its signature an order is 132 bytes.
"""

from . import fields, signed
from .errors import Malformed, NotAllowed, TooLarge

VERSION = 1
LABEL = b"KZ order 1"
SIZE_MAX = 200  # 132 now; eight in force and their table stay far below a 4 kB sector

ROOT = 0  # the binding's regulator key: office of none, lifts anything

STOP = 1
HOURS = 2  # runs only between two times of the day
SEAL = 3
LIFT = 4

SITE = 0
AREA = 1

PLAIN = 0
AREA_LEVEL = 1  # dual control: the area's water level (T11, T35)
AREA_VOLUME = 2  # dual control: the area's volume

EVERY = 0  # lift_seq: every order of that office; orders are numbered from 1

MINUTES = 1440  # of a day

HEADER = """
version u1
kind u1
scope u1
basis u1
office u2
from_min u2
to_min u2
lift_office u2
seq u4
lift_seq u4
target t16
issued_utc_s u4
until_utc_s u4
document t24
"""


def encode(values):
    """Return an order's body; `values` by HEADER, what does not apply None. Raises NotAllowed."""
    values = dict(values)
    values["version"] = VERSION
    body = fields.pack(HEADER, values)
    decode(body)  # whatever we would refuse to read, we do not write
    return body


def decode(body):
    """Return the values of an order's body.

    Raises Malformed or TooLarge on its shape, NotAllowed on what no order may say.
    """
    if len(body) > SIZE_MAX - signed.SIGNATURE_SIZE:
        raise TooLarge("an order has at most %d bytes" % SIZE_MAX, SIZE_MAX)
    values = fields.unpack(HEADER, body)
    if values["version"] != VERSION:
        raise Malformed("order version %s is not %d" % (values["version"], VERSION))
    if len(body) != fields.size_of(HEADER):
        raise Malformed("an order needs %d bytes, not %d" % (fields.size_of(HEADER), len(body)))
    for name in ("office", "seq", "issued_utc_s"):
        if values[name] is None:
            raise NotAllowed("%s of an order is missing" % name)
    if not values["seq"] or not values["target"] or not values["document"]:
        raise NotAllowed("an order has a number from 1, a target and a document")
    _check_kind(values)
    _check_until(values)
    _check_hours(values)
    _check_lift(values)
    return values


def _check_kind(values):
    kind, scope, basis = values["kind"], values["scope"], values["basis"]
    if kind not in (STOP, HOURS, SEAL, LIFT) or scope not in (SITE, AREA):
        raise NotAllowed("order of kind %s and scope %s" % (kind, scope))
    if basis not in (PLAIN, AREA_LEVEL, AREA_VOLUME):
        raise NotAllowed("basis %s is not known" % basis)
    # Design §6: area orders only stop or limit; releases are per well.
    if kind not in (STOP, HOURS) and (scope != SITE or basis != PLAIN):
        raise NotAllowed("a seal or a lift is for one site, and on no area's figures")


def _check_until(values):
    until_utc_s = values["until_utc_s"]
    if until_utc_s is None:
        return
    if values["kind"] == LIFT:
        raise NotAllowed("a lift has no end")
    if until_utc_s <= values["issued_utc_s"]:
        raise NotAllowed("an order ends before it is issued")


def _check_hours(values):
    from_min, to_min = values["from_min"], values["to_min"]
    if values["kind"] != HOURS:
        if from_min is not None or to_min is not None:
            raise NotAllowed("only an order of hours names hours")
        return
    for minute in (from_min, to_min):
        if minute is None or minute >= MINUTES:
            raise NotAllowed("minute %s is not of the day" % minute)
    if from_min == to_min:
        raise NotAllowed("hours that end where they begin limit nothing or all")


def _check_lift(values):
    office, seq = values["lift_office"], values["lift_seq"]
    if values["kind"] != LIFT:
        if office is not None or seq is not None:
            raise NotAllowed("only a lift names what it lifts")
        return
    if office is None or seq is None:
        raise NotAllowed("a lift names an office and a number")
    # Domain §7: only the authority level that gave an order lifts it. The root lifts anything.
    if values["office"] not in (office, ROOT):
        raise NotAllowed("office %d cannot lift what office %d ordered" % (values["office"], office))
    if values["office"] == office and seq >= values["seq"]:
        raise NotAllowed("a lift cannot be older than what it lifts")


def open_signed(data):
    """Return (values, message, signature) of a signed order. Raises ProtocolError."""
    body, message, signature = signed.split(LABEL, data)
    return decode(body), message, signature
