"""DL/T 645 messages: what the data of a frame means, by its control code, both ways.

One namedtuple a message; `_LAYOUTS` lists the data of each in wire order. Everything
multi-byte goes low byte first. Bytes whose order or parts the sources dispute stay bytes.
"""

# The namedtuples here are plain ones, typing does not exist on MicroPython:
# ruff: noqa: PYI024

from collections import namedtuple

from .dlt645 import MORE
from .dlt645_fields import SIZES, decode_field, encode_field
from .dlt645_frames import BROADCAST, ERROR, REPLY, BadFrame, Frame, decode_frame, encode_frame
from .dlt645_functions import (
    ACCEPTING,
    BROADCAST_TIME,
    CHANGE_PASSWORD,
    CHANGE_RATE,
    CLEAR_DEMAND,
    CLEAR_EVENTS,
    CLEAR_METER,
    FREEZE,
    FUNCTION_NAMES,
    READ,
    READ_1997,
    READ_ADDRESS,
    READ_NEXT,
    READING,
    RELAY,
    SECURITY,
    TERMINAL_OUTPUT,
    VENDOR,
    WRITE,
    WRITE_ADDRESS,
)
from .errors import NotAllowed

# di: identifier as an integer, 00010000H for "00010000"; password and operator: hex digits, highest
# byte first; expiry, clock and moment: bytes as on the wire; more: the meter holds further frames.
Read1997Request = namedtuple("Read1997Request", "address di")
Read1997Reply = namedtuple("Read1997Reply", "address di data more")
SecurityRequest = namedtuple("SecurityRequest", "address di operator data")
SecurityReply = namedtuple("SecurityReply", "address di data")
BroadcastTime = namedtuple("BroadcastTime", "address clock")
ReadRequest = namedtuple("ReadRequest", "address di data")
ReadReply = namedtuple("ReadReply", "address di data more")
ReadNextRequest = namedtuple("ReadNextRequest", "address di sequence")
ReadNextReply = namedtuple("ReadNextReply", "address di data sequence more")
ReadAddressRequest = namedtuple("ReadAddressRequest", "address")
ReadAddressReply = namedtuple("ReadAddressReply", "address meter_number")
WriteRequest = namedtuple("WriteRequest", "address di password_level password operator data")
WriteAddressRequest = namedtuple("WriteAddressRequest", "address meter_number")
FreezeRequest = namedtuple("FreezeRequest", "address moment")
ChangeRateRequest = namedtuple("ChangeRateRequest", "address rate_code")
ChangeRateReply = namedtuple("ChangeRateReply", "address rate_code")
ChangePasswordRequest = namedtuple(
    "ChangePasswordRequest", "address di password_level password new_level new_password"
)
ChangePasswordReply = namedtuple("ChangePasswordReply", "address new_level new_password")
ClearDemandRequest = namedtuple("ClearDemandRequest", "address data")
ClearMeterRequest = namedtuple("ClearMeterRequest", "address data")
ClearEventsRequest = namedtuple("ClearEventsRequest", "address password_level password operator di")
RelayRequest = namedtuple("RelayRequest", "address password_level password operator n1 n2 expiry")
# Level 98 or 99: what follows the operator is ciphertext for the meter's ESAM.
CipheredRelayRequest = namedtuple("CipheredRelayRequest", "address password_level password operator data")
TerminalOutputRequest = namedtuple("TerminalOutputRequest", "address signal")
TerminalOutputReply = namedtuple("TerminalOutputReply", "address signal")
VendorRequest = namedtuple("VendorRequest", "address data")
VendorReply = namedtuple("VendorReply", "address data")
# A reply without data to a command. After RELAY it says that the command was taken, NOT that the
# contacts moved: dlt645_relay.read_relay tells that, from status word 3.
Accepted = namedtuple("Accepted", "address function")
# A good reply to a read, with L = 0.
NoData = namedtuple("NoData", "address function")
# code: the error byte; the error word SERR after SECURITY.
Refused = namedtuple("Refused", "address function code")

