"""The JSON form of a meter profile: checked key by key, turned into the compact form.

Needed once per profile at start; `profile.Profile` imports it then. The keys:

    name version maker source  who the meter is; the binding names profile and version
    protocol                   modbus, dlt645 or cjt188
    serial                     factory settings: baud, parity (N E O), stop_bits, address (modbus:
                               1..247; else the digits on the label, as the protocol's module takes
                               them: A for any digit, where one meter is alone on its line)
    latency_ms                 usual delay before an answer: weighs one more request
    reply_timeout_ms           no byte of an answer by then, from the end of the request: silent
    byte_gap_ms                a longer pause inside an answer ends it
    request_gap_ms             silence before a request where the meter wants more than usual
    fields                     name, type, order, scale, unit, and where: `start` (register on the wire,
                               from 0) or `di` (hexadecimal, high byte first) and `at` (byte of its data);
                               optional: mask, min, max, invalid (list of raw values), scaling
    atomic                     lists of fields that must be of one moment: one request
    splits                     totals of two fields: name, unit, whole, fraction, scale; optional:
                               fraction_exponent -n (an integer counting 10^-n of the whole; else
                               the fraction is a f32), min, max, scaling
    total, meaning, reverse    the name that bills, what it counts, the name of its opposite or null;
                               a meter that counts nothing has total and meaning null
    modulus                    where the total rolls over, counted in its integer register, null = not known
    status                     field and the meanings of its bits, bit 0 first ("" = none), or null
    unmeasured                 rules `field` & `mask`, or `field` < `below`: there is no
                               measurement then, what `voids` lists is unknown and not zero

and for modbus only:

    function                   3 or 4
    block_registers_max        the most registers the meter serves at once
    align                      2: starts and counts must be even
    holes                      may a request cover registers that no field names? true, false,
                               or a list of ranges [first, last] that may be read along

`scaling` is explained in profile_scaling. What serves only as a part, ratio, exponent or
unit code of another value is not delivered by itself.
"""

import struct

from . import profile_fields, profile_requests
from .errors import Malformed, NotAllowed
from .profile_shape import choice, entries, index, integer, keys, members, text
from .registers import ROW, VALUE_MAX

NAME_BYTES_MAX = 16  # a binding's place for it, and for the version
VERSION_MAX = 254
PROTOCOLS = "modbus dlt645 cjt188".split()
MEANINGS = "forward import import+export net".split()
_TOTAL_UNITS = ("l", "wh")
_MODULUS_MAX = 1 << 64
ADDRESS_MAX = 247  # Modbus over serial line, 2.2: 0 is broadcast, 248-255 are reserved
RAW_BYTES_MAX = 8  # a record's place for the total's bytes
# DL/T 645 and CJ/T 188 know no t3.5; their frames are told apart by length. So long a pause
# after the last frame leaves a slow RS-485 driver time to let go of the line. Inferred.
QUIET_MS = 20

_HEAD = "name version maker source protocol serial latency_ms reply_timeout_ms byte_gap_ms request_gap_ms \
fields atomic splits total meaning reverse modulus status unmeasured"
_MODBUS = " function block_registers_max align holes"


def _rule(rule, names):
    """Return (field name, mask, below, names of what is void)."""
    keys(rule, "field voids", "mask below", "unmeasured")
    if ("mask" in rule) == ("below" in rule):
        raise NotAllowed("unmeasured: either mask or below")
    index(names, rule["field"])
    voids = [names[at] for at in members(rule["voids"], names)]
    mask = integer(rule, "mask", 1, 0xFFFF) if "mask" in rule else 0
    below = integer(rule, "below", 1, VALUE_MAX) if "below" in rule else 0
    return rule["field"], mask, below, tuple(voids)


def _line(profile, document, baud):
    serial = document["serial"]
    keys(serial, "baud parity stop_bits address", "", "serial")
    profile.baud = integer({"baud": baud} if baud else serial, "baud", 300, 921600)
    profile.parity = "NEO"[choice(serial, "parity", ["N", "E", "O"])]
    profile.stop_bits = integer(serial, "stop_bits", 1, 2)
    profile.character_bits = 9 + (profile.parity != "N") + profile.stop_bits
    profile.reply_timeout_us = 1000 * integer(document, "reply_timeout_ms", 10, 5000)
    profile.byte_gap_us = 1000 * integer(document, "byte_gap_ms", 2, 1000)
    profile.request_gap_us = 1000 * integer(document, "request_gap_ms", 0, 1000)
    if profile.protocol != "modbus":
        profile.request_gap_us = max(profile.request_gap_us, 1000 * QUIET_MS)


