"""The body of an SL 651 message in ASCII characters, written: words out of parts."""

from .errors import NotAllowed
from .sl651_ascii_values import RESTS, encode_step, encode_text, is_step
from .sl651_elements import REST, STEP
from .sl651_hex_writer import SERIAL_MAX, VERSION_BYTES_MAX
from .sl651_meanings import is_setting, kind_of, name_of, names_column
from .sl651_parts import Element
from .sl651_times import HOUR_BYTES, OBSERVED_BYTES, SENT_BYTES, encode_time


def _digits(raw):
    return b"".join([b"%02X" % one for one in raw])


def _element(element, settings, dialect):
    ident = element.ident
    if not settings and ident in REST:
        name = name_of(ident, settings, dialect).encode()
        return name + b" " + bytes(element.value or b"")
    if not settings and ident == STEP:
        return encode_step(element.value)
    name = _name(ident, settings, dialect)
    kind = kind_of(ident, settings, dialect)
    if kind == "E":
        return name
    return name + b" " + encode_text(kind, element)


def _name(ident, settings, dialect):
    """The word for an identifier. Raises NotAllowed on a name that is no single word or a keyword."""
    name = name_of(ident, settings, dialect).encode()
    if not name or name in (b"ST", b"TT", b"M") or is_step(name) or name in RESTS:
        raise NotAllowed("%s is no name of an element" % name.decode())
    for one in name:
        if not 0x21 <= one <= 0x7E:
            raise NotAllowed("a name has a character %02X" % one)
    return name


def _blocks(kind, raw):
    """Counts, bitmaps and openings as words of their own."""
    if kind == "gates":
        maps = 1 + (raw[0] + 7) // 8
        words = [raw[:1], raw[1:maps]]
        words += [raw[at : at + 2] for at in range(maps, len(raw), 2)]
    elif kind == "switches":
        words = [raw[:1], raw[1:]]
    else:
        words = [raw]
    return b" ".join([_digits(word) for word in words])


def _row(values, columns, dialect):
    if len(values) != len(columns):
        raise NotAllowed("%d values in a row of %d identifiers" % (len(values), len(columns)))
    return [
        encode_text(
            kind_of(column.ident, False, dialect),
            Element(column.ident, column.size, column.decimals, value),
        )
        for value, column in zip(values, columns)
    ]


def _class(value):
    if not 0x41 <= value <= 0x5A:
        raise NotAllowed("%02X is no letter of a class" % value)
    return bytes((value,))


def _version(value):
    if len(value) > VERSION_BYTES_MAX:
        raise NotAllowed("a version has at most 255 bytes")
    return b"%02X " % len(value) + value


# Parts that need neither function nor dialect.
_PLAIN = {
    "station": lambda value: b"ST " + _digits(value),
    "class": _class,
    "observed": lambda value: b"TT " + _digits(encode_time(value, OBSERVED_BYTES)),
    "from": lambda value: _digits(encode_time(value, HOUR_BYTES)),
    "to": lambda value: _digits(encode_time(value, HOUR_BYTES)),
    "text": lambda value: b"RGZS " + value,
    "version": _version,
}


def _head(parts):
    """Serial and send time, without a blank behind them."""
    out = b""
    for one in parts:
        if one.kind == "serial":
            if not 0 <= one.value <= SERIAL_MAX:
                raise NotAllowed("a serial is 0..65535, not %d" % one.value)
            out += b"%04X" % one.value
        elif one.kind == "sent":
            out += _digits(encode_time(one.value, SENT_BYTES))
    return out


def bytes_of(parts: list, function: int, dialect) -> bytes:
    """The body of parts in wire order. Raises NotAllowed."""
    settings = is_setting(function)
    words: list = []
    columns = []
    is_series = any(one.kind == "observed" for one in parts)
    for one in parts:
        if one.kind in _PLAIN:
            words.append(_PLAIN[one.kind](one.value))
        elif one.kind == "element":
            words.append(_element(one.value, settings, dialect))
        elif one.kind == "word":
            columns.append(one.value)
            words.append(_name(one.value.ident, settings, dialect))
            if len(columns) > 1 and is_series and not names_column(words[-1].decode(), dialect):
                raise NotAllowed("nothing would tell this identifier from the values behind it")
        elif one.kind == "row":
            words += _row(one.value, columns, dialect)
        elif one.kind == "rest":
            return _head(parts) + bytes(one.value)
        elif one.kind not in ("serial", "sent"):
            words.append(_blocks(one.kind, one.value))
    between = b" " if words and dialect.ascii_space else b""
    return _head(parts) + between + b"".join([word + b" " for word in words])
