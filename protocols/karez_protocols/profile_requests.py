"""Which requests bring the fields of a profile, and where in the replies they stand."""

from . import read_plan
from .errors import NotAllowed
from .profile_shape import entries, integer, pair
from .wire_time import silent_us

REGISTERS_MAX = 125  # Modbus application protocol, 03 and 04: quantity 1 to 7DH
LATENCY_MAX_MS = 5000


def codec_of(protocol):
    """Return the module of a protocol; a site that speaks one never loads the others."""
    if protocol == "modbus":
        from . import modbus

        return modbus
    if protocol == "dlt645":
        from . import dlt645

        return dlt645
    from . import cjt188

    return cjt188


def _holes(document):
    """Return the ranges (start, end) that may be read along, None = all."""
    if isinstance(document["holes"], bool):
        return None if document["holes"] else []
    found = []
    for hole in entries(document, "holes"):
        first, last = pair("a hole", hole, 0, 0xFFFF, 0, 0xFFFF)
        if first > last:
            raise NotAllowed("a hole ends before it begins")
        found.append((first, last + 1))
    return found


def _joined(atomic):
    """Return the groups as sets, those with a common field as one: nothing is then read twice."""
    found: list = []
    for members in atomic:
        group = set(members)
        for other in [one for one in found if one & group]:
            found.remove(other)
            group |= other
        found.append(group)
    return found


def of_registers(profile, document, fields, atomic):
    """Choose the requests; return (request, byte inside its reply) of each field."""
    align = integer(document, "align", 1, 2)
    ranges = [(field[1][0], field[1][0] + field[2] // 2) for field in fields]
    named = read_plan.aligned(ranges, align)
    together = ranges[:]  # of each field, the range that must be of one moment with it
    for group in _joined(atomic):
        start, end = min(ranges[at][0] for at in group), max(ranges[at][1] for at in group)
        for at in group:
            together[at] = (start, end)
    holes = _holes(document)
    # Both costs in units of 1/baud microsecond: nothing is rounded.
    wait_us = max(silent_us(profile.baud, profile.character_bits), profile.request_gap_us)
    wait_us += 1000 * integer(document, "latency_ms", 0, LATENCY_MAX_MS)
    character = 1000000 * profile.character_bits
    profile.requests = read_plan.requests(
        read_plan.aligned(together, align),
        None if holes is None else named + holes,
        integer(document, "block_registers_max", 1, REGISTERS_MAX),
        read_plan.FIXED_CHARACTERS * character + wait_us * profile.baud,
        read_plan.REGISTER_CHARACTERS * character,
    )
    places = []
    for field, (start, end) in enumerate(together):
        for at, (first, count) in enumerate(profile.requests):
            if first <= start and end <= first + count:
                places.append((at, 2 * (ranges[field][0] - first)))
                break
    return places


def of_identifiers(profile, document, fields, atomic):
    """One request for each identifier, in the order of the fields; as of_registers."""
    integer(document, "latency_ms", 0, LATENCY_MAX_MS)
    order: list = []
    least: dict = {}
    for _, (identifier, at), size, *_ in fields:
        if identifier not in order:
            order.append(identifier)
        least[identifier] = max(least.get(identifier, 1), at + size)
    for group in atomic:
        if any(fields[at][1][0] != fields[group[0]][1][0] for at in group):
            raise NotAllowed("fields of one moment must have one identifier")
    profile.requests = [(identifier, least[identifier]) for identifier in order]
    return [(order.index(field[1][0]), field[1][1]) for field in fields]
