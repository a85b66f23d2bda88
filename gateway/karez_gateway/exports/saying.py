"""Late litres: what the ledger has of earlier periods and no file of this export has said yet.

A file that was handed out is never changed. Records that come afterwards are booked to their own hours, and
the next file says them, by month, as late: so all files together say every litre of the ledger exactly once.
"""

from collections import Counter

from sqlalchemy import Connection

from karez_gateway.calendars import HOUR_S, MONTH, Calendar
from karez_gateway.store import exports
from karez_gateway.store.exports import OLDER, Said

MONTHS = 13  # told apart; what is older is one sum
_MIDDLE_S = 10 * 24 * HOUR_S  # into a month, whichever offset its beginning was noted at


class Saying:
    """What one file says, and what was said before it. `litres` is to be noted once the file is there."""

    def __init__(
        self, connection: Connection, export: str, civil: Calendar, from_utc_s: int, *, is_first: bool
    ) -> None:
        """`is_first`: before this file nothing is late, however much was booked."""
        self.litres: Counter[Said] = Counter()
        self._connection = connection
        self._export = export
        self._civil = civil
        self._from_utc_s = from_utc_s
        self._is_first = is_first
        months = [civil.start(MONTH, from_utc_s)]
        while len(months) < MONTHS:
            months.append(civil.start(MONTH, months[-1] - 1))
        self._months = months[::-1]

    @property
    def older_to_utc_s(self) -> int:
        """End of what is one sum."""
        return self._months[0]

    def late(self, site: str) -> dict[Said, int]:
        """Litres of earlier periods that no file has said, by month and method; they count as said now."""
        booked = exports.booked_before(self._connection, site, self._months, self._from_utc_s)
        if self._is_first:
            self.litres.update(booked)
            return {}
        rest = Counter(booked)
        for key, litres in exports.said(self._connection, self._export, site).items():
            rest[self._bucket(key)] -= litres
        found = {key: litres for key, litres in sorted(rest.items()) if litres}
        self.litres.update(found)
        return found

    def _bucket(self, key: Said) -> Said:
        if key.month_utc_s == OLDER:
            return key
        month = self._civil.start(MONTH, key.month_utc_s + _MIDDLE_S)
        return key._replace(month_utc_s=OLDER if month < self._months[0] else month)

    def add(self, site: str, from_utc_s: int, method: int, litres: int) -> None:
        """A figure stands in the file."""
        self.litres[Said(site, self._civil.start(MONTH, from_utc_s), method)] += litres
