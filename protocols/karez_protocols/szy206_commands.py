"""Commands and queries of an SZY 206 / SL/T 427 centre, the answers to them, and the uploads 83H and 84H.

`values` is a dict by the names of szy206_functions: Command(address, TOP_UP, {"added_l": 500000},
password, tag). 15H adds: whoever executes it asks szy206_responder first whether it is a repeat.
"""

from . import szy206_time as times
from .errors import Malformed, NotAllowed
from .szy206 import FCB_FIRST, Frame, encode
from .szy206_data import (
    INTERVALS_206,
    STORED_MAX,
    THRESHOLD_MAX,
    is_described,
    layout_of,
    limits_layout,
    may_be_empty,
    with_words,
)
from .szy206_dialect import LOW_FIRST, Dialect
from .szy206_functions import (
    ACCEPTED,
    DEVICE_DONE,
    LIMITS,
    QUALITY_LIMITS,
    QUERY_REALTIME,
    QUERY_STORED,
    REPORT_PICTURE,
    REPORT_VOLTAGE,
    SET_REPORT_KINDS,
    SET_THRESHOLD,
    aux_lengths,
    split,
)
from .szy206_layout import decode, parsed, size_of, spans
from .szy206_layout_encode import encode as encode_data
from .szy206_readings import TYPE_COMMAND, TYPE_QUALITY, completed, layout_of_rows

PASSWORD_BYTES = 2