_LAYOUTS = {
    READ_1997: (Read1997Request, "di2"),
    READ_1997 | REPLY: (Read1997Reply, "di2 data"),
    SECURITY: (SecurityRequest, "di operator data"),
    SECURITY | REPLY: (SecurityReply, "di data"),
    BROADCAST_TIME: (BroadcastTime, "clock"),
    READ: (ReadRequest, "di data"),
    READ | REPLY: (ReadReply, "di data"),
    READ_NEXT: (ReadNextRequest, "di sequence"),
    READ_NEXT | REPLY: (ReadNextReply, "di data sequence"),
    READ_ADDRESS: (ReadAddressRequest, ""),
    READ_ADDRESS | REPLY: (ReadAddressReply, "meter_number"),
    WRITE: (WriteRequest, "di password_level password operator data"),
    WRITE_ADDRESS: (WriteAddressRequest, "meter_number"),
    FREEZE: (FreezeRequest, "moment"),
    CHANGE_RATE: (ChangeRateRequest, "rate_code"),
    CHANGE_RATE | REPLY: (ChangeRateReply, "rate_code"),
    CHANGE_PASSWORD: (ChangePasswordRequest, "di password_level password new_level new_password"),
    CHANGE_PASSWORD | REPLY: (ChangePasswordReply, "new_level new_password"),
    CLEAR_DEMAND: (ClearDemandRequest, "data"),
    CLEAR_METER: (ClearMeterRequest, "data"),
    CLEAR_EVENTS: (ClearEventsRequest, "password_level password operator di"),
    RELAY: (RelayRequest, "password_level password operator n1 n2 expiry"),
    TERMINAL_OUTPUT: (TerminalOutputRequest, "signal"),
    TERMINAL_OUTPUT | REPLY: (TerminalOutputReply, "signal"),
    VENDOR: (VendorRequest, "data"),
    VENDOR | REPLY: (VendorReply, "data"),
}
_CIPHERED = (CipheredRelayRequest, "password_level password operator data")
CIPHERED_LEVELS = (98, 99)

CLEAR_BYTES = 8  # of CLEAR_DEMAND and CLEAR_METER: sources dispute what the eight are


def _check_rest(control, rest, error):
    """Raise what `error(text)` returns where the free part of a message has a wrong length."""
    if control == READ and rest not in (0, 1, 6):
        # alone, with a number of blocks, or with that and the five bytes of a moment
        raise error("%d bytes after the identifier of a read, 0, 1 or 6 may be" % rest)
    if control in (CLEAR_DEMAND, CLEAR_METER) and rest != CLEAR_BYTES:
        raise error("%d bytes of data to clear with, not %d" % (rest, CLEAR_BYTES))


# -- messages -------------------------------------------------------------------------------


def _refusal(frame):
    function = frame.control & 0x1F
    size = 2 if function == SECURITY else 1
    if len(frame.data) != size:
        raise BadFrame("length", "L = %d, an error has %d" % (len(frame.data), size))
    return Refused(frame.address, function, int.from_bytes(frame.data, "little"))


def _spread(control, layout, size):
    """Return [(field, start, end)] of so many bytes of data. Raises BadFrame (length)."""
    names = layout.split()
    fixed = 0
    for name in names:
        fixed += SIZES[name]
    rest = size - fixed
    if rest < 0 or (rest and "data" not in names):
        least = "at least " if "data" in names else ""
        raise BadFrame("length", "L = %d, this function has %s%d" % (size, least, fixed))
    _check_rest(control, rest, lambda text: BadFrame("length", text))
    found = []
    at = 0
    for name in names:
        end = at + (SIZES[name] or rest)
        found.append((name, at, end))
        at = end
    return found


