"""From when on rows of an import hold: from a day of their own, from that of the import, or from now."""

import datetime as dt
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from karez_gateway.calendars import MONTH, Calendar
from karez_gateway.county.checks.context import Context
from karez_gateway.county.files.rows import EFFECTIVE, Finding, Wish, Wishes
from karez_gateway.county.registry.faults import facts_of
from karez_gateway.store import closings, objects

Since = Mapping[tuple[str, str], int]  # (kind, name) -> UTC seconds; who is not in it holds from now on
# A month that was closed stands by the classes, sources and regions that its sites had at its end.
IN_CLOSED_MONTHS = ("region", "site")


def since(wishes: Wishes, context: Context, of_all_utc_s: int | None) -> dict[tuple[str, str], int]:
    """From when on each row holds; a day of its own goes before that of the import."""
    found = {}
    for key, wish in wishes.rows.items():
        day_s = _begin_s(wish.effective, context) if wish.effective else of_all_utc_s
        if day_s is not None:
            found[key] = day_s
    return found


def faults(
    connection: Connection, changed: set[tuple[str, str]], wishes: Wishes, context: Context, days: Since
) -> Iterator[Finding]:
    """Rows of those that change anything whose day is to come, is before what is there, or is closed."""
    newest = objects.newest_effective(connection)
    closed = closings.every(connection)
    calendar = Calendar(context.utc_offset_h)
    for key, day_s in days.items():
        wish = wishes.rows[key]
        if day_s <= 0:
            yield _finding(wish, "no-day", text=wish.effective)
        elif wish.effective > context.today:
            yield _finding(wish, "effective-to-come", day=wish.effective)
        elif key in changed and newest.get(key, day_s) > day_s and wish.effective:
            held = dt.datetime.fromtimestamp(newest[key], dt.UTC)
            yield _finding(wish, "effective-before", held=f"{held:%Y-%m-%d %H:%M} UTC")
        elif key in changed and wish.kind in IN_CLOSED_MONTHS:
            month = next((one for one in reversed(closed) if one.to_utc_s > day_s), None)
            if month is not None:
                name, first = calendar.name(MONTH, month.from_utc_s), calendar.local(month.to_utc_s).date()
                yield _finding(wish, "effective-closed", month=name, first=first.isoformat())


def held_by(wishes: Wishes, days: Since, moment_s: int) -> Wishes:
    """The rows that hold at a moment that is past."""
    later = moment_s + 1
    rows = {key: wish for key, wish in wishes.rows.items() if days.get(key, later) <= moment_s}
    return Wishes(rows, list(wishes.findings), set(wishes.lost))


def _begin_s(day: str, context: Context) -> int:
    """When a day begins, UTC seconds; not above 0: before 1970, from when no book is."""
    begin = dt.datetime.fromisoformat(f"{day}T00:00:00{Calendar(context.utc_offset_h).offset}")
    return int(begin.timestamp())


def _finding(wish: Wish, what: str, **facts: str | int) -> Finding:
    return Finding(wish.place_of(EFFECTIVE), what, facts_of(facts))
