"""What the bytes between good Modbus frames are: frames with a reason why they are bad, or noise."""

from . import modbus_headers
from .crc_stretches import Stretches
from .errors import BadChecksum, Malformed, ProtocolError
from .modbus import ADDRESS_MAX, FRAME_BYTES_MAX
from .modbus_cover import readings
from .modbus_frames import (
    FRAME_BYTES_MIN,
    check_sealed,
    failure_in,
    reply_bytes,
    reply_in,
    request_bytes,
    request_in,
)
from .modbus_messages import check_address, check_function


class Stray(Malformed):
    """Bytes in which no frame begins."""


class Cut(Malformed):
    """A header, and fewer bytes than it promises."""


def why(frame):
    """Return the ProtocolError that says why a frame with a good CRC is no message."""
    try:
        if frame[0] > ADDRESS_MAX:
            check_address(frame[0], frame[1] & 0x7F, True)
        check_function(frame[1] & 0x7F)
        if frame[1] & 0x80:
            failure_in(frame)
        elif len(frame) == reply_bytes(frame) and len(frame) != request_bytes(frame):
            reply_in(frame)
        elif len(frame) == request_bytes(frame):
            request_in(frame)
    except ProtocolError as error:
        return error
    return Malformed(
        "%d bytes under a good CRC, function 0x%02X has %s"
        % (
            len(frame),
            frame[1],
            " or ".join([str(length) for length in modbus_headers.any_lengths(frame, 0)]),
        )
    )


def _sealed_from(stretches, at, end, last):
    """Return the length of a sealed stretch that begins at `at`, 0 if there is none."""
    shortest = 0
    for length in range(FRAME_BYTES_MIN, min(FRAME_BYTES_MAX, end - at) + 1):
        if stretches.is_sealed(at, at + length):
            if at + length >= last:
                return length
            shortest = shortest or length
    return shortest


def _sealed_before(data, stretches, start, end):
    """Return where a sealed stretch begins that ends at `end`, -1 if none does."""
    for at in range(max(start, end - FRAME_BYTES_MAX), end - FRAME_BYTES_MIN + 1):
        if 1 <= data[at] <= ADDRESS_MAX and stretches.is_sealed(at, end):
            return at
    return -1


def _sealed_entry(data, start, end):
    messages = readings(data[start:end])
    return start, end, messages or None, None if messages else why(data[start:end])


def _damaged(data, at, end, last, asked, is_first):
    """Return (length, error) of the likeliest damaged frame at `at`; length 0 = none begins here."""
    found = modbus_headers.lengths(data, at)
    whole = [length for length in found if last <= at + length <= end]
    if not whole and is_first:  # where a frame should begin, address and function alone tell
        whole = [length for length in modbus_headers.any_lengths(data, at) if last <= at + length <= end]
    if not whole and not found:
        return 0, None
    fitting = whole or [length for length in found if at + length <= end]
    if not fitting:
        held = last - at
        needed = " or ".join([str(length) for length in found])
        return held, Cut("cut off: %d bytes, function 0x%02X has %s here" % (held, data[at + 1], needed))
    length = fitting[0]
    if asked and (asked.address, asked.function) == (data[at], data[at + 1] & 0x7F):
        length = reply_bytes(data, at) if reply_bytes(data, at) in fitting else length
    try:
        check_sealed(data[at : at + length])
    except BadChecksum as error:
        return length, error
    if readings(data[at : at + length]):
        return length, Malformed("inside a damaged frame: not believed")
    return length, why(data[at : at + length])


def _next_header(data, at, end):
    """Return where the next frame may begin, `end` if nowhere."""
    while at < end and not modbus_headers.lengths(data, at):
        at += 1
    return at


def _stray(data, start, end):
    """Yield a run in which no known frame begins, 00 bytes at its ends left out."""
    while end > start and not data[end - 1]:
        end -= 1
    while start < end and not data[start]:
        start += 1
    count = end - start
    if not count:
        return
    noun = "1 stray byte" if count == 1 else "%d stray bytes" % count
    words = noun + ", no frame begins there"
    if FRAME_BYTES_MIN <= count <= FRAME_BYTES_MAX:
        try:
            check_sealed(data[start:end])
        except BadChecksum as error:
            words += "; read as one frame: function 0x%02X, %s" % (data[start + 1], error)
    yield start, end, None, Stray(words)


def _unsealed(data, at, asked):
    """Yield damaged frames and stray runs from `at` on; no frame there has a good CRC."""
    end = len(data)
    last = len(data.rstrip(b"\0"))
    is_first = True
    while at < last:
        length, error = _damaged(data, at, end, last, asked, is_first)
        is_first = False
        if length:
            yield at, at + length, None, error
            at += length
            continue
        further = _next_header(data, at + 1, last)
        for entry in _stray(data, at, further):
            yield entry
        at = further


def _explained(data, stretches, asked):
    """Yield as `explained` does, for a gap that is all the data there is."""
    end = len(data)
    last = len(data.rstrip(b"\0"))
    at = 0
    while at < last:  # frames with a good CRC that are no message we know
        length = _sealed_from(stretches, at, end, last)
        if length and (data[at] or at + length >= last):
            yield _sealed_entry(data, at, at + length)
            at += length
        elif data[at] or modbus_headers.lengths(data, at):
            break
        else:
            at += 1
    behind = _sealed_before(data, stretches, at, last)
    for entry in _unsealed(data if behind < 0 else data[:behind], at, asked):
        yield entry
    if behind >= 0:
        yield _sealed_entry(data, behind, last)


def explained(data, start, end, asked):
    """Yield (start, end, readings or None, error or None) for the bytes between two good frames.

    `asked`: the request before them, or None.
    """
    gap = data[start:end]
    if any(gap):
        for first, behind, messages, error in _explained(gap, Stretches(gap), asked):
            yield start + first, start + behind, messages, error