def _kind_and_layout(frame):
    if frame.control == RELAY and len(frame.data) > 16 and frame.data[0] in (0x98, 0x99):
        return _CIPHERED
    return _LAYOUTS[frame.control & ~MORE]


def parts_of(frame):
    """Return [(field name, start, end)] of the data of a Frame that `message_of` takes."""
    if frame.control & ERROR or not frame.data:
        return [("error", 0, len(frame.data))] if frame.data else []
    layout = _kind_and_layout(frame)[1]
    return _spread(frame.control & ~MORE, layout, len(frame.data))


def message_of(frame):
    """Return the message in a Frame. Raises BadFrame (function, length, digits)."""
    control, address = frame.control, frame.address
    function = control & 0x1F
    if function not in FUNCTION_NAMES:
        raise BadFrame("function", "control %02X: function %02X is unknown" % (control, function))
    if control & ERROR:
        if control != function | REPLY | ERROR:
            raise BadFrame("function", "control %02X: only a meter refuses, and in one frame" % control)
        return _refusal(frame)
    plain = control & ~MORE
    if control & MORE and (function not in READING or not control & REPLY):
        raise BadFrame("function", "control %02X: more frames follow replies to reads only" % control)
    if control & REPLY and not frame.data:
        if function in ACCEPTING:
            return Accepted(address, function)
        if function in READING and not control & MORE:
            return NoData(address, function)
    if plain not in _LAYOUTS:
        if function in ACCEPTING:
            raise BadFrame("length", "L = %d, this reply has 0" % len(frame.data))
        raise BadFrame("function", "control %02X: this function has no reply" % control)
    kind, layout = _kind_and_layout(frame)
    values = [address]
    for name, start, end in _spread(plain, layout, len(frame.data)):
        values.append(decode_field(name, frame.data[start:end]))
    if control & REPLY and function in READING:
        values.append(bool(control & MORE))
    return kind(*values)


def _row(message):
    for control, (kind, layout) in _LAYOUTS.items():
        if isinstance(message, kind):
            return control, layout
    if isinstance(message, _CIPHERED[0]):
        if message.password_level not in CIPHERED_LEVELS or len(message.data) < 9:
            raise NotAllowed("ciphertext goes with level 98 or 99 and is longer than N1 to N8")
        return RELAY, _CIPHERED[1]
    raise NotAllowed("%s is no message" % type(message).__name__)


def frame_of(message):
    """Return the Frame of a message. Raises NotAllowed on a value outside its range."""
    address = message.address
    if isinstance(message, (Accepted, NoData)):
        if message.function not in (ACCEPTING if isinstance(message, Accepted) else READING):
            raise NotAllowed("function %02X has no such reply" % message.function)
        return Frame(address, message.function | REPLY, b"")
    if isinstance(message, Refused):
        size = 2 if message.function == SECURITY else 1
        if message.function not in FUNCTION_NAMES or not 0 <= message.code < 1 << 8 * size:
            raise NotAllowed("function %02X, error %X" % (message.function, message.code))
        return Frame(address, message.function | REPLY | ERROR, message.code.to_bytes(size, "little"))
    control, layout = _row(message)
    if address == BROADCAST and control not in (BROADCAST_TIME, FREEZE):
        raise NotAllowed("only the time and a freeze may be broadcast: nobody answers")
    data = b""
    for name in layout.split():
        raw = encode_field(name, getattr(message, "di" if name == "di2" else name))
        if name == "data":
            _check_rest(control, len(raw), NotAllowed)
        data += raw
    if getattr(message, "more", False):
        control |= MORE
    return Frame(address, control, data)


def decode_message(data):
    """Return the message in exactly one frame's bytes. Raises BadFrame, BadChecksum, TooLarge."""
    return message_of(decode_frame(data))


def encode_message(message, preamble=0):
    """Return the frame of a message after so many FE. Raises NotAllowed."""
    return encode_frame(frame_of(message), preamble)
