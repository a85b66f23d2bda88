"""What a body of SL 651 consists of, written in HEX or in ASCII: the same parts in the same order.

kind       value
serial     integer
sent       Time
station    five bytes
class      integer
observed   Time
from, to   Time
element    Element; in the functions that set or read settings a setting
word       Element without a value: an identifier alone
row        the values of one time of a series, a tuple
text       bytes a person put in
version    text bytes
switches, gates, quota, counters    bytes, see sl651_controls.py
rest       bytes of a function that is not known here
"""

from collections import namedtuple

# start, end: place in the body; 0 in parts that are to be written.
Part = namedtuple("Part", "kind start end value")  # noqa: PYI024 - no typing on MicroPython

# ident: 01..FE, FF00 + the second byte of an extended one, or, of ASCII only, a name unknown here.
# size: data bytes in HEX; decimals: digits behind the point.
# value, by the kind in sl651_elements: an integer of digits without the point (N, D, S, P), a tuple
# (R, L), a Step (T), bytes (all else). None = the station has no value: never 0.
Element = namedtuple("Element", "ident size decimals value")  # noqa: PYI024 - the same


def part(kind: str, value) -> Part:
    """A part that is to be written."""
    return Part(kind, 0, 0, value)
