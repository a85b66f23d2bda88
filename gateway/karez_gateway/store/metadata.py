"""Where all tables stand together, and what their keys are made of."""

from sqlalchemy import BigInteger, Integer, MetaData

# Names are given, never generated: a later migration must be able to name what it drops.
metadata = MetaData(
    naming_convention={"uq": "uq_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}
)

# SQLite gives a table without a second key tree only to INTEGER PRIMARY KEY.
Key = BigInteger().with_variant(Integer, "sqlite")
