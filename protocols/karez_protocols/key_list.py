"""The key list: which offices there are, with which keys, and what each may sign (design §6).

The root signs it: the binding's regulator key, office 0. Without a list the root alone
signs grants and orders. A newer list replaces the former whole; that is how a key gets its
successor, and how a lost one ends.
"""

from . import fields, signed
from .errors import Malformed, NotAllowed, TooLarge

VERSION = 1
LABEL = b"KZ keys 1"
ROWS_MAX = 8  # version 1 knows county and root; a full list still fits one 600 B message
SIZE_MAX = 356

GRANTS = 1
ORDERS = 2

HEADER = """
version u1
rows u1
reserved x2
seq u4
issued_utc_s u4
"""

ROW = """
office u2
may u1
key b32
"""


def encode(values, rows):
    """Return a key list's body; `rows` are dicts of ROW, offices rising. Raises NotAllowed."""
    if len(rows) > ROWS_MAX:
        raise NotAllowed("a key list has at most %d rows, not %d" % (ROWS_MAX, len(rows)))
    values = dict(values)
    values["version"] = VERSION
    values["rows"] = len(rows)
    body = fields.pack(HEADER, values)
    for row in rows:
        body += fields.pack(ROW, row)
    decode(body)
    return body


def decode(body):
    """Return (values, rows) of a key list's body.

    Raises Malformed or TooLarge on its shape, NotAllowed on values no list may have.
    """
    if len(body) > SIZE_MAX - signed.SIGNATURE_SIZE:
        raise TooLarge("a key list has at most %d bytes" % SIZE_MAX, SIZE_MAX)
    values = fields.unpack(HEADER, body)
    if values["version"] != VERSION:
        raise Malformed("key list version %s is not %d" % (values["version"], VERSION))
    count = values["rows"]
    if count is None or count > ROWS_MAX:
        raise NotAllowed("a key list has at most %d rows" % ROWS_MAX)
    start = fields.size_of(HEADER)
    width = fields.size_of(ROW)
    if len(body) != start + count * width:
        raise Malformed("%d rows need %d bytes, not %d" % (count, start + count * width, len(body)))
    if not values["seq"] or values["issued_utc_s"] is None:
        raise NotAllowed("a key list has a number from 1 and a date")
    rows = [fields.unpack(ROW, body, start + i * width) for i in range(count)]
    _check(rows)
    return values, rows


def _check(rows):
    before = 0  # office 0 is the root: its key stands in the binding, no list replaces it
    keys = []
    for row in rows:
        office, may = row["office"], row["may"]
        # Rising: no office twice, and one list has one encoding.
        if office is None or office <= before:
            raise NotAllowed("offices of a key list are numbered from 1 and rise")
        if may not in (GRANTS, ORDERS, GRANTS | ORDERS):
            raise NotAllowed("office %d may %s" % (office, may))
        # A grant names its issuer by key: two offices with one key could not be told apart.
        if row["key"] in keys:
            raise NotAllowed("office %d has the key of another" % office)
        before = office
        keys.append(row["key"])


def key_of(rows, office, may):
    """Return the key of an office that may sign this (GRANTS, ORDERS), else None."""
    for row in rows:
        if row["office"] == office and row["may"] & may:
            return row["key"]
    return None


def open_signed(data):
    """Return (values, rows, message, signature) of a signed key list. Raises ProtocolError."""
    body, message, signature = signed.split(LABEL, data)
    values, rows = decode(body)
    return values, rows, message, signature
