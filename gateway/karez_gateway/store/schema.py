"""All tables (design §10): what comes up, its judgement and the uploads here; the others are brought in.

`entry` is append-only; everything else can be derived or is a queue.
Stages are cursors over `entry.log_index` (verify) or `verdict.position` (all after it).
`verdict.position` is the order of verification: per chain it rises with seq, also where
frames arrived out of order, so that ledger and uploads see W rising.
"""

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
    UniqueConstraint,
    text,
)

from karez_gateway.store.alarm_tables import alarm, alarm_step, notice, well, well_day
from karez_gateway.store.closing_tables import closed_site, year_decision
from karez_gateway.store.commissioning_tables import commissioning, commissioning_photo, technician_list
from karez_gateway.store.county_tables import act, registry_object
from karez_gateway.store.downlink_tables import command, downlink
from karez_gateway.store.export_tables import export_file, export_litres
from karez_gateway.store.firmware_tables import firmware, firmware_site
from karez_gateway.store.ledger_tables import closed_month, closed_total, correction, heard
from karez_gateway.store.metadata import Key, metadata
from karez_gateway.store.registry_tables import controller, former_binding, revocation, stranger

__all__ = [
    "act",
    "alarm",
    "alarm_step",
    "book",
    "chain_state",
    "closed_month",
    "closed_site",
    "closed_total",
    "command",
    "commissioning",
    "commissioning_photo",
    "controller",
    "correction",
    "cursor",
    "downlink",
    "entry",
    "event_count",
    "export_file",
    "export_litres",
    "finding",
    "firmware",
    "firmware_site",
    "fork",
    "former_binding",
    "heard",
    "ledger",
    "metadata",
    "notice",
    "outbox",
    "passed",
    "platform",
    "registry_object",
    "revocation",
    "station",
    "stranger",
    "technician_list",
    "upload_action",
    "verdict",
    "well",
    "well_day",
    "year_decision",
]

# Of karez_protocols.entry: ACT. As it stands, for an index of some rows is used where its condition is plain.
ACTS = text("kind = 6")

entry = Table(
    "entry",
    metadata,
    Column("log_index", Key, primary_key=True, autoincrement=False),
    Column("kind", SmallInteger, nullable=False),  # karez_protocols.entry: RECORD, OBJECT, UPLOAD
    # The key of a record; empty for other kinds.
    Column("controller_id", ForeignKey("controller.id")),
    Column("chain", BigInteger),
    Column("seq", BigInteger),
    Column("digest", LargeBinary(32), nullable=False),  # SHA-256 of the slot, or of the body
    Column("received_utc_s", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("controller_id", "chain", "seq", "digest"),
    Index("ix_entry_act", "log_index", sqlite_where=ACTS, postgresql_where=ACTS),  # few among millions
)

# Two different records under one number: both are kept, neither is repaired.
fork = Table(
    "fork",
    metadata,
    Column("log_index", ForeignKey("entry.log_index"), primary_key=True),  # the one that came later
    Column("first_index", ForeignKey("entry.log_index"), nullable=False),
)

# Numbers that will not come: declared by a loss record, or below the first of chain n + 1.
passed = Table(
    "passed",
    metadata,
    Column("controller_id", ForeignKey("controller.id"), primary_key=True),
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, primary_key=True, autoincrement=False),
)

chain_state = Table(
    "chain_state",
    metadata,
    Column("controller_id", ForeignKey("controller.id"), primary_key=True),
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    # written by ingest
    Column("stored_seq", BigInteger, nullable=False),  # highest contiguous: what is acknowledged
    Column("top_seq", BigInteger, nullable=False),  # highest of all
    # written by verify
    Column("verified_seq", BigInteger, nullable=False),  # every number up to here has its verdict
    Column("seen_seq", BigInteger, nullable=False),  # highest number that verify has read
    Column("h", LargeBinary(32), nullable=False),
    Column("broken", Boolean, nullable=False),
    Column("statements", LargeBinary, nullable=False),  # contents that wait for their signature
    Column("signed_seq", BigInteger, nullable=False),  # last signature record that verified
    Column("covered_seq", BigInteger, nullable=False),  # what it covers
    Column("volume_l", BigInteger),  # W of the last good reading
    Column("grant_digest", LargeBinary(32)),  # grant in force, as the controller recorded it
)

verdict = Table(
    "verdict",
    metadata,
    Column("position", Key, primary_key=True, autoincrement=False),
    Column("log_index", ForeignKey("entry.log_index"), nullable=False),
    Column("record_kind", SmallInteger, nullable=False),
    Column("reason", Text),  # empty = good; otherwise why the record is quarantined
    Index("ix_verdict_log_index", "log_index", unique=True),
)

