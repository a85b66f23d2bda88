"""Messages of SZY 206 / SL/T 427 that a station starts, and their confirms: link test, self reports.

Each class encodes itself; `decode_message` reads any frame. The dialect is given, never guessed.
Commands, queries and their answers are in szy206_commands.
"""

from . import szy206_time as times
from .errors import Malformed, NotAllowed
from .szy206 import FCB_FIRST, Frame, encode
from .szy206_commands import Answer, Command, Upload, decode_values
from .szy206_data import layout_of, may_be_empty, with_words
from .szy206_dialect import Dialect
from .szy206_functions import CONFIRMED, LINK, REPORT, REPORTS, split
from .szy206_layout import decode as decode_data
from .szy206_layout_encode import encode as encode_data
from .szy206_readings import TYPE_COMMAND, completed, layout_of_rows

LOG_IN = 0xF0
LOG_OUT = 0xF1
KEEP_ALIVE = 0xF2

# Data byte of a confirm: which work mode the station should be in. 0 asks for no change.
CONFIRM_COMPATIBLE = 0
CONFIRM_SELF_REPORT = 1
CONFIRM_QUERY = 2
CONFIRM_MAINTENANCE = 3


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
        return encode(Frame(True, self.address, LINK, bytes([self.kind]), self.fcb))


def decode_link_test(frame: Frame) -> LinkTest:
    """LinkTest of an 02H frame from a station. Raises Malformed."""
    if len(frame.body) != 1 or frame.body[0] not in (LOG_IN, LOG_OUT, KEEP_ALIVE):
        raise Malformed("a link test is one byte F0, F1 or F2")
    return LinkTest(frame.address, frame.body[0], frame.fcb)


class SelfReport:
    """C0H, 81H (alarm) or 82H (manual entry) up: elements of one type, alarm, state, sampling time.

    `readings` are dicts as szy206_readings has them for the type. `alarm` and `state` come from
    szy206_words.alarm_word and state_word and have no default: a state of 0 means "pump running,
    door open".
    """

    def __init__(
        self,
        address: bytes,
        type_code: int,
        readings: "list[dict]",
        alarm: int,
        state: int,
        tag: times.TimeTag,
        afn: int = REPORT,
        fcb: int = FCB_FIRST,
    ):
        self.address = address
        self.type_code = type_code
        self.readings = readings
        self.alarm = alarm
        self.state = state
        self.tag = tag
        self.afn = afn
        self.fcb = fcb

    def frame(self, dialect: Dialect) -> Frame:
        """The report as a frame, of any length: szy206_parts divides what is too long. Raises NotAllowed."""
        if self.afn not in REPORTS:
            raise NotAllowed("a self report is C0H, 81H or 82H")
        if not self.readings and not may_be_empty(self.afn, self.type_code):
            raise NotAllowed("a report of type %d without a reading" % self.type_code)
        layout = with_words(layout_of_rows(self.type_code, self.readings, dialect), self.afn, dialect)
        rows = completed(self.type_code, self.readings, dialect)
        values = {"readings": rows, "alarm": self.alarm, "state": self.state}
        body = encode_data(layout, values, dialect)
        tag = times.whole_minute(self.tag) if dialect.tag_seconds == "zero" else self.tag
        body += times.encode_tag(tag, dialect.tp_len, dialect.tag_order == "day_first")
        return Frame(True, self.address, self.afn, body, self.fcb, self.type_code)

    def encode(self, dialect: Dialect) -> bytes:
        """Bytes of the frame. Raises NotAllowed on a value the standard cannot carry, TooLarge."""
        return encode(self.frame(dialect))


def decode_self_report(frame: Frame, dialect: Dialect) -> SelfReport:
    """SelfReport of a whole C0H, 81H or 82H frame from a station. Raises Malformed."""
    data, _, tag = split(frame, dialect)
    values = decode_data(layout_of(True, frame.afn, frame.type_code, data, dialect), data, dialect)
    moment = times.decode_tag(tag, dialect.tag_order == "day_first")
    readings = values.get("readings", [])
    for reading in readings:  # the bitmaps are in the names
        for name in ("parameters", "kinds"):
            reading.pop(name, None)
    return SelfReport(
        frame.address,
        frame.type_code,
        readings,
        values["alarm"],
        values["state"],
        moment,
        frame.afn,
        frame.fcb,
    )


class Confirm:
    """02H, 81H..84H or C0H down: the centre has it.

    FCB, type and DIVS are those received; `mode` is a wish for a work mode.
    """

    def __init__(
        self,
        address: bytes,
        afn: int,
        fcb: int = FCB_FIRST,
        type_code: int = TYPE_COMMAND,
        mode: int = CONFIRM_COMPATIBLE,
        tag: "times.TimeTag | None" = None,
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
        if self.afn not in CONFIRMED or not 0 <= self.mode <= 255:
            raise NotAllowed("a confirm answers 02H, 81H to 84H or C0H with one byte")
        body = bytes([self.mode])
        if self.afn != LINK and dialect.confirm_with_tp:
            body += times.encode_tag(self.tag, dialect.tp_len, dialect.tag_order == "day_first")
        type_code = TYPE_COMMAND if dialect.confirm_type == "zero" else self.type_code
        return encode(Frame(False, self.address, self.afn, body, self.fcb, type_code, self.divs))


def decode_confirm(frame: Frame, dialect: Dialect) -> Confirm:
    """Confirm of a frame from the centre. Raises Malformed.

    Platforms differ in what follows the first byte: a time tag is read where the dialect has one
    and the length fits, anything else is passed over.
    """
    if not frame.body:
        raise Malformed("a confirm has at least one byte")
    tag = None
    if frame.afn != LINK and dialect.confirm_with_tp and len(frame.body) == 1 + dialect.tp_len:
        tag = times.decode_tag(frame.body[1:], dialect.tag_order == "day_first")
    return Confirm(frame.address, frame.afn, frame.fcb, frame.type_code, frame.body[0], tag, frame.divs)


def confirm_of(frame: Frame, tag: "times.TimeTag | None" = None) -> Confirm:
    """The confirm a centre owes to a received frame: the same C with the direction bit cleared."""
    return Confirm(frame.address, frame.afn, frame.fcb, frame.type_code, CONFIRM_COMPATIBLE, tag, frame.divs)


def decode_message(
    frame: Frame, dialect: Dialect
) -> "LinkTest | SelfReport | Upload | Confirm | Command | Answer | Frame":
    """Typed message of a frame. Raises Malformed.

    A fragment of a divided message comes back as it is (szy206_parts puts them together), but for
    the centre's confirm of one. A function that no source describes has {"data": bytes}.
    """
    if not frame.is_up and frame.afn in CONFIRMED:
        return decode_confirm(frame, dialect)
    if frame.divs is not None:
        return frame
    if frame.is_up and frame.afn == LINK:
        return decode_link_test(frame)
    if frame.is_up and frame.afn in REPORTS:
        return decode_self_report(frame, dialect)
    return decode_values(frame, dialect)
