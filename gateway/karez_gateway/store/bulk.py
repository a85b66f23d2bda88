"""Many rows into one table at the driver's own speed.

SQLAlchemy's `insert` builds a dictionary and runs a converter for every value: 14 µs a row of
`entry`, more than everything else that is done with a record on its way in. Here the statement
is compiled once for the database at hand and the rows go to the driver as they are; bytes,
int, str and None need no conversion in SQLite's and PostgreSQL's drivers.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, insert


class Bulk:
    """The INSERT of some columns of a table; rows are tuples in the order of the columns."""

    def __init__(self, table: Table, columns: Sequence[str], known: str = "") -> None:
        """Compile nothing yet. `known`: what is set where a row of the same key is there already.

        In it stands `excluded.x` for what the row would have inserted, and the table's name before a
        column for what is there: so say both databases (SQLite "UPSERT", PostgreSQL "ON CONFLICT Clause").
        """
        self._table = table
        self._columns = tuple(columns)
        key = ", ".join(column.name for column in table.primary_key.columns)
        self._conflict = f" ON CONFLICT ({key}) DO UPDATE SET {known}" if known else ""
        self._compiled: dict[str, tuple[str, bool]] = {}

    def run(self, connection: Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Insert the rows."""
        if not rows:
            return
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            compiled = insert(self._table).compile(dialect=dialect, column_keys=list(self._columns))
            by_place = tuple(getattr(compiled, "positiontup", None) or ()) == self._columns
            self._compiled[dialect.name] = str(compiled) + self._conflict, by_place
        sql, by_place = self._compiled[dialect.name]
        if by_place:
            connection.exec_driver_sql(sql, list(rows))
        else:
            connection.exec_driver_sql(sql, [dict(zip(self._columns, row, strict=True)) for row in rows])
