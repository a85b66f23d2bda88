"""CJ/T 188 frames of both directions: whole frames in, messages out, and back.

The controller is a master and never loads this; meters on a desk, `karez decode` and tests
do. The layout is in cjt188.py, what the data say in cjt188_data.py.
"""

import binascii
from collections import namedtuple

from .errors import BadChecksum, Malformed, NotAllowed, TooLarge

READ = 0x01
READ_ADDRESS = 0x03
WRITE = 0x04  # also the valve
READ_KEY_VERSION = 0x09
WRITE_ADDRESS = 0x15
SET_TOTAL = 0x16
FUNCTION_NAMES = {
    READ: "read",
    READ_ADDRESS: "read_address",
    WRITE: "write",
    READ_KEY_VERSION: "read_key_version",
    WRITE_ADDRESS: "write_address",
    SET_TOTAL: "set_total",
}
FROM_METER = 0x80  # bit 7 of the control code
REFUSED = 0x40  # bit 6: the meter could not; L = 3, SER and two bytes of status

LENGTH_MIN = 3  # identifier and SER
LENGTH_READ_MAX = 0x64  # the standard's limits for L, either direction
LENGTH_WRITE_MAX = 0x32
FRAME_BYTES = 13  # beside what L counts and the preamble
PREAMBLE_MAX = 64  # ours: the standard sends 2 to 4 FE, captures show 0 to 5, 6, 7 and 13, a wake train more
ANY_ADDRESS = "AA" * 7
ANY_TYPE = 0xAA

# `preamble`: bytes FE before; `meter_type`: 0x10 cold water …; `address`: 14 digits as printed,
# or AA seven times; `control`: with its bits 7 and 6; `key`: identifier in the order of the
# wire, None when the meter refused; `data`: what follows SER.
Message = namedtuple("Message", "preamble meter_type address control key ser data")  # noqa: PYI024 - no typing on MicroPython


class WrongLength(Malformed):
    """L, the bytes there are and the end byte 16 do not agree."""


class NotDigits(Malformed):
    """A byte that should hold two decimal digits does not."""


class UnknownFunction(NotAllowed):
    """A control code that the standard does not name."""


def is_known(control):
    """True if the standard has this control code, in this direction."""
    if control & (FROM_METER | REFUSED) == REFUSED:
        return False  # only a meter refuses
    return control & 0x3F in FUNCTION_NAMES


def is_address(raw):
    """True if these seven bytes are all digits, or AA all of them."""
    if bytes(raw) == b"\xaa" * 7:
        return True
    return all(byte >> 4 <= 9 and byte & 15 <= 9 for byte in raw)


def encode(message):
    """Return the frame of a Message, preamble included. Raises NotAllowed on a value outside its range."""
    _, meter_type, address, control, key, ser, data = message
    _check(message)
    body = bytes((0x68, meter_type)) + bytes(reversed(binascii.unhexlify(address)))
    data = bytes((ser,)) + bytes(data)
    if key is not None:
        data = bytes((key >> 8, key & 0xFF)) + data
    body += bytes((control, len(data))) + data
    return b"\xfe" * message.preamble + body + bytes((sum(body) & 0xFF, 0x16))


def _check(message):
    preamble, meter_type, address, control, key, ser, data = message
    try:
        raw = binascii.unhexlify(address)
    except ValueError:
        raw = b""
    if len(raw) != 7 or not is_address(raw):
        raise NotAllowed("address %s is not 14 digits" % address)
    if not 0 <= preamble <= PREAMBLE_MAX or not 0 <= meter_type <= 0xFF or not 0 <= ser <= 0xFF:
        raise NotAllowed("preamble %d, type %d, sequence number %d" % (preamble, meter_type, ser))
    if not 0 <= control <= 0xFF or not is_known(control):
        raise NotAllowed("control code %d is none of CJ/T 188" % control)
    if control & REFUSED:
        if key is not None or len(data) != 2:
            raise NotAllowed("a refusal holds SER and two bytes of status")
        return
    if key is None or not 0 <= key <= 0xFFFF:
        raise NotAllowed("identifier %s is not two bytes" % key)
    if LENGTH_MIN + len(data) > _length_max(control):
        raise NotAllowed("%d bytes of data, L is at most %d" % (len(data), _length_max(control)))


def decode(frame):
    """Return the Message in a whole frame, with or without preamble.

    Raises WrongLength, BadChecksum, UnknownFunction, TooLarge, NotDigits, Malformed; what
    stands against it first in this order.
    """
    frame = bytes(frame)
    preamble = 0
    while preamble < len(frame) and frame[preamble] == 0xFE:
        preamble += 1
    if preamble > PREAMBLE_MAX:
        raise TooLarge("%d bytes FE, at most %d" % (preamble, PREAMBLE_MAX), PREAMBLE_MAX)
    frame = frame[preamble:]
    if frame[:1] != b"\x68":
        raise Malformed("a frame begins with 68")
    if len(frame) < 11 or len(frame) != FRAME_BYTES + frame[10]:
        needed = FRAME_BYTES + (frame[10] if len(frame) > 10 else LENGTH_MIN)
        raise WrongLength("%d bytes, the frame should have %d" % (len(frame), needed))
    expected = sum(frame[:-2]) & 0xFF
    if expected != frame[-2]:
        raise BadChecksum("checksum %02X, computed %02X" % (frame[-2], expected), expected, frame[-2])
    if frame[-1] != 0x16:
        raise WrongLength("ends with %02X, not 16" % frame[-1])
    return _message(frame, preamble)


def _message(frame, preamble):
    control = frame[9]
    if not is_known(control):
        raise UnknownFunction("control code %02X is none of CJ/T 188; the checksum is right" % control)
    length = frame[10]
    if length > _length_max(control):
        limit = _length_max(control)
        raise TooLarge("L is %02X, this function has at most %02X" % (length, limit), limit)
    if length < LENGTH_MIN or (control & REFUSED and length != LENGTH_MIN):
        raise WrongLength("L is %02X, %s 03" % (length, "a refusal has" if control & REFUSED else "at least"))
    if not is_address(frame[2:9]):
        raise NotDigits("address bytes %s are not all digits" % text(frame[2:9]))
    address = text(bytes(reversed(frame[2:9])))
    if control & REFUSED:
        return Message(preamble, frame[1], address, control, None, frame[11], frame[12:14])
    key = frame[11] << 8 | frame[12]
    return Message(preamble, frame[1], address, control, key, frame[13], frame[14:-2])


def _length_max(control):
    if control & 0x3F in (READ, READ_ADDRESS, READ_KEY_VERSION):
        return LENGTH_READ_MAX
    return LENGTH_WRITE_MAX


def text(raw):
    """Return bytes as hexadecimal digits, in upper case as the documents print them."""
    return str(binascii.hexlify(raw), "ascii").upper()


def answer(request, meter_type, address, data, key=None):
    """Return the Message with which the meter of this type and number answers: same SER, bit 7 set.

    A request with wildcards comes back with the real type and number. `key`: the identifier
    for a meter that sends it in another order than it is asked.
    """
    key = request.key if key is None else key
    return Message(
        request.preamble, meter_type, address, request.control | FROM_METER, key, request.ser, bytes(data)
    )


def refusal(request, meter_type, address, status):
    """Return the Message with which the meter refuses a request: two bytes of status."""
    control = request.control | FROM_METER | REFUSED
    return Message(request.preamble, meter_type, address, control, None, request.ser, bytes(status))
