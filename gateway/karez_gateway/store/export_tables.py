"""Tables of the exports: which files were made, and which litres they say."""

from sqlalchemy import BigInteger, Column, SmallInteger, Table, Text

from karez_gateway.store.metadata import metadata

export_file = Table(
    "export_file",
    metadata,
    Column("export", Text, primary_key=True),
    Column("to_utc_s", BigInteger, primary_key=True, autoincrement=False),  # end of its period
    Column("revision", SmallInteger, primary_key=True, autoincrement=False),
    Column("from_utc_s", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("records", BigInteger, nullable=False),  # rows in it
    Column("until_index", BigInteger, nullable=False),  # entries of the store that it could see
    Column("made_utc_s", BigInteger, nullable=False),
)

# What an export's files have said so far, by month: what the ledger has more is late.
export_litres = Table(
    "export_litres",
    metadata,
    Column("export", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("month_utc_s", BigInteger, primary_key=True, autoincrement=False),  # its beginning; 0: older ones
    Column("method", SmallInteger, primary_key=True, autoincrement=False),
    Column("litres", BigInteger, nullable=False),
)
