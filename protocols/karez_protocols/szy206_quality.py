"""Water quality in SZY 206 / SL/T 427: a bitmap of 5 bytes, then a decimal for each bit that is 1.

A reading is a dict of names below with integers in units of the last decimal: ph 712 is 7.12. The
decimals of 206 are in one public source; those of 427 are in none, there `decimals` is None and the
digits are what the station and the centre agreed on.
"""

from .errors import Malformed, NotAllowed
from .szy206_dialect import Dialect

BITMAP_BYTES = 5
PARAMETER_BYTES = 4
COLIFORM_BYTES = 5  # ten digits in 206

# Bit by bit from D0: name, decimals, unit.
_206 = """
water_temperature 1 degC
ph 2 -
dissolved_oxygen 1 mg/L
permanganate_index 1 mg/L
conductivity 0 uS/cm
redox_potential 1 mV
turbidity 0 NTU
cod 1 mg/L
bod5 1 mg/L
ammonia_nitrogen 2 mg/L
total_nitrogen 2 mg/L
copper 4 mg/L
zinc 4 mg/L
fluoride 2 mg/L
selenium 5 mg/L
arsenic 5 mg/L
mercury 5 mg/L
cadmium 5 mg/L
chromium_6 3 mg/L
lead 5 mg/L
cyanide 3 mg/L
volatile_phenol 3 mg/L
phenol 2 mg/L
sulfide 3 mg/L
faecal_coliforms 0 1/L
sulfate 2 mg/L
chloride 2 mg/L
nitrate_nitrogen 2 mg/L
iron 2 mg/L
manganese 2 mg/L
oils 2 mg/L
anionic_surfactants 2 mg/L
hch 6 mg/L
ddt 6 mg/L
organochlorines 6 mg/L
reserved_35 0 -
reserved_36 0 -
reserved_37 0 -
reserved_38 0 -
reserved_39 0 -
"""
_427 = (
    "water_temperature ph dissolved_oxygen conductivity turbidity permanganate_index ammonia_nitrogen "
    "total_phosphorus total_nitrogen chlorophyll_a cod bod5 copper zinc fluoride selenium arsenic mercury "
    "cadmium chromium_6 lead cyanide volatile_phenol oils anionic_surfactants sulfide faecal_coliforms "
    "sulfate chloride nitrate_nitrogen iron manganese reserved_32 reserved_33 reserved_34 reserved_35 "
    "reserved_36 reserved_37 reserved_38 reserved_39"
)


def parameters(dialect: Dialect) -> "list[str]":
    """Names of the forty bits, from D0."""
    if dialect.types == "427":
        return _427.split()
    return [line.split()[0] for line in _206.strip().split("\n")]


def decimals_of(name: str, dialect: Dialect) -> "tuple[int | None, str]":
    """(decimals, unit) of a parameter; (None, "") where no source says. Raises NotAllowed."""
    if name not in parameters(dialect):
        raise NotAllowed("no water quality parameter %s" % name)
    for line in _206.strip().split("\n"):
        words = line.split()
        if words[0] == name and dialect.types == "206" and name[:8] != "reserved":
            return int(words[1]), "" if words[2] == "-" else words[2]
    return None, ""


def layout_of(bitmap: int, dialect: Dialect) -> str:
    """Layout of the bitmap and the parameters it announces."""
    lines = ["parameters u%d" % BITMAP_BYTES]
    for bit, name in enumerate(parameters(dialect)):
        if bitmap >> bit & 1:
            is_long = name == "faecal_coliforms" and dialect.types == "206"
            lines.append("%s n%d" % (name, COLIFORM_BYTES if is_long else PARAMETER_BYTES))
    return "\n".join(lines)


def bitmap_of(names: "list[str]", dialect: Dialect) -> int:
    """Bitmap of the parameters among these names; other names are not looked at."""
    return sum([1 << bit for bit, name in enumerate(parameters(dialect)) if name in names])


def peek(data: bytes) -> int:
    """Bitmap at the beginning of some bytes. Raises Malformed if they are too few."""
    if len(data) < BITMAP_BYTES:
        raise Malformed("%d bytes hold no bitmap of water quality" % len(data))
    return int.from_bytes(bytes(data[:BITMAP_BYTES]), "little")
