"""SQL over `heard`: in which hours each site was heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, LargeBinary, Row, bindparam, func, select

from karez_gateway.store import verdicts
from karez_gateway.store.bulk import Bulk
from karez_gateway.store.entries import SLOT
from karez_gateway.store.schema import entry, heard, verdict
from karez_gateway.verifier.slots import UTC_S

_FRONT = func.substr(entry.c.body, SLOT.start + 1, UTC_S.stop, type_=LargeBinary)
_ADD = Bulk(
    heard,
    ("site", "day_utc", "hours", "live"),
    known="hours = heard.hours | excluded.hours, live = heard.live | excluded.live",
)

_GOOD = (
    select(entry.c.controller_id, entry.c.chain, _FRONT, entry.c.received_utc_s)
    .join(entry, entry.c.log_index == verdict.c.log_index)
    .where(verdict.c.position > bindparam("after"), verdict.c.position <= bindparam("until"))
    .where(verdict.c.reason.is_(None))
)

# A good record: whose, its chain, its slot's bytes up to its time, and when it came.
Came = Row[int, int, bytes, int]


class Day(NamedTuple):
    """A site and a day of UTC: seconds // 86400."""

    site: str
    day_utc: int


@dataclass(slots=True)
class Hours:
    """Bits of the day's hours: heard at all, and heard at once."""

    hours: int = 0
    live: int = 0


def good_after(connection: Connection, position: int, limit: int) -> tuple[int, Sequence[Came]]:
    """Good records among the next `limit` verdicts, and the last position looked at."""
    last = verdicts.last_of(connection, position, limit)
    if last == position:
        return last, []
    return last, connection.execute(_GOOD, {"after": position, "until": last}).all()


def add(connection: Connection, days: Mapping[Day, Hours]) -> None:
    """Add hours to days."""
    _ADD.run(connection, [(*day, one.hours, one.live) for day, one in days.items()])


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
