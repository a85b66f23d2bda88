"""The grant: a signed right to pump, absolute ceilings on the site's registers (design §6).

A grant names the site, not the box or the meters. Its ceilings are absolute, so replay,
duplicate and reordering are harmless and a cut is the same operation as an addition.
A full grant of 16 rows is 459 bytes: it fits a 504-byte NFC tag.
"""

from . import fields, signed
from .errors import Malformed, NotAllowed, TooLarge

VERSION = 1
LABEL = b"KZ grant 1"
ROWS_MAX = 16  # 16 rows and the signature stay under 500 B, an NFC tag's room
SIZE_MAX = 500

WATER = 0
ENERGY = 1

STOP = 0
FINISH = 1
WARN = 2

FLAG_STRICT = 1  # refuse this grant when the chain does not hold the acknowledged head

HEADER = """
version u1
flags u1
policy u1
rows u1
seq u4
site t16
issuer u4
issued_utc_s u4
document t24
head_chain u4
head_seq u4
head_h b32
head_volume_l u5
head_ledger_l u5
"""

ROW = """
quantity u1
from_utc_s u4
to_utc_s u4
ceiling u5
finish_100l u2
emergency_100l u2
"""


def encode(values, rows):
    """Return a grant's body; `rows` are dicts of ROW. Raises NotAllowed."""
    if not 1 <= len(rows) <= ROWS_MAX:
        raise NotAllowed("a grant has 1..%d rows, not %d" % (ROWS_MAX, len(rows)))
    values = dict(values)
    values["version"] = VERSION
    values["rows"] = len(rows)
    body = fields.pack(HEADER, values)
    for row in rows:
        body += fields.pack(ROW, row)
    decode(body)  # whatever we would refuse to read, we do not write
    return body


def _row(body, offset):
    row = fields.unpack(ROW, body, offset)
    for name in ("quantity", "from_utc_s", "to_utc_s", "ceiling", "finish_100l", "emergency_100l"):
        if row[name] is None:
            raise NotAllowed("%s of a grant row is missing" % name)
    if row["quantity"] not in (WATER, ENERGY):
        raise NotAllowed("quantity %d is neither water nor energy" % row["quantity"])
    if row["from_utc_s"] >= row["to_utc_s"]:
        raise NotAllowed("a grant row ends before it begins")
    return row


def decode(body):
    """Return (values, rows) of a grant's body.

    Raises Malformed or TooLarge on its shape, NotAllowed on values no grant may have.
    """
    if len(body) > SIZE_MAX - signed.SIGNATURE_SIZE:
        raise TooLarge("a grant has at most %d bytes" % SIZE_MAX, SIZE_MAX)
    values = fields.unpack(HEADER, body)
    if values["version"] != VERSION:
        raise Malformed("grant version %s is not %d" % (values["version"], VERSION))
    count = values["rows"]
    if count is None or not 1 <= count <= ROWS_MAX:
        raise NotAllowed("a grant has 1..%d rows" % ROWS_MAX)
    start = fields.size_of(HEADER)
    width = fields.size_of(ROW)
    if len(body) != start + count * width:
        raise Malformed("%d rows need %d bytes, not %d" % (count, start + count * width, len(body)))
    if values["policy"] not in (STOP, FINISH, WARN):
        raise NotAllowed("policy %s is not known" % values["policy"])
    if values["flags"] not in (0, FLAG_STRICT):
        raise NotAllowed("flags %s are not known" % values["flags"])
    for name in ("seq", "issuer", "issued_utc_s", "head_chain", "head_seq"):
        if values[name] is None:
            raise NotAllowed("%s of a grant is missing" % name)
    return values, [_row(body, start + i * width) for i in range(count)]
