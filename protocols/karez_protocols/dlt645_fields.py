"""Single fields of DL/T 645 messages: their size on the wire, their value and their bytes."""

import binascii

from . import bcd
from .dlt645 import address_bytes
from .dlt645_frames import BadFrame, digits_of
from .errors import Malformed, NotAllowed

# Bytes of each field; 0 = what the others leave.
SIZES = {
    "di": 4,
    "di2": 2,
    "password_level": 1,
    "password": 3,
    "operator": 4,
    "new_level": 1,
    "new_password": 3,
    "meter_number": 6,
    "sequence": 1,
    "clock": 6,
    "moment": 4,
    "rate_code": 1,
    "n1": 1,
    "n2": 1,
    "expiry": 6,
    "signal": 1,
    "data": 0,
}


def decode_field(name, raw):
    """Return the value of the field `name`. Raises BadFrame (digits)."""
    if name in ("di", "di2"):
        return int.from_bytes(raw, "little")
    if name in ("password_level", "new_level"):
        try:
            return bcd.decode(raw)
        except Malformed as error:
            raise BadFrame("digits", "password level: %s" % error)
    if name in ("password", "new_password", "operator"):
        return binascii.hexlify(bytes(reversed(raw))).decode().upper()
    if name == "meter_number":
        return digits_of(raw)
    if name in ("sequence", "rate_code", "n1", "n2", "signal"):
        return raw[0]
    return raw


def encode_field(name, value):
    """Return the bytes of the field `name`. Raises NotAllowed."""
    size = SIZES[name]
    if name in ("password_level", "new_level"):
        return bcd.encode(value, 1)
    if name in ("password", "new_password", "operator"):
        try:
            raw = bytes(reversed(binascii.unhexlify(value)))
        except ValueError:
            raise NotAllowed("%s %s is not hexadecimal" % (name, value))
    elif name == "meter_number":
        raw = address_bytes(value)
    elif isinstance(value, int):
        if not 0 <= value < 1 << 8 * size:
            raise NotAllowed("%s %d does not fit in %d bytes" % (name, value, size))
        raw = value.to_bytes(size, "little")
    else:
        raw = bytes(value)
    if size and len(raw) != size:
        raise NotAllowed("%s has %d bytes, not %d" % (name, len(raw), size))
    return raw
