"""What SL 651 frames say: one namedtuple a message.

message = sl651_reading.decode_message(frame)        HEX or ASCII, either direction
frame = sl651_writing.encode_message(message, line)  line: centre, station, password, encoding

`function` is the code where several functions share a form, see sl651_functions. `sent` is the
send time, on the platform's clock. Elements and words are sl651_parts.Element.
"""

# The namedtuples here are plain ones, typing does not exist on MicroPython:
# ruff: noqa: PYI024

from collections import namedtuple

from .errors import NotAllowed
from .sl651_frames import ENQ, ETB, ETX, NAK

# Up. 2F: nothing but serial and time, never answered.
KeepAlive = namedtuple("KeepAlive", "serial sent")
# 30, 32, 33, 34, 36, 37, 3A, 44 and what the dialect names: groups is a tuple of Group.
Report = namedtuple("Report", "function serial sent groups")
# A time of a station and what was observed then; class and time None where the frame has none.
Group = namedtuple("Group", "station station_class observed elements")
# 31, 38: `words` name the columns of `rows`; observed is the time of the first row.
Series = namedtuple("Series", "function serial sent station station_class observed step words rows")
# 35, 39: what a person put in, as bytes.
Text = namedtuple("Text", "function serial sent text")
# 40 to 43, 49: settings; 46, 4B: the status word.
Values = namedtuple("Values", "function serial sent station elements")
Version = namedtuple("Version", "serial sent station text")
Counters = namedtuple("Counters", "serial sent station counts")
# 47, 48, 4A: done. 51: `sent` is the station's clock.
Done = namedtuple("Done", "function serial sent station")

# Down. 37, 39, 44 ... : a question that is all in its function; 4A: `sent` is the time to set.
Query = namedtuple("Query", "function serial sent")
PeriodQuery = namedtuple("PeriodQuery", "serial sent start end step words")
# 3A, 41, 43: the identifiers wanted.
WordQuery = namedtuple("WordQuery", "function serial sent words")
# 40, 42, 47, 48, 49, 4B.
Write = namedtuple("Write", "function serial sent elements")
# end: EOT, ACK or ESC. packet: (total, number) where several packets are confirmed, else None.
Confirm = namedtuple("Confirm", "function serial sent end packet")
# NAK: packet says which one is to be sent again.
Resend = namedtuple("Resend", "function serial sent packet")

# Both ways. station is None downward. 4C, 4D: states as sl651_controls.decode_switches gives them.
Switches = namedtuple("Switches", "function is_up serial sent station states")
Gates = namedtuple("Gates", "is_up serial sent station states openings_mm")
Quota = namedtuple("Quota", "is_up serial sent station is_on")
# One of several packets of a message: sl651_packets puts them together.
Packet = namedtuple("Packet", "function is_up total number data")
# A function that is not in the standard.
Other = namedtuple("Other", "function is_up serial sent rest")

# Where a frame goes: encoding and the fields that no message has.
Line = namedtuple("Line", "centre station password is_ascii")


def function_of_message(message) -> int:
    """The function code of a message. Raises NotAllowed on what is none."""
    fixed = {KeepAlive: 0x2F, Version: 0x45, Counters: 0x50, PeriodQuery: 0x38, Gates: 0x4E, Quota: 0x4F}
    for kind, function in fixed.items():
        if isinstance(message, kind):
            return function
    if not hasattr(message, "function"):
        raise NotAllowed("%s is no message" % type(message).__name__)
    return int(message.function)


def is_upward(message) -> bool:
    """True if a station sends this message."""
    if hasattr(message, "is_up"):
        return bool(message.is_up)
    return isinstance(message, (KeepAlive, Report, Series, Text, Values, Version, Counters, Done))


def end_of(message) -> int:
    """The end character a message has when nothing else is said."""
    if isinstance(message, Packet) and message.number < message.total:
        return ETB
    if is_upward(message):
        return ETX
    if isinstance(message, Confirm):
        return int(message.end)
    return NAK if isinstance(message, Resend) else ENQ
