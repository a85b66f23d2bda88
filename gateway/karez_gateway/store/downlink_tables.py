"""Tables of what goes down to controllers: signed objects, and wishes that nobody signs."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
)

from karez_gateway.store.metadata import Key, metadata

# What is carried to a controller: grants, orders, key lists; one row for each controller it is for.
downlink = Table(
    "downlink",
    metadata,
    Column("id", Key, primary_key=True),
    Column("controller_id", ForeignKey("controller.id"), nullable=False),
    Column("sort", SmallInteger, nullable=False),  # karez_protocols.record: GRANT, ORDER, KEYS
    Column("office", Integer),  # whose order it is
    Column("object_seq", BigInteger),  # empty when the bytes cannot be read (carried unchecked)
    Column("digest", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("checked", Boolean, nullable=False),  # form and signature held here
    Column("for_all", Boolean, nullable=False),  # a well enrolled later gets it, too
    Column("state", Text, nullable=False),  # queued, logged, sent, accepted, refused, superseded
    Column("queued_utc_s", BigInteger, nullable=False),
    Column("log_index", ForeignKey("entry.log_index")),
    Column("since_index", BigInteger),  # only records from here on say what became of it
    Column("attempts", Integer, nullable=False),
    Column("next_try_utc_s", BigInteger, nullable=False),
    Column("times_again", Integer, nullable=False),  # how often the controller was found without it
    Column("cause", SmallInteger),  # why the controller refused it, the last time or for good
    Column("decided_index", ForeignKey("entry.log_index")),  # the record that says so
    Index("ix_downlink_state", "state", "next_try_utc_s"),
    Index("ix_downlink_digest", "digest"),
    Index("ix_downlink_controller", "controller_id", "state"),
)

# Wishes of the operator that nobody signs (design §6): sent for three minutes, then dead.
command = Table(
    "command",
    metadata,
    Column("id", Key, primary_key=True),
    Column("controller_id", ForeignKey("controller.id"), nullable=False),
    Column("verb", SmallInteger, nullable=False),  # karez_protocols.link: START, STOP
    Column("account", BigInteger),
    Column("boot", BigInteger),  # of the controller's last state, as the deadline
    Column("until_s", BigInteger),
    Column("wished_by", Text, nullable=False),
    Column("state", Text, nullable=False),  # queued, logged, sent, done, refused, dead
    Column("queued_utc_s", BigInteger, nullable=False),
    Column("dies_utc_s", BigInteger, nullable=False),
    Column("log_index", ForeignKey("entry.log_index")),
    Column("attempts", Integer, nullable=False),
    Column("next_try_utc_s", BigInteger, nullable=False),
    Column("cause", SmallInteger),  # of the record that tells the result
    Column("decided_index", ForeignKey("entry.log_index")),
    Index("ix_command_state", "state", "next_try_utc_s"),
    Index("ix_command_queued", "verb", "queued_utc_s"),
)
