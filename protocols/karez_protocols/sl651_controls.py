"""What control commands and their answers carry (tables 71 to 82): switches, gates, quota, counters.

In a bitmap 1 = on or open, 0 = OFF: there is no bit that says "leave it". A byte that commands
one pump commands eight.
"""

from . import bcd
from .errors import Malformed, NotAllowed

SWITCHES_MAX = 8 * 255  # one byte counts the bitmaps
GATES_MAX = 255
OPENING_CM_MAX = 9999  # two BCD bytes
COUNTERS = 32
QUOTA_ON = b"\xff"
QUOTA_OFF = b"\x00"

# Of the 32 counters of 50H; the rest is spare (table 82).
COUNTER_NAMES = (
    "history_initialised settings_changed state_changed sensor_faults password_changed terminal_faults "
    "mains_lost battery_low box_opened pump_faults remaining_low level_limit pressure_limit quality_limit "
    "data_errors sent received send_errors"
)


def _states(raw):
    return tuple([bool(byte >> bit & 1) for byte in raw for bit in range(8)])


def _bitmaps(states):
    raw = bytearray((len(states) + 7) // 8)
    for at, is_on in enumerate(states):
        if is_on:
            raw[at // 8] |= 1 << at % 8
    return bytes(raw)


def decode_switches(raw: bytes) -> tuple:
    """True or False for each pump or valve, eight for each byte that came. Raises Malformed."""
    if len(raw) < 2 or raw[0] != len(raw) - 1:
        raise Malformed("%d bytes of switches, their count says otherwise" % len(raw))
    return _states(raw[1:])


def encode_switches(states) -> bytes:
    """Bytes of switches; those that fill the last byte are written as off. Raises NotAllowed."""
    if not 1 <= len(states) <= SWITCHES_MAX:
        raise NotAllowed("%d switches, 1 to %d are possible" % (len(states), SWITCHES_MAX))
    raw = _bitmaps(states)
    return bytes((len(raw),)) + raw


def decode_gates(raw: bytes) -> "tuple[tuple, tuple]":
    """(open or not, opening in mm or None) for each gate. Raises Malformed."""
    if not raw or not raw[0]:
        raise Malformed("no gate")
    count = raw[0]
    maps = (count + 7) // 8
    if len(raw) != 1 + maps + 2 * count:
        raise Malformed("%d gates are %d bytes, not %d" % (count, 1 + maps + 2 * count, len(raw)))
    states = _states(raw[1 : 1 + maps])[:count]
    openings = []
    for at in range(1 + maps, len(raw), 2):
        pair = bytes(raw[at : at + 2])
        is_missing = pair in (b"\xff\xff", b"\xaa\xaa")
        openings.append(None if is_missing else 10 * bcd.decode(bytes(reversed(pair))))
    return states, tuple(openings)


def encode_gates(states, openings_mm, filler: int) -> bytes:
    """Bytes of gates; openings in whole centimetres. Raises NotAllowed."""
    count = len(states)
    if not 1 <= count <= GATES_MAX or len(openings_mm) != count:
        raise NotAllowed("%d gates and %d openings" % (count, len(openings_mm)))
    raw = bytes((count,)) + _bitmaps(states)
    for opening in openings_mm:
        if opening is None:
            raw += bytes((filler,)) * 2
        elif opening % 10 or not 0 <= opening <= 10 * OPENING_CM_MAX:
            raise NotAllowed("%d mm is no opening in centimetres, 0 to %d" % (opening, OPENING_CM_MAX))
        else:
            raw += bytes(reversed(bcd.encode(opening // 10, 2)))
    return raw


def decode_quota(raw: bytes) -> bool:
    """True if the quota holds (FF), False if it does not (00). Raises Malformed."""
    if raw not in (QUOTA_ON, QUOTA_OFF):
        raise Malformed("a quota is FF or 00")
    return raw == QUOTA_ON


def decode_counters(raw: bytes) -> tuple:
    """The 32 event counters. Raises Malformed."""
    if len(raw) != 2 * COUNTERS:
        raise Malformed("the event counters are %d bytes, not %d" % (2 * COUNTERS, len(raw)))
    return tuple([int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)])


def encode_counters(counts) -> bytes:
    """Bytes of 32 counters. Raises NotAllowed."""
    if len(counts) != COUNTERS or not all(0 <= one <= 0xFFFF for one in counts):
        raise NotAllowed("event counters are %d numbers of 0..65535" % COUNTERS)
    return b"".join([one.to_bytes(2, "big") for one in counts])
