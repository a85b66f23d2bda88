"""Opens the database, brings its tables up to date, and hands out transactions."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, inspect
from sqlalchemy.exc import DatabaseError

from karez_gateway.errors import StoreError
from karez_gateway.service import failure
from karez_gateway.store import copies, engines

FILE = "karez.sqlite3"
MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0015"  # the newest migration


class Database:
    """Transactions on one database. Open with `Database.open`, end with `close`."""

    def __init__(self, reader: Engine, writer: Engine) -> None:
        """Take engines whose tables are up to date."""
        self._reader = reader
        self._writer = writer

    @classmethod
    def open(cls, url: URL) -> "Database":
        """Create what is missing, bring the tables up to date. Raises StoreError."""
        reader, writer = engines.engines(url)
        try:
            _migrate(reader, writer)
        except DatabaseError as error:
            reader.dispose()
            raise StoreError(_explained(url, error)) from error
        except StoreError:
            reader.dispose()
            raise
        return cls(reader, writer)

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
        """Close every connection; SQLite's WAL is folded into the file."""
        self._reader.dispose()


def _explained(url: URL, error: DatabaseError) -> str:
    what = str(error.orig).strip().partition("\n")[0]
    if url.drivername == "sqlite":
        return f"{url.database}: {failure.explained(error)}"
    return f"{url}: {what}; see that the server runs and lets this user in"


def _migrate(reader: Engine, writer: Engine) -> None:
    with reader.connect() as connection:
        revision = _revision(connection)
        if revision == HEAD:
            return
    if revision is not None and revision not in _known():
        raise StoreError(
            f"{writer.url.database}: the store is of version {revision}, this program knows up to {HEAD}: "
            f"use the Karez that wrote it, or restore the copy that it kept of the older one"
        )
    if revision is not None and writer.url.drivername == "sqlite" and writer.url.database:
        copies.keep_before(Path(writer.url.database), HEAD)
    from alembic import command  # noqa: PLC0415 - 0.2 s of import that an up-to-date file does not need
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with writer.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _known() -> set[str]:
    return {path.name[1:5] for path in (MIGRATIONS / "versions").glob("v*.py")}


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)
