"""Frames of SZY 206-2012, SZY 206-2016 and SL/T 427-2021: one family, told apart by a Dialect.

    68H  L  68H | C [DIVS]  A×5  AFN [xx]  D  PW  Tp | CS  16H

L counts C to the end of Tp, CS is a CRC-8 over the same bytes. The length of D depends on the
function, so a decoded frame keeps D, PW and Tp together as `body`; szy206_functions.split parts
them, szy206_messages says what they mean. docs/wire/szy206.md has the tables, with what is
sourced and what is inferred.
"""

from .crc_szy206 import crc8_szy206
from .errors import BadChecksum, Malformed, NotAllowed, TooLarge
from .szy206_address import address_of, division_of, station_of
from .szy206_dialect import HIGH_FIRST, LOW_FIRST, SLT427_2021, SZY206_2016, Dialect

__all__ = (
    "AFN_IMAGE",
    "AFN_USER",
    "END",
    "FCB_FIRST",
    "FRAME_BYTES_MAX",
    "HIGH_FIRST",
    "IMAGE_BODY_BYTES",
    "IMAGE_FRAME_BYTES",
    "LOW_FIRST",
    "SLT427_2021",
    "START",
    "SZY206_2016",
    "BadFrame",
    "Dialect",
    "Frame",
    "address_of",
    "decode",
    "division_of",
    "encode",
    "parse_at",
    "size_at",
    "station_of",
)

FRAME_BYTES_MAX = 260  # L is one byte: 255, and 68 L 68 CS 16 around it
# Answer to 61H in fragments: L counts kilobytes there. One real fragment is public: L = 1, C with
# DIV, DIVS, A, AFN, a 2-byte length, 1024 bytes of picture. Nothing else may exceed 260 bytes.
IMAGE_FRAME_BYTES = 1039
IMAGE_BODY_BYTES = 1026
AFN_IMAGE = 0x61
AFN_USER = 0xFF  # 427: one more byte follows; such a function is numbered FF00H + that byte

FCB_FIRST = 3  # retry counter: 3 at first, one lower each repeat, 0 = the service failed

START = 0x68
END = 0x16
_UP = 0x80
_DIVIDED = 0x40


class BadFrame(Malformed):
    """Bytes that are no frame. `reason` in a word: start, length, end, divs, function, noise."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class Frame:
    """One frame. `divs`: frames left in a divided message, None for a whole one.

    `raw` holds the bytes a decoded frame came from, None for one that was built.
    """

    def __init__(
        self,
        is_up: bool,
        address: bytes,
        afn: int,
        body: bytes = b"",
        fcb: int = FCB_FIRST,
        type_code: int = 0,
        divs: "int | None" = None,
    ):
        self.is_up = is_up
        self.address = address
        self.afn = afn
        self.body = body
        self.fcb = fcb
        self.type_code = type_code
        self.divs = divs
        self.raw: bytes | None = None


def _check(frame):
    if not isinstance(frame.address, (bytes, bytearray)) or len(frame.address) != 5:
        raise NotAllowed("an address has 5 bytes")
    if not (0 <= frame.fcb <= 3 and 0 <= frame.type_code <= 15):
        raise NotAllowed("FCB is 0..3 and the type 0..15")
    if frame.divs is not None and not 1 <= frame.divs <= 255:
        raise NotAllowed("DIVS counts 255..1")
    if not (0 <= frame.afn < AFN_USER or AFN_USER << 8 <= frame.afn <= 0xFFFF):
        raise NotAllowed("AFN is 00..FE or FF00..FFFF")


def encode(frame: Frame) -> bytes:
    """Bytes of a frame. Raises NotAllowed on a field outside its range, TooLarge above L = 255."""
    _check(frame)
    divs = frame.divs
    divided = divs is not None
    control = (_UP if frame.is_up else 0) | (_DIVIDED if divided else 0) | frame.fcb << 4 | frame.type_code
    covered = bytes([control]) if divs is None else bytes([control, divs])
    covered += bytes(frame.address)
    covered += bytes([frame.afn]) if frame.afn < AFN_USER else bytes([AFN_USER, frame.afn & 0xFF])
    covered += bytes(frame.body)
    length = len(covered)
    if frame.afn == AFN_IMAGE and frame.is_up and divided and len(frame.body) == IMAGE_BODY_BYTES:
        length = 1
    if length > 255:
        raise TooLarge("L would be %d" % length, limit=255)
    return bytes([START, length, START]) + covered + bytes([crc8_szy206(covered), END])


def size_at(data, start, end):
    """Bytes of the frame that may begin at `start`, 0 if too few are there to tell. Raises BadFrame."""
    if data[start] != START or (end - start > 2 and data[start + 2] != START):
        raise BadFrame("start", "no 68 L 68")
    if end - start < 4:
        return 0
    length = data[start + 1]
    divided = bool(data[start + 3] & _DIVIDED)
    if length >= 7 + divided:  # C, A, AFN and DIVS
        return length + 5
    if length != 1 or data[start + 3] & 0xC0 != 0xC0:
        raise BadFrame("length", "L = %d leaves no room for C, A and AFN" % length)
    if end - start < 11:
        return 0
    if data[start + 10] != AFN_IMAGE:
        raise BadFrame("length", "L = 1 counts kilobytes in answers to 61H only")
    return IMAGE_FRAME_BYTES


def parse_at(data, start, size):
    """Frame of `size` bytes at `start`, of which all are there. Raises BadFrame or BadChecksum."""
    stop = start + size - 2
    if data[stop + 1] != END:
        raise BadFrame("end", "no 16 where L = %d puts the end, but %02X" % (data[start + 1], data[stop + 1]))
    covered = bytes(data[start + 3 : stop])
    computed = crc8_szy206(covered)
    if computed != data[stop]:
        raise BadChecksum("CS %02X, computed %02X" % (data[stop], computed), computed, data[stop])
    control = covered[0]
    divs = None
    at = 1
    if control & _DIVIDED:
        divs = covered[1]
        at = 2
        if divs == 0:
            raise BadFrame("divs", "DIVS counts down to 1")
    address = covered[at : at + 5]
    afn = covered[at + 5]
    at += 6
    if afn == AFN_USER:
        if len(covered) == at:
            raise BadFrame("function", "AFN FF without its second byte")
        afn = AFN_USER << 8 | covered[at]
        at += 1
    frame = Frame(bool(control & _UP), address, afn, covered[at:], control >> 4 & 3, control & 0x0F, divs)
    frame.raw = bytes(data[start : start + size])
    return frame


def decode(data: bytes) -> Frame:
    """Frame of exactly these bytes. Raises Malformed, BadChecksum or TooLarge."""
    if len(data) > IMAGE_FRAME_BYTES:
        raise TooLarge("%d bytes are no frame" % len(data), limit=IMAGE_FRAME_BYTES)
    size = size_at(data, 0, len(data)) if data else 0
    if size == 0 or size != len(data):
        raise BadFrame("length", "%d bytes, L says %d" % (len(data), size))
    return parse_at(data, 0, size)
