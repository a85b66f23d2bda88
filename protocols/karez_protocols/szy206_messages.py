"""Messages of SZY 206 / SL/T 427 for a well's upload: link test 02H, self report C0H type 3, confirms.

Each class encodes itself; the function below it decodes the same bytes. The dialect is given, never guessed.
"""

from collections import namedtuple

from . import szy206_values as values
from .errors import Malformed, NotAllowed
from .szy206 import FCB_FIRST, Dialect, Frame, encode, split

AFN_LINK = 0x02
AFN_REPORT = 0xC0

LOG_IN = 0xF0
LOG_OUT = 0xF1
KEEP_ALIVE = 0xF2

TYPE_COMMAND = 0
TYPE_FLOW = 3

# Layouts of D in a type 3 report: the standard's pairs, and the lone fields of some 2012 devices.
PAIRS = "pairs"
FLOW_ONLY = "flow"
VOLUME_ONLY = "volume"

# Data byte of a confirm: which work mode the station should be in. 0 asks for no change.
CONFIRM_COMPATIBLE = 0

CHANNELS_MAX = 23  # 10 bytes each beside 4 of alarm and state and a 7-byte tag, in L = 255

# One meter's flow (signed L/h) and total (whole m3); None = missing. `flow_unit` is the unit on the
# wire, FLOW_M3_S or FLOW_M3_H.
Channel = namedtuple("Channel", ("flow_lph", "volume_m3", "flow_unit"))  # noqa: PYI024 - no typing on MicroPython


class LinkTest:
    """02H up: log in, log out or keep alive."""

    def __init__(self, address: bytes, kind: int, fcb: int = FCB_FIRST):
        self.address = address
        self.kind = kind
        self.fcb = fcb

    def encode(self) -> bytes:
        """Bytes of the frame. Raises NotAllowed."""
        if self.kind not in (LOG_IN, LOG_OUT, KEEP_ALIVE):
            raise NotAllowed("a link test is F0, F1 or F2")
        return encode(Frame(True, self.address, AFN_LINK, bytes([self.kind]), self.fcb))


def decode_link_test(frame: Frame) -> LinkTest:
    """LinkTest of an 02H frame from a station. Raises Malformed."""
    if len(frame.body) != 1 or frame.body[0] not in (LOG_IN, LOG_OUT, KEEP_ALIVE):
        raise Malformed("a link test is one byte F0, F1 or F2")
    return LinkTest(frame.address, frame.body[0], frame.fcb)


class SelfReport:
    """C0H type 3 up: flow and volume channels, alarm word, state word, sampling time.

    `alarm` and `state` come from szy206_values.alarm_word and state_word and have no default:
    a state of 0 means "pump running, door open". `layout` is PAIRS, or a lone field's name.
    """

    def __init__(
        self,
        address: bytes,
        channels: "list[Channel]",
        alarm: int,
        state: int,
        tag: values.TimeTag,
        fcb: int = FCB_FIRST,
        layout: str = PAIRS,
    ):
        self.address = address
        self.channels = channels
        self.alarm = alarm
        self.state = state
        self.tag = tag
        self.fcb = fcb
        self.layout = layout

    def encode(self, dialect: Dialect) -> bytes:
        """Bytes of the frame. Raises NotAllowed on a value the standard cannot carry."""
        if not 1 <= len(self.channels) <= (CHANNELS_MAX if self.layout == PAIRS else 1):
            raise NotAllowed("%d channels in layout %s" % (len(self.channels), self.layout))
        body = b""
        for channel in self.channels:
            if self.layout != VOLUME_ONLY:
                body += values.encode_flow(channel.flow_lph, channel.flow_unit)
            if self.layout != FLOW_ONLY:
                body += values.encode_volume(channel.volume_m3)
        body += _word("alarm", self.alarm) + _word("state", self.state)
        body += values.encode_tag(self.tag, dialect.tp_len)
        return encode(Frame(True, self.address, AFN_REPORT, body, self.fcb, TYPE_FLOW))


def _word(name, value):
    if value is None or not 0 <= value <= 0xFFFF:
        raise NotAllowed("%s is a 16-bit word built from named bits, not %s" % (name, value))
    return value.to_bytes(2, "little")


