"""The two databases: SQLite in the data directory, or a PostgreSQL server (design §10).

Both give what the stages count on: a commit is on the disk when it returns, a reader sees one
moment, and there is one writer at a time, also among processes (service and CLI).
"""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from karez_gateway.errors import StoreError

BUSY_MS = 30_000  # the service's longest transaction is far below one second
CONNECT_S = 10
# Any number of ours: whoever writes holds this advisory lock until the transaction ends.
WRITER_LOCK = 0x6B6172657A
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA cache_size = -32768",  # KiB: the unique index of a prefecture's day stays in memory
)
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}


def parse(url: str) -> URL:
    """Return the URL of a PostgreSQL store. Raises ValueError; a password is in no message."""
    try:
        found = make_url(url)
    except ArgumentError:
        raise ValueError('a store is "postgresql://USER@HOST/DATABASE", or left out for SQLite') from None
    if found.drivername not in _DRIVERS:
        raise ValueError(f'"{found.drivername}" is no store; write postgresql://USER@HOST/DATABASE')
    return found.set(drivername=_DRIVERS[found.drivername])


def in_file(path: Path) -> URL:
    """The URL of an SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(path))


def engines(url: URL) -> tuple[Engine, Engine]:
    """Return (reader, writer) over one pool. Raises StoreError when a driver is missing."""
    return _sqlite(url) if url.drivername == "sqlite" else _postgresql(url)


def _sqlite(url: URL) -> tuple[Engine, Engine]:
    """A writer takes its lock at BEGIN: two that read first would refuse each other the upgrade."""
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes(connection) else "BEGIN")

    return engine, engine.execution_options(karez_writes=True)


def _postgresql(url: URL) -> tuple[Engine, Engine]:
    """A writer reads what is committed at each statement, so what it reads behind the lock is the newest."""
    options = f"-c synchronous_commit=on -c lock_timeout={BUSY_MS} -c timezone=UTC"
    try:
        engine = create_engine(
            url,
            hide_parameters=True,  # records have no place in the text of an error
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_S, "options": options},
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"PostgreSQL needs {error.name}: pip install 'karez[postgresql]'") from error

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if _writes(connection):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")

    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return reader, engine.execution_options(isolation_level="READ COMMITTED", karez_writes=True)


def _writes(connection: Connection) -> bool:
    return bool(connection.get_execution_options().get("karez_writes", False))
