"""The body of an SL 651 message in ASCII characters, read: parts out of words.

Serial and send time stand in front without a blank; then identifier, value, identifier, value,
each with a blank behind it, the last one too (6.6.2.1). Values carry their point; M is missing.
"""

from .errors import Malformed
from .sl651_ascii import hex_bytes
from .sl651_ascii_values import RESTS, decode_step, decode_text, is_step
from .sl651_elements import STEP
from .sl651_functions import has_class, shape_of
from .sl651_meanings import ident_of, is_setting, kind_of, meaning_of, names_column
from .sl651_parts import Element, Part
from .sl651_times import HOUR_BYTES, OBSERVED_BYTES, decode_time
from .sl651_values import size_of_digits

_BLOCKS = {"w": "switches", "a": "gates", "q": "quota", "c": "counters"}
_HEAD = 16  # 4 characters of serial, 12 of send time


class _Words:
    """The words of a body, how far they have been read, and the parts found so far."""

    def __init__(self, function, body, dialect):
        self.function = function
        self.dialect = dialect
        self.settings = is_setting(function)
        self.body = body
        self.at = 0
        self.parts: list = []

    def _skip(self):
        while self.at < len(self.body) and self.body[self.at] == 0x20:
            self.at += 1

    def more(self):
        self._skip()
        return self.at < len(self.body)

    def peek(self):
        """The next word, b"" at the end; it is not taken."""
        self._skip()
        end = self.body.find(b" ", self.at)
        return bytes(self.body[self.at : len(self.body) if end < 0 else end])

    def take(self, what):
        word = self.peek()
        if not word:
            raise Malformed("%s is missing" % what)
        for one in word:
            if not 0x21 <= one <= 0x7E:
                raise Malformed("%s: character %02X" % (what, one))
        self.at += len(word)
        return word

    def add(self, kind, start, value):
        self.parts.append(Part(kind, start, self.at, value))

    def time(self, kind, size):
        word = self.take(kind)
        if len(word) != 2 * size:
            raise Malformed("%s has %d digits, not %d" % (kind, 2 * size, len(word)))
        self.add(kind, self.at - len(word), decode_time(hex_bytes(word)))

    def rest(self):
        """What stands behind one blank up to the blank that ends every body: bytes as they were."""
        start = min(self.at + 1, len(self.body))
        self.at = len(self.body)
        raw = bytes(self.body[start:])
        return raw[:-1] if raw[-1:] == b" " else raw

    def station(self, with_class):
        start = self.begin("the station address")
        if self.take("ST") != b"ST":
            raise Malformed("no station address ST")
        raw = hex_bytes(self.take("station"))
        if len(raw) != 5:
            raise Malformed("a station address has 5 bytes, not %d" % len(raw))
        self.add("station", start, raw)
        if with_class and len(self.peek()) == 1:
            start = self.at
            self.add("class", start, self.take("class")[0])

    def begin(self, what):
        if not self.more():
            raise Malformed("%s is missing" % what)
        return self.at

    def observed(self):
        start = self.begin("TT")
        if self.take("TT") != b"TT":
            raise Malformed("no time TT")
        self.time("observed", OBSERVED_BYTES)
        self.parts[-1] = Part("observed", start, self.at, self.parts[-1].value)

    def name(self):
        word = self.take("identifier").decode()
        return ident_of(word, self.settings, self.dialect)

    def element(self):
        start = self.begin("identifier")
        word = self.peek()
        if not self.settings and word in RESTS:
            self.take("identifier")
            raw = self.rest()
            self.add("element", start, Element(RESTS[word], len(raw), 0, raw))
            return
        if not self.settings and is_step(word):
            self.add("element", start, Element(STEP, 3, 0, decode_step(self.take("step"))))
            return
        ident = self.name()
        kind = kind_of(ident, self.settings, self.dialect)
        if kind == "E":
            if self.peek() == b"00":
                self.take("nothing")
            self.add("element", start, Element(ident, 0, 0, None))
            return
        value = self.take("value")
        self.add("element", start, self.valued(ident, kind, value))

    def valued(self, ident, kind, word):
        what = meaning_of(ident, self.settings, self.dialect)
        usual = size_of_digits(what.digits) if what else 0
        size, decimals, value = decode_text(kind, word, usual, what.decimals if what else 0)
        return Element(ident, size, decimals, value)

    def word(self):
        start = self.begin("identifier")
        ident = self.name()
        what = meaning_of(ident, self.settings, self.dialect)
        size = size_of_digits(what.digits) if what else 0
        # Series carry their point in the unit, not in the digits.
        decimals = what.decimals if what and what.kind in ("N", "D") else 0
        word = Element(ident, size, decimals, None)
        self.add("word", start, word)
        return word


