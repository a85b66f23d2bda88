"""The address field A of SZY 206 / SL/T 427: five bytes, filled in three ways.

    division   six digits of GB/T 2260 in reading order, then a station number of 16 bits (A2)
    station    00H, then the eight digits of an SL 502 station code (427)
    number     ten digits of the operator's own, all five bytes

The raw bytes are a station's identity: vendors fill them as they like.
"""

import binascii

from .bcd import decode as decimal
from .errors import NotAllowed
from .szy206_dialect import LOW_FIRST

ADDRESS_BYTES = 5
STATIONS_MAX = 60000  # 60001..65534 are relays
BROADCAST = 65535  # 0 is invalid
_FEATURE = b"\x00"  # first byte of an address with a station code


def _digits(text, count, what):
    if len(text) != count or not all("0" <= digit <= "9" for digit in text):
        raise NotAllowed("%s is %d digits" % (what, count))
    return binascii.unhexlify(text)


def address_of(division: str, station: int, order: str = LOW_FIRST) -> bytes:
    """Address of a six-digit GB/T 2260 division and a station number 1..65535 (65535 = broadcast)."""
    raw = _digits(division, 6, "a division")
    if not 1 <= station <= BROADCAST:
        raise NotAllowed("a station number is 1..65535, not %d" % station)
    return raw + station.to_bytes(2, order)  # type: ignore[arg-type]  # LOW_FIRST or HIGH_FIRST


def address_of_code(code: str) -> bytes:
    """Address of an eight-digit SL 502 station code. Raises NotAllowed."""
    return _FEATURE + _digits(code, 8, "a station code")


def address_of_number(number: str) -> bytes:
    """Address of ten digits of the operator's own. Raises NotAllowed."""
    return _digits(number, 10, "an operator's number")


def division_of(address: bytes) -> str:
    """The six digits of an address, in reading order. Raises Malformed if they are not digits."""
    decimal(address[:3])
    return binascii.hexlify(address[:3]).decode()


def station_of(address: bytes, order: str = LOW_FIRST) -> int:
    """Station number (A2) of an address. Some vendors build A otherwise: its five bytes are the identity."""
    return int.from_bytes(address[3:5], order)  # type: ignore[arg-type]  # LOW_FIRST or HIGH_FIRST


def code_of(address: bytes) -> "str | None":
    """The station code of an address that begins with 00H, else None. Raises Malformed if no digits."""
    if address[:1] != _FEATURE:
        return None
    decimal(address[1:])
    return binascii.hexlify(address[1:]).decode()


def is_broadcast(address: bytes) -> bool:
    """True if every station of the division is meant: A2 = FFFFH reads the same in both orders."""
    return address[3:5] == b"\xff\xff"
