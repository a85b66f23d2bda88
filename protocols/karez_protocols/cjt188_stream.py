"""A raw capture of CJ/T 188 split into frames, good and bad, without knowing when bytes came.

Frames that stand whole are looked for first, from the left. What lies between them is then
explained: a header that makes sense is a bad frame and says why, the rest is stray. So a
damaged length never swallows the good frame behind it.
"""

from .cjt188_frames import (
    FRAME_BYTES,
    LENGTH_MIN,
    LENGTH_READ_MAX,
    PREAMBLE_MAX,
    WrongLength,
    decode,
    is_address,
    is_known,
)
from .errors import Malformed, ProtocolError
from .piece import Piece

HEADER_BYTES = 11  # 68, type, number, control code, L


def pieces(data):
    """Return the Pieces of a capture in order: `frame` is a Message, or `error` says why there is none."""
    data = bytes(data)
    found: list = []
    begin = at = 0
    while True:
        at = data.find(b"\x68", at)
        if at < 0:
            break
        length = _length_at(data, at, len(data))
        message = _message(data, _start(data, at, begin), at + length) if length else None
        if message is None:
            at += 1
            continue
        start = at - message.preamble
        _explain(data, begin, start, found)
        begin = at = at + length
        found.append(Piece(start, begin - start, message, None))
    _explain(data, begin, len(data), found)
    return found


def _start(data, at, begin):
    """Where the preamble of a frame at `at` begins, not before `begin`."""
    start = at
    while start > begin and at - start < PREAMBLE_MAX and data[start - 1] == 0xFE:
        start -= 1
    return start


def _length_at(data, at, end):
    """Bytes of the frame whose 68 is at `at`, if its end byte stands where L says; else 0."""
    if at + HEADER_BYTES > end:
        return 0
    length = FRAME_BYTES + data[at + 10]
    return length if at + length <= end and data[at + length - 1] == 0x16 else 0


def _message(data, start, end):
    try:
        return decode(data[start:end])
    except ProtocolError:
        return None


def _explain(data, begin, end, found):
    """Append the bad frames and stray runs in a stretch without a good frame."""
    at = begin
    while begin < end:
        at = data.find(b"\x68", at, end)
        length, error = _fault(data, at, end) if at >= 0 else (0, None)
        if at >= 0 and not error:
            at += 1
            continue
        start = _start(data, at, begin) if at >= 0 else end
        if start > begin:
            found.append(Piece(begin, start - begin, None, Malformed(_stray(data, begin, start))))
        if at < 0:
            break
        begin = at = at + length
        found.append(Piece(start, begin - start, None, error))


def _stray(data, begin, end):
    """Say what the bytes are in which no frame begins."""
    count = end - begin
    noun = "1 stray byte" if count == 1 else "%d stray bytes" % count
    if any(byte != 0xFE for byte in data[begin:end]):
        return noun + ", no frame begins in them"
    return noun + " FE: a preamble of more than %d, or without a frame" % PREAMBLE_MAX


def _fault(data, at, end):
    """Return (bytes from the 68 on, error) if a frame was meant here, (0, None) if not."""
    room = end - at
    if room < HEADER_BYTES:
        if room >= 9 and is_address(data[at + 2 : at + 9]) and (room == 9 or is_known(data[at + 9])):
            return room, WrongLength("breaks off after %d bytes, in its header" % room)
        return 0, None
    size = data[at + 10]
    length = FRAME_BYTES + size
    has_control = is_known(data[at + 9])
    is_ended = length <= room and data[at + length - 1] == 0x16
    if not is_ended and not has_control:
        return 0, None
    has_address = is_address(data[at + 2 : at + 9])
    if length <= room:
        is_sealed = sum(data[at : at + length - 2]) & 0xFF == data[at + length - 2]
        likely = has_address + has_control + (LENGTH_MIN <= size <= LENGTH_READ_MAX)
        # Chance ends and seals 1 in 65,536 runs; else two parts of the header must make sense.
        if (is_ended and (is_sealed or likely >= 2)) or (is_sealed and likely == 3):
            return length, _error(data[at : at + length])
    if has_address and has_control:
        return _cut(data, at, end)
    return 0, None


def _error(frame):
    try:
        decode(frame)
    except ProtocolError as error:
        return error
    return None


def _cut(data, at, end):
    """Return (bytes, error) of a frame with a good header and no end where L says."""
    size = data[at + 10]
    total = sum(data[at : at + HEADER_BYTES]) - size
    for fits in range(min(LENGTH_READ_MAX, end - at - FRAME_BYTES) + 1):
        last = at + HEADER_BYTES + fits
        if data[last + 1] == 0x16 and (total + fits) & 0xFF == data[last]:
            return FRAME_BYTES + fits, WrongLength("L is %02X, checksum and end fit %02X" % (size, fits))
        total += data[last]
    end = min(end, at + FRAME_BYTES + min(size, LENGTH_READ_MAX))
    after = _next_header(data, at + HEADER_BYTES, end)
    needed = FRAME_BYTES + size
    if after:
        why = "the next frame begins after %d" % (after - at)
    elif end - at < needed:
        why = "it breaks off after %d" % (end - at)
    else:
        why = "no 16 ends it"
    return (after or end) - at, WrongLength("L is %02X, %d bytes in all, but %s" % (size, needed, why))


def _next_header(data, at, end):
    """Where the next frame, preamble included, begins before `end`; 0 = none does."""
    first = at
    while True:
        at = data.find(b"\x68", at, end)
        if at < 0:
            return 0
        # Its header may go on behind `end`, in the same stretch or in what follows it.
        header = data[at : at + HEADER_BYTES]
        if len(header) == HEADER_BYTES and is_address(header[2:9]) and is_known(header[9]):
            return _start(data, at, first)
        at += 1
