"""SQL over `heard`: in which hours each site was heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, LargeBinary, bindparam, func, insert, select, tuple_, update

from karez_gateway.store.entries import SLOT
from karez_gateway.store.schema import entry, heard, verdict
from karez_gateway.verifier.slots import HEADER

# Two parameters a row; SQLite takes 32,766 in one statement.
ROWS_ASKED_MAX = 5000

_HEADER = func.substr(entry.c.body, SLOT.start + 1, HEADER.size, type_=LargeBinary)
_KEY = (heard.c.site, heard.c.day_utc)
_ADD = (
    update(heard)
    .where(heard.c.site == bindparam("at_site"), heard.c.day_utc == bindparam("at_day"))
    .values(hours=heard.c.hours.bitwise_or(bindparam("more")), live=heard.c.live.bitwise_or(bindparam("now")))
)


class Day(NamedTuple):
    """A site and a day of UTC: seconds // 86400."""

    site: str
    day_utc: int


@dataclass(slots=True)
class Hours:
    """Bits of the day's hours: heard at all, and heard at once."""

    hours: int = 0
    live: int = 0


class Came(NamedTuple):
    """A good record: whose, its header's bytes, and when it came."""

    controller_id: int
    chain: int
    header: bytes
    received_utc_s: int


def good_after(connection: Connection, position: int, limit: int) -> tuple[int, list[Came]]:
    """Good records among the next `limit` verdicts, and the last position looked at."""
    top = connection.execute(select(func.max(verdict.c.position))).scalar()
    last = min(position + limit, -1 if top is None else int(top))
    if last <= position:
        return position, []
    query = (
        select(entry.c.controller_id, entry.c.chain, _HEADER, entry.c.received_utc_s)
        .join(entry, entry.c.log_index == verdict.c.log_index)
        .where(verdict.c.position > position, verdict.c.position <= last, verdict.c.reason.is_(None))
    )
    return last, [Came(*row) for row in connection.execute(query)]


def add(connection: Connection, days: Mapping[Day, Hours]) -> None:
    """Add hours to days."""
    keys = list(days)
    known: set[tuple[str, int]] = set()
    for at in range(0, len(keys), ROWS_ASKED_MAX):
        part = [tuple(day) for day in keys[at : at + ROWS_ASKED_MAX]]
        query = select(*_KEY).where(tuple_(*_KEY).in_(part))
        known.update((row[0], row[1]) for row in connection.execute(query))
    fresh = [
        {**day._asdict(), "hours": one.hours, "live": one.live}
        for day, one in days.items()
        if day not in known
    ]
    more = [
        {"at_site": day.site, "at_day": day.day_utc, "more": one.hours, "now": one.live}
        for day, one in days.items()
        if day in known
    ]
    if fresh:
        connection.execute(insert(heard), fresh)
    if more:
        connection.execute(_ADD, more)


def between(connection: Connection, first_day: int, last_day: int) -> dict[str, dict[int, Hours]]:
    """Site -> day -> hours, both days included."""
    query = select(heard).where(heard.c.day_utc >= first_day, heard.c.day_utc <= last_day)
    found: dict[str, dict[int, Hours]] = {}
    for site, day_utc, hours, live in connection.execute(query):
        found.setdefault(site, {})[day_utc] = Hours(hours, live)
    return found


def first_days(connection: Connection) -> dict[str, int]:
    """Site -> the first day on which it was ever heard."""
    query = select(heard.c.site, func.min(heard.c.day_utc)).group_by(heard.c.site)
    return {site: int(day) for site, day in connection.execute(query)}
