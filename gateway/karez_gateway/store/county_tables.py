"""Tables of the county's books: what people did, and every version of what the registry holds."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from karez_gateway.store.metadata import Key, metadata

# What a person did: who, why, under which document. It counts in money only when the log holds it.
act = Table(
    "act",
    metadata,
    Column("id", Key, primary_key=True),
    Column("sort", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("utc_s", BigInteger, nullable=False),
    Column("effective_utc_s", BigInteger, nullable=False),
    Column("detail", LargeBinary, nullable=False),  # canonical JSON: what was decided
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of `detail`, as the log has it
    Column("log_index", ForeignKey("entry.log_index")),
    Index("ix_act_sort", "sort", "id"),
)

registry_object = Table(
    "registry_object",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("act_id", ForeignKey("act.id"), nullable=False),
    Column("effective_utc_s", BigInteger, nullable=False),
    Column("body", Text, nullable=False),  # canonical JSON of its values; empty: it ended
    Index("ix_registry_object_act_id", "act_id"),
)
