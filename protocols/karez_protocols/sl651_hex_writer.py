"""The body of an SL 651 message in HEX/BCD, written: bytes out of parts."""

from .errors import NotAllowed
from .sl651_elements import EXTENDED, OBSERVED, REST, STATION
from .sl651_hex_body import STATION_BYTES, rest_head
from .sl651_meanings import is_setting, kind_of
from .sl651_settings import RELAY
from .sl651_times import HOUR_BYTES, OBSERVED_BYTES, SENT_BYTES, encode_time
from .sl651_values import DECIMALS_MAX, SIZE_MAX, encode_value

SERIAL_MAX = 0xFFFF
VERSION_BYTES_MAX = 255


def _identifier(element, function):
    ident, size, decimals = element.ident, element.size, element.decimals
    if isinstance(ident, str):
        raise NotAllowed("%s has no identifier in HEX" % ident)
    if not (0 < ident < 0xFF or EXTENDED <= ident <= 0xFFFF) or ident in (OBSERVED, STATION):
        raise NotAllowed("%X is no identifier" % ident)
    head = bytes((ident,)) if ident < 0xFF else bytes((0xFF, ident & 0xFF))
    if ident == RELAY and is_setting(function):
        if not 0 <= size <= 255 or decimals:
            raise NotAllowed("relay stations are at most 255 bytes")
        return head + bytes((size,))
    if not (0 <= size <= SIZE_MAX and 0 <= decimals <= DECIMALS_MAX):
        raise NotAllowed("%d bytes with %d decimals have no definition byte" % (size, decimals))
    return head + bytes((size << 3 | decimals,))


def _element(element, function, dialect):
    settings = is_setting(function)
    if not settings and element.ident in REST:
        return rest_head(element.ident) + bytes(element.value or b"")
    head = _identifier(element, function)
    kind = kind_of(element.ident, settings, dialect)
    return head + encode_value(kind, element.value, element.size, dialect.filler)


def _row(values, words, dialect):
    if len(values) != len(words):
        raise NotAllowed("%d values in a row of %d identifiers" % (len(values), len(words)))
    raw = b""
    for word, value in zip(words, values):
        # The standard fills what is missing in a row with F (6.6.4.4 d).
        raw += encode_value(kind_of(word.ident, False, dialect), value, word.size, 0xFF)
    return raw


def _station(value):
    if len(value) != STATION_BYTES:
        raise NotAllowed("a station address has 5 bytes, not %d" % len(value))
    return b"\xf1\xf1" + value


def _class(value):
    if not 0 <= value <= 0xFF or value == OBSERVED:
        raise NotAllowed("%d is no class" % value)
    return bytes((value,))


def _serial(value):
    if not 0 <= value <= SERIAL_MAX:
        raise NotAllowed("a serial is 0..65535, not %d" % value)
    return value.to_bytes(2, "big")


def _version(value):
    if len(value) > VERSION_BYTES_MAX:
        raise NotAllowed("a version has at most 255 bytes")
    return bytes((len(value),)) + value


# Parts that need neither function nor dialect; what is not here is bytes as they are.
_PLAIN = {
    "serial": _serial,
    "sent": lambda value: encode_time(value, SENT_BYTES),
    "station": _station,
    "class": _class,
    "observed": lambda value: b"\xf0\xf0" + encode_time(value, OBSERVED_BYTES),
    "from": lambda value: encode_time(value, HOUR_BYTES),
    "to": lambda value: encode_time(value, HOUR_BYTES),
    "text": lambda value: b"\xf2\xf2" + value,
    "version": _version,
}


def bytes_of(parts: list, function: int, dialect) -> bytes:
    """The body of parts in wire order. Raises NotAllowed."""
    raw = b""
    words = []
    for one in parts:
        if one.kind in _PLAIN:
            raw += _PLAIN[one.kind](one.value)
        elif one.kind == "element":
            raw += _element(one.value, function, dialect)
        elif one.kind == "word":
            words.append(one.value)
            raw += _identifier(one.value, function)
        elif one.kind == "row":
            raw += _row(one.value, words, dialect)
        else:  # switches, gates, quota, counters, rest
            raw += one.value
    if words and len(words) != dialect.series_words and any(one.kind == "observed" for one in parts):
        raise NotAllowed(
            "a series of %d identifiers; this dialect has %d" % (len(words), dialect.series_words)
        )
    return raw
