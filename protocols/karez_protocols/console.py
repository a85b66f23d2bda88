"""The console's lines, both ways: what a person or a tool asks, what the box answers (decision 29).

    request   words                       by hand: no tag, no check
              @17 words *1A2B             by a tool: both, over the bytes before ` *`
    answer    {"tag":17,...,"crc":"1A2B"} over the bytes before `,"crc"`

CRC-16 of Modbus, four upper-case hex digits. A tag without a check is refused: it is what a torn
line looks like. The JSON between is the caller's.
"""

from .constant import const
from .crc import crc16_modbus
from .errors import BadChecksum, Malformed, NotAllowed, TooLarge

REQUEST_MAX = const(600)  # bytes without the line's end: a PIECE_MAX in hex, its words, tag and check
ANSWER_MAX = const(1_000)  # with its check: 2 kB of the box's heap while it is made and sent
PIECE_MAX = const(256)  # bytes of a document in one line, either way
TAG_MAX = const(65_535)
END = b"\r\n"  # CR, LF or both end a line; this is what programs send

_CHECK = b" *"
_CHECK_SIZE = const(6)
_SEAL = b',"crc":"'
_SEAL_SIZE = const(14)  # with digits, quote and brace


def _digits(data, end):
    return b"%04X" % crc16_modbus(data, 0, end)


def request(words, tag=None):
    """Return the line that asks with these words, its end included; with a check if it has a tag.

    Raises NotAllowed for words a line cannot carry, TooLarge for more than REQUEST_MAX.
    """
    for word in words:
        if not word or word[0] in "@*" or not _is_plain(word.encode()) or " " in word:
            raise NotAllowed("%r is no word of a console line" % word)
    if not words:
        raise NotAllowed("a console line has a word")
    line = " ".join(words).encode()
    if tag is not None:
        if not 0 <= tag <= TAG_MAX:
            raise NotAllowed("a tag is 0..%d, not %d" % (TAG_MAX, tag))
        line = b"@%d " % tag + line
        line += _CHECK + _digits(line, len(line))
    if len(line) > REQUEST_MAX:
        raise TooLarge("%d bytes of a console line, %d fit" % (len(line), REQUEST_MAX), REQUEST_MAX)
    return line + END


def _is_plain(line):
    """True if no byte of it is a control character."""
    return all(byte >= 0x20 and byte != 0x7F for byte in line)


def parse(line):
    """Return (tag or None, words) of a request line without its end; no words for an empty one.

    Raises BadChecksum when it is garbled, Malformed or TooLarge when it is no line of ours.
    """
    line = bytes(line)
    if len(line) > REQUEST_MAX:
        raise TooLarge("more than %d bytes in a line" % REQUEST_MAX, REQUEST_MAX)
    end = len(line) - _CHECK_SIZE
    is_checked = end >= 0 and line[end : end + 2] == _CHECK
    if is_checked:
        expected, found = _digits(line, end), line[end + 2 :]
        if expected != found:
            raise BadChecksum("the check does not fit the line", expected, found)
        line = line[:end]
    elif line[:1] == b"@":
        raise BadChecksum("a line with a tag ends with its check")
    if not _is_plain(line):
        raise Malformed("control characters in a line")
    try:
        words = [word for word in str(line, "utf-8").split(" ") if word]
    except ValueError:  # UnicodeError is a ValueError on both runtimes
        raise Malformed("a line that is not UTF-8")
    tag = None
    if words and words[0][0] == "@":
        tag = _tag(words.pop(0))
        if not words:
            raise Malformed("a tag and no words")
    for word in words:
        if word[0] in "@*":  # the rest of some other line
            raise BadChecksum("%s amid a line" % word)
    return tag, words


def _tag(word):
    digits = word[1:]
    # Written one way only: the answer must show the same.
    if len(digits) > 5 or not digits or (digits[0] == "0" and digits != "0"):
        raise Malformed("%s is no tag" % word)
    for digit in digits:
        if digit not in "0123456789":
            raise Malformed("%s is no tag" % word)
    tag = int(digits)
    if tag > TAG_MAX:
        raise Malformed("a tag is 0..%d" % TAG_MAX)
    return tag


def sealed(json_text):
    """Return one answer's line, its end included, from the text of its JSON object with members.

    Raises NotAllowed for another text, TooLarge for more than ANSWER_MAX.
    """
    data = json_text.encode() if isinstance(json_text, str) else bytes(json_text)
    if len(data) < 3 or data[:1] != b"{" or data[-1:] != b"}" or not _is_plain(data):
        raise NotAllowed("an answer is an object with members, on one line")
    end = len(data) - 1
    if end + _SEAL_SIZE > ANSWER_MAX:
        raise TooLarge("%d bytes of an answer, %d fit" % (end + _SEAL_SIZE, ANSWER_MAX), ANSWER_MAX)
    return data[:end] + _SEAL + _digits(data, end) + b'"}' + END


def unsealed(line):
    """Return the JSON bytes of an answer's line, without check and end.

    Raises BadChecksum, Malformed, TooLarge. What does not begin with a brace (echo, prompt, text
    for people) is Malformed: skip it.
    """
    line = bytes(line)
    while line[-1:] in (b"\r", b"\n"):
        line = line[:-1]
    if len(line) > ANSWER_MAX:
        raise TooLarge("more than %d bytes in an answer" % ANSWER_MAX, ANSWER_MAX)
    if line[:1] != b"{":
        raise Malformed("no answer in JSON")
    end = len(line) - _SEAL_SIZE
    if end < 2 or line[end : end + 8] != _SEAL or line[-2:] != b'"}':
        raise BadChecksum("an answer without its check")
    expected, found = _digits(line, end), line[end + 8 : -2]
    if expected != found:
        raise BadChecksum("the check does not fit the answer", expected, found)
    return line[:end] + b"}"


class Lines:
    """Chunks in, whole lines out, without their ends; what is longer than `limit` comes as None once."""

    def __init__(self, limit=ANSWER_MAX):
        self._limit = limit
        self._held = b""
        self._is_over = False

    def feed(self, data):
        """Return the lines that these bytes complete; empty ones are left out."""
        parts = (self._held + data).replace(b"\r", b"\n").split(b"\n")
        self._held = parts.pop()
        found: list = []
        for part in parts:
            if self._is_over or len(part) > self._limit:
                self._is_over = False
                found.append(None)
            elif part:
                found.append(part)
        if len(self._held) > self._limit:
            self._held, self._is_over = b"", True
        return found
