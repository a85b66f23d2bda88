"""SL 651-2014, hydrological data: one frame to and from bytes, in HEX/BCD or in ASCII characters.

sl651_stream    frames out of a byte stream or a capture
sl651_messages  what a frame says: reports, queries, settings, commands, confirms
sl651_packets   messages of several packets
sl651_modes     who answers whom, repeats, password
"""

from . import sl651_ascii, sl651_hex
from .errors import Malformed, TooLarge
from .sl651_dialect import SL651_2014
from .sl651_frames import HEX_START, LENGTH_MAX, SOH, WIDE_LENGTH_MAX, Frame

FRAME_BYTES_MAX = LENGTH_MAX + sl651_ascii.AROUND_BYTES  # ASCII; a HEX frame is 12 bytes shorter
WIDE_FRAME_BYTES_MAX = WIDE_LENGTH_MAX + sl651_hex.AROUND_BYTES


def bytes_max(dialect) -> int:
    """Most bytes a frame can have in this dialect."""
    return WIDE_FRAME_BYTES_MAX if dialect.wide_packets else FRAME_BYTES_MAX


def writing_at(data: bytes, start: int):
    """The module that reads what begins here: sl651_hex or sl651_ascii. Raises Malformed."""
    if data[start] == HEX_START:
        return sl651_hex
    if data[start] == SOH:
        return sl651_ascii
    raise Malformed("%02X begins no frame" % data[start])


def decode(data: bytes, dialect=SL651_2014) -> Frame:
    """Frame of exactly these bytes. Raises Malformed, BadChecksum, TooLarge."""
    if len(data) > bytes_max(dialect):
        raise TooLarge("%d bytes are no frame" % len(data), bytes_max(dialect))
    if not data:
        raise Malformed("no bytes")
    writing = writing_at(data, 0)
    size = writing.size_at(data, 0, len(data), dialect)
    if size == 0 or size != len(data):
        raise Malformed("%d bytes, the length field says %d" % (len(data), size))
    return writing.parse(data, 0, size, dialect)


def encode(frame: Frame, dialect=SL651_2014) -> bytes:
    """Bytes of a frame. Raises NotAllowed on a field outside its range, TooLarge above 4095 bytes of body."""
    return (sl651_ascii if frame.is_ascii else sl651_hex).encode(frame, dialect)