def _groups(words):
    with_class = has_class(words.function, words.dialect)
    while words.more():
        if words.peek() == b"ST":
            words.station(with_class)
        elif words.peek() == b"TT":
            words.observed()
        else:
            words.element()


def _step(words):
    if not is_step(words.peek()):
        raise Malformed("no step DRxnn")
    words.element()


def _series(words):
    words.station(True)
    words.observed()
    _step(words)
    columns = [words.word()]
    while words.more():
        if not _is_name(words.peek(), words.dialect):
            break
        columns.append(words.word())
    while words.more():
        start = words.at
        values = []
        for column in columns:
            kind = kind_of(column.ident, False, words.dialect)
            values.append(words.valued(column.ident, kind, words.take("value")))
        words.add("row", start, tuple([_scaled(one, column) for one, column in zip(values, columns)]))


def _is_name(word, dialect):
    return all(0x21 <= one <= 0x7E for one in word) and names_column(word.decode(), dialect)


def _scaled(element, column):
    """Value of a row in the decimals of its column; Malformed if it has more."""
    value = element.value
    if not isinstance(value, int) or element.decimals == column.decimals:
        return value
    if element.decimals > column.decimals:
        raise Malformed("%d decimals, %d are usual" % (element.decimals, column.decimals))
    return value * 10 ** (column.decimals - element.decimals)


def _period(words):
    words.time("from", HOUR_BYTES)
    words.time("to", HOUR_BYTES)
    _step(words)
    _idents(words)


def _idents(words):
    words.word()
    while words.more():
        words.word()


def _elements(words):
    while words.more():
        words.element()


def _version(words):
    start = words.begin("version")
    size = hex_bytes(words.take("version"))
    if len(size) != 1:
        raise Malformed("the length of a version is one byte")
    text = words.rest()
    if len(text) != size[0]:
        raise Malformed("a version of %d characters, %d are there" % (size[0], len(text)))
    words.add("version", start, text)


def _text(words):
    start = words.begin("RGZS")
    if words.take("RGZS") != b"RGZS":
        raise Malformed("no text RGZS")
    words.add("text", start, words.rest())


def _block(words, kind):
    start = words.begin(kind)
    digits = b""
    while words.more():
        digits += words.take(kind)
    words.add(kind, start, hex_bytes(digits))


_READERS = {
    "g": _groups,
    "s": _series,
    "h": _period,
    "i": _idents,
    "e": _elements,
    "v": _version,
    "t": _text,
}


def parts_of(function: int, is_up: bool, data: bytes, dialect) -> list:
    """[Part] of a whole body, in order. Raises Malformed."""
    words = _Words(function, bytes(data), dialect)
    shape = shape_of(function, is_up, dialect)
    try:
        head = hex_bytes(words.body[:_HEAD])
        sent = decode_time(head[2:])  # refuses what is cut short
    except Malformed:
        if shape != "o":
            raise
        return [Part("rest", 0, len(data), bytes(data))]
    words.parts = [
        Part("serial", 0, 4, head[0] << 8 | head[1]),
        Part("sent", 4, _HEAD, sent),
    ]
    words.at = _HEAD
    if shape == "o":
        if len(words.body) > _HEAD:
            words.at = len(words.body)
            words.add("rest", _HEAD, words.body[_HEAD:])
        return words.parts
    if not words.more() and (not is_up or shape in "bg"):
        return words.parts
    if shape == "b":
        raise Malformed("%d characters behind serial and time" % (len(words.body) - words.at))
    if is_up and shape in "kevwaqc":
        words.station(False)
    if shape in _BLOCKS:
        _block(words, _BLOCKS[shape])
    elif shape != "k":
        _READERS[shape](words)
    if words.more():
        raise Malformed("%d characters too many" % (len(words.body) - words.at))
    return words.parts
