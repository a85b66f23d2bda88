"""Hours, days and months as a ledger counts them: at a fixed distance from UTC, in whole hours.

China has one civil time, UTC+8 (Asia/Shanghai), without summer time since 1991. The ledger's cells are hours
of UTC, so periods at any whole hour's distance are sums of whole cells.
"""

import datetime as dt
import re
from collections.abc import Iterator

from karez_gateway.errors import Refused

HOUR, DAY, MONTH = "hour", "day", "month"
STEPS = (HOUR, DAY, MONTH)

DEFAULT_OFFSET_H = 8
OFFSET_H_MIN, OFFSET_H_MAX = -12, 14
HOUR_S = 3600
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ]|\Z)")
UTC_S_MAX = (1 << 32) - 1  # a record's time has 32 bits; all ones: not known


class Calendar:
    """Civil time at `offset_h` hours before (east of) UTC."""

    def __init__(self, offset_h: int = DEFAULT_OFFSET_H) -> None:
        """Take the distance."""
        self.offset_h = offset_h
        self._zone = dt.timezone(dt.timedelta(hours=offset_h))

    @property
    def offset(self) -> str:
        """As ISO 8601 writes it: +08:00."""
        return f"{'-' if self.offset_h < 0 else '+'}{abs(self.offset_h):02d}:00"

    def local(self, utc_s: int) -> dt.datetime:
        """A moment in this time."""
        return dt.datetime.fromtimestamp(utc_s, self._zone)

    def iso(self, utc_s: int) -> str:
        """A moment as ISO 8601, with the distance."""
        return self.local(utc_s).isoformat()

    def start(self, step: str, utc_s: int) -> int:
        """When the hour, day or month began in which a moment lies."""
        if step == HOUR:
            return utc_s - utc_s % HOUR_S
        local = self.local(utc_s).replace(hour=0, minute=0, second=0, microsecond=0)
        return int((local.replace(day=1) if step == MONTH else local).timestamp())

    def after(self, step: str, start_utc_s: int) -> int:
        """When the hour, day or month after one begins."""
        if step == HOUR:
            return start_utc_s + HOUR_S
        if step == DAY:
            return start_utc_s + 24 * HOUR_S
        return self.start(MONTH, start_utc_s + 31 * 24 * HOUR_S)

    def periods(self, step: str, from_utc_s: int, to_utc_s: int) -> Iterator[tuple[int, int]]:
        """(begin, end) of every period of a span that lies on their limits."""
        at = from_utc_s
        while at < to_utc_s:
            end = self.after(step, at)
            yield at, end
            at = end

    def name(self, step: str, start_utc_s: int) -> str:
        """A period's name: 2026-10-01T14, 2026-10-01, 2026-10."""
        return self.local(start_utc_s).strftime({HOUR: "%Y-%m-%dT%H", DAY: "%Y-%m-%d", MONTH: "%Y-%m"}[step])

    def moment(self, text: str) -> int:
        """UTC seconds of a day (its beginning here) or of a time with its zone. Raises Refused.

        A space stands for a plus: in an address a plus is one, and many forget to write %2B.
        """
        wrong = Refused(
            f"{text[:40]!r} is no day (2026-10-01) and no time with its zone (2026-10-01T08:00:00+08:00, "
            f"or Z at its end) between 1970 and 2105"
        )
        if not _MOMENT.match(text.strip()):  # ISO 8601 also has days by week, which nobody means here
            raise wrong
        try:
            found = dt.datetime.fromisoformat(text.strip().replace(" ", "+"))
        except ValueError:
            raise wrong from None
        if len(text.strip()) == len("2026-10-01"):
            found = found.replace(tzinfo=self._zone)
        if found.tzinfo is None:
            raise wrong
        try:
            utc_s = int(found.timestamp())
        except (OverflowError, ValueError):
            raise wrong from None
        if not 0 <= utc_s < UTC_S_MAX:
            raise wrong
        return utc_s

    def span(self, step: str, from_utc_s: int, to_utc_s: int) -> None:
        """Refuse a span that does not begin and end with an hour, day or month."""
        if to_utc_s <= from_utc_s:
            raise Refused("the span ends before it begins: its end is not part of it")
        for name, utc_s in (("from", from_utc_s), ("to", to_utc_s)):
            if self.start(step, utc_s) != utc_s:
                raise Refused(
                    f"{name} = {self.iso(utc_s)} is not the beginning of a {step} at {self.offset}: "
                    f"take {self.iso(self.start(step, utc_s))}"
                )
