"""The store for those who only look: the database itself refuses every write, and no table is changed.

SQLite is opened with `mode=ro` and `query_only`; a PostgreSQL session begins with
`default_transaction_read_only`. Tables are brought up to date by the service alone: a store of another
version is an error that says so, at the opening and at every transaction after it.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from karez_gateway.errors import StoreError
from karez_gateway.service import failure
from karez_gateway.store.database import HEAD, Database
from karez_gateway.store.engines import CONNECT_S

BUSY_MS = 5_000  # a reader waits in WAL only while somebody recovers it
CONNECTIONS = 8  # as many questions at a time; who comes later waits
WAIT_S = 10.0
STATEMENT_MS = 60_000  # of a server: nobody's question holds its resources for longer


class OtherVersion(StoreError):
    """The store's tables are not those that this program knows."""


class ReadOnlyDatabase(Database):
    """Snapshots of a store, and nothing else."""

    @classmethod
    def open(cls, url: URL) -> "ReadOnlyDatabase":
        """Open a store that the service has made. Raises StoreError, also for one of another version."""
        engine = _sqlite(url) if url.drivername == "sqlite" else _postgresql(url)
        found = cls(engine, engine)
        try:
            with found.reading():
                return found
        except BaseException:
            engine.dispose()
            raise

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot. Raises StoreError when it cannot be had, or its tables are not ours."""
        try:
            with super().reading() as connection:
                _check(connection)
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            raise StoreError(_explained(self._reader.url, error)) from error


def _check(connection: Connection) -> None:
    """Raise StoreError unless the tables are those that this program knows."""
    try:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    except DBAPIError as error:
        if "alembic_version" not in str(error.orig):  # another fault than a table that is not there
            raise
        raise OtherVersion("the store is empty: start the service once (karez gateway run)") from error
    if found != HEAD:
        raise OtherVersion(
            f"the store is of version {found}, this program reads {HEAD}: run service and this program "
            f"from one installation; the service brings an older store up to date when it starts"
        )


def _explained(url: URL, error: BaseException) -> str:
    where = url.database if url.drivername == "sqlite" else str(url)  # without its password
    if isinstance(error, PoolTimeout):
        return f"{where}: too many ask at once; ask again in some seconds"
    if "unable to open" in str(error):
        return f"{where} cannot be opened: start the service once, and run this as its user"
    return f"{where}: {failure.explained(error)}"


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "").absolute()

    def connect() -> sqlite3.Connection:
        found = sqlite3.connect(
            f"{path.as_uri()}?mode=ro", uri=True, check_same_thread=False, isolation_level=None
        )
        found.execute("PRAGMA query_only = ON")
        found.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        return found

    engine = create_engine(
        url,
        creator=connect,
        hide_parameters=True,
        poolclass=QueuePool,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAIT_S,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    options = (
        f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_MS} "
        f"-c idle_in_transaction_session_timeout={STATEMENT_MS} -c timezone=UTC"
    )
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_S, "options": options}
    try:
        engine = create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=WAIT_S,
            connect_args=arguments,
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"PostgreSQL needs {error.name}: pip install 'karez[postgresql]'") from error
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
