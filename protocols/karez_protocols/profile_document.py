"""The JSON form of a meter profile: checked key by key, turned into the compact form.

Needed once per profile at start; `profile.Profile` imports it then. The keys:

    name version maker source  who the meter is; the binding names profile and version
    function                   3 or 4
    serial                     factory settings: baud, parity (N E O), stop_bits, address
    latency_ms                 usual delay before an answer: weighs one more request
    reply_timeout_ms           no byte of an answer by then, from the end of the request: silent
    byte_gap_ms                a longer pause inside an answer ends it
    request_gap_ms             silence before a request where the meter wants more than t3.5
    block_registers_max        the most registers the meter serves at once
    align                      2: starts and counts must be even
    holes                      may a request cover registers that no field names?
    fields                     name, start (on the wire, from 0), type, order, scale, unit;
                               optional: mask, min, max (32 bits), invalid (list of raw values)
    atomic                     lists of fields that must be of one moment: one request
    splits                     totals (whole + fraction) x 10^(exponent + offset + unit)
    total, modulus             the register that bills; where it rolls over, counted in its
                               integer register, null = not known
    status                     field and the meanings of its bits, bit 0 first ("" = none)
    unmeasured                 rules `field` & `mask`, or `field` < `below`: there is no
                               measurement then, what `voids` lists is unknown and not zero
"""

import struct

from . import read_plan, registers
from .errors import Malformed, NotAllowed
from .modbus import ADDRESS_MAX, REGISTERS_MAX
from .profile import NO_LIMIT, ROW
from .wire_time import silent_us, wire_us

FIELDS_MAX = 64  # twice the longest map in use; bounds the planner's time
SCALE_MAX = 9  # cubic metres to microlitres, the widest step between two units in use
# A name ends in its unit: l/h, l, Wh, W, 0.1 V, 0.01 A, 0.01 Hz. Codes and bits have none.
UNITS = ("", "lph", "l", "wh", "w", "dv", "ca", "chz")

_HEAD = "name version maker source function serial latency_ms reply_timeout_ms byte_gap_ms request_gap_ms \
block_registers_max align holes fields atomic splits total modulus status unmeasured"
_SPLIT = "name unit whole fraction exponent offset unit_code unit_exponents"


def _keys(value, required, optional, where):
    """Refuse a value that is not an object with exactly these keys."""
    if not isinstance(value, dict):
        raise Malformed("%s is not an object" % where)
    for key in required.split():
        if key not in value:
            raise Malformed("%s: %s is missing" % (where, key))
    for key in value:
        if key not in required.split() and key not in optional.split():
            raise NotAllowed("%s: nobody reads the key %s" % (where, key))


def _integer(value, key, low, high):
    number = value[key]
    if not isinstance(number, int) or isinstance(number, bool):
        raise Malformed("%s is not an integer" % key)
    if not low <= number <= high:
        raise NotAllowed("%s = %d is outside %d..%d" % (key, number, low, high))
    return number


def _limit(value, key, default):
    return _integer(value, key, NO_LIMIT[0] + 1, NO_LIMIT[1] - 1) if key in value else default


def _choice(value, key, choices):
    """Return the index of a value among its choices."""
    if value[key] not in choices:
        raise NotAllowed("%s is none of: %s" % (key, " ".join(choices)))
    return choices.index(value[key])


def _list(value, key):
    if not isinstance(value[key], list) or len(value[key]) > FIELDS_MAX:
        raise Malformed("%s is not a list of at most %d" % (key, FIELDS_MAX))
    return value[key]


def _text(value, key):
    if not isinstance(value[key], str) or not value[key]:
        raise Malformed("%s is not a text" % key)
    return value[key]


def _members(value, names):
    """Return the indexes of a list of fields, which must not be empty."""
    if not isinstance(value, list) or not value:
        raise Malformed("a list of fields is empty or no list")
    return [_index(names, name) for name in value]


def _new_name(value, names):
    name = _text(value, "name")
    unit = UNITS[_choice(value, "unit", UNITS)]
    if unit and not name.endswith("_" + unit):
        raise NotAllowed("%s does not end in its unit %s" % (name, unit))
    if name in names:
        raise NotAllowed("%s is there twice" % name)
    return name


def _index(names, name):
    if name not in names:
        raise NotAllowed("%s is not a field" % name)
    return names.index(name)


def _field(field, names):
    """Return (name, start, words, kind | order << 4, scale, mask, lowest, highest, marks)."""
    _keys(field, "name start type order scale unit", "mask min max invalid", "field")
    name = _new_name(field, names)
    kind = _choice(field, "type", registers.KINDS)
    words = registers.words_of(kind)
    scale = _integer(field, "scale", -SCALE_MAX, SCALE_MAX)
    mask = 0xFFFF
    if "mask" in field:
        mask = _integer(field, "mask", 1, 0xFFFF)
        if kind or scale:
            raise NotAllowed("%s: a mask goes with type u16 and scale 0" % name)
    marks: tuple = ()
    if "invalid" in field:
        top = (1 << 16 * words) - 1
        marks = tuple(_integer({name: mark}, name, 0, top) for mark in _list(field, "invalid"))
    return (
        name,
        _integer(field, "start", 0, 0x10000 - words),
        words,
        kind | _choice(field, "order", registers.ORDERS) << 4,
        scale,
        mask,
        _limit(field, "min", NO_LIMIT[0]),
        _limit(field, "max", NO_LIMIT[1]),
        marks,
    )


