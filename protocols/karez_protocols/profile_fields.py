"""Fields and split totals of a profile document, each checked and turned into the parts of a row."""

from .errors import Malformed, NotAllowed
from .profile_scaling import SCALE_MAX, compiled, sources
from .profile_shape import choice, entries, index, integer, keys, text
from .registers import VALUE_MAX

KINDS = "u8 u16 s16 u32 s32 f32 u64 m16 m32 bcd1 bcd2 bcd3 bcd4 sbcd2 sbcd3 sbcd4".split()
_FORMS = "u s f m bcd sbcd".split()  # as registers counts them
_ORDERS = "ABCD CDAB BADC DCBA".split()
# A name ends in its unit: l/h, l, Wh, W, var, VA, 0.1 V, 0.01 A, 0.01 Hz, 1/1000, mm, mm/s, Pa,
# 0.01 degrees Celsius. Codes and bits have none.
UNITS = ("", "lph", "l", "wh", "w", "var", "va", "dv", "ca", "chz", "permille", "mm", "mms", "pa", "cdeg")
# Reading data, the only question a profile asks, by protocol and digits of the identifier.
FUNCTIONS = {"dlt6458": 0x11, "dlt6454": 0x01, "cjt1884": 0x01}  # DL/T 645: 2007, 1997
_DATA_BYTES_MAX = 196  # DL/T 645-2007: L of a read is at most 200, 4 of it the identifier


def _limits(value):
    low = integer(value, "min", -VALUE_MAX, VALUE_MAX) if "min" in value else -VALUE_MAX
    high = integer(value, "max", -VALUE_MAX, VALUE_MAX) if "max" in value else VALUE_MAX
    if low > high:
        raise NotAllowed("min %d is above max %d" % (low, high))
    return low, high


def _new_name(value, names):
    name = text(value, "name")
    unit = UNITS[choice(value, "unit", UNITS)]
    if unit and not name.endswith("_" + unit):
        raise NotAllowed("%s does not end in its unit %s" % (name, unit))
    if name in names:
        raise NotAllowed("%s is there twice" % name)
    return name


def _code(field, in_registers):
    """Return (form | (bytes - 1) << 3 | order << 6, bytes) of a field."""
    kind = KINDS[choice(field, "type", KINDS)]
    form = _FORMS.index(kind.rstrip("0123456789"))
    size = int(kind.lstrip("usfmbcd")) // (1 if form >= _FORMS.index("bcd") else 8)
    order = choice(field, "order", _ORDERS)
    if in_registers and size % 2:
        raise NotAllowed("type %s is no whole register" % kind)
    if not in_registers and order not in (0, 3):
        raise NotAllowed("order %s is one of registers" % field["order"])
    return form | (size - 1) << 3 | order << 6, size


def _place(field, size, protocol):
    """Return where a field stands: (register, 0), or (identifier, byte)."""
    if protocol == "modbus":
        return integer(field, "start", 0, 0x10000 - size // 2), 0
    identifier = text(field, "di")
    if any(digit not in "0123456789ABCDEF" for digit in identifier):
        raise Malformed("di is not hexadecimal")
    if protocol + str(len(identifier)) not in FUNCTIONS:
        raise NotAllowed("di has %d digits" % len(identifier))
    return int(identifier, 16), integer(field, "at", 0, _DATA_BYTES_MAX - size)


def field_row(field, names, protocol):
    """Return (name, place, bytes, code, scale, mask, limits, marks)."""
    where = "start" if protocol == "modbus" else "di at"
    keys(field, "name type order scale unit " + where, "mask min max invalid scaling", "field")
    name = _new_name(field, names)
    code, size = _code(field, protocol == "modbus")
    scale = integer(field, "scale", -SCALE_MAX, SCALE_MAX)
    mask = 0xFFFF
    if "mask" in field:
        mask = integer(field, "mask", 1, 0xFFFF)
        if code & 7 or size > 2 or scale or "scaling" in field:
            raise NotAllowed("%s: a mask goes with type u8 or u16 and scale 0" % name)
    marks: tuple = ()
    if "invalid" in field:
        top = (1 << 8 * size) - 1
        marks = tuple(integer({name: mark}, name, 0, top) for mark in entries(field, "invalid"))
    return name, _place(field, size, protocol), size, code, scale, mask, _limits(field), marks


def split_row(split, fields, documents, names, atomic):
    """Return ((name, place, bytes, code, scale, mask, limits, marks), (whole, fraction, digits))."""
    keys(split, "name unit whole fraction scale", "fraction_exponent min max scaling", "split")
    name = _new_name(split, names)
    plain = names[: len(documents)]
    whole, fraction = index(plain, split["whole"]), index(plain, split["fraction"])
    digits = 0
    if "fraction_exponent" in split:
        digits = -integer(split, "fraction_exponent", -SCALE_MAX, -1)
    floats = [_FORMS[fields[at][3] & 7] == "f" for at in (whole, fraction)]
    if floats[0] or floats[1] == (digits > 0):
        raise NotAllowed("%s: the whole part is an integer, the fraction a f32 or has an exponent" % name)
    for at in (whole, fraction):
        if documents[at]["scale"] or "scaling" in documents[at]:
            raise NotAllowed("%s: the scale is the total's, not its parts'" % name)
    if any(key in documents[fraction] for key in ("mask", "min", "max")):
        raise NotAllowed("%s: the fraction has its own limits, -1 to 1" % name)
    if not any(whole in group and fraction in group for group in atomic):
        raise NotAllowed("%s: whole part and fraction must be of one moment" % name)
    scale = integer(split, "scale", -SCALE_MAX, SCALE_MAX) - digits
    row = (name,) + fields[whole][1:4] + (scale, 0xFFFF, _limits(split), ())
    return row, (whole, fraction, digits)


def scalings(profile, owners, names):
    """Fill profile.scalings; return the offsets of all rows and which rows serve others."""
    offsets = []
    serving: set = set()
    found: list = []
    for at, owner in enumerate(owners):
        if not isinstance(owner, dict):
            raise Malformed("a field or split is not an object")
        offset, scaling = compiled(owner, names)
        offsets.append(offset)
        if scaling is None:
            continue
        if scaling not in found:
            found.append(scaling)
        profile.scalings[at] = found[found.index(scaling)]  # one object for all that share it
        serving.update(sources(scaling))
    for at in serving:
        if at in profile.scalings:
            raise NotAllowed("%s scales another value and has a scaling itself" % names[at])
    return offsets, serving
