"""SL 651 messages written: taken apart into the parts of a body, in wire order, and framed."""

from . import sl651_ascii_writer, sl651_hex_writer
from . import sl651_messages as messages
from .errors import NotAllowed
from .sl651_controls import QUOTA_OFF, QUOTA_ON, encode_counters, encode_gates, encode_switches
from .sl651_dialect import SL651_2014
from .sl651_elements import STEP
from .sl651_frames import CONFIRM_ENDS, ENQ, NAK, UP_ENDS, Frame
from .sl651_functions import KEEP_ALIVE, has_class, shape_of
from .sl651_parts import Element, part

# Which messages a form of sl651_functions may be, up and down.
_UP = {
    "b": (messages.KeepAlive,),
    "g": (messages.Report,),
    "s": (messages.Series,),
    "t": (messages.Text,),
    "e": (messages.Values,),
    "v": (messages.Version,),
    "c": (messages.Counters,),
    "k": (messages.Done,),
    "w": (messages.Switches,),
    "a": (messages.Gates,),
    "q": (messages.Quota,),
    "o": (messages.Other,),
}
_DOWN = {
    "b": (messages.Query,),
    "h": (messages.PeriodQuery,),
    "i": (messages.WordQuery,),
    "e": (messages.Write,),
    "w": (messages.Switches,),
    "a": (messages.Gates,),
    "q": (messages.Quota,),
    "o": (messages.Other, messages.Query),
}
_ANSWERS = (messages.Confirm, messages.Resend)


def _check_kind(message, function, dialect):
    is_up = messages.is_upward(message)
    if not is_up and isinstance(message, _ANSWERS) and function != KEEP_ALIVE:
        return
    shape = shape_of(function, is_up, dialect)
    if not isinstance(message, (_UP if is_up else _DOWN).get(shape, ())):
        raise NotAllowed("function %02X has no %s" % (function, type(message).__name__))


def _groups(message, dialect):
    parts = []
    with_class = has_class(message.function, dialect)
    last = (None, None)
    is_first = True
    for group in message.groups:
        address = (group.station, group.station_class)
        if address != last or (group.observed is None and not is_first):
            if group.station is None:
                raise NotAllowed("a group without a station cannot follow one that has it")
            parts.append(part("station", group.station))
            parts += _class(group, with_class)
        elif group.observed is None and group.station is None and not group.elements:
            raise NotAllowed("a group with nothing in it")
        if group.observed is not None:
            parts.append(part("observed", group.observed))
        parts += [part("element", element) for element in group.elements]
        last = address
        is_first = False
    return parts


def _class(group, with_class):
    if group.station_class is not None:
        if not with_class:
            raise NotAllowed("this function has no class behind the address")
        return [part("class", group.station_class)]
    if with_class and group.observed is None and group.elements:
        raise NotAllowed("an element right behind the address would be read as the class")
    return []


def _series(message):
    if message.station is None or message.observed is None or not message.words:
        raise NotAllowed("a series has a station, a time and an identifier")
    parts = [part("station", message.station)]
    if message.station_class is not None:
        parts.append(part("class", message.station_class))
    parts.append(part("observed", message.observed))
    parts.append(part("element", Element(STEP, 3, 0, message.step)))
    parts += [part("word", word) for word in message.words]
    return parts + [part("row", row) for row in message.rows]


def _period(message):
    if not message.words:
        raise NotAllowed("a query for a period names an identifier")
    parts = [part("from", message.start), part("to", message.end)]
    parts.append(part("element", Element(STEP, 3, 0, message.step)))
    return parts + [part("word", word) for word in message.words]


def _address(message):
    station = getattr(message, "station", None)
    if (station is None) == messages.is_upward(message):
        raise NotAllowed("a station names itself upward, and is not named in the body downward")
    return [] if station is None else [part("station", station)]


def _behind_time(message, dialect):
    if isinstance(message, (messages.KeepAlive, messages.Query, messages.Confirm, messages.Resend)):
        return []
    if isinstance(message, messages.Report):
        return _groups(message, dialect)
    if isinstance(message, messages.Series):
        return _series(message)
    if isinstance(message, messages.PeriodQuery):
        return _period(message)
    if isinstance(message, messages.Text):
        return [part("text", bytes(message.text))]
    if isinstance(message, messages.WordQuery):
        return [part("word", word) for word in message.words]
    if isinstance(message, messages.Write):
        return [part("element", element) for element in message.elements]
    return _address(message) + _addressed(message, dialect)


def _addressed(message, dialect):
    if isinstance(message, messages.Values):
        return [part("element", element) for element in message.elements]
    if isinstance(message, messages.Version):
        return [part("version", bytes(message.text))]
    if isinstance(message, messages.Counters):
        return [part("counters", encode_counters(message.counts))]
    if isinstance(message, messages.Switches):
        return [part("switches", encode_switches(message.states))]
    if isinstance(message, messages.Gates):
        return [part("gates", encode_gates(message.states, message.openings_mm, dialect.filler))]
    if isinstance(message, messages.Quota):
        return [part("quota", QUOTA_ON if message.is_on else QUOTA_OFF)]
    return []


def parts_from(message, dialect) -> list:
    """[sl651_parts.Part] of a message. Raises NotAllowed."""
    function = messages.function_of_message(message)
    _check_kind(message, function, dialect)
    if isinstance(message, messages.Other):
        rest = [part("rest", bytes(message.rest))] if message.rest else []
        if message.serial is None:
            return rest
        return [part("serial", message.serial), part("sent", message.sent)] + rest
    parts = [part("serial", message.serial), part("sent", message.sent)]
    behind = _behind_time(message, dialect)
    is_empty = not behind and not isinstance(message, _ANSWERS)
    if is_empty and shape_of(function, messages.is_upward(message), dialect) not in "bgo":
        raise NotAllowed("%s with nothing in it" % type(message).__name__)
    return parts + behind


def encode_body(message, is_ascii: bool, dialect=SL651_2014) -> bytes:
    """The body of a message: whole, however long. Raises NotAllowed."""
    writer = sl651_ascii_writer if is_ascii else sl651_hex_writer
    function = messages.function_of_message(message)
    return writer.bytes_of(parts_from(message, dialect), function, dialect)


def encode_message(message, line: messages.Line, end=None, dialect=SL651_2014) -> Frame:
    """Frame of a message; `end` where it is not the usual one: ETB upward. Raises NotAllowed.

    sl651.encode makes bytes of it; sl651_packets divides what is too long for one frame.
    """
    is_up = messages.is_upward(message)
    packet = None
    allowed: tuple = UP_ENDS if is_up else (ENQ,)
    if isinstance(message, _ANSWERS):
        packet = message.packet
        allowed = CONFIRM_ENDS if isinstance(message, messages.Confirm) else (NAK,)
    ending = messages.end_of(message) if end is None else end
    if ending not in allowed:
        raise NotAllowed("%02X does not end this message" % ending)
    if isinstance(message, messages.Packet):
        packet, body = (message.total, message.number), message.data
    else:
        body = encode_body(message, line.is_ascii, dialect)
    function = messages.function_of_message(message)
    return Frame(
        is_up, line.centre, line.station, line.password, function, body, ending, packet, line.is_ascii
    )
