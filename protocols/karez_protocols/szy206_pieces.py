"""A raw capture of an SZY 206 / SL/T 427 line, split into frames and what is none.

68 and 16 may stand anywhere inside, so whole frames are looked for first; only then do the gaps
between them say what is damaged (68 L 68 in place) and what is stray.
"""

from .errors import BadChecksum, ProtocolError
from .piece import Piece
from .szy206 import BadFrame, parse_at, size_at

_HEAD = b"\x68"


def _good(data, start, end):
    """Return the whole frame at `start`, None if none stands there."""
    try:
        size = size_at(data, start, end)
        return parse_at(data, start, size) if 0 < size <= end - start else None
    except ProtocolError:
        return None


def _header(data, start, end):
    """Return where the next damaged frame may begin: 68 and a second 68 two bytes on; or -1."""
    at = data.find(_HEAD, start, end)
    while at >= 0 and (end - at < 3 or data[at + 2] != 0x68):
        at = data.find(_HEAD, at + 1, end)
    return at


def _damage(data, start, end):
    """Return (where it ends, why) for the damaged frame at `start`."""
    following = _header(data, start + 3, end)  # not its own second 68
    stop = end if following < 0 else following
    try:
        size = size_at(data, start, end)
        if size == 0 or size > end - start:
            error = BadFrame(
                "length",
                "L = %d makes a frame of %d bytes, there are %d" % (data[start + 1], size, end - start)
                if size
                else "%d bytes are too few for a frame" % (end - start),
            )
            return stop, error
        parse_at(data, start, size)
    except BadChecksum as error:
        return start + size, error
    except ProtocolError as error:
        return min(stop, start + size) if getattr(error, "reason", "") == "end" else stop, error
    return stop, BadFrame("noise", "stray bytes")


def _stray(count):
    return BadFrame("noise", "1 stray byte" if count == 1 else "%d stray bytes" % count)


def _gap(data, start, end, found):
    """Append the pieces of a stretch without a good frame."""
    while start < end:
        head = _header(data, start, end)
        stray = end if head < 0 else head
        if stray > start:
            found.append(Piece(start, stray - start, None, _stray(stray - start)))
        if head < 0:
            return
        stop, error = _damage(data, head, end)
        found.append(Piece(head, stop - head, None, error))
        start = stop


def pieces(data):
    """Return [Piece] of a capture, in order; together they cover every byte.

    `frame` is a szy206.Frame, `error` a BadFrame or BadChecksum. Raises nothing.
    """
    data = bytes(data)
    found: list = []
    rest = 0  # first byte that belongs to no piece yet
    at = data.find(_HEAD)
    while at >= 0:
        frame = _good(data, at, len(data))
        if frame is not None:
            _gap(data, rest, at, found)
            rest = at + len(frame.raw)
            found.append(Piece(at, rest - at, frame, None))
        at = data.find(_HEAD, rest if frame is not None else at + 1)
    _gap(data, rest, len(data), found)
    return found
