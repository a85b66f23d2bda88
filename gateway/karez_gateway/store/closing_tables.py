"""Tables of closed water years: what each site took, frozen, and what a person decided about it."""

from sqlalchemy import Column, ForeignKey, Integer, Table, Text

from karez_gateway.store.metadata import metadata

# Written once by the act that closes the year, never computed again: late data is told apart from it.
closed_site = Table(
    "closed_site",
    metadata,
    Column("water_year", Integer, primary_key=True, autoincrement=False),
    Column("site", Text, primary_key=True),
    Column("act_id", ForeignKey("act.id"), nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON, of which the act's digest is made
)

# One row an act: a later decision on the same site counts instead of the earlier one, which stays.
year_decision = Table(
    "year_decision",
    metadata,
    Column("water_year", Integer, primary_key=True, autoincrement=False),
    Column("site", Text, primary_key=True),
    Column("act_id", ForeignKey("act.id"), primary_key=True),
    Column("body", Text, nullable=False),
)
