"""What a platform may be told of a station, from verified records only, and where it is read.

`StationView` is what answers are made from; `StoredStation` reads it out of the store. Nothing here
is made up: what no record says is None.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from karez_gateway.errors import Refused
from karez_gateway.grants import rights
from karez_gateway.store import controllers, downlinks, eventcounts, platforms, revocations, stations
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.entries import Stored
from karez_gateway.verifier import metering, slots
from karez_protocols import grant, record

from . import station_words
from .event_counters import Counted

MEASURING = tuple(kind for kind in range(1, len(record.KIND_NAMES)) if record.is_measuring(kind))
# What is older is no answer to "now": idle wells report every 15 min, those with a full store every hour.
FRESH_S = 2 * 3600
# A month of 5-minute records is 8,928; asking for more at once is a mistake or worse.
READINGS_MAX = 10_000
_NO_GRANT = (0, 0xFFFFFFFF)  # none, and not known


@dataclass(frozen=True)
class Reading:
    """One verified measuring record and when it was received."""

    slot: bytes
    received_utc_s: int

    @property
    def utc_s(self) -> int:
        """The record's own time; that of its arrival where it has none."""
        head = slots.head(self.slot)
        return head.utc_s if slots.has_time(head) else self.received_utc_s

    @property
    def volume_l(self) -> int | None:
        """W."""
        return slots.volume_l(self.slot)

    @property
    def is_pump_running(self) -> bool | None:
        """True if the pump lifts water; None if the record does not know."""
        return station_words.is_pump_running(self.slot)


@dataclass(frozen=True)
class Right:
    """What the grant in force leaves; litres. None = not known here.

    `quota_l`: of the row that holds now; `remaining_l`: of it, below zero when overdrawn.
    """

    quota_l: int | None = None
    remaining_l: int | None = None
    is_in_force: bool = False


class StationView(Protocol):
    """A station as a platform may see it."""

    def newest(self) -> Reading | None:
        """The last verified measuring record."""

    def newest_interval(self) -> Reading | None:
        """The last verified interval record: only these have voltages, currents, level, pressure."""

    def between(self, first_utc_s: int, last_utc_s: int) -> list[Reading]:
        """Verified interval and stop records of a time, oldest first. Raises Refused above READINGS_MAX."""

    def right(self, now_utc_s: int) -> Right:
        """What is left of the right in force."""

    def counted(self) -> Counted:
        """Events of its verified records, and its reports at this platform."""


def is_fresh(reading: Reading | None, now_utc_s: int) -> bool:
    """True if a reading may be given for what is so now."""
    return reading is not None and now_utc_s - reading.utc_s <= FRESH_S


class StoredStation:
    """A well by its controller's name or its site's; "" = the only one that is enrolled."""

    def __init__(self, database: Database, well: str, destination: str = "") -> None:
        """Look nothing up yet: the well may be enrolled later. Every method raises Refused until it is.

        `destination`: whose reports `counted` counts.
        """
        self._database = database
        self._well = well
        self._destination = destination

    def newest(self) -> Reading | None:
        """The last verified measuring record."""
        return self._newest(MEASURING)

    def newest_interval(self) -> Reading | None:
        """The last verified interval record."""
        return self._newest((record.INTERVAL,))

    def between(self, first_utc_s: int, last_utc_s: int) -> list[Reading]:
        """Verified interval and stop records of a time, oldest first."""
        kinds = (record.INTERVAL, record.STOP)
        with self._database.reading() as connection:
            owner = enrolled(connection, self._well)
            limit = READINGS_MAX + 1
            found = stations.between(connection, owner.id, first_utc_s, last_utc_s, kinds, limit)
        if len(found) > READINGS_MAX:
            raise Refused(f"more than {READINGS_MAX} records at once: ask for less time")
        return sorted(map(_reading, found), key=lambda one: one.utc_s)

    def right(self, now_utc_s: int) -> Right:
        """Ceiling of the grant's row that holds now, less what the well was held to."""
        with self._database.reading() as connection:
            owner = enrolled(connection, self._well)
            row = _row(connection, owner, now_utc_s)
            last = stations.newest(connection, owner.id, MEASURING)
            if row is None or last is None:
                return Right(
                    is_in_force=last is not None and slots.head(last.slot).grant_seq not in _NO_GRANT
                )
            before_l = stations.volume_at_l(connection, owner.id, owner.site, row["from_utc_s"])
        volume_l = slots.volume_l(last.slot)
        quota_l = None if before_l is None else row["ceiling"] - before_l
        if volume_l is None:
            return Right(quota_l, None, is_in_force=True)
        return Right(quota_l, row["ceiling"] - volume_l - metering.held_l(last.slot), is_in_force=True)

    def counted(self) -> Counted:
        """Sums that the stages keep: no record is read."""
        with self._database.reading() as connection:
            owner = enrolled(connection, self._well)
            chains = [chain for chain, _ in stations.chains_of(connection, owner.id)]
            records = eventcounts.of_chains(connection, owner.id, chains)
            return Counted(records, *platforms.attempts(connection, self._destination, owner.id, chains))

    def _newest(self, kinds: tuple[int, ...]) -> Reading | None:
        with self._database.reading() as connection:
            found = stations.newest(connection, enrolled(connection, self._well).id, kinds)
        return None if found is None else _reading(found)


def _reading(one: Stored) -> Reading:
    return Reading(one.slot, one.received_utc_s)


def _row(connection: Connection, owner: Controller, now_utc_s: int) -> dict[str, int] | None:
    """The water row that holds now of the grant the controller says is in force."""
    digest = stations.grant_digest(connection, owner.id)
    body = None if digest is None else downlinks.checked_grant(connection, digest)
    if body is None:
        return None
    for row in rights.read(body).rows:
        if row["quantity"] == grant.WATER and row["from_utc_s"] <= now_utc_s < row["to_utc_s"]:
            return dict(row)
    return None


def enrolled(connection: Connection, name: str) -> Controller:
    """The controller of a destination's well: by its own name, by its site, or the only one there is.

    Raises Refused, also for one that is revoked: what it says is believed no more.
    """
    names = [name] if name else stations.some_names(connection, 2)
    if len(names) != 1:
        raise Refused(f"{'no' if not names else 'more than one'} controller is enrolled: name one")
    found = controllers.find(connection, names[0])
    if found is None:
        at_site = controllers.at_site_believed(connection, names[0])
        if not at_site:
            raise Refused(f"no believed controller is called {names[0]!r} or stands at such a site")
        return at_site[0]
    if revocations.of_controller(connection, found.id) is not None:
        raise Refused(f"{found.name} is revoked: what it says is believed no more")
    return found


def at_marks(
    view: StationView, marks_utc_s: Sequence[int], step_s: int, now_utc_s: int
) -> list[Reading | None]:
    """The last reading of the `step_s` before each mark; marks rise.

    None where a step has none, never an older one; and of a step that is not over yet.
    """
    readings = view.between(marks_utc_s[0] - step_s + 1, min(marks_utc_s[-1], now_utc_s))
    found: list[Reading | None] = []
    at = 0
    last: Reading | None = None
    for mark in marks_utc_s:
        while at < len(readings) and readings[at].utc_s <= mark:
            last = readings[at]
            at += 1
        is_of_step = last is not None and mark - step_s < last.utc_s
        found.append(last if is_of_step and mark <= now_utc_s else None)
    return found
