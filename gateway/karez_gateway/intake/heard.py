"""The stage that notes in which hours each site was heard: what arrival and online rates are made of.

An hour counts as heard when a good record lies in it by the record's own time, however late that came; it
counts as heard live when one came within two hours. A stage of its own: a store that is older than it is
caught up from its first record on.
"""

from typing import TYPE_CHECKING

from karez_gateway.api.siteview import SILENT_S
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import bindings, cursors, heard
from karez_gateway.store.database import Database
from karez_gateway.store.heard import Day, Hours
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import HEADER, Head

if TYPE_CHECKING:
    from karez_gateway.store.chains import Key

STAGE = "heard"
SLICE = 8192
DAY_S, HOUR_S = 86_400, 3_600


class Heard:
    """Run `step` until it returns 0. One thread at a time."""

    def __init__(self, database: Database, at: Seam = unharmed) -> None:
        """Take the open database."""
        self._database = database
        self._at = at
        self._sites: dict[Key, str] = {}
        self._bindings = 0  # how many had been replaced when the sites were asked for

    def step(self) -> int:
        """Note the next slice of verdicts; return how many that was."""
        with self._database.writing() as connection:
            cursor = cursors.position(connection, STAGE)
            last, came = heard.good_after(connection, cursor, SLICE)
            if last == cursor:
                return 0
            if self._bindings != (count := bindings.count(connection)):
                self._bindings = count
                self._sites.clear()
            days: dict[Day, Hours] = {}
            for controller_id, chain, header, received_utc_s in came:
                head = Head(*HEADER.unpack(header))
                if not slots.has_time(head):
                    continue
                key = controller_id, chain
                site = self._sites.get(key)
                if site is None:
                    site = self._sites[key] = bindings.of_chain(connection, key).site
                day_utc, second = divmod(head.utc_s, DAY_S)
                bit = 1 << second // HOUR_S
                of_day = days.setdefault(Day(site, day_utc), Hours())
                of_day.hours |= bit
                if abs(received_utc_s - head.utc_s) <= SILENT_S:
                    of_day.live |= bit
            heard.add(connection, days)
            cursors.move(connection, STAGE, last)
            self._at(STAGE)
        return last - cursor
