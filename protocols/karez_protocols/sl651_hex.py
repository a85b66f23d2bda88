"""SL 651 frames in HEX/BCD: 7E 7E in front, bytes as they are, nothing is escaped."""

from .crc import crc16_modbus
from .errors import BadChecksum, Malformed, NotAllowed, TooLarge
from .sl651_frames import (
    ENDS,
    HEX_START,
    STX,
    SYN,
    UP_ENDS,
    WIDE_LENGTH_MAX,
    Frame,
    check,
    check_packet,
    length_field,
    length_of,
)

HEADER_BYTES = 14
AROUND_BYTES = 17  # header, end character and CRC
CRC_BYTES = 2


def _is_wide(data, start, dialect):
    return dialect.wide_packets and data[start + 13] == SYN


def size_at(data: bytes, start: int, end: int, dialect) -> int:
    """Bytes of the frame that may begin at `start`; 0 = too few bytes to tell. Raises Malformed."""
    have = end - start
    if data[start] != HEX_START or (have > 1 and data[start + 1] != HEX_START):
        raise Malformed("no 7E 7E")
    if have > 11 and not dialect.wide_packets and data[start + 11] >> 4 not in (0, 8):
        raise Malformed("direction %X is neither 0 nor 8" % (data[start + 11] >> 4))
    if have < HEADER_BYTES:
        return 0
    mark = data[start + 13]
    if mark not in (STX, SYN):
        raise Malformed("%02X where STX or SYN stands" % mark)
    field = data[start + 11] << 8 | data[start + 12]
    if _is_wide(data, start, dialect):
        if field < 3:
            raise Malformed("%d bytes hold no packet" % field)
        return field + AROUND_BYTES
    return length_of(field, mark == SYN) + AROUND_BYTES


def crc_at(data: bytes, at: int) -> int:
    """The CRC that stands at `at`, high byte first."""
    return data[at] << 8 | data[at + 1]


def parse(data: bytes, start: int, size: int, dialect) -> Frame:
    """Frame of the `size` bytes at `start`, as size_at gave them. Raises Malformed, BadChecksum."""
    stop = start + size - CRC_BYTES - 1
    ending = data[stop]
    if ending not in ENDS:
        raise Malformed("%02X ends no frame" % ending)
    found = crc_at(data, stop + 1)
    computed = crc16_modbus(data, start, stop + 1)
    if computed != found:
        raise BadChecksum("CRC %04X, computed %04X" % (found, computed), computed, found)
    is_up = ending in UP_ENDS if _is_wide(data, start, dialect) else data[start + 11] < 0x80
    addresses = bytes(data[start + 2 : start + 8])
    at = start + HEADER_BYTES
    packet = None
    if data[start + 13] == SYN:
        both = int.from_bytes(data[at : at + 3], "big")
        packet = check_packet(both >> 12, both & 0xFFF)
        at += 3
    return Frame(
        is_up,
        addresses[0] if is_up else addresses[5],
        addresses[1:] if is_up else addresses[:5],
        data[start + 8] << 8 | data[start + 9],
        data[start + 10],
        bytes(data[at:stop]),
        ending,
        packet,
        False,
    )


def encode(frame: Frame, dialect) -> bytes:
    """Bytes of a frame. Raises NotAllowed, TooLarge."""
    check(frame)
    body = bytes(frame.body)
    if frame.packet is not None:
        body = (frame.packet[0] << 12 | frame.packet[1]).to_bytes(3, "big") + body
    if frame.packet is not None and dialect.wide_packets:
        if frame.is_up != (frame.end in UP_ENDS):
            raise NotAllowed("the end character alone tells the direction of a wide packet")
        field = len(body)
        if field > WIDE_LENGTH_MAX:
            raise TooLarge("%d bytes of body, at most %d" % (field, WIDE_LENGTH_MAX), WIDE_LENGTH_MAX)
    else:
        field = length_field(frame.is_up, len(body))
    centre = bytes((frame.centre,))
    station = bytes(frame.station)
    head = centre + station if frame.is_up else station + centre
    raw = b"\x7e\x7e" + head + frame.password.to_bytes(2, "big") + bytes((frame.function,))
    raw += field.to_bytes(2, "big") + bytes((STX if frame.packet is None else SYN,))
    raw += body + bytes((frame.end,))
    return raw + crc16_modbus(raw).to_bytes(2, "big")
