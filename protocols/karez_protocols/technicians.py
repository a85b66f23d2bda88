"""The list of technicians: who may change something at a well, with which key and until when (decision 29).

The root signs it: the binding's regulator key, office 0 of decision 22. A newer list replaces
the former whole; that is how a key gets its successor, and how a lost one ends.
"""

from . import fields, signed
from .errors import Malformed, NotAllowed, TooLarge

VERSION = 1
LABEL = b"KZ tech 1"
LOGIN_LABEL = b"KZ login 1"
ROWS_MAX = 102  # as many as fit one object of the controller's NOR (4080 B, firmware/store/objects.py)
SIZE_MAX = 4054

TECHNICIAN = 1  # bit of `roles`; the others are for roles to come, and who knows them not passes them by

NONCE_SIZE = 16

HEADER = """
version u1
rows u1
reserved x2
seq u4
issued_utc_s u4
"""

# An `until_utc_s` that is unknown has no end.
ROW = """
number u2
until_utc_s u4
roles u1
key b32
"""

CHALLENGE = """
controller t16
number u2
nonce b16
"""


class Rows:
    """The rows of a list's body, read where they lie: a hundred dicts would cost the controller 30 kB."""

    def __init__(self, body):
        self._body = body
        self._start = fields.size_of(HEADER)
        self._width = fields.size_of(ROW)

    def __len__(self):
        return (len(self._body) - self._start) // self._width

    def __getitem__(self, index):
        """Return row `index` (from 0) as a dict of ROW. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        return fields.unpack(ROW, self._body, self._start + index * self._width)

    def __iter__(self):
        for index in range(len(self)):
            yield self[index]


def encode(values, rows):
    """Return a list's body; `rows` are dicts of ROW, numbers rising. Raises NotAllowed."""
    if len(rows) > ROWS_MAX:
        raise NotAllowed("a list has at most %d technicians, not %d" % (ROWS_MAX, len(rows)))
    values = dict(values)
    values["version"] = VERSION
    values["rows"] = len(rows)
    body = fields.pack(HEADER, values)
    for row in rows:
        body += fields.pack(ROW, row)
    decode(body)
    return body


def decode(body):
    """Return (values, Rows) of a list's body.

    Raises Malformed or TooLarge on its shape, NotAllowed on values no list may have.
    """
    if len(body) > SIZE_MAX - signed.SIGNATURE_SIZE:
        raise TooLarge("a list of technicians has at most %d bytes" % SIZE_MAX, SIZE_MAX)
    values = fields.unpack(HEADER, body)
    if values["version"] != VERSION:
        raise Malformed("version %s of a list of technicians is not %d" % (values["version"], VERSION))
    count = values["rows"]
    if count is None or count > ROWS_MAX:
        raise NotAllowed("a list has at most %d technicians" % ROWS_MAX)
    size = fields.size_of(HEADER) + count * fields.size_of(ROW)
    if len(body) != size:
        raise Malformed("%d technicians need %d bytes, not %d" % (count, size, len(body)))
    if not values["seq"] or values["issued_utc_s"] is None:
        raise NotAllowed("a list of technicians has a number from 1 and a date")
    rows = Rows(body)
    _check(body, rows)
    return values, rows


def _check(body, rows):
    before = 0
    end = fields.size_of(HEADER)
    for row in rows:
        end += fields.size_of(ROW)
        number = row["number"]
        # Rising: nobody twice, and one list has one encoding.
        if number is None or number <= before:
            raise NotAllowed("technicians are numbered from 1 and rise")
        if not row["roles"]:
            raise NotAllowed("technician %d has no role" % number)
        # A record names who acted: two people with one key could act in each other's name.
        if body.find(row["key"], end) >= 0:
            raise NotAllowed("technician %d has the key of another" % number)
        before = number


def key_of(rows, number, utc_s, role=TECHNICIAN):
    """Return the key of a technician who has this role at `utc_s`, else None.

    `utc_s` None: the time is not trusted, and dates stop nobody, as with grants (decision 29).
    """
    for row in rows:
        if row["number"] == number and (row["roles"] or 0) & role:
            until_utc_s = row["until_utc_s"]
            is_over = utc_s is not None and until_utc_s is not None and utc_s >= until_utc_s
            return None if is_over else row["key"]
    return None


def open_signed(data):
    """Return (values, Rows, message, signature) of a signed list. Raises ProtocolError."""
    body, message, signature = signed.split(LABEL, data)
    values, rows = decode(body)
    return values, rows, message, signature


def challenge_message(controller_name, number, nonce):
    """Return the bytes that a technician signs to log in at this controller. Raises NotAllowed.

    The name of the box stands in them: what one box asked proves nothing to another.
    """
    values = {"controller": controller_name, "number": number, "nonce": nonce}
    if not controller_name or not number:
        raise NotAllowed("a login names a controller and a technician from 1")
    return signed.message(LOGIN_LABEL, fields.pack(CHALLENGE, values))
