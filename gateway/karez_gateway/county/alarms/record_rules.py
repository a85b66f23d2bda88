"""Alarms that good records carry: bits that hold until a later record says otherwise, and events.

An event has a moment and no duration: it is raised and over at once, and stays latched until a person has
seen it. Where another event undoes it (a door is closed again), it holds until that.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from karez_gateway.county.alarms.signs import NOTICE, SITE, URGENT, WARNING, Key, Sign
from karez_protocols import causes, flags

RULE, EVIDENCE = "record", "evidence"
ALARM, EVENT = "alarm", "event"  # alarm:8 is a bit of `alarms` (flags.py), event:180 a cause (causes.py)

# Bits of `alarms`; what is not here is a warning. Tamper signs and a pump that does not obey come first.
BIT_SEVERITY = {
    flags.NOT_STOPPED: URGENT,
    flags.FOREIGN_RUN: URGENT,
    flags.NO_WATER: URGENT,
    flags.NO_ENERGY: URGENT,
    flags.IMPOSSIBLE: URGENT,
    flags.FROZEN: URGENT,
    flags.STUCK: URGENT,
    flags.REVERSED: URGENT,
    flags.STORE_FAILED: URGENT,
    flags.QUIET: NOTICE,
    flags.OVERDUE: NOTICE,
    flags.WITNESS_SILENT: NOTICE,
    flags.LEVEL_SILENT: NOTICE,
}


class Event(NamedTuple):
    """An event that somebody should see; `undone_by`: the event that ends it."""

    severity: str
    undone_by: int | None = None


EVENTS = {
    causes.EMERGENCY_OPENED: Event(WARNING),
    causes.GRANT_REFUSED_SIGNATURE: Event(URGENT),
    causes.GRANT_REFUSED_SITE: Event(WARNING),
    causes.GRANT_REFUSED_SEQ: Event(NOTICE),
    causes.GRANT_REFUSED_FORM: Event(WARNING),
    causes.GRANT_REFUSED_HEAD: Event(URGENT),
    causes.GRANT_HEAD_UNKNOWN: Event(URGENT),
    causes.TRIPPED: Event(URGENT),
    causes.LOCKOUT_BEGAN: Event(NOTICE, causes.LOCKOUT_ENDED),
    causes.READING_HELD: Event(NOTICE),
    causes.SEGMENT_OPENED: Event(WARNING, causes.SEGMENT_CONFIRMED),
    causes.REVERSE_FLOW: Event(WARNING),
    causes.HEAD_REBUILT: Event(WARNING),
    causes.CHAIN_BEGUN: Event(URGENT),
    causes.SECTOR_DEAD: Event(NOTICE),
    causes.CLOCK_STEPPED: Event(NOTICE),
    causes.ORDER_REFUSED_SIGNATURE: Event(URGENT),
    causes.ORDER_REFUSED_OFFICE: Event(WARNING),
    causes.ORDER_REFUSED_FORM: Event(WARNING),
    causes.ORDER_REFUSED_FULL: Event(WARNING),
    causes.RATIO_DRIFT: Event(NOTICE),
    causes.DOOR_OPENED: Event(WARNING, causes.DOOR_CLOSED),
    causes.LOGIN_LOCKED: Event(URGENT),
    causes.TECHNICIANS_TAKEN: Event(NOTICE),
    causes.CONFIG_REPLACED: Event(NOTICE),
    causes.UPDATE_ARMED: Event(NOTICE),
    causes.UPDATE_KEPT: Event(NOTICE),
    causes.UPDATE_RETURNED: Event(URGENT),
}
_UNDOES = {one.undone_by: cause for cause, one in EVENTS.items() if one.undone_by is not None}
WATCHED = frozenset({*EVENTS, *_UNDOES})

QUARANTINED, FORK, OVERSHOOT, SEGMENT = "quarantined", "fork", "overshoot", "segment"
# What the gateway's own checks found (verify.py).
EVIDENCE_SEVERITY = {QUARANTINED: URGENT, FORK: URGENT, OVERSHOOT: WARNING, SEGMENT: NOTICE}


def of_bits(site: str, before: int, now: int, utc_s: int, about: Mapping[str, int]) -> Iterator[Sign]:
    """Signs of the bits that changed between two records of a site."""
    for at in range((before ^ now).bit_length()):
        bit = 1 << at
        if (before ^ now) & bit:
            key = Key(RULE, SITE, site, f"{ALARM}:{at}")
            yield Sign(key, bool(now & bit), BIT_SEVERITY.get(bit, WARNING), at, about, utc_s)


def of_event(site: str, cause: int, utc_s: int, about: Mapping[str, int]) -> Iterator[Sign]:
    """Signs of one event: that it holds, that it is over, or both at once."""
    if cause in _UNDOES:
        undone = _UNDOES[cause]
        key = Key(RULE, SITE, site, f"{EVENT}:{undone}")
        yield Sign(key, False, EVENTS[undone].severity, undone, about, utc_s)
    if cause in EVENTS:
        key = Key(RULE, SITE, site, f"{EVENT}:{cause}")
        yield Sign(key, True, EVENTS[cause].severity, cause, about, utc_s)
        if EVENTS[cause].undone_by is None:
            yield Sign(key, False, EVENTS[cause].severity, cause, about, utc_s)


def of_evidence(
    site: str, kind: str, value: int, utc_s: int, about: Mapping[str, int | str]
) -> Iterator[Sign]:
    """Signs of what a check found; it happened, and it cannot be undone."""
    key = Key(EVIDENCE, SITE, site, kind)
    yield Sign(key, True, EVIDENCE_SEVERITY[kind], value, about, utc_s)
    yield Sign(key, False, EVIDENCE_SEVERITY[kind], value, about, utc_s)
