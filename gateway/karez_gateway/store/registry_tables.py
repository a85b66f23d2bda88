"""Tables of the register: who is enrolled where, who was, who is believed no more, who is unknown."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from karez_gateway.store.metadata import Key, metadata

controller = Table(
    "controller",
    metadata,
    Column("id", Key, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("site", Text, nullable=False),
    Column("binding", LargeBinary, nullable=False),
    Column("enrolled_utc_s", BigInteger, nullable=False),
    Index("ix_controller_site", "site"),
)

# Frames of nobody we know. They are kept, within bounds, because an unenrolled or misnamed
# controller is the first thing a person looks for; they are not acknowledged, so the
# controller keeps its records and sends them again once it is enrolled.
stranger = Table(
    "stranger",
    metadata,
    Column("id", Key, primary_key=True),
    Column("controller", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("received_utc_s", BigInteger, nullable=False),
    Index("ix_stranger_controller", "controller"),
)

# Bindings under which a controller stood before: its chains up to `last_chain` begin with them.
former_binding = Table(
    "former_binding",
    metadata,
    Column("id", Key, primary_key=True),
    Column("controller_id", ForeignKey("controller.id"), nullable=False),
    Column("last_chain", BigInteger, nullable=False),
    Column("site", Text, nullable=False),
    Column("binding", LargeBinary, nullable=False),
    Column("until_utc_s", BigInteger, nullable=False),
    Column("rebound_by", Text, nullable=False),
    Column("because", Text, nullable=False),
    Index("ix_former_binding_controller", "controller_id", "last_chain"),
    Index("ix_former_binding_site", "site"),
)

# Controllers that are believed no more; in force from their entry of the log on.
revocation = Table(
    "revocation",
    metadata,
    Column("controller_id", ForeignKey("controller.id"), primary_key=True),
    Column("revoked_by", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("queued_utc_s", BigInteger, nullable=False),
    Column("log_index", ForeignKey("entry.log_index")),
)
