"""SL 651 frames read: the parts of a body, and the message they are, one function a form."""

from . import sl651_ascii_body, sl651_hex_body
from . import sl651_messages as messages
from .errors import Malformed
from .sl651_controls import decode_counters, decode_gates, decode_quota, decode_switches
from .sl651_dialect import SL651_2014
from .sl651_frames import CONFIRM_ENDS, NAK, Frame
from .sl651_functions import KEEP_ALIVE, shape_of


def parts_of(frame: Frame, dialect=SL651_2014) -> list:
    """[sl651_parts.Part] of the body of a frame. Raises Malformed."""
    body = sl651_ascii_body if frame.is_ascii else sl651_hex_body
    return body.parts_of(frame.function, frame.is_up, frame.body, dialect)


def is_fragment(frame: Frame) -> bool:
    """True if the body is a piece of a message: one of several packets upward."""
    return frame.is_up and frame.packet is not None and frame.packet[0] > 1


def decode_message(frame: Frame, dialect=SL651_2014):
    """The message of a frame. Raises Malformed."""
    if is_fragment(frame):
        return messages.Packet(frame.function, True, frame.packet[0], frame.packet[1], frame.body)
    return message_of(frame, parts_of(frame, dialect), dialect)


def _values(parts, kind):
    return tuple([one.value for one in parts if one.kind == kind])


def _one(parts, kind):
    """The value of the only part of this kind, None if there is none."""
    found = _values(parts, kind)
    return found[0] if found else None


def groups_of(parts) -> tuple:
    """The groups of a report: each station and each time begins one."""
    groups: list = []
    station = station_class = None
    is_new = True
    for one in parts:
        if one.kind == "class":
            station_class = one.value
            groups[-1] = messages.Group(station, station_class, None, ())
        elif one.kind == "station":
            station, station_class = one.value, None
            groups.append(messages.Group(station, None, None, ()))
            is_new = True
        elif one.kind == "observed":
            group = messages.Group(station, station_class, one.value, ())
            # Right behind its address a time belongs to the group that the address began.
            if is_new and groups:
                groups[-1] = group
            else:
                groups.append(group)
            is_new = False
        elif one.kind == "element":
            if not groups:
                groups.append(messages.Group(None, None, None, ()))
            last = groups[-1]
            groups[-1] = messages.Group(
                last.station, last.station_class, last.observed, last.elements + (one.value,)
            )
            is_new = False
    return tuple(groups)


def _bare(frame, serial, sent):
    if frame.is_up:
        if frame.function == KEEP_ALIVE:
            return messages.KeepAlive(serial, sent)
        return messages.Report(frame.function, serial, sent, ())
    if frame.end == NAK:
        return messages.Resend(frame.function, serial, sent, frame.packet)
    if frame.end in CONFIRM_ENDS:
        return messages.Confirm(frame.function, serial, sent, frame.end, frame.packet)
    return messages.Query(frame.function, serial, sent)


def _series(frame, parts, serial, sent):
    step = None
    for element in _values(parts, "element"):
        step = element.value
    return messages.Series(
        frame.function,
        serial,
        sent,
        _one(parts, "station"),
        _one(parts, "class"),
        _one(parts, "observed"),
        step,
        _values(parts, "word"),
        _values(parts, "row"),
    )


def _period(frame, parts, serial, sent):  # noqa: ARG001 - one signature
    step = _one(parts, "element").value
    words = _values(parts, "word")
    return messages.PeriodQuery(serial, sent, _one(parts, "from"), _one(parts, "to"), step, words)


def _elements(frame, parts, serial, sent):
    elements = _values(parts, "element")
    if frame.is_up:
        return messages.Values(frame.function, serial, sent, _one(parts, "station"), elements)
    return messages.Write(frame.function, serial, sent, elements)


def _switches(frame, parts, serial, sent):
    states = decode_switches(_one(parts, "switches") or b"")
    return messages.Switches(frame.function, frame.is_up, serial, sent, _one(parts, "station"), states)


def _gates(frame, parts, serial, sent):
    states, openings_mm = decode_gates(_one(parts, "gates") or b"")
    return messages.Gates(frame.is_up, serial, sent, _one(parts, "station"), states, openings_mm)


def _quota(frame, parts, serial, sent):
    is_on = decode_quota(_one(parts, "quota") or b"")
    return messages.Quota(frame.is_up, serial, sent, _one(parts, "station"), is_on)


def _version(frame, parts, serial, sent):  # noqa: ARG001 - one signature
    return messages.Version(serial, sent, _one(parts, "station"), _one(parts, "version"))


def _counters(frame, parts, serial, sent):  # noqa: ARG001 - one signature
    counts = decode_counters(_one(parts, "counters") or b"")
    return messages.Counters(serial, sent, _one(parts, "station"), counts)


_FORMS = {
    "g": lambda frame, parts, serial, sent: messages.Report(frame.function, serial, sent, groups_of(parts)),
    "s": _series,
    "h": _period,
    "i": lambda frame, parts, serial, sent: messages.WordQuery(
        frame.function, serial, sent, _values(parts, "word")
    ),
    "e": _elements,
    "t": lambda frame, parts, serial, sent: messages.Text(frame.function, serial, sent, _one(parts, "text")),
    "v": _version,
    "k": lambda frame, parts, serial, sent: messages.Done(
        frame.function, serial, sent, _one(parts, "station")
    ),
    "w": _switches,
    "a": _gates,
    "q": _quota,
    "c": _counters,
}


def message_of(frame, parts: list, dialect):
    """The message of a frame whose body has these parts. Raises Malformed."""
    serial = _one(parts, "serial")
    sent = _one(parts, "sent")
    shape = shape_of(frame.function, frame.is_up, dialect)
    if shape == "o":
        is_bare = not _values(parts, "rest") and serial is not None
        if is_bare and not frame.is_up:
            return _bare(frame, serial, sent)
        return messages.Other(frame.function, frame.is_up, serial, sent, _one(parts, "rest") or b"")
    if len(parts) == 2:
        if not frame.is_up and shape != "b" and frame.end not in CONFIRM_ENDS and frame.end != NAK:
            raise Malformed("function %02X asks or commands, with nothing behind its time" % frame.function)
        return _bare(frame, serial, sent)
    return _FORMS[shape](frame, parts, serial, sent)
