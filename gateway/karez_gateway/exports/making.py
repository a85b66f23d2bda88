"""Makes one file: by hand for any span, or for an export's period with what its earlier files said."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.config.api import Export
from karez_gateway.data import SERVICE
from karez_gateway.entries import origins
from karez_gateway.entries.places import Places
from karez_gateway.errors import Refused
from karez_gateway.exports import (
    due,
    files,
    ledger_table,
    records_table,
    status_table,
    writers,
)
from karez_gateway.exports.due import Period
from karez_gateway.exports.saying import Saying
from karez_gateway.exports.table import Cell, Column, Table
from karez_gateway.ledger import figures
from karez_gateway.service import servicestate
from karez_gateway.store import exports, sites
from karez_gateway.store.database import Database
from karez_gateway.store.exports import File, Said

COLUMNS = {
    "ledger": ledger_table.COLUMNS,
    "records": records_table.COLUMNS,
    "status": status_table.COLUMNS,
}
SITES_AT_ONCE = 500
LOOK_EVERY = 64  # rows; the service may want to stop

Rows = Iterator[tuple[Cell, ...]]


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for by hand."""

    kind: str
    form: str
    span: Period
    step: str
    offset_h: int
    sites: Sequence[str]
    language: str
    bom: bool


class Done(NamedTuple):
    """A scheduled file, and which litres it says more than those before."""

    file: File
    litres: dict[Said, int]
    removed: list[str]


def by_hand(store: Database, config: Config, wish: Wish, out: Path, now_utc_s: float) -> tuple[str, int]:
    """Write a file; return (SHA-256, rows). Raises Refused, StoreError. Late litres are no matter of it."""
    civil = Calendar(wish.offset_h)
    with store.reading() as connection:
        named = _named(connection, wish.sites)
        missing = sorted(set(wish.sites) - set(named))
        if missing:
            raise Refused(f"no controller stands or stood at {', '.join(missing)}")
        if wish.kind == "ledger":
            made = ledger_table.LedgerRows(
                connection, Places(config), civil, wish.step, wish.span, wish.language
            )
            rows: Rows = made.of(named)
        elif wish.kind == "records":
            rows = records_table.RecordRows(connection, Places(config), civil, wish.span).taken(named)
        else:
            presence = _presence(config)
            rows = status_table.rows(connection, named, civil, wish.language, presence, now_utc_s)
        table = _table(config, wish.kind, rows, civil, wish.span, wish.language)
        return files.write(
            out, lambda file: writers.write(table, file, wish.form, wish.language, bom=wish.bom)
        )


def scheduled(
    store: Database,
    config: Config,
    export: Export,
    period: Period,
    now_utc_s: float,
    look: Callable[[], None] = lambda: None,
) -> Done:
    """Write the file of an export's period. Raises Refused, StoreError, and whatever `look` raises.

    What it returns is to be noted in the store: until then the file counts as not made.
    """
    civil = Calendar(export.utc_offset_h)
    with store.reading() as connection:
        before = exports.last(connection, export.name, period.from_utc_s)
        until = exports.next_index(connection)
        saying = Saying(connection, export.name, civil, period.from_utc_s, is_first=before is None)
        named = _named(connection, export.sites)
        if export.kind == "ledger":
            places = Places(config)
            language = export.language
            entered = _first_correction(connection, period, before), until
            rows: Rows = ledger_table.LedgerRows(
                connection, places, civil, export.step, period, language, saying, entered
            ).of(named)
        elif export.kind == "records":
            rows = _arrived(connection, config, export, period, before, until)
        else:
            presence = _presence(config)
            rows = status_table.rows(connection, named, civil, export.language, presence, now_utc_s)
        table = _table(config, export.kind, _watched(rows, look), civil, period, export.language)

        def fill(file: IO[bytes]) -> int:
            return writers.write(table, file, export.format, export.language, bom=export.bom)

        found = files.write_new(export.folder, due.name_of(export, period), export.format, fill)
    removed = files.prune(export.folder, export.name, export.format, export.keep)
    file = File(
        export=export.name,
        to_utc_s=period.to_utc_s,
        revision=found.revision,
        from_utc_s=period.from_utc_s,
        file=found.path.name,
        sha256=found.sha256,
        records=found.rows,
        until_index=until,
        made_utc_s=int(now_utc_s),
    )
    return Done(file, dict(saying.litres), removed)


def _first_correction(connection: Connection, period: Period, before: File | None) -> int:
    """From which entry on corrections have been said by no file; an export begins with its first period."""
    return exports.first_received(connection, period.from_utc_s) if before is None else before.until_index


def _arrived(
    connection: Connection, config: Config, export: Export, period: Period, before: File | None, until: int
) -> Rows:
    """What came since the file before; of the first one, since its period began."""
    first = exports.first_received(connection, period.from_utc_s) if before is None else before.until_index
    only = set(export.sites) or None
    made = records_table.RecordRows(connection, Places(config), Calendar(export.utc_offset_h), period)
    return made.arrived(first, until, only)


def _watched(rows: Rows, look: Callable[[], None]) -> Rows:
    for at, row in enumerate(rows):
        if at % LOOK_EVERY == 0:
            look()
        yield row


def _named(connection: Connection, only: Sequence[str]) -> list[str]:
    """Sites that are there, all or those of a list, by name."""
    found: list[str] = []
    after = ""
    while True:
        page = sites.names(connection, after, SITES_AT_ONCE, only or None)
        found += page
        if len(page) < SITES_AT_ONCE:
            return found
        after = page[-1]


def _presence(config: Config) -> dict[str, dict[str, int]]:
    facts = servicestate.read(config.data / SERVICE)
    return dict(facts.get("presence", {})) if servicestate.is_running(facts) else {}


def _table(config: Config, kind: str, rows: Rows, civil: Calendar, span: Period, language: str) -> Table:
    columns: tuple[Column, ...] = COLUMNS[kind]
    facts = {
        "gateway": config.gateway.name,
        "log_origin": origins.current(config).name,
        "from": civil.iso(span.from_utc_s),
        "to": civil.iso(span.to_utc_s),
        "utc_offset": civil.offset,
    }
    if kind == "ledger":
        facts["statistic_method"] = figures.STATISTIC_ZH if language == "zh" else figures.STATISTIC_EN
    return Table(kind, columns, rows, facts)
