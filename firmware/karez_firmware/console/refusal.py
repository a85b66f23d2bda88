"""Why the console does not do what it was asked; arguments that are not what they must be."""

import binascii

from karez_protocols.console import PIECE_MAX


class Refused(Exception):
    """`text`, as bytes (verbs.TABLE says why): a word for programs, a colon, what people read."""

    def __init__(self, text, *values):
        super().__init__()
        self.text = str(text, "utf-8") % values


def number_in(words, at, default=None, most=0xFFFF_FFFE):
    """Return the whole number that is word `at`, `default` when there is none. Raises Refused."""
    if len(words) <= at and default is not None:
        return default
    try:
        value = int(words[at])
    except (IndexError, ValueError):
        value = -1
    if not 0 <= value <= most:
        raise Refused(b"usage: expected a number from 0 to %d, see help %s", most, words[0])
    return value


def data_in(words, at, size=None):
    """Return the bytes that word `at` is in hex. Raises Refused."""
    try:
        data = binascii.unhexlify(words[at])
    except (IndexError, ValueError):
        data = b""
    if not data or len(data) > PIECE_MAX or size not in (None, len(data)):
        raise Refused(b"usage: expected bytes in hex, see help %s", words[0])
    return data


def text(data):
    """Return the text of bytes (verbs.TABLE says why it is bytes)."""
    return str(data, "utf-8")