# What a good record shows that a person should see, once per subject.
finding = Table(
    "finding",
    metadata,
    Column("controller_id", ForeignKey("controller.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("subject", BigInteger, primary_key=True, autoincrement=False),
    Column("log_index", ForeignKey("entry.log_index"), nullable=False),
    Column("litres", BigInteger, nullable=False),
)

cursor = Table(
    "cursor",
    metadata,
    Column("stage", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),  # the last one that is done
)

ledger = Table(
    "ledger",
    metadata,
    Column("site", Text, primary_key=True),
    Column("hour_utc", BigInteger, primary_key=True, autoincrement=False),  # utc_s // 3600
    Column("method", SmallInteger, primary_key=True, autoincrement=False),
    Column("litres", BigInteger, nullable=False),
    Column("first_entry", ForeignKey("entry.log_index"), nullable=False),
    Column("last_entry", ForeignKey("entry.log_index"), nullable=False),
    Index("ix_ledger_hour_utc", "hour_utc"),  # a month of all sites
)

# Where the ledger stands in each chain: the W up to which litres are booked.
book = Table(
    "book",
    metadata,
    Column("controller_id", ForeignKey("controller.id"), primary_key=True),
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    Column("volume_l", BigInteger, nullable=False),
    Column("hour_utc", BigInteger, nullable=False),
)

# How many good records of a kind and cause a chain holds, of what is not there all the time: a platform that
# asks for event counters must not make anybody read a year of records. The ledger's cursor keeps it.
event_count = Table(
    "event_count",
    metadata,
    Column("controller_id", ForeignKey("controller.id"), primary_key=True),
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    Column("record_kind", SmallInteger, primary_key=True, autoincrement=False),
    Column("cause", SmallInteger, primary_key=True, autoincrement=False),
    Column("records", BigInteger, nullable=False),
)

# Reports on their way, and where the receipt of each stands in the log. A report is made of its record
# when it is sent: what waits costs no more than these few columns.
outbox = Table(
    "outbox",
    metadata,
    Column("destination", Text, primary_key=True),
    # 0: sent for the first time as it came; otherwise the upload_action that asks for it
    Column("action", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # = verdict.position
    Column("log_index", ForeignKey("entry.log_index"), nullable=False),  # the record reported
    Column("state", Text, nullable=False),  # waiting, confirmed, refused
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Column("confirmed_utc_s", BigInteger),
    Column("upload_index", ForeignKey("entry.log_index")),  # the receipt's own log entry: both frames
    # Of years of confirmed reports these hold none.
    *(
        Index(
            f"ix_outbox_{state}",
            "destination",
            "action",
            "position",
            sqlite_where=text(f"state = '{state}'"),
            postgresql_where=text(f"state = '{state}'"),
        )
        for state in ("waiting", "refused")
    ),
    Index("ix_outbox_log_index", "log_index"),
)

# Sums over `outbox`, kept in the same transactions: nobody counts years of rows to show a figure.
platform = Table(
    "platform",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("queued", BigInteger, nullable=False),  # ever; waiting = queued - confirmed - refused
    Column("confirmed", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("confirmed_utc_s", BigInteger),  # the last receipt
    Column("upload_index", ForeignKey("entry.log_index")),
)

# One well at one platform: a chain of a controller, for a box that is bound anew stands at another well.
station = Table(
    "station",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("controller_id", ForeignKey("controller.id"), primary_key=True),
    Column("chain", BigInteger, primary_key=True, autoincrement=False),
    Column("left_position", BigInteger),  # first record left out because the well has no address there
    Column("period", BigInteger),  # of the last interval record queued, where only one a period goes
    Column("position", BigInteger),  # the newest one confirmed
    Column("log_index", ForeignKey("entry.log_index")),  # its record
    # Event counters of the standards: reports confirmed, and attempts that came to nothing.
    Column("confirmed", BigInteger, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
)

# What people do to a platform's queue, and what is queued again; kept for ever.
upload_action = Table(
    "upload_action",
    metadata,
    Column("id", Key, primary_key=True),
    Column("destination", Text, nullable=False),
    Column("verb", Text, nullable=False),  # pause, resume, resend; backfill: a well got its address
    Column("utc_s", BigInteger, nullable=False),
    Column("wished_by", Text, nullable=False),
    Column("because", Text, nullable=False),
    # What a resend or backfill is about, and how far it has come.
    Column("controller_id", ForeignKey("controller.id")),
    Column("chain", BigInteger),
    Column("from_utc_s", BigInteger),
    Column("to_utc_s", BigInteger),
    Column("from_position", BigInteger),
    Column("until_position", BigInteger),
    Column("next_index", BigInteger),  # entry that is looked at next; empty: not begun
    Column("until_index", BigInteger),
    Column("is_open", Boolean, nullable=False),
    Column("reports", BigInteger, nullable=False),  # queued by it
    Index("ix_upload_action_destination", "destination", "id"),
)
