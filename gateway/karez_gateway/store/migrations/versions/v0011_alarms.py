"""Alarms, what happened to them, who was told, and what each well said last.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add `alarm`, `alarm_step`, `notice`, `well` and `well_day`."""
    _alarms()
    _notices()
    _wells()


def _alarms() -> None:
    op.create_table(
        "alarm",
        sa.Column("id", KEY, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("rule", "kind", "subject", "line")),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("raised_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("last_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("over_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("cleared_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("escalates_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    is_open = sa.text("state != 'cleared'")
    op.create_index(
        "ix_alarm_open",
        "alarm",
        ["rule", "kind", "subject", "line"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_index("ix_alarm_subject", "alarm", ["subject", "id"], unique=False)
    op.create_table(
        "alarm_step",
        sa.Column("alarm_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("utc_s", sa.BigInteger(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("act_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_alarm_step_alarm_id")),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"], name=op.f("fk_alarm_step_act_id")),
        sa.PrimaryKeyConstraint("alarm_id", "number"),
    )


def _notices() -> None:
    op.create_table(
        "notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("alarm_id", KEY, nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("utc_s", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("sent_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_notice_alarm_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    waits = sa.text("state = 'waiting'")
    op.create_index(
        "ix_notice_waiting",
        "notice",
        ["receiver", "address", "id"],
        unique=False,
        sqlite_where=waits,
        postgresql_where=waits,
    )
    op.create_index("ix_notice_alarm", "notice", ["alarm_id"], unique=False)
    op.create_index("ix_notice_sent", "notice", ["receiver", "address", "sent_utc_s"], unique=False)


def _wells() -> None:
    op.create_table(
        "well",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("chain", sa.BigInteger(), nullable=False),
        sa.Column("issued_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("utc_s", sa.BigInteger(), nullable=False),
        sa.Column("received_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=True),
        sa.Column("alarms", sa.BigInteger(), nullable=False),
        sa.Column("log_index", KEY, nullable=False),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_well_controller_id")),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_well_log_index")),
        sa.PrimaryKeyConstraint("site"),
    )
    op.create_table(
        "well_day",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("gap_s", sa.BigInteger(), nullable=False),
        sa.Column("gap_energy_wh", sa.BigInteger(), nullable=False),
        sa.Column("lowest_mm", sa.BigInteger(), nullable=True),
        sa.Column("highest_mm", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("site", "day"),
    )
    op.create_index("ix_well_day_day", "well_day", ["day"], unique=False)
