"""Frames of SZY 206-2012, SZY 206-2016 and SL/T 427-2021: one family, told apart by a Dialect.

    68H  L  68H | C [DIVS]  A×5  AFN [xx]  D  PW  Tp | CS  16H

L counts C to the end of Tp, CS is a CRC-8 over the same bytes. The length of D depends on the
function, so a decoded frame keeps D, PW and Tp together as `body`; `split` parts them.
docs/wire/szy206.md has the table, with what is sourced and what is inferred.
"""

import binascii

from .bcd import decode as decimal
from .crc_szy206 import crc8_szy206
from .errors import BadChecksum, Malformed, NotAllowed, ProtocolError, TooLarge

FRAME_BYTES_MAX = 260  # L is one byte: 255, and 68 L 68 CS 16 around it
# Answer to 61H in fragments: L counts kilobytes there. One real fragment is public: L = 1, C with
# DIV, DIVS, A, AFN, a 2-byte length, 1024 bytes of picture. Nothing else may exceed 260 bytes.
IMAGE_FRAME_BYTES = 1039
IMAGE_BODY_BYTES = 1026
AFN_IMAGE = 0x61
AFN_USER = 0xFF  # 427: one more byte follows; such a function is numbered FF00H + that byte

FCB_FIRST = 3  # retry counter: 3 at first, one lower each repeat, 0 = the service failed

LOW_FIRST = "little"  # order of the two bytes of A2; both are met in devices
HIGH_FIRST = "big"

START = 0x68
END = 0x16
_UP = 0x80
_DIVIDED = 0x40


class Dialect:
    """What differs between the standards of the family and the platforms that speak them.

    tp_len           bytes of the time tag: 5 (206) or 7 with month and year (427)
    confirm_with_tp  the centre's confirm of a report carries a time tag
    addr_order       order of A2's two bytes: LOW_FIRST or HIGH_FIRST
    flow_unit        unit our own reports use: szy206_values.FLOW_M3_S or FLOW_M3_H
    lone_field       meaning of a single 5-byte field in a type 3 report: "flow" or "volume"
    utc_offset_s     the tag's clock minus UTC; Chinese platforms run on UTC+8
    """

    def __init__(
        self,
        tp_len: int,
        confirm_with_tp: bool,
        addr_order: str = LOW_FIRST,
        flow_unit: int = 0,
        lone_field: str = "flow",
        utc_offset_s: int = 28800,
    ):
        if tp_len not in (5, 7) or addr_order not in (LOW_FIRST, HIGH_FIRST):
            raise NotAllowed("a time tag has 5 or 7 bytes, an address order is little or big")
        if flow_unit not in (0, 3) or lone_field not in ("flow", "volume"):
            raise NotAllowed("a flow unit is 0 or 3, a lone field is flow or volume")
        self.tp_len = tp_len
        self.confirm_with_tp = confirm_with_tp
        self.addr_order = addr_order
        self.flow_unit = flow_unit
        self.lone_field = lone_field
        self.utc_offset_s = utc_offset_s


SZY206_2016 = Dialect(5, False)
SLT427_2021 = Dialect(7, True)


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
    if len(frame.address) != 5:
        raise NotAllowed("an address has 5 bytes, not %d" % len(frame.address))
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


def _size(data, start, end):
    """Bytes of the frame that may begin at `start`; 0 = too few bytes to tell; Malformed = none does."""
    if data[start] != START or (end - start > 2 and data[start + 2] != START):
        raise Malformed("no 68 L 68")
    if end - start < 4:
        return 0
    length = data[start + 1]
    divided = bool(data[start + 3] & _DIVIDED)
    if length >= 7 + divided:  # C, A, AFN and DIVS
        return length + 5
    if length != 1 or data[start + 3] & 0xC0 != 0xC0:
        raise Malformed("L = %d leaves no room for C, A and AFN" % length)
    if end - start < 11:
        return 0
    if data[start + 10] != AFN_IMAGE:
        raise Malformed("L = 1 counts kilobytes in answers to 61H only")
    return IMAGE_FRAME_BYTES


def _parse(data, start, size):
    """Frame of `size` bytes at `start`, of which all are there."""
    stop = start + size - 2
    if data[stop + 1] != END:
        raise Malformed("no 16H where L puts the end")
    covered = bytes(data[start + 3 : stop])
    computed = crc8_szy206(covered)
    if computed != data[stop]:
        raise BadChecksum("CS is %02X, computed %02X" % (data[stop], computed), computed, data[stop])
    control = covered[0]
    divs = None
    at = 1
    if control & _DIVIDED:
        divs = covered[1]
        at = 2
        if divs == 0:
            raise Malformed("DIVS counts down to 1")
    address = covered[at : at + 5]
    afn = covered[at + 5]
    at += 6
    if afn == AFN_USER:
        if len(covered) == at:
            raise Malformed("AFN FF without its second byte")
        afn = AFN_USER << 8 | covered[at]
        at += 1
    frame = Frame(bool(control & _UP), address, afn, covered[at:], control >> 4 & 3, control & 0x0F, divs)
    frame.raw = bytes(data[start : start + size])
    return frame


