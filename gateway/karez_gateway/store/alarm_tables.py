"""Tables of alarms: what holds, what happened to it, whom it was told, and what each well said last."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, text

from karez_gateway.store.metadata import Key, metadata

alarm = Table(
    "alarm",
    metadata,
    Column("id", Key, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("kind", Text, nullable=False),  # of the subject: region, site, holder, meter, platform
    Column("subject", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),  # raised, acknowledged, latched, cleared
    Column("times", Integer, nullable=False),  # how often it was raised before somebody acknowledged it
    Column("raised_utc_s", BigInteger, nullable=False),
    Column("last_utc_s", BigInteger, nullable=False),  # raised again
    Column("over_utc_s", BigInteger),
    Column("cleared_utc_s", BigInteger),
    Column("step", Integer, nullable=False),  # how often it was escalated
    Column("escalates_utc_s", BigInteger),
    Column("value", BigInteger, nullable=False),
    Column("facts", LargeBinary, nullable=False),  # canonical JSON
    # One open alarm of a rule, subject and line.
    Index(
        "ix_alarm_open",
        "rule",
        "kind",
        "subject",
        "line",
        unique=True,
        sqlite_where=text("state != 'cleared'"),
        postgresql_where=text("state != 'cleared'"),
    ),
    Index("ix_alarm_subject", "subject", "id"),
)

alarm_step = Table(
    "alarm_step",
    metadata,
    Column("alarm_id", ForeignKey("alarm.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("utc_s", BigInteger, nullable=False),
    Column("word", Text, nullable=False),  # raised, raised again, over, acknowledged, escalated, cleared
    Column("state", Text, nullable=False),  # after it
    Column("value", BigInteger, nullable=False),
    Column("by", Text),  # a person, with the act that says why
    Column("act_id", ForeignKey("act.id")),
)

# What is to be told, to which address; what waits for the same address goes together.
notice = Table(
    "notice",
    metadata,
    Column("id", Key, primary_key=True),
    Column("receiver", Text, nullable=False),  # its name in gateway.toml
    Column("address", Text, nullable=False),
    Column("alarm_id", ForeignKey("alarm.id"), nullable=False),
    Column("word", Text, nullable=False),
    Column("utc_s", BigInteger, nullable=False),
    Column("state", Text, nullable=False),  # waiting, sent, dropped
    Column("attempts", Integer, nullable=False),
    Column("next_try_utc_s", BigInteger, nullable=False),
    Column("problem", Text),
    Column("sent_utc_s", BigInteger),
    Column("message", BigInteger),  # the first notice of the message that it went with
    Index(
        "ix_notice_waiting",
        "receiver",
        "address",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index("ix_notice_alarm", "alarm_id"),
    Index("ix_notice_sent", "receiver", "address", "sent_utc_s"),
)

# What a site's newest good record said; the cursor of the alarm stage keeps it.
well = Table(
    "well",
    metadata,
    Column("site", Text, primary_key=True),
    Column("controller_id", ForeignKey("controller.id"), nullable=False),
    Column("chain", BigInteger, nullable=False),
    Column("issued_utc_s", BigInteger, nullable=False),  # of its binding: an older box says nothing any more
    Column("utc_s", BigInteger, nullable=False),
    Column("received_utc_s", BigInteger, nullable=False),
    Column("energy_wh", BigInteger),
    Column("alarms", BigInteger, nullable=False),  # bits that alarms were made of
    Column("log_index", ForeignKey("entry.log_index"), nullable=False),
    Column("volume_l", BigInteger),
    Column("rest_layup", BigInteger),  # the act of the lay-up in which it took what follows
    Column("rest_wh", BigInteger),
    Column("rest_l", BigInteger),
)

# A site on one civil day: energy as differences of E booked to the day of the later record, the longest
# silence that ended in it, the energy across silences, and how low and high the water stood over the probe.
well_day = Table(
    "well_day",
    metadata,
    Column("site", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),  # since 1970 at the county's time
    Column("energy_wh", BigInteger, nullable=False),
    Column("gap_s", BigInteger, nullable=False),
    Column("gap_energy_wh", BigInteger, nullable=False),
    Column("lowest_mm", BigInteger),
    Column("highest_mm", BigInteger),
    Index("ix_well_day_day", "day"),
)
