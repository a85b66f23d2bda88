"""The stage that notes in which hours each site was heard: what arrival and online rates are made of.

An hour counts as heard when a good record lies in it by the record's own time, however late that came; it
counts as heard live when one came within two hours. A stage of its own: a store that is older than it is
caught up from its first record on.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway.api.siteview import SILENT_S
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import cursors, heard
from karez_gateway.store.database import Database
from karez_gateway.store.heard import Came, Day, Hours
from karez_gateway.store.owners import Owners
from karez_gateway.verifier import slots

STAGE = "heard"
SLICE = 8192
DAY_H, HOUR_S = 24, 3_600


class Heard:
    """Run `step` until it returns 0. One thread at a time."""

    def __init__(self, database: Database, at: Seam = unharmed) -> None:
        """Take the open database."""
        self._database = database
        self._at = at
        self._owners = Owners()

    def step(self) -> int:
        """Note the next slice of verdicts; return how many that was."""
        with self._database.writing() as connection:
            cursor = cursors.position(connection, STAGE)
            last, rows = heard.good_after(connection, cursor, SLICE)
            if last == cursor:
                return 0
            self._owners.begin(connection, {(row[0], row[1]) for row in rows})
            heard.add(connection, self._days(connection, rows))
            cursors.move(connection, STAGE, last)
            self._at(STAGE)
        return last - cursor

    def _days(self, connection: Connection, rows: Sequence[Came]) -> dict[Day, Hours]:
        """Hours of each site's days; the records of one hour are one first, for most hours have several."""
        hours = {
            (controller_id, chain, utc_s // HOUR_S, abs(received_utc_s - utc_s) <= SILENT_S)
            for controller_id, chain, front, received_utc_s in rows
            if (utc_s := slots.utc_s(front)) is not None
        }
        days: dict[Day, Hours] = {}
        for controller_id, chain, hour_utc, is_live in hours:
            site = self._owners.of(connection, (controller_id, chain)).site
            day_utc, hour = divmod(hour_utc, DAY_H)
            of_day = days.setdefault(Day(site, day_utc), Hours())
            of_day.hours |= 1 << hour
            if is_live:
                of_day.live |= 1 << hour
        return days
