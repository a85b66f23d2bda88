"""DL/T 645 frames as anybody on the line sees them: 68 address 68 control L data CS 16.

`decode_frame` opens one whole frame, `dlt645_messages.message_of` says what is in it. The
controller is a master and never loads this; simulated meters, `karez decode` and tests do.
"""

import binascii
from collections import namedtuple

from .dlt645 import DATA_BYTES_MAX, address_bytes, moved, sealed
from .errors import BadChecksum, Malformed, NotAllowed, TooLarge

START = 0x68
END = 0x16
PREAMBLE = 0xFE
PREAMBLE_BYTES_MAX = 64  # taken with a frame: public captures show 0 to 5, 6, 7 and 13, ours a wake train
PREAMBLE_SENT_MAX = 5  # a master sends 4, a meter 0 to 4; one more is allowed
BARE_BYTES = 12  # a frame without data
FRAME_BYTES_MAX = BARE_BYTES + DATA_BYTES_MAX

REPLY = 0x80  # control: from the meter
ERROR = 0x40  # control: the meter refuses

# address: 12 digits, AA in front for pairs that do not matter; data: 33H already taken off.
Frame = namedtuple("Frame", "address control data")  # noqa: PYI024 - no typing on MicroPython

BROADCAST = "999999999999"  # never answered
WILDCARD = "AAAAAAAAAAAA"  # whoever is there: safe with one meter on the line only


class BadFrame(Malformed):
    """Bytes that are no frame, or no message. `reason` in a word: length, end, digits, function, noise."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def checksum(data, start, end):
    """Return the sum modulo 256 of data[start:end]."""
    return sum(data[start:end]) & 0xFF


def digits_of(raw):
    """Return an address as text, highest digits first, of six bytes as sent.

    AA stands for a pair that does not matter and only in front of all digits (shortened
    addressing). Raises BadFrame (digits).
    """
    text = binascii.hexlify(bytes(reversed(raw))).decode().upper()
    try:
        address_bytes(text)
    except NotAllowed as error:
        raise BadFrame("digits", str(error))
    return text


def preamble_bytes(data):
    """Return how many FE bytes open `data`, 64 at most."""
    count = 0
    while count < min(len(data), PREAMBLE_BYTES_MAX) and data[count] == PREAMBLE:
        count += 1
    return count


def check_length(data, start, end):
    """Return the length of the frame whose header stands at `start`; it may use bytes before `end`.

    Raises BadFrame (length) where it does not fit or does not end in 16, TooLarge above L = 200.
    """
    if end - start < 10:
        raise BadFrame("length", "%d bytes, a frame has at least %d" % (end - start, BARE_BYTES))
    size = data[start + 9]
    if size > DATA_BYTES_MAX:
        raise TooLarge("L = %d, at most %d" % (size, DATA_BYTES_MAX), DATA_BYTES_MAX)
    length = BARE_BYTES + size
    if end - start < length:
        raise BadFrame(
            "length", "L = %d makes a frame of %d bytes, there are %d" % (size, length, end - start)
        )
    return length


def check_seal(data, start, length):
    """Return nothing if checksum and final 16 stand; raise BadFrame (length, end) or BadChecksum."""
    last = start + length - 1
    expected = checksum(data, start, last - 1)
    found = data[last - 1]
    if data[last] != END:
        if expected == found:
            raise BadFrame("end", "the last byte is %02X, not 16" % data[last])
        raise BadFrame(
            "length", "no 16 where L = %d puts the end, but %02X" % (length - BARE_BYTES, data[last])
        )
    if expected != found:
        raise BadChecksum("checksum %02X, computed %02X" % (found, expected), expected, found)


def decode_frame(data):
    """Return the Frame in exactly these bytes; up to 64 FE may stand before it.

    Raises BadFrame, BadChecksum, TooLarge.
    """
    start = preamble_bytes(data)
    end = len(data)
    if start == end or data[start] != START or (end - start > 7 and data[start + 7] != START):
        raise BadFrame("noise", "no 68 and a second 68 seven bytes on")
    length = check_length(data, start, end)
    if end - start > length:
        raise BadFrame("length", "%d bytes after a frame of %d" % (end - start - length, length))
    check_seal(data, start, length)
    address = digits_of(data[start + 1 : start + 7])
    return Frame(address, data[start + 8], moved(data[start + 10 : end - 2], 0xCD))


def encode_frame(frame, preamble=0):
    """Return the bytes of a Frame after so many FE, five at most. Raises NotAllowed."""
    if not 0 <= frame.control <= 0xFF or not 0 <= preamble <= PREAMBLE_SENT_MAX:
        raise NotAllowed("control %d, %d bytes of preamble" % (frame.control, preamble))
    raw = sealed(address_bytes(frame.address), frame.control, bytes(frame.data))
    return bytes((PREAMBLE,)) * preamble + raw