def _split(split, fields, names, atomic):
    """Return (name, whole, fraction, exponent, offset, unit code, {code: exponent}) by indexes."""
    _keys(split, _SPLIT, "", "split")
    name = _new_name(split, names)
    whole, fraction, exponent, unit_code = (
        _index(names, split[key]) for key in ("whole", "fraction", "exponent", "unit_code")
    )
    if registers.KINDS[fields[fraction][3] & 15] != "f32" or registers.KINDS[fields[whole][3] & 15] == "f32":
        raise NotAllowed("%s: the whole part is an integer, the fraction a f32" % name)
    if not any(whole in group and fraction in group for group in atomic):
        raise NotAllowed("%s: whole part and fraction must be of one moment" % name)
    exponents = split["unit_exponents"]
    _keys(exponents, "", " ".join(exponents) if isinstance(exponents, dict) else "", "unit_exponents")
    codes = {}
    for code in exponents:
        if len(code) > 5 or any(letter not in "0123456789" for letter in code):
            raise Malformed("unit code %s is not a register's value" % code)
        codes[int(code)] = _integer(exponents, code, -SCALE_MAX, SCALE_MAX)
    return name, whole, fraction, exponent, _integer(split, "offset", -SCALE_MAX, SCALE_MAX), unit_code, codes


def _rule(rule, names):
    """Return (field name, mask, below, names of what is void)."""
    _keys(rule, "field voids", "mask below", "unmeasured")
    if ("mask" in rule) == ("below" in rule):
        raise NotAllowed("unmeasured: either mask or below")
    _index(names, rule["field"])
    voids = [names[at] for at in _members(rule["voids"], names)]
    mask = _integer(rule, "mask", 1, 0xFFFF) if "mask" in rule else 0
    below = _integer(rule, "below", 1, registers.VALUE_MAX) if "below" in rule else 0
    return rule["field"], mask, below, tuple(voids)


def _line(profile, document, baud):
    serial = document["serial"]
    _keys(serial, "baud parity stop_bits address", "", "serial")
    profile.baud = _integer({"baud": baud} if baud else serial, "baud", 300, 921600)
    profile.parity = "NEO"[_choice(serial, "parity", ("N", "E", "O"))]
    profile.stop_bits = _integer(serial, "stop_bits", 1, 2)
    profile.address = _integer(serial, "address", 1, ADDRESS_MAX)
    profile.character_bits = 9 + (profile.parity != "N") + profile.stop_bits
    profile.reply_timeout_us = 1000 * _integer(document, "reply_timeout_ms", 10, 5000)
    profile.byte_gap_us = 1000 * _integer(document, "byte_gap_ms", 2, 1000)
    profile.request_gap_us = 1000 * _integer(document, "request_gap_ms", 0, 1000)


def _plan(profile, document, fields, atomic):
    """Choose the requests; return (request, register inside it) of each field."""
    ranges = [(field[1], field[1] + field[2]) for field in fields]
    for group in atomic:
        members = [fields[at] for at in group]
        ranges.append((min(m[1] for m in members), max(m[1] + m[2] for m in members)))
    silence_us = max(silent_us(profile.baud, profile.character_bits), profile.request_gap_us)
    request_us = wire_us(read_plan.FIXED_CHARACTERS, profile.baud, profile.character_bits) + silence_us
    if not isinstance(document["holes"], bool):
        raise Malformed("holes is neither true nor false")
    profile.requests = read_plan.requests(
        read_plan.spans(ranges, _integer(document, "align", 1, 2)),
        _integer(document, "block_registers_max", 1, REGISTERS_MAX),
        document["holes"],
        request_us + 1000 * _integer(document, "latency_ms", 0, 5000),
        wire_us(read_plan.REGISTER_CHARACTERS, profile.baud, profile.character_bits),
    )
    places = []
    for field in fields:
        for at, (start, count) in enumerate(profile.requests):
            if start <= field[1] and field[1] + field[2] <= start + count:
                places.append((at, field[1] - start))
                break
    return places


def _tell(profile, document, names):
    """What the values mean: the total, the status bits, the rules for no measurement."""
    shown = [name for name in names if name]
    profile.total = document["total"]
    _index(shown, profile.total)
    if document["modulus"] is not None:
        profile.modulus = _integer(document, "modulus", 1, registers.VALUE_MAX)
    if document["status"] is not None:
        _keys(document["status"], "field bits", "", "status")
        profile.status = document["status"]["field"]
        _index(shown, profile.status)
        bits = _list(document["status"], "bits")
        if not all(isinstance(meaning, str) for meaning in bits):
            raise Malformed("the meaning of a status bit is no text")
        profile.bits = "\n".join(bits)
    profile.rules = [_rule(rule, shown) for rule in _list(document, "unmeasured")]


def compile_into(profile, document, baud=None):
    """Fill the compact form of `profile` from a parsed document; `baud` overrides the factory's.

    Raises Malformed (shape), NotAllowed (a value outside its range, an unknown key).
    """
    _keys(document, _HEAD, "", "profile")
    profile.name = _text(document, "name")
    profile.version = _integer(document, "version", 1, 0xFFFF)
    profile.function = _integer(document, "function", 3, 4)
    _line(profile, document, baud)
    fields: list = []
    names: list = []
    for field in _list(document, "fields"):
        fields.append(_field(field, names))
        names.append(fields[-1][0])
    atomic = [_members(group, names) for group in _list(document, "atomic")]
    splits = [_split(split, fields, names, atomic) for split in _list(document, "splits")]
    rows = []
    places = _plan(profile, document, fields, atomic)
    for at, (_, _, _, code, scale, mask, low, high, marks) in enumerate(fields):
        rows.append(struct.pack(ROW, places[at][0], places[at][1], code, scale, mask, low, high))
        if marks:
            profile.marks[at] = marks
    for split in splits:
        for part in (split[1], split[2], split[3], split[5]):
            names[part] = None
    profile.rows = b"".join(rows)
    profile.splits = splits
    profile.names = tuple(names)
    _tell(profile, document, names + [split[0] for split in splits])
