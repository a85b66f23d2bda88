"""Frames of SL 651-2014, whichever way they are written: the parts, the control characters, the limits.

    HEX    7E 7E | addresses 6 | password 2 | function 1 | direction, length 2 | STX or SYN | .. | end | CRC 2
    ASCII  01 and the same in hex digits; STX, SYN and the end character stay single bytes

Upward the centre's address comes first, downward the station's. sl651.py chooses between
sl651_hex.py and sl651_ascii.py, which turn one into the other.
"""

from collections import namedtuple

from .errors import Malformed, NotAllowed, TooLarge

SOH = 0x01  # an ASCII frame begins
HEX_START = 0x7E  # a HEX frame begins with two of them
STX = 0x02
SYN = 0x16  # one packet of several

ETX = 0x03  # the station is done, the link may close
ETB = 0x17  # more frames follow
ENQ = 0x05  # query or command
EOT = 0x04  # confirmed: the station may leave
ACK = 0x06  # confirmed, more frames follow; some centres end every confirm so
NAK = 0x15  # resend the packet named
ESC = 0x1B  # confirmed: stay on line

UP_ENDS = (ETX, ETB)
CONFIRM_ENDS = (EOT, ACK, ESC)
ENDS = bytes((ETX, ETB, ENQ, EOT, ACK, NAK, ESC))
NAMES = {
    STX: "STX",
    SYN: "SYN",
    ETX: "ETX",
    ETB: "ETB",
    ENQ: "ENQ",
    EOT: "EOT",
    ACK: "ACK",
    NAK: "NAK",
    ESC: "ESC",
}

LENGTH_MAX = 0xFFF  # 12 bits: table 20, "0001 to 4095"
WIDE_LENGTH_MAX = 0xFFFF  # table 22, where the dialect says so
PACKETS_MAX = 0xFFF  # 12 bits each for total and number

# is_up: from the station; centre: 0 to 255; station: five bytes; password, function: integers;
# body: what stands behind STX, or behind total and number of a packet; end: one of ENDS;
# packet: (total, number) of a frame with SYN, else None; is_ascii: how it is written.
Frame = namedtuple(  # noqa: PYI024 - no typing on MicroPython
    "Frame", "is_up centre station password function body end packet is_ascii"
)


def check(frame: Frame) -> None:
    """Raise NotAllowed on a frame with a field outside its range."""
    if len(frame.station) != 5:
        raise NotAllowed("a station address has 5 bytes, not %d" % len(frame.station))
    if not (0 <= frame.centre <= 0xFF and 0 <= frame.password <= 0xFFFF and 0 <= frame.function <= 0xFF):
        raise NotAllowed("a centre is 0..255, a password 0..65535, a function 0..255")
    if frame.end not in ENDS:
        raise NotAllowed("%02X ends no frame" % frame.end)
    if frame.packet is None:
        if not frame.body:
            raise NotAllowed("a body has at least one byte")
    elif not is_packet(frame.packet[0], frame.packet[1]):
        raise NotAllowed("packet %d of %d" % (frame.packet[1], frame.packet[0]))


def is_packet(total: int, number: int) -> bool:
    """True if a message of `total` packets has one of this number."""
    return 1 <= number <= total <= PACKETS_MAX


def length_field(is_up: bool, length: int) -> int:
    """Direction and length in one number. Raises TooLarge above 4095 bytes."""
    if length > LENGTH_MAX:
        raise TooLarge("%d bytes of body, at most %d" % (length, LENGTH_MAX), LENGTH_MAX)
    return length if is_up else 0x8000 | length


def length_of(field: int, is_packet_frame: bool) -> int:
    """The length in direction and length. Raises Malformed."""
    if field >> 12 not in (0, 8):
        raise Malformed("direction %X is neither 0 nor 8" % (field >> 12))
    length = field & LENGTH_MAX
    if length < (3 if is_packet_frame else 1):
        raise Malformed("%d bytes hold no body" % length)
    return length


def check_packet(total: int, number: int) -> "tuple[int, int]":
    """(total, number) of a received packet. Raises Malformed."""
    if not is_packet(total, number):
        raise Malformed("packet %d of %d" % (number, total))
    return total, number
