"""Opens the database, brings its tables up to date, and hands out transactions.

SQLite: WAL with synchronous=FULL, so that a commit is on the disk when it returns; a write
transaction takes its lock at BEGIN, or two processes (service and CLI) could both read first
and then refuse each other the upgrade.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import DatabaseError

from karez_gateway.errors import StoreError

FILE = "karez.sqlite3"
MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0001"  # the newest migration
BUSY_MS = 30_000  # the service's longest transaction is far below one second
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    f"PRAGMA busy_timeout = {BUSY_MS}",
    "PRAGMA cache_size = -32768",  # KiB: the unique index of a prefecture's day stays in memory
)


class Database:
    """Transactions on one database file. Open with `Database.open`, end with `close`."""

    def __init__(self, engine: Engine) -> None:
        """Take an engine whose tables are up to date."""
        self._reader = engine
        self._writer = engine.execution_options(karez_writes=True)

    @classmethod
    def open(cls, path: Path) -> "Database":
        """Create the file if needed, bring its tables up to date. Raises StoreError."""
        engine = _engine(path)
        try:
            _migrate(engine)
        except DatabaseError as error:
            engine.dispose()
            raise StoreError(f"{path}: {error.orig}; restore it from a backup") from error
        return cls(engine)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: durable when the block ends, nothing of it after an exception."""
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection; the WAL is folded into the file."""
        self._reader.dispose()


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("karez_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    from alembic import command  # noqa: PLC0415 - 0.2 s of import that an up-to-date file does not need
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(karez_writes=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)