def _channels(data, dialect):
    """(channels, layout) of the fields before alarm and state."""
    if len(data) == 5:
        if dialect.lone_field == VOLUME_ONLY:
            return [Channel(None, values.decode_volume(data), dialect.flow_unit)], VOLUME_ONLY
        flow_lph, unit = values.decode_flow(data)
        return [Channel(flow_lph, None, unit)], FLOW_ONLY
    if not data or len(data) % 10:
        raise Malformed(
            "%d bytes are no flow and volume pairs; is the time tag %d?" % (len(data), dialect.tp_len)
        )
    channels = []
    for at in range(0, len(data), 10):
        flow_lph, unit = values.decode_flow(data[at : at + 5])
        channels.append(Channel(flow_lph, values.decode_volume(data[at + 5 : at + 10]), unit))
    return channels, PAIRS


def decode_self_report(frame: Frame, dialect: Dialect) -> SelfReport:
    """SelfReport of a C0H type 3 frame from a station. Raises Malformed."""
    data, _, tag = split(frame, dialect)
    if len(data) < 4:
        raise Malformed("no alarm and state in %d bytes" % len(data))
    channels, layout = _channels(data[:-4], dialect)
    alarm = int.from_bytes(data[-4:-2], "little")
    state = int.from_bytes(data[-2:], "little")
    return SelfReport(frame.address, channels, alarm, state, values.decode_tag(tag), frame.fcb, layout)


class Confirm:
    """02H or C0H down: the centre has it.

    FCB, type and DIVS are those received; `mode` is a wish for a work mode.
    """

    def __init__(
        self,
        address: bytes,
        afn: int,
        fcb: int = FCB_FIRST,
        type_code: int = TYPE_COMMAND,
        mode: int = CONFIRM_COMPATIBLE,
        tag: "values.TimeTag | None" = None,
        divs: "int | None" = None,
    ):
        self.address = address
        self.afn = afn
        self.fcb = fcb
        self.type_code = type_code
        self.mode = mode
        self.tag = tag
        self.divs = divs

    def encode(self, dialect: Dialect) -> bytes:
        """Bytes of the frame. Raises NotAllowed, also for want of the tag the dialect asks for."""
        if self.afn not in (AFN_LINK, AFN_REPORT) or not 0 <= self.mode <= 255:
            raise NotAllowed("a confirm answers 02H or C0H with one byte")
        body = bytes([self.mode])
        if self.afn == AFN_REPORT and dialect.confirm_with_tp:
            if self.tag is None:
                raise NotAllowed("this dialect confirms reports with a time tag")
            body += values.encode_tag(self.tag, dialect.tp_len)
        return encode(Frame(False, self.address, self.afn, body, self.fcb, self.type_code, self.divs))


def decode_confirm(frame: Frame, dialect: Dialect) -> Confirm:
    """Confirm of an 02H or C0H frame from the centre. Raises Malformed.

    Platforms differ in what follows the first byte: a time tag is read where the dialect has one
    and the length fits, anything else is passed over.
    """
    if not frame.body:
        raise Malformed("a confirm has at least one byte")
    tag = None
    if frame.afn == AFN_REPORT and dialect.confirm_with_tp and len(frame.body) == 1 + dialect.tp_len:
        tag = values.decode_tag(frame.body[1:])
    return Confirm(frame.address, frame.afn, frame.fcb, frame.type_code, frame.body[0], tag, frame.divs)


def confirm_of(frame: Frame, tag: "values.TimeTag | None" = None) -> Confirm:
    """The confirm a centre owes to a received frame: the same C with the direction bit cleared."""
    return Confirm(frame.address, frame.afn, frame.fcb, frame.type_code, CONFIRM_COMPATIBLE, tag, frame.divs)


def decode_message(frame: Frame, dialect: Dialect) -> "LinkTest | SelfReport | Confirm | Frame":
    """Typed message of a frame; a frame of another function or type comes back as it is. Raises Malformed."""
    if frame.afn not in (AFN_LINK, AFN_REPORT):
        return frame
    if not frame.is_up:
        return decode_confirm(frame, dialect)
    if frame.afn == AFN_LINK:
        return decode_link_test(frame)
    return (
        decode_self_report(frame, dialect) if frame.type_code == TYPE_FLOW and frame.divs is None else frame
    )
