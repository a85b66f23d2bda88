"""A raw capture of a DL/T 645 line, split into frames and what is none.

68 and 16 may stand in addresses and data, so whole frames are looked for first: 68, a second
68 seven bytes on, L, the final 16 and the checksum, one byte on after each failure. Only then
do the gaps between them say what is damaged (two 68 in place) and what is stray. The direction
of a frame is in its control code: no context is needed.
"""

from .dlt645_frames import (
    BARE_BYTES,
    END,
    PREAMBLE,
    PREAMBLE_BYTES_MAX,
    START,
    BadFrame,
    check_length,
    check_seal,
    decode_frame,
    preamble_bytes,
)
from .dlt645_messages import message_of
from .errors import ProtocolError
from .piece import Piece


def _length_of_good(data, start):
    """Return the length of the whole frame at `start`, 0 if none stands there."""
    end = len(data)
    if end - start < BARE_BYTES or data[start + 7] != START:
        return 0
    length = BARE_BYTES + data[start + 9]
    if end - start < length or data[start + length - 1] != END:
        return 0
    last = start + length - 2
    return length if sum(data[start:last]) & 0xFF == data[last] else 0


def _with_preamble(data, start, low):
    """Return where the preamble of the frame at `start` begins, not before `low`."""
    low = max(low, start - PREAMBLE_BYTES_MAX)
    while start > low and data[start - 1] == PREAMBLE:
        start -= 1
    return start


def _message_piece(data, start, end):
    try:
        return Piece(start, end - start, message_of(decode_frame(data[start:end])), None)
    except ProtocolError as error:
        return Piece(start, end - start, None, error)


def _header(data, start, end):
    """Return where the next damaged frame begins: two 68 in place, or what a cut leaves of that; or -1."""
    at = data.find(b"\x68", start, end)
    while at >= 0:
        if end - at > 7:
            if data[at + 7] == START:
                return at
        elif _is_cut_address(data[at + 1 : end]):
            return at
        at = data.find(b"\x68", at + 1, end)
    return -1


def _is_cut_address(raw):
    """True if a frame that was cut inside its address could end with these bytes."""
    return len(raw) > 0 and all(byte == 0xAA or (byte >> 4 <= 9 and byte & 15 <= 9) for byte in raw)


def _ends_in_place(data, start, end):
    """True if 16 stands where the header at `start` puts the end."""
    try:
        return data[start + check_length(data, start, end) - 1] == END
    except ProtocolError:
        return False


def _damage(data, start, end):
    """Return (where it ends, why) for the damaged frame at `start`."""
    following = _header(data, start + 8, end)  # not its own second 68
    try:
        length = check_length(data, start, end)
    except ProtocolError as error:
        return (end if following < 0 else following), error
    stop = start + length
    try:
        check_seal(data, start, length)
    except BadFrame as error:
        # L itself may be the fault: a header inside that fits its own end is the next frame.
        while 0 <= following < stop and not _ends_in_place(data, following, end):
            following = _header(data, following + 1, end)
        return (following if 0 <= following < stop else stop), error
    except ProtocolError as error:
        return stop, error
    return stop, BadFrame("noise", "stray bytes")


def _stray(data, start, end):
    """Say what the bytes are in which no frame begins."""
    count = end - start
    words = "1 stray byte" if count == 1 else "%d stray bytes" % count
    if all(byte == PREAMBLE for byte in data[start:end]):
        return words + " FE: a preamble of more than %d, or without a frame" % PREAMBLE_BYTES_MAX
    if data[start] == PREAMBLE:
        start += preamble_bytes(data[start:end])
    # Of one frame, whole but for its second 68, the byte is named that stands there.
    is_whole = data[start] == START and end - start >= BARE_BYTES and data[end - 1] == END
    if is_whole and data[start + 9] == end - start - BARE_BYTES:
        return words + ": no second 68 seven bytes on, but %02X" % data[start + 7]
    return words


def _gap(data, start, end, found):
    """Append the pieces of a stretch without a good frame."""
    while start < end:
        at = _header(data, start, end)
        head = end if at < 0 else _with_preamble(data, at, start)
        if head > start:
            found.append(Piece(start, head - start, None, BadFrame("noise", _stray(data, start, head))))
        if at < 0:
            return
        stop, error = _damage(data, at, end)
        if stop < end:
            stop = max(at + 1, _with_preamble(data, stop, at + 1))
        found.append(Piece(head, stop - head, None, error))
        start = stop


def pieces(data):
    """Return [Piece] of a capture, in order; together they cover every byte.

    `frame` is a message of dlt645_messages; a piece begins with its preamble, of which 64 FE
    count. `error` is a BadFrame, BadChecksum or TooLarge. Raises nothing.
    """
    data = bytes(data)
    found: list = []
    rest = 0  # first byte that belongs to no piece yet
    at = data.find(b"\x68")
    while at >= 0:
        length = _length_of_good(data, at)
        if length:
            head = _with_preamble(data, at, rest)
            _gap(data, rest, head, found)
            rest = at + length
            found.append(_message_piece(data, head, rest))
        at = data.find(b"\x68", rest if length else at + 1)
    _gap(data, rest, len(data), found)
    return found
