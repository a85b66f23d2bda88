"""Frames out of bytes: a stream as it arrives, or a capture that is there.

7E and 01 may stand anywhere in a body, so a start is believed only when the header has its
form, an end character stands where the length puts it, and the CRC is right. After anything
else the search goes on one byte later.
"""

from . import sl651
from .errors import BadChecksum, Malformed, ProtocolError
from .piece import Piece
from .sl651_crc import Stretches
from .sl651_dialect import SL651_2014
from .sl651_frames import ENDS


class BadPiece(Malformed):
    """Bytes of a capture that are no frame. `reason` in a word: noise, length, form."""

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


def _next_start(data, start, end):
    """Where the next 7E or 01 stands, `end` if there is none."""
    one = data.find(b"\x7e", start, end)
    other = data.find(b"\x01", start, end)
    if one < 0 or 0 <= other < one:
        one = other
    return end if one < 0 else one


class StreamReader:
    """Finds frames in a byte stream, HEX and ASCII mixed.

    Keeps less than one frame between calls. Counts: `frames`, `bad_checksums`, `noise_bytes`.
    `raws`: the bytes of each frame that the last call returned, for whoever keeps receipts.
    """

    def __init__(self, dialect=SL651_2014) -> None:
        self._dialect = dialect
        self._rest = b""
        self.raws: "list[bytes]" = []
        self.frames = 0
        self.bad_checksums = 0
        self.noise_bytes = 0

    def feed(self, data: bytes) -> list:
        """Frames completed by `data`. Raises nothing: what is no frame is counted."""
        return self._hunt(self._rest + bytes(data), False)

    def silence(self) -> list:
        """The line fell silent: what is incomplete now was no frame, look behind its first byte."""
        return self._hunt(self._rest, True)

    def _hunt(self, data, is_final):
        found = []
        self.raws = []
        start = 0
        end = len(data)
        while start < end:
            head = _next_start(data, start, end)
            self.noise_bytes += head - start
            start = head
            if start == end:
                break
            try:
                writing = sl651.writing_at(data, start)
                size = writing.size_at(data, start, end, self._dialect)
                if size == 0 or end - start < size:
                    if not is_final:
                        break
                    raise Malformed("incomplete")
                found.append(writing.parse(data, start, size, self._dialect))
                self.raws.append(data[start : start + size])
                self.frames += 1
                start += size
            except ProtocolError as error:
                if isinstance(error, BadChecksum):
                    self.bad_checksums += 1
                self.noise_bytes += 1
                start += 1
        self._rest = data[start:]
        return found


class _Search:
    """Looks for good frames in a capture, in bounded time a byte whatever stands there."""

    def __init__(self, data, dialect):
        self._data = data
        self._dialect = dialect
        self._stretches: "Stretches | None" = None  # made when the first CRC was wrong

    def good_at(self, start):
        """(frame, size) of the good frame at `start`, (None, 0) if none stands there."""
        data = self._data
        try:
            writing = sl651.writing_at(data, start)
            size = writing.size_at(data, start, len(data), self._dialect)
            if not 0 < size <= len(data) - start:
                return None, 0
            seal = start + size - writing.CRC_BYTES
            if data[seal - 1] not in ENDS:
                return None, 0
            if self._stretches and self._stretches.crc(start, seal) != writing.crc_at(data, seal):
                return None, 0
            return writing.parse(data, start, size, self._dialect), size
        except BadChecksum:
            self._stretches = Stretches(data)
        except ProtocolError:
            pass
        return None, 0


def _damaged_at(data, start, end, dialect):
    """(size, error) of a frame that begins at `start` and went wrong; (0, None) if it is none."""
    writing = sl651.writing_at(data, start)
    try:
        size = writing.size_at(data, start, end, dialect)
    except ProtocolError:
        return 0, None
    if size == 0 or size > end - start:
        # Shorter than half a header it may as well be a stray byte.
        if size == 0 and end - start < writing.HEADER_BYTES // 2:
            return 0, None
        missing = "%d needed" % size if size else "a header has %d" % writing.HEADER_BYTES
        return end - start, BadPiece("length", "cut: %d bytes, %s" % (end - start, missing))
    try:
        writing.parse(data, start, size, dialect)
    except BadChecksum as error:
        return size, error
    except ProtocolError as error:
        return size, BadPiece("form", str(error))
    return 0, None


def _stray(start, end, found):
    if end > start:
        words = "1 stray byte" if end - start == 1 else "%d stray bytes" % (end - start)
        found.append(Piece(start, end - start, None, BadPiece("noise", words)))


def _gap(data, start, end, dialect, found):
    """Append the pieces of a stretch without a good frame."""
    stray = start
    while start < end:
        start = _next_start(data, start, end)
        size, error = _damaged_at(data, start, end, dialect) if start < end else (0, None)
        if error is None:
            start += 1
            continue
        _stray(stray, start, found)
        found.append(Piece(start, size, None, error))
        start += size
        stray = start
    _stray(stray, end, found)


def pieces(data: bytes, dialect=SL651_2014) -> list:
    """[Piece] of a capture, in order; together they cover every byte. Raises nothing.

    `frame` is an sl651_frames.Frame; `error` a BadPiece or BadChecksum.
    """
    data = bytes(data)
    found: list = []
    end = len(data)
    rest = 0  # first byte that belongs to no piece yet
    search = _Search(data, dialect)
    at = _next_start(data, 0, end)
    while at < end:
        frame, size = search.good_at(at)
        if size:
            _gap(data, rest, at, dialect, found)
            found.append(Piece(at, size, frame, None))
            rest = at + size
        at = _next_start(data, rest if size else at + 1, end)
    _gap(data, rest, end, dialect, found)
    return found