def password_of(key_1: int, key_2: int) -> bytes:
    """PW of two keys, 0..9 and 0..999, as the standard has it: a nibble, then three. Raises NotAllowed."""
    if not 0 <= key_1 <= 9 or not 0 <= key_2 <= 999:
        raise NotAllowed("key 1 is 0..9, key 2 is 0..999")
    return bytes([key_1 << 4 | key_2 // 100, key_2 // 10 % 10 << 4 | key_2 % 10])


def _turned(password, dialect):
    return bytes(reversed(password)) if dialect.pw_order == LOW_FIRST else bytes(password)


def _readings(type_code, values, dialect, is_answer):
    """(layout of the readings, values with their bitmaps)."""
    rows = values.get("readings", [])
    whole = dict(values)
    whole["readings"] = completed(type_code, rows, dialect, is_answer)
    return layout_of_rows(type_code, rows, dialect, is_answer), whole


def _data(is_up, afn, type_code, values, dialect):
    """Bytes of D. Raises NotAllowed."""
    if is_up and afn == QUERY_REALTIME:
        layout, whole = _readings(type_code, values, dialect, True)
        if not layout and not may_be_empty(afn, type_code):
            raise NotAllowed("an answer of type %d without a reading" % type_code)
        return encode_data(with_words(layout, afn, dialect), whole, dialect)
    if afn in QUALITY_LIMITS and (is_up or afn < 0x50):
        layout, whole = _readings(TYPE_QUALITY, values, dialect, False)
        if not layout:
            raise NotAllowed("no limits of water quality are given")
        return encode_data(layout, whole, dialect)
    if is_up and afn in LIMITS:
        layout = limits_layout(afn, "alarm_state" if "state" in values else "alarm")
        return encode_data(layout, values, dialect)
    layout = layout_of(is_up, afn, type_code, _peek(afn, values), dialect)
    raw = encode_data(layout, values, dialect)
    if afn == SET_REPORT_KINDS and dialect.types == "206" and len(raw) != 2 + 2 * INTERVALS_206:
        raise NotAllowed("206 sends %d intervals" % INTERVALS_206)
    return raw


def _peek(afn, values):
    """The byte that tells the layout of D, where D begins with one. Raises NotAllowed."""
    if afn in (SET_THRESHOLD, QUERY_STORED):
        kind = values.get("kind")
        last = THRESHOLD_MAX if afn == SET_THRESHOLD else STORED_MAX
        if not isinstance(kind, int) or not 0 <= kind <= last:
            raise NotAllowed("no parameter has the number %s" % kind)
        return bytes([kind << 4])
    return b"\xa0" if "outcome" in values else b""


def without_ff(layout: str, data: bytes) -> bytes:
    """Data of B1H up with AA for each value that is FF: so one source says that there is none."""
    out = bytearray(data)
    for _, at, size, row in spans(layout, len(data)):
        if row and out[at : at + size] == b"\xff" * size:
            out[at : at + size] = b"\xaa" * size
    return bytes(out)


def _values(frame, data, dialect):
    """{name: value} of D; an answer may be longer than its function, what follows is passed over."""
    layout = layout_of(frame.is_up, frame.afn, frame.type_code, data, dialect)
    fields, group, _, _ = parsed(layout)
    if frame.is_up and not group and all(field.size for field in fields):
        data = data[: size_of(fields)]
    if frame.is_up and frame.afn == QUERY_STORED:
        data = without_ff(layout, data)
    values = decode(layout, data, dialect)
    if frame.is_up and frame.afn == QUERY_REALTIME and "readings" not in values:
        values["readings"] = []
    for reading in values.get("readings", []):  # the bitmaps are in the names
        for name in ("parameters", "kinds"):
            reading.pop(name, None)
    return values


class _Message:
    """Values of one function. `password` and `tag` are needed where the function has them."""

    is_up = False

    def __init__(
        self,
        address: bytes,
        afn: int,
        values: "dict | None" = None,
        password: "bytes | None" = None,
        tag: "times.TimeTag | None" = None,
        type_code: int = TYPE_COMMAND,
        fcb: int = FCB_FIRST,
    ):
        self.address = address
        self.afn = afn
        self.values: dict = values or {}
        self.password = password
        self.tag = tag
        self.type_code = type_code
        self.fcb = fcb

    def frame(self, dialect: Dialect) -> Frame:
        """The message as a frame, of any length: szy206_parts divides what is too long. Raises NotAllowed."""
        body = _data(self.is_up, self.afn, self.type_code, self.values, dialect)
        password, tag = aux_lengths(self.is_up, self.afn, dialect)
        if password:
            if not isinstance(self.password, (bytes, bytearray)) or len(self.password) != PASSWORD_BYTES:
                raise NotAllowed("function %02X needs a password of 2 bytes" % self.afn)
            body += _turned(self.password, dialect)
        if tag:
            body += times.encode_tag(self.tag, tag, dialect.tag_order == "day_first")
        return Frame(self.is_up, self.address, self.afn, body, self.fcb, self.type_code)

    def encode(self, dialect: Dialect) -> bytes:
        """Bytes of the frame. Raises NotAllowed on a value the standard cannot carry, TooLarge."""
        return encode(self.frame(dialect))


class Command(_Message):
    """A command or query of the centre."""


class Answer(_Message):
    """What a station answers to a command or query; FCB is that of the request."""

    is_up = True


class Upload(_Message):
    """83H and 84H up: a picture's bytes or a vendor's pump run, the station's voltage (427)."""

    is_up = True


def decode_values(frame: Frame, dialect: Dialect) -> "Command | Answer | Upload":
    """Command, Answer or Upload of a whole frame. Raises Malformed."""
    try:
        data, password, tag = split(frame, dialect)
        moment = times.decode_tag(tag, dialect.tag_order == "day_first") if tag else None
    except Malformed:
        if is_described(frame.afn):
            raise
        data, password, moment = frame.body, b"", None  # whoever made it up did not give it PW and Tp
    is_upload = frame.is_up and frame.afn in (REPORT_PICTURE, REPORT_VOLTAGE)
    kind: type = Upload if is_upload else Answer if frame.is_up else Command
    return kind(
        frame.address,
        frame.afn,
        _values(frame, data, dialect),
        _turned(password, dialect) if password else None,
        moment,
        frame.type_code,
        frame.fcb,
    )


def is_carried_out(command: Command, answer: Answer) -> bool:
    """True if the answer says that a command was carried out: 5AH, outcome A, or the same values again."""
    values = answer.values
    if answer.afn != command.afn or answer.address != command.address:
        return False
    if "done" in values:
        return bool(values["done"] == ACCEPTED)
    if "outcome" in values:
        number = command.values.get("number", values.get("number"))
        return bool(values["outcome"] == DEVICE_DONE and values.get("number") == number)
    return bool(values == command.values)
