"""The address behind the broker's name: one question of DNS (RFC 1035), asked without waiting.

Bytes and a time come in, bytes go out; the port owns the socket. Loaded only where the configuration
names the broker by name. Whoever lies here sends us to a machine that TLS refuses: so an answer must
fit the question, and nobody has to be believed.
"""

from karez_protocols.constant import const

_TIMES_MS = b"\x00\x0a\x1e\x46"  # when it is asked, in 0.1 s: at once, then after 1, 3 and 7 s
_OVERDUE_MS = const(10_000)  # within the 15 s that a connection may take to stand
_NAME_MAX = const(253)
_ROWS_MAX = const(16)  # of an answer that are read
_HEADER = const(12)
_NO_NAME = const(3)  # RCODE: it is certain that there is none
_A_IN = b"\0\1\0\1"  # type and class: an address of the internet


def _question(name):
    """The name as labels, with type and class. Raises OSError."""
    labels = name.encode().split(b".")
    if len(name) > _NAME_MAX or not all(0 < len(label) < 64 for label in labels):
        raise OSError("host %s is neither an address nor a name" % name)
    return b"".join([bytes((len(label),)) + label for label in labels]) + b"\0" + _A_IN


def _behind_name(data, at):
    """Where what stands behind a name begins. Raises IndexError."""
    while 0 < data[at] < 64:
        at += 1 + data[at]
    return at + (2 if data[at] else 1)  # a pointer ends a name


def _addresses(data, at):
    """Return the addresses of the answers from `at` on, as text; what is cut off is not there."""
    found = []
    try:
        for _ in range(min(data[6] << 8 | data[7], _ROWS_MAX)):
            at = _behind_name(data, at)
            size = data[at + 8] << 8 | data[at + 9]
            end = at + 10 + size
            if bytes(data[at : at + 4]) == _A_IN and size == 4 and end <= len(data):
                found.append("%d.%d.%d.%d" % tuple(data[end - 4 : end]))
            at = end
    except IndexError:
        pass
    return found


class Lookup:
    """One name, asked for from `now_ms` on; `number`: 0..65535, known to nobody."""

    def __init__(self, name, number, now_ms):
        """Raises OSError for what is no name."""
        self._name = name
        # Recursion desired, one question.
        self._query = bytes((number >> 8, number & 255)) + b"\1\0\0\1\0\0\0\0\0\0" + _question(name)
        self._began_ms = now_ms
        self._asked = 0  # how often

    def poll(self, now_ms):
        """Return the question if it is time to ask (again), else None. Raises OSError: nobody answers."""
        elapsed_ms = now_ms - self._began_ms
        if elapsed_ms >= _OVERDUE_MS:
            raise OSError("no name server answers for %s" % self._name)
        if self._asked == len(_TIMES_MS) or elapsed_ms < 100 * _TIMES_MS[self._asked]:
            return None
        self._asked += 1
        return self._query

    def take(self, data):
        """Return the addresses in an answer, None if it is none to our question. Raises OSError: refused."""
        query = self._query
        end = len(query)
        # Ours, an answer (QR) to a plain question, which it repeats; the case of letters may change.
        if data[:2] != query[:2] or len(data) < end or data[2] & 0xF8 != 0x80:
            return None
        if bytes(data[4:6]) != b"\0\1" or bytes(data[_HEADER:end]).lower() != query[_HEADER:].lower():
            return None
        code = data[3] & 15
        found = None if code else _addresses(data, end)
        if not found:
            words = "name %s: " % self._name
            raise OSError(words + ("none such" if code in (0, _NO_NAME) else "refused, code %d" % code))
        return found