def _addressed(profile, document, codec):
    """Set function and address; refuse what the protocol's own encoder refuses."""
    address = document["serial"]["address"]
    if profile.protocol == "modbus":
        profile.function = integer(document, "function", 3, 4)
        integer(document["serial"], "address", 1, ADDRESS_MAX)
    else:
        text(document["serial"], "address")
        digits = [len(field["di"]) for field in document["fields"]]
        if min(digits) != max(digits):
            raise NotAllowed("identifiers of two editions")
        profile.function = profile_fields.FUNCTIONS[profile.protocol + str(digits[0])]
    profile.address = address
    for start, count in profile.requests:
        codec.encode_request(codec.question(address, profile.function, start, count))


def _total(profile, document, name, owners):
    """Refuse a name that counts nothing, or whose bytes a record cannot keep."""
    at = profile.names.index(name)
    if owners[at]["unit"] not in _TOTAL_UNITS:
        raise NotAllowed("%s is no total: its unit is none of %s" % (name, " ".join(_TOTAL_UNITS)))
    split = profile.splits.get(at, (at, at, 0))
    if name == profile.total:
        sizes = [
            (struct.unpack_from(ROW, profile.rows, part * struct.calcsize(ROW))[2] >> 3 & 7) + 1
            for part in set(split[:2])
        ]
        if sum(sizes) > RAW_BYTES_MAX:
            raise NotAllowed("%s has more than %d bytes" % (name, RAW_BYTES_MAX))
        profile.meaning = MEANINGS[choice(document, "meaning", MEANINGS)]
        if document["modulus"] is not None:
            # A split counts in parts of its whole register.
            profile.modulus = integer(document, "modulus", 1, _MODULUS_MAX) * 10 ** split[2]


def _tell(profile, document, owners):
    """What the values mean: the totals, the status bits, the rules for no measurement."""
    shown = [name for name in profile.names if name]
    profile.total = document["total"]
    profile.reverse = document["reverse"]
    for name in (profile.total, profile.reverse):
        if name is not None:
            index(shown, name)
            _total(profile, document, name, owners)
    if profile.total is None and any(document[key] is not None for key in ("meaning", "reverse", "modulus")):
        raise NotAllowed("without a total there is no meaning, reverse or modulus")
    if document["status"] is not None:
        keys(document["status"], "field bits", "", "status")
        profile.status = document["status"]["field"]
        index(shown, profile.status)
        bits = entries(document["status"], "bits")
        if not all(isinstance(meaning, str) for meaning in bits):
            raise Malformed("the meaning of a status bit is no text")
        profile.bits = "\n".join(bits)
    profile.rules = [_rule(rule, shown) for rule in entries(document, "unmeasured")]


def _head(profile, document):
    """Take who the meter is."""
    if not isinstance(document, dict) or "protocol" not in document:
        raise Malformed("profile: protocol is missing")
    profile.protocol = PROTOCOLS[choice(document, "protocol", PROTOCOLS)]
    keys(document, _HEAD + (_MODBUS if profile.protocol == "modbus" else ""), "", "profile")
    profile.name = text(document, "name")
    if len(profile.name.encode()) > NAME_BYTES_MAX:
        raise NotAllowed("name has more than %d bytes" % NAME_BYTES_MAX)
    text(document, "maker")
    text(document, "source")
    profile.version = integer(document, "version", 1, VERSION_MAX)


def _fields(profile, document):
    """Plan the requests; return (parts of the rows, names, groups of one moment, places) of all fields."""
    documents = entries(document, "fields")
    if not documents:
        raise Malformed("there are no fields")
    rows: list = []
    names: list = []
    for field in documents:
        rows.append(profile_fields.field_row(field, names, profile.protocol))
        names.append(rows[-1][0])
    atomic = [members(group, names) for group in entries(document, "atomic")]
    plan = profile_requests.of_identifiers
    if profile.protocol == "modbus":
        plan = profile_requests.of_registers
    return rows, names, atomic, plan(profile, document, rows, atomic)


def compile_into(profile, document, baud=None):
    """Fill the compact form of `profile` from a parsed document; return the module of its protocol.

    `baud` overrides the factory's. Raises Malformed (shape), NotAllowed (a value outside its
    range, an unknown key).
    """
    _head(profile, document)
    codec = profile_requests.codec_of(profile.protocol)
    _line(profile, document, baud)
    parts, names, atomic, places = _fields(profile, document)
    owners = document["fields"] + entries(document, "splits")
    offsets, hidden = profile_fields.scalings(profile, owners, names[:])
    for split in document["splits"]:
        row, split_of = profile_fields.split_row(split, parts, document["fields"], names, atomic)
        profile.splits[len(parts)] = split_of
        places.append(places[split_of[0]])
        parts.append(row)
        names.append(row[0])
        hidden.update(split_of[:2])
    _addressed(profile, document, codec)
    rows = []
    for at, (_, _, _, code, scale, mask, limits, marks) in enumerate(parts):
        rows.append(struct.pack(ROW, places[at][0], places[at][1], code, scale + offsets[at], mask, *limits))
        if marks:
            profile.marks[at] = marks
    profile.rows = b"".join(rows)
    profile.names = tuple(None if at in hidden else name for at, name in enumerate(names))
    _tell(profile, document, owners)
    return codec
