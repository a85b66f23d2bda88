"""Which of the frames that a capture may hold it does hold: those that explain most bytes.

A chance frame among the registers of a reply is covered by that reply, which explains more.
"""

from . import modbus_headers
from .crc_stretches import Stretches
from .errors import ProtocolError
from .modbus import FRAME_BYTES_MAX
from .modbus_frames import failure_in, reply_in, request_in

HEADER_BYTES = 3  # address, function, byte count: nothing of a frame's data stands before
ZEROS_MAX = 8  # of a line that floats behind a damaged frame; more are a silence


def readings(frame):
    """Return what a sealed frame can be: a request, an answer, or both."""
    found = []
    for decode in (failure_in,) if frame[1] & 0x80 else (request_in, reply_in):
        try:
            found.append(decode(frame))
        except ProtocolError:
            continue
    return found


def candidates(data):
    """Return [(start, end, readings)] of every sealed frame at every offset, by start."""
    found: list = []
    stretches = Stretches(data)
    known = modbus_headers.IS_FUNCTION
    for at in range(len(data) - 3):
        if not known[data[at + 1]]:
            continue
        for length in modbus_headers.lengths(data, at):
            end = at + length
            if end > len(data) or not stretches.is_sealed(at, end):
                continue
            # Bytes of 00 behind a frame leave its CRC right: the longer reading is none.
            if found and found[-1][0] == at and not any(data[found[-1][1] : end]):
                continue
            messages = readings(data[at:end])
            if messages:
                found.append((at, end, messages))
    return found


def _first_from(found, at, low):
    """Return the index of the first candidate that starts at `at` or later."""
    high = len(found)
    while low < high:
        middle = (low + high) // 2
        if found[middle][0] < at:
            low = middle + 1
        else:
            high = middle
    return low


def most_covered(found):
    """Return those of the candidates, by start, that overlap nowhere and cover most bytes."""
    best = [0] * (len(found) + 1)
    after = [0] * len(found)  # the next one if this is taken, 0 if it is not
    for at in range(len(found) - 1, -1, -1):
        start, end, _ = found[at]
        behind = _first_from(found, end, at + 1)
        covered = end - start + best[behind]
        if covered >= best[at + 1]:  # of two equal readings the one that begins earlier
            best[at] = covered
            after[at] = behind
        else:
            best[at] = best[at + 1]
    chosen = []
    at = 0
    while at < len(found):
        if after[at]:
            chosen.append(found[at])
            at = after[at]
        else:
            at += 1
    return chosen


def _ends(data, chosen):
    """Return where a damaged frame may end: before a good one or the end, 00 bytes behind it or not."""
    ends = set()
    for end in [frame[0] for frame in chosen] + [len(data)]:
        zeros = 0
        while zeros <= min(ZEROS_MAX, end) and not any(data[end - zeros : end]):
            ends.add(end - zeros)
            zeros += 1
    return ends


def _damaged_around(data, low, first, ends):
    """Return where a damaged frame ends that begins in the bytes before this one and reaches beyond it."""
    for at in range(max(low, first[0] - FRAME_BYTES_MAX), first[0] - HEADER_BYTES + 1):
        for length in modbus_headers.lengths(data, at):
            if at + length > first[1] and at + length in ends:
                return at + length
    return 0


def believed(data, chosen):
    """Return the frames less those that lie inside a damaged one.

    A damaged frame is seen by a header before, an end that is the end of the capture or the
    beginning of a good frame, and bytes of its own between the last inner frame and its end.
    So a frame behind a truncated one is believed, one among the registers of a damaged reply
    is not: a frame lost is safe, a wrong one is not.
    """
    ends = _ends(data, chosen)
    kept: list = []
    low = at = 0
    while at < len(chosen):
        inner = at
        if any(data[low : chosen[at][0]]):
            end = _damaged_around(data, low, chosen[at], ends)
            while inner < len(chosen) and chosen[inner][1] <= end:
                inner += 1
        if inner > at and any(data[chosen[inner - 1][1] : end]):
            low = end
            at = inner
        else:
            kept.append(chosen[at])
            low = chosen[at][1]
            at += 1
    return kept


def good_frames(data):
    """Return [(start, end, readings)] of the frames that a capture is believed to hold, by start."""
    return believed(data, most_covered(candidates(data)))
