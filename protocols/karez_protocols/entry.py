"""Entries of the gateway's transparency log: what one leaf says (design §10).

record      one slot as it came, with the box it came from and when it was received
object      a signed object (grant ...) before it takes effect; an operator's command, which nobody signs
upload      one report to a platform and the platform's own answer: the receipt
origin      first entry of a log that follows another one: the last checkpoint known of that, and why it ended
revocation  a controller is believed no more: what came of it before this entry counts, what comes later not
act         what a person did to the county's books: who, why, and the digest of what was decided
"""

from . import fields, record
from .errors import Malformed, NotAllowed, TooLarge

VERSION = 1
SIZE_MAX = 2048  # far below the 65,535 B of an entry bundle's length field (C2SP tlog-tiles)

RECORD = 1
OBJECT = 2
UPLOAD = 3
ORIGIN = 4
REVOCATION = 5
ACT = 6

RECORD_BODY = """
version u1
entry u1
reserved x2
controller t16
chain u4
received_utc_s u4
slot b128
"""

OBJECT_HEADER = """
version u1
entry u1
sort u1
reserved x1
received_utc_s u4
"""

# A sort of object that no record names: what an operator wished of one controller, and who it was.
COMMAND = 128

COMMAND_OBJECT = """
controller t16
verb u1
reserved x3
account u4
boot u4
until_s u4
wished_by t24
"""

UPLOAD_HEADER = """
version u1
entry u1
reserved x2
destination t16
controller t16
chain u4
seq u4
confirmed_utc_s u4
request u2
confirm u2
"""

ORIGIN_HEADER = """
version u1
entry u1
note u2
opened_utc_s u4
first_entry u6
reserved x2
"""

REVOCATION_HEADER = """
version u1
entry u1
by u2
revoked_utc_s u4
controller t16
chain u4
seq u4
"""

ACT_HEADER = """
version u1
entry u1
by u2
acted_utc_s u4
number u6
sort u2
digest b32
"""


def encode_record(controller, chain, received_utc_s, slot):
    """Return the entry of one slot."""
    return fields.pack(
        RECORD_BODY,
        {
            "version": VERSION,
            "entry": RECORD,
            "controller": controller,
            "chain": chain,
            "received_utc_s": received_utc_s,
            "slot": slot,
        },
    )


def encode_object(sort, received_utc_s, data):
    """Return the entry of an object; `sort`: record kind that names it (record.GRANT ...), or COMMAND."""
    values = {"version": VERSION, "entry": OBJECT, "sort": sort, "received_utc_s": received_utc_s}
    return fields.pack(OBJECT_HEADER, values) + data


def encode_command(received_utc_s, values):
    """Return the entry of an operator's command; `values` by COMMAND_OBJECT. Raises NotAllowed."""
    return encode_object(COMMAND, received_utc_s, fields.pack(COMMAND_OBJECT, values))


def decode_command(data):
    """Return the values of an object of sort COMMAND. Raises Malformed."""
    if len(data) != fields.size_of(COMMAND_OBJECT):
        raise Malformed("a command needs %d bytes" % fields.size_of(COMMAND_OBJECT))
    return fields.unpack(COMMAND_OBJECT, data)


def encode_upload(destination, controller, chain, seq, confirmed_utc_s, request, confirm):
    """Return the entry of one confirmed report: which record it was made from, both frames."""
    if len(request) + len(confirm) > SIZE_MAX - fields.size_of(UPLOAD_HEADER):
        raise NotAllowed("frames of %d bytes do not fit an entry" % (len(request) + len(confirm)))
    values = {
        "version": VERSION,
        "entry": UPLOAD,
        "destination": destination,
        "controller": controller,
        "chain": chain,
        "seq": seq,
        "confirmed_utc_s": confirmed_utc_s,
        "request": len(request),
        "confirm": len(confirm),
    }
    return fields.pack(UPLOAD_HEADER, values) + request + confirm


def encode_origin(opened_utc_s, first_entry, note, reason):
    """Return the first entry of a new log.

    `note` is the former log's last signed checkpoint, `first_entry` how many of its entries are not
    repeated here, `reason` a text. Raises NotAllowed.
    """
    body = note + reason.encode()
    if len(body) > SIZE_MAX - fields.size_of(ORIGIN_HEADER):
        raise NotAllowed("note and reason of %d bytes do not fit an entry" % len(body))
    values = {
        "version": VERSION,
        "entry": ORIGIN,
        "note": len(note),
        "opened_utc_s": opened_utc_s,
        "first_entry": first_entry,
    }
    return fields.pack(ORIGIN_HEADER, values) + body


