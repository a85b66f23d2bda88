"""Which registers to read together: the fewest microseconds on the wire, exactly.

A request costs its frames' fixed characters, the silence before it and the meter's delay;
each register costs two characters. So a hole is read along when that is cheaper than one
more request, and only if the meter allows it.
"""

from .errors import NotAllowed

FIXED_CHARACTERS = 13  # request 8; reply address, function, byte count, CRC 5
REGISTER_CHARACTERS = 2


def spans(ranges, align):
    """Return the ranges [(start, end)] aligned outwards, sorted, overlapping ones merged."""
    merged: list = []
    for start, end in sorted((start - start % align, end + -end % align) for start, end in ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def requests(parts, block_max, holes, request_us, register_us):
    """Return [(start, count)] that reads all parts in the least time.

    `parts` come from `spans`: each is read whole, by one request. For every part the best
    cut before it is kept (dynamic programming, n^2 steps): no partition is cheaper.
    Raises NotAllowed if a part alone is longer than `block_max`.
    """
    best = [0]
    cuts = []
    for last in range(len(parts)):
        found = None
        for first in range(last, -1, -1):
            count = parts[last][1] - parts[first][0]
            if count > block_max or (first < last and not holes and parts[first][1] != parts[first + 1][0]):
                break
            cost = best[first] + request_us + count * register_us
            if found is None or cost < found[0]:
                found = (cost, first)
        if found is None:
            raise NotAllowed("registers from %d to %d do not fit one request" % parts[last])
        best.append(found[0])
        cuts.append(found[1])
    chosen = []
    last = len(parts)
    while last:
        first = cuts[last - 1]
        chosen.append((parts[first][0], parts[last - 1][1] - parts[first][0]))
        last = first
    chosen.reverse()
    return chosen