def decode(data: bytes) -> Frame:
    """Frame of exactly these bytes. Raises Malformed, BadChecksum or TooLarge."""
    if len(data) > IMAGE_FRAME_BYTES:
        raise TooLarge("%d bytes are no frame" % len(data), limit=IMAGE_FRAME_BYTES)
    size = _size(data, 0, len(data)) if data else 0
    if size == 0 or size != len(data):
        raise Malformed("%d bytes, L says %d" % (len(data), size))
    return _parse(data, 0, size)


class StreamReader:
    """Finds frames in a byte stream: hunts for 68 L 68, and after a wrong frame hunts again one byte on.

    Keeps less than one frame between calls. Counts: `frames`, `bad_checksums`, `noise_bytes`.
    """

    def __init__(self) -> None:
        self._rest = b""
        self.frames = 0
        self.bad_checksums = 0
        self.noise_bytes = 0

    def feed(self, data: bytes) -> "list[Frame]":
        """Frames completed by `data`. Raises nothing: what is no frame is counted."""
        return self._hunt(self._rest + bytes(data), False)

    def silence(self) -> "list[Frame]":
        """The line fell silent: what is incomplete now was no frame, look behind its first byte."""
        return self._hunt(self._rest, True)

    def _hunt(self, data, is_final):
        found = []
        start = 0
        end = len(data)
        while start < end:
            head = data.find(b"\x68", start)
            self.noise_bytes += (end if head < 0 else head) - start
            start = end if head < 0 else head
            if head < 0:
                break
            try:
                size = _size(data, start, end)
                if size == 0 or end - start < size:
                    if not is_final:
                        break
                    raise Malformed("incomplete")
                found.append(_parse(data, start, size))
                self.frames += 1
                start += size
            except ProtocolError as error:
                if isinstance(error, BadChecksum):
                    self.bad_checksums += 1
                self.noise_bytes += 1
                start += 1
        self._rest = data[start:]
        return found


def aux_lengths(is_up: bool, afn: int, dialect: Dialect) -> "tuple[int, int]":
    """Bytes of PW and of Tp in a frame of this direction and function (table in docs/wire/szy206.md)."""
    if is_up:
        return 0, dialect.tp_len if afn in (0x81, 0x82, 0xC0) else 0
    if afn in (0x81, 0x82, 0x83, 0x84, 0xC0):
        return 0, dialect.tp_len if dialect.confirm_with_tp else 0
    if 0x10 <= afn <= 0x4F or 0x90 <= afn <= 0x96 or 0xA0 <= afn <= 0xA2:
        return 2, dialect.tp_len
    return 0, 0


def split(frame: Frame, dialect: Dialect) -> "tuple[bytes, bytes, bytes]":
    """(D, PW, Tp) of a frame; PW and Tp are empty where the function has none. Raises Malformed."""
    password, tag = aux_lengths(frame.is_up, frame.afn, dialect)
    end = len(frame.body) - tag
    if end < password:
        raise Malformed("%d bytes hold no PW and Tp" % len(frame.body))
    return frame.body[: end - password], frame.body[end - password : end], frame.body[end:]


def address_of(division: str, station: int, order: str = LOW_FIRST) -> bytes:
    """Address of a six-digit GB/T 2260 division and a station number 1..65535 (65535 = broadcast)."""
    if len(division) != 6 or not division.isdigit():
        raise NotAllowed("a division is six digits")
    if not 1 <= station <= 65535:
        raise NotAllowed("a station number is 1..65535, not %d" % station)
    return binascii.unhexlify(division) + station.to_bytes(2, order)  # type: ignore[arg-type]  # LOW_FIRST or HIGH_FIRST


def division_of(address: bytes) -> str:
    """The six digits of an address, in reading order. Raises Malformed if they are not digits."""
    decimal(address[:3])
    return binascii.hexlify(address[:3]).decode()


def station_of(address: bytes, order: str = LOW_FIRST) -> int:
    """Station number (A2) of an address. Some vendors build A otherwise: its five bytes are the identity."""
    return int.from_bytes(address[3:5], order)  # type: ignore[arg-type]  # LOW_FIRST or HIGH_FIRST
