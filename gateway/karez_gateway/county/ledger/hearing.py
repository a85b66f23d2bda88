"""Arrival rate and online rate of sites: hours heard, of the hours that were to be heard. Pure.

An hour is heard when a good record lies in it, however late it came (到报率); it is heard live when one came
within two hours (在线率). Controllers report at least each hour, so the hours of a span are what is
expected, from the day on which a site was first heard or had its controller.
"""

from collections.abc import Mapping
from typing import NamedTuple

from karez_gateway.calendars import HOUR_S
from karez_gateway.county.years.wateryear import Span
from karez_gateway.store.heard import Hours

DAY_S = 86_400


class Rates(NamedTuple):
    """Hours of one or of many sites."""

    expected: int = 0
    heard: int = 0
    live: int = 0

    def plus(self, other: "Rates") -> "Rates":
        """Of both."""
        return Rates(self.expected + other.expected, self.heard + other.heard, self.live + other.live)

    @property
    def arrival_permille(self) -> int | None:
        """Heard of expected, 0 to 1000, rounded down; None: nothing was expected."""
        return self.heard * 1000 // self.expected if self.expected else None

    @property
    def online_permille(self) -> int | None:
        """Heard live of expected."""
        return self.live * 1000 // self.expected if self.expected else None


def of_site(days: Mapping[int, Hours], span: Span, since_utc_s: int | None, now_s: int) -> Rates:
    """A site's hours in a span, as far as it is over; `since_utc_s` None: it has had no controller yet."""
    if since_utc_s is None:
        return Rates()
    begin = max(span.from_utc_s, since_utc_s - since_utc_s % HOUR_S)
    end = min(span.to_utc_s, now_s - now_s % HOUR_S)
    if begin >= end:
        return Rates()
    heard = live = 0
    for day in range(begin // DAY_S, (end - 1) // DAY_S + 1):
        hours = days.get(day)
        if hours is None:
            continue
        first = max(begin - day * DAY_S, 0) // HOUR_S
        last = min(end - day * DAY_S, DAY_S) // HOUR_S
        mask = (1 << last) - (1 << first)
        heard += (hours.hours & mask).bit_count()
        live += (hours.live & mask).bit_count()
    return Rates((end - begin) // HOUR_S, heard, live)
