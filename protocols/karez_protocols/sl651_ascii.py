"""SL 651 frames in ASCII characters: 01 in front, each byte of the header as two hex digits.

The CRC goes over the characters (table 16). Digits are written in capitals; small ones are read.
"""

from binascii import unhexlify

from .crc import crc16_modbus
from .errors import BadChecksum, Malformed
from .sl651_frames import (
    ENDS,
    SOH,
    STX,
    SYN,
    Frame,
    check,
    check_packet,
    length_field,
    length_of,
)

HEADER_BYTES = 24
AROUND_BYTES = 29  # header, end character and CRC
CRC_BYTES = 4
_DIGITS = b"0123456789ABCDEFabcdef"


def hex_bytes(raw: bytes) -> bytes:
    """The bytes that hex digits spell. Raises Malformed."""
    for one in raw:
        if one not in _DIGITS:
            raise Malformed("character %02X is no hex digit" % one)
    if len(raw) % 2:
        raise Malformed("%d hex digits spell no bytes" % len(raw))
    return unhexlify(bytes(raw))


def size_at(data: bytes, start: int, end: int, dialect) -> int:  # noqa: ARG001 - as sl651_hex.size_at
    """Bytes of the frame that may begin at `start`; 0 = too few bytes to tell. Raises Malformed."""
    if data[start] != SOH:
        raise Malformed("no 01")
    stop = min(end, start + 23)
    for at in range(start + 1, stop):
        if data[at] not in _DIGITS:
            raise Malformed("character %02X is no hex digit" % data[at])
    if stop > start + 19 and data[start + 19] not in b"08":
        raise Malformed("direction %s is neither 0 nor 8" % chr(data[start + 19]))
    if end - start < HEADER_BYTES:
        return 0
    mark = data[start + 23]
    if mark not in (STX, SYN):
        raise Malformed("%02X where STX or SYN stands" % mark)
    length = length_of(int.from_bytes(hex_bytes(data[start + 19 : start + 23]), "big"), mark == SYN)
    if mark == SYN and length < 6:
        raise Malformed("%d characters hold no packet" % length)
    return length + AROUND_BYTES


def crc_at(data: bytes, at: int) -> int:
    """The CRC whose digits stand at `at`. Raises Malformed if they are none."""
    return int.from_bytes(hex_bytes(data[at : at + CRC_BYTES]), "big")


def parse(data: bytes, start: int, size: int, dialect) -> Frame:  # noqa: ARG001 - as sl651_hex.parse
    """Frame of the `size` bytes at `start`, as size_at gave them. Raises Malformed, BadChecksum."""
    stop = start + size - CRC_BYTES - 1
    ending = data[stop]
    if ending not in ENDS:
        raise Malformed("%02X ends no frame" % ending)
    found = crc_at(data, stop + 1)
    computed = crc16_modbus(data, start, stop + 1)
    if computed != found:
        raise BadChecksum("CRC %04X, computed %04X" % (found, computed), computed, found)
    header = hex_bytes(data[start + 1 : start + 23])
    is_up = header[9] < 0x80
    at = start + HEADER_BYTES
    packet = None
    if data[start + 23] == SYN:
        both = int.from_bytes(hex_bytes(data[at : at + 6]), "big")
        packet = check_packet(both >> 12, both & 0xFFF)
        at += 6
    return Frame(
        is_up,
        header[0] if is_up else header[5],
        header[1:6] if is_up else header[:5],
        header[6] << 8 | header[7],
        header[8],
        bytes(data[at:stop]),
        ending,
        packet,
        True,
    )


def encode(frame: Frame, dialect) -> bytes:  # noqa: ARG001 - as sl651_hex.encode
    """Bytes of a frame. Raises NotAllowed, TooLarge."""
    check(frame)
    body = bytes(frame.body)
    if frame.packet is not None:
        body = b"%06X" % (frame.packet[0] << 12 | frame.packet[1]) + body
    centre = b"%02X" % frame.centre
    station = b"".join([b"%02X" % one for one in frame.station])
    raw = b"\x01" + (centre + station if frame.is_up else station + centre)
    raw += b"%04X%02X" % (frame.password, frame.function)
    raw += b"%04X" % length_field(frame.is_up, len(body))
    raw += bytes((STX if frame.packet is None else SYN,)) + body + bytes((frame.end,))
    return raw + b"%04X" % crc16_modbus(raw)
