"""SQL over `export_file` and `export_litres`: what was written for others, and what that says."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, case, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from karez_gateway.store.schema import entry, export_file, export_litres, ledger
from karez_gateway.store.sites import HOUR_S

OLDER = 0  # the month of everything before the months that are told apart


class File(NamedTuple):
    """A file that was made; the period's end is not part of it."""

    export: str
    to_utc_s: int
    revision: int
    from_utc_s: int
    file: str
    sha256: str
    records: int
    until_index: int
    made_utc_s: int


class Said(NamedTuple):
    """Whose litres."""

    site: str
    month_utc_s: int
    method: int


def last(connection: Connection, export: str, to_utc_s: int) -> File | None:
    """The newest file of an export whose period ended at a time or before."""
    query = (
        select(*(export_file.c[name] for name in File._fields))
        .where(export_file.c.export == export, export_file.c.to_utc_s <= to_utc_s)
        .order_by(export_file.c.to_utc_s.desc(), export_file.c.revision.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else File._make(row)


def newest(connection: Connection) -> dict[str, int]:
    """Export -> end of the newest period of which it made a file."""
    query = select(export_file.c.export, func.max(export_file.c.to_utc_s)).group_by(export_file.c.export)
    return {row[0]: row[1] for row in connection.execute(query)}


def next_index(connection: Connection) -> int:
    """How many entries the store has."""
    top = connection.execute(select(func.max(entry.c.log_index))).scalar()
    return 0 if top is None else int(top) + 1


def first_received(connection: Connection, utc_s: int) -> int:
    """The first entry that came at a time or later, by halving: entries come in the order of time."""
    low, high = 0, next_index(connection)
    while low < high:
        middle = (low + high) // 2
        query = select(entry.c.received_utc_s).where(entry.c.log_index == middle)
        if connection.execute(query).scalar_one() < utc_s:
            low = middle + 1
        else:
            high = middle
    return low


def booked_before(
    connection: Connection, site: str, months: Sequence[int], before_utc_s: int
) -> dict[Said, int]:
    """Litres booked to hours before a time, by month; `months`: rising beginnings of those told apart."""
    bounds = [(ledger.c.hour_utc < begin // HOUR_S, at) for at, begin in enumerate(months)]
    group = case(*bounds, else_=len(months)) if bounds else func.coalesce(0)
    query = (
        select(group.label("month_at"), ledger.c.method, func.sum(ledger.c.litres))
        .where(ledger.c.site == site, ledger.c.hour_utc < before_utc_s // HOUR_S)
        .group_by("month_at", ledger.c.method)
    )
    found = {}
    for at, method, litres in connection.execute(query):
        found[Said(site, OLDER if at == 0 else months[at - 1], method)] = int(litres)
    return found


def said(connection: Connection, export: str, site: str) -> dict[Said, int]:
    """What the files of an export say of a site."""
    query = select(export_litres.c.month_utc_s, export_litres.c.method, export_litres.c.litres)
    query = query.where(export_litres.c.export == export, export_litres.c.site == site)
    return {Said(site, row[0], row[1]): row[2] for row in connection.execute(query)}


def note(connection: Connection, made: File, litres: Mapping[Said, int]) -> None:
    """A file was made, and it says these litres more."""
    connection.execute(insert(export_file), [made._asdict()])
    rows = [{"export": made.export, **key._asdict(), "litres": value} for key, value in litres.items()]
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    adding = dialect.insert(export_litres)
    more = adding.on_conflict_do_update(
        index_elements=list(export_litres.primary_key.columns),
        set_={"litres": export_litres.c.litres + adding.excluded.litres},
    )
    if rows:
        connection.execute(more, rows)