def encode_revocation(controller, chain, seq, revoked_utc_s, by, reason):
    """Return the entry that revokes a controller.

    `chain` and `seq`: its newest chain and the highest contiguous number of it that was stored, both
    None if nothing came; `by` and `reason` are texts. Raises NotAllowed.
    """
    who = by.encode()
    body = who + reason.encode()
    if len(body) > SIZE_MAX - fields.size_of(REVOCATION_HEADER):
        raise NotAllowed("name and reason of %d bytes do not fit an entry" % len(body))
    values = {
        "version": VERSION,
        "entry": REVOCATION,
        "by": len(who),
        "revoked_utc_s": revoked_utc_s,
        "controller": controller,
        "chain": chain,
        "seq": seq,
    }
    return fields.pack(REVOCATION_HEADER, values) + body


def encode_act(number, sort, acted_utc_s, digest, by, reason):
    """Return the entry of what a person did to the county's books.

    `number`: the act's own; `sort`: a word; `digest`: SHA-256 of what was decided; `by` and `reason`
    are texts. Raises NotAllowed.
    """
    who, what = by.encode(), sort.encode()
    body = who + what + reason.encode()
    if len(body) > SIZE_MAX - fields.size_of(ACT_HEADER):
        raise NotAllowed("name and reason of %d bytes do not fit an entry" % len(body))
    values = {
        "version": VERSION,
        "entry": ACT,
        "by": len(who),
        "acted_utc_s": acted_utc_s,
        "number": number,
        "sort": len(what),
        "digest": digest,
    }
    return fields.pack(ACT_HEADER, values) + body


def decode(data):
    """Return an entry as a dict, `entry` = RECORD, OBJECT ... Raises Malformed, TooLarge."""
    if len(data) > SIZE_MAX:
        raise TooLarge("an entry has at most %d bytes" % SIZE_MAX, SIZE_MAX)
    if len(data) < 2 or data[0] != VERSION:
        raise Malformed("not an entry of version %d" % VERSION)
    if data[1] == RECORD:
        values = fields.unpack(RECORD_BODY, data)
        if len(data) != fields.size_of(RECORD_BODY):
            raise Malformed("a record entry has %d bytes" % fields.size_of(RECORD_BODY))
        record.decode(values["slot"])
        return values
    if data[1] == OBJECT:
        values = fields.unpack(OBJECT_HEADER, data)
        values["object"] = bytes(data[fields.size_of(OBJECT_HEADER) :])
        return values
    if data[1] == UPLOAD:
        return _upload(data)
    if data[1] == ORIGIN:
        return _origin(data)
    if data[1] == REVOCATION:
        return _revocation(data)
    if data[1] == ACT:
        return _act(data)
    raise Malformed("entry kind %d is not known" % data[1])


def _upload(data):
    values = fields.unpack(UPLOAD_HEADER, data)
    start = fields.size_of(UPLOAD_HEADER)
    middle = start + (values["request"] or 0)
    if values["request"] is None or values["confirm"] is None or len(data) != middle + values["confirm"]:
        raise Malformed("frames of an upload entry do not fill it")
    values["request"] = bytes(data[start:middle])
    values["confirm"] = bytes(data[middle:])
    return values


def _origin(data):
    values = fields.unpack(ORIGIN_HEADER, data)
    start = fields.size_of(ORIGIN_HEADER)
    if values["note"] is None or values["first_entry"] is None or len(data) < start + values["note"]:
        raise Malformed("the note of an origin entry is cut off")
    middle = start + values["note"]
    values["reason"] = _text(data[middle:])
    values["note"] = bytes(data[start:middle])
    return values


def _revocation(data):
    values = fields.unpack(REVOCATION_HEADER, data)
    start = fields.size_of(REVOCATION_HEADER)
    if values["by"] is None or values["revoked_utc_s"] is None or len(data) < start + values["by"]:
        raise Malformed("the name in a revocation entry is cut off")
    middle = start + values["by"]
    values["reason"] = _text(data[middle:])
    values["by"] = _text(data[start:middle])
    return values


def _act(data):
    values = fields.unpack(ACT_HEADER, data)
    start = fields.size_of(ACT_HEADER)
    if None in (values["by"], values["sort"], values["number"], values["acted_utc_s"]):
        raise Malformed("a part of an act entry is missing")
    middle = start + values["by"]
    end = middle + values["sort"]
    if len(data) < end:
        raise Malformed("the texts of an act entry are cut off")
    values["reason"] = _text(data[end:])
    values["by"] = _text(data[start:middle])
    values["sort"] = _text(data[middle:end])
    return values


def _text(data):
    try:
        return str(data, "utf-8")
    except UnicodeError:
        raise Malformed("a text in an entry is not UTF-8")
