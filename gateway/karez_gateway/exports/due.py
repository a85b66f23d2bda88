"""When a file is due, and of which period. Pure: the time is passed in."""

from typing import NamedTuple

from karez_gateway.calendars import DAY, MONTH, Calendar
from karez_gateway.config.api import Export

# After an outage each missed period has its file, up to so many; what is older comes as late litres.
CATCH_UP_MAX = 400


class Period(NamedTuple):
    """One day or month; its end is not part of it."""

    from_utc_s: int
    to_utc_s: int


def step_of(export: Export) -> str:
    """How long an export's periods are."""
    return MONTH if export.every == "month" else DAY


def name_of(export: Export, period: Period) -> str:
    """How its file begins: county-2026-10-01, county-2026-10."""
    civil = Calendar(export.utc_offset_h)
    return f"{export.name}-{civil.name(step_of(export), period.from_utc_s)}"


def next_due(export: Export, last_to_utc_s: int | None, now_utc_s: float) -> Period | None:
    """The next period whose file is due; None: nothing is. `last_to_utc_s`: end of the last one made.

    The first file of an export is that of the newest period that is over.
    """
    civil = Calendar(export.utc_offset_h)
    step = step_of(export)
    ready_to = civil.start(step, int(now_utc_s) - export.at_s)  # what ends here or before is due
    if ready_to <= 0:
        return None
    newest = Period(civil.start(step, ready_to - 1), ready_to)
    if last_to_utc_s is None:
        return newest
    begin = civil.start(step, last_to_utc_s)
    if begin < last_to_utc_s:  # the settings said something else before: the next whole period
        begin = civil.after(step, begin)
    earliest = newest.from_utc_s
    for _ in range(CATCH_UP_MAX - 1):
        if earliest <= begin:
            break
        earliest = civil.start(step, earliest - 1)
    begin = max(begin, earliest)
    return Period(begin, civil.after(step, begin)) if begin < ready_to else None
