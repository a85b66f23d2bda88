"""The body of an SL 651 message in HEX/BCD, read: parts out of bytes.

Every identifier is one byte (FF: two) and a definition byte: five bits of length, three of
decimals. The definition byte that came is believed, not the table: devices send other lengths.
"""

from .errors import Malformed
from .sl651_elements import EXTENDED, OBSERVED, REST, STATION, STEP, TEXT
from .sl651_functions import KEEP_ALIVE, has_class, shape_of
from .sl651_meanings import is_setting, kind_of
from .sl651_parts import Element, Part
from .sl651_settings import RELAY
from .sl651_times import HOUR_BYTES, OBSERVED_BYTES, SENT_BYTES, decode_time
from .sl651_values import DECIMALS_MAX, decode_unknown, decode_value

SERIAL_BYTES = 2
STATION_BYTES = 5
_BLOCKS = {"w": "switches", "a": "gates", "q": "quota", "c": "counters", "o": "rest"}


class _Body:
    """A body, how far it has been read, and the parts found so far."""

    def __init__(self, function, body, dialect):
        self.function = function
        self.dialect = dialect
        self.settings = is_setting(function)
        self.body = body
        self.at = 0
        self.parts: list = []

    def left(self):
        return len(self.body) - self.at

    def raw(self, size, what):
        if size > self.left():
            raise Malformed("%s: %d bytes, %d are left" % (what, size, self.left()))
        raw = bytes(self.body[self.at : self.at + size])
        self.at += size
        return raw

    def add(self, kind, start, value):
        self.parts.append(Part(kind, start, self.at, value))

    def time(self, kind, size):
        start = self.at
        self.add(kind, start, decode_time(self.raw(size, kind)))

    def starts(self, ident):
        """True if a fixed header, the same byte twice, stands here."""
        return self.left() > 1 and self.body[self.at] == ident == self.body[self.at + 1]

    def station(self, with_class):
        if not self.starts(STATION):
            raise Malformed("no station address F1 F1")
        start = self.at
        self.at += 2
        self.add("station", start, self.raw(STATION_BYTES, "station"))
        # F0 is no class: a time right behind the address means that the class was left out.
        if with_class and self.left() and not self.starts(OBSERVED):
            start = self.at
            self.add("class", start, self.raw(1, "class")[0])

    def observed(self):
        start = self.at
        self.at += 2
        self.add("observed", start, decode_time(self.raw(OBSERVED_BYTES, "observed")))

    def identifier(self):
        """(identifier, size, decimals) here."""
        ident = self.raw(1, "identifier")[0]
        if ident == 0xFF:
            ident = EXTENDED | self.raw(1, "identifier")[0]
        definition = self.raw(1, "identifier")[0]
        if ident in (0, OBSERVED, STATION):
            raise _not_here(ident, definition)
        if self.settings and ident == RELAY:  # its definition byte is all length (table D.1)
            return ident, definition, 0
        return ident, definition >> 3, definition & DECIMALS_MAX

    def element(self):
        start = self.at
        ident = self.body[self.at]
        if not self.settings and bytes(self.body[self.at : self.at + 2]) == rest_head(ident):
            self.at += 2
            raw = self.raw(self.left(), "rest")
            self.add("element", start, Element(ident, len(raw), 0, raw))
            return
        ident, size, decimals = self.identifier()
        if not self.settings and ident in REST:
            raise _not_here(ident, size << 3 | decimals)
        raw = self.raw(size, "element %02X" % ident)
        self.add("element", start, Element(ident, size, decimals, self.value(ident, raw)))

    def value(self, ident, raw):
        kind = kind_of(ident, self.settings, self.dialect)
        return decode_unknown(raw) if kind == "?" else decode_value(kind, raw)

    def word(self):
        start = self.at
        ident, size, decimals = self.identifier()
        word = Element(ident, size, decimals, None)
        self.add("word", start, word)
        return word


def _not_here(ident, definition):
    return Malformed("identifier %02X %02X is not allowed here" % (ident, definition))


def rest_head(ident):
    """The two bytes that say that the rest of the body is the value, None if this one never does."""
    return bytes((ident, REST[ident])) if ident in REST else None


def _groups(body):
    with_class = has_class(body.function, body.dialect)
    while body.left():
        if body.starts(STATION):
            body.station(with_class)
        elif body.starts(OBSERVED):
            body.observed()
        else:
            body.element()


def _step(body):
    start = body.at
    if not body.left() or body.body[body.at] != STEP:
        raise Malformed("no step 04 18")
    body.element()
    if body.parts[-1].value.value is None:
        raise Malformed("a step without its bytes, at %d" % start)


def _series(body):
    body.station(True)
    if not body.starts(OBSERVED):
        raise Malformed("no time F0 F0")
    body.observed()
    _step(body)
    words = [body.word() for _ in range(body.dialect.series_words)]
    row = sum([word.size for word in words])
    if not row or body.left() % row:
        raise Malformed("%d bytes are no rows of %d" % (body.left(), row))
    while body.left():
        start = body.at
        values = [body.value(word.ident, body.raw(word.size, "row")) for word in words]
        body.add("row", start, tuple(values))


def _period(body):
    body.time("from", HOUR_BYTES)
    body.time("to", HOUR_BYTES)
    _step(body)
    _words(body)


def _words(body):
    body.word()
    while body.left():
        body.word()


def _elements(body):
    while body.left():
        body.element()


def _version(body):
    start = body.at
    size = body.raw(1, "version")[0]
    body.add("version", start, body.raw(size, "version"))


def _rest(body, kind):
    start = body.at
    body.add(kind, start, body.raw(body.left(), kind))


def _text(body):
    if body.body[body.at : body.at + 2] != rest_head(TEXT):
        raise Malformed("no text F2 F2")
    start = body.at
    body.at += 2
    body.add("text", start, body.raw(body.left(), "text"))


_READERS = {
    "g": _groups,
    "s": _series,
    "h": _period,
    "i": _words,
    "e": _elements,
    "v": _version,
    "t": _text,
}


def parts_of(function: int, is_up: bool, data: bytes, dialect) -> list:
    """[Part] of a whole body, in order; together they cover every byte. Raises Malformed."""
    body = _Body(function, bytes(data), dialect)
    shape = shape_of(function, is_up, dialect)
    try:
        body.add("serial", 0, int.from_bytes(body.raw(SERIAL_BYTES, "serial"), "big"))
        body.time("sent", SENT_BYTES)
    except Malformed:
        if shape != "o":
            raise
        return [Part("rest", 0, len(data), bytes(data))]  # what a user does in a function of their own
    if not body.left() and (not is_up or shape in "bgo" or function == KEEP_ALIVE):
        return body.parts
    if shape == "b":
        raise Malformed("%d bytes behind serial and time" % body.left())
    if is_up and shape in "kevwaqc":
        body.station(False)
    if shape in _BLOCKS:
        _rest(body, _BLOCKS[shape])
    elif shape != "k":
        _READERS[shape](body)
    if body.left():
        raise Malformed("%d bytes too many" % body.left())
    return body.parts
