"""Which registers to read together: the least time on the wire, exactly.

A request costs its frames' fixed characters, the silence before it and the meter's delay;
each register costs two characters. So a hole is read along when that is cheaper than one
more request, and only if the meter allows it.

Why it is exact. An item is a range that one request must cover whole. One that lies inside
another comes for nothing; without those, starts and ends both rise. If a request covers
items i and k, it covers each j between: giving j to it makes the request of j shorter and
nothing longer. So some cheapest plan cuts the sorted items into runs, and of these the
dynamic programme finds the best.
"""

from .errors import NotAllowed

FIXED_CHARACTERS = 13  # request 8; reply address, function, byte count, CRC 5
REGISTER_CHARACTERS = 2


def aligned(ranges, align):
    """Return ranges (start, end) widened to where the meter lets a request begin and end."""
    return [(start - start % align, end + -end % align) for start, end in ranges]


def merged(ranges):
    """Return the same registers as few ranges, adjoining ones joined."""
    found: list = []
    for start, end in sorted(ranges):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def is_covered(start, end, allowed):
    """True if every register from `start` up to `end` lies in a merged range."""
    return any(first <= start and end <= last for first, last in allowed)


def _outermost(items):
    """Return the items that lie in no other, by their start."""
    kept: list = []
    # Of one start the longest first: sorted() is not stable on MicroPython, so both count.
    for start, end in sorted(items, key=lambda item: (item[0], -item[1])):
        if not kept or end > kept[-1][1]:
            kept.append((start, end))
    return kept


def requests(items, allowed, block_max, request_cost, register_cost):
    """Return [(start, count)] that covers every item whole, at the least cost.

    `items`: ranges (start, end), each read whole by one request. `allowed`: the ranges a
    request may cover at all, None = any. Of 64 fields and 64 groups at most 128^2 / 2 runs
    are looked at. Raises NotAllowed if an item alone is longer than `block_max` or covers
    a register that must not be read.
    """
    parts = _outermost(items)
    if allowed is not None:
        allowed = merged(allowed)
    best = [0]
    cuts = []
    for last, (_, end) in enumerate(parts):
        found = None
        for first in range(last, -1, -1):
            start = parts[first][0]
            # What lies behind the next item's start has been looked at with the shorter run.
            reach = end if first == last else parts[first + 1][0]
            if end - start > block_max or (allowed is not None and not is_covered(start, reach, allowed)):
                break
            cost = best[first] + request_cost + (end - start) * register_cost
            if found is None or cost <= found[0]:  # of equal plans the one with fewer requests
                found = (cost, first)
        if found is None:
            raise NotAllowed("registers %d to %d cannot be read at once" % (parts[last][0], end - 1))
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
