"""Tables beside the ledger: corrections, closed months, and in which hours each site was heard."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Table, Text

from karez_gateway.store.metadata import metadata

# Litres that a person adds to or takes from a site's ledger; nothing in `ledger` itself is ever changed. One
# row of an act; it counts from the entry on by which the log holds that act.
correction = Table(
    "correction",
    metadata,
    Column("act_id", ForeignKey("act.id"), primary_key=True),
    Column("row", Integer, primary_key=True, autoincrement=False),
    Column("site", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("method", SmallInteger, nullable=False),
    Column("from_utc_s", BigInteger, nullable=False),
    Column("to_utc_s", BigInteger, nullable=False),
    Column("hour_utc", BigInteger, nullable=False),  # the last one of its span: where its litres count
    Column("litres", BigInteger, nullable=False),
    Column("energy_wh", BigInteger, nullable=False, server_default="0"),  # of what two boxes counted
    Index("ix_correction_site", "site", "hour_utc"),
    Index("ix_correction_hour_utc", "hour_utc"),
)

# A month whose totals stand for good, and how many entries the store had then.
closed_month = Table(
    "closed_month",
    metadata,
    Column("from_utc_s", BigInteger, primary_key=True, autoincrement=False),
    Column("to_utc_s", BigInteger, nullable=False),
    Column("act_id", ForeignKey("act.id"), nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
)

closed_total = Table(
    "closed_total",
    metadata,
    Column("from_utc_s", ForeignKey("closed_month.from_utc_s"), primary_key=True),
    Column("site", Text, primary_key=True),
    Column("method", SmallInteger, primary_key=True, autoincrement=False),
    Column("litres", BigInteger, nullable=False),
    Column("correction_l", BigInteger, nullable=False),
)

# Hours of a day of UTC, bit 0 the first, in which a good record of a site lies; `live`: that came at once.
heard = Table(
    "heard",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day_utc", Integer, primary_key=True, autoincrement=False),  # utc_s // 86400
    Column("hours", Integer, nullable=False),
    Column("live", Integer, nullable=False),
)
