"""Addresses and classes of stations.

A hydrological station is 00 and the 8 digits of SL 502. Every other one, a well too, is the
6 digits of its county (GB/T 2260) and a binary number. In the field any five bytes occur, so
the five bytes are the identity; what these functions read out of them is a help.
"""

from binascii import hexlify, unhexlify

from .errors import Malformed, NotAllowed

NUMBER_MAX = 60000  # stations; relays are 60001..65534, 0 is invalid (table 14)
RELAY_MAX = 65534
BROADCAST = 65535

CLASSES = {
    0x50: "rain",
    0x48: "river",
    0x4B: "reservoir",
    0x5A: "gate",
    0x44: "pump_station",
    0x54: "tide",
    0x4D: "soil",
    0x47: "groundwater",
    0x51: "quality",
    0x49: "intake",
    0x4F: "outlet",
}
GROUNDWATER = 0x47
INTAKE = 0x49


def is_decimal(text: str) -> bool:
    """True for digits 0 to 9 only; str.isdigit takes those of every script."""
    return len(text) > 0 and all("0" <= one <= "9" for one in text)


def station_text(station: bytes) -> str:
    """The five bytes as ten capitals and digits: the key by which to store a station."""
    return hexlify(station).decode().upper()


def station_of(text: str) -> bytes:
    """Station of ten hex digits, as a platform hands them out. Raises NotAllowed."""
    try:
        raw = unhexlify(text)
    except ValueError:
        raise NotAllowed("%s is not hexadecimal" % text)
    if len(raw) != 5:
        raise NotAllowed("a station address has ten hex digits, not %d" % len(text))
    return raw


def address_of(county: str, number: int) -> bytes:
    """Address of a county's 6 digits and a number, 1..60000 or a relay's. Raises NotAllowed."""
    if len(county) != 6 or not is_decimal(county):
        raise NotAllowed("a county is six digits")
    if not 1 <= number <= RELAY_MAX:
        raise NotAllowed("a number is 1..%d, not %d" % (RELAY_MAX, number))
    return unhexlify(county) + number.to_bytes(2, "big")


def digits_of(station: bytes) -> str:
    """What a centre shows: 8 digits of a hydrological station, county and five digits of any other.

    Raises Malformed if the digits are none.
    """
    text = station_text(station)
    if not (is_decimal(text[:6]) and (station[0] or is_decimal(text))):
        raise Malformed("address %s is not built as the standard says" % text)
    return text[2:] if station[0] == 0 else "%s%05d" % (text[:6], int.from_bytes(station[3:], "big"))


def is_for(address: bytes, station: bytes) -> bool:
    """True if a frame to `address` is for `station`: its own, or its county's broadcast."""
    if address == station:
        return True
    return address[0] != 0 and address[:3] == station[:3] and address[3:] == b"\xff\xff"
