"""Corrections of the ledger, closed months, and in which hours each site was heard.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add `correction`, `closed_month`, `closed_total`, `heard`, and a way into `ledger` by hour."""
    op.create_table(
        "correction",
        sa.Column("act_id", KEY, nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("method", sa.SmallInteger(), nullable=False),
        sa.Column("from_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("to_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("hour_utc", sa.BigInteger(), nullable=False),
        sa.Column("litres", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"], name=op.f("fk_correction_act_id")),
        sa.PrimaryKeyConstraint("act_id", "row"),
    )
    op.create_index("ix_correction_site", "correction", ["site", "hour_utc"], unique=False)
    op.create_index("ix_correction_hour_utc", "correction", ["hour_utc"], unique=False)
    op.create_table(
        "closed_month",
        sa.Column("from_utc_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("to_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("act_id", KEY, nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"], name=op.f("fk_closed_month_act_id")),
        sa.PrimaryKeyConstraint("from_utc_s"),
    )
    op.create_table(
        "closed_total",
        sa.Column("from_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("method", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("litres", sa.BigInteger(), nullable=False),
        sa.Column("correction_l", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["from_utc_s"], ["closed_month.from_utc_s"], name=op.f("fk_closed_total_from_utc_s")
        ),
        sa.PrimaryKeyConstraint("from_utc_s", "site", "method"),
    )
    op.create_table(
        "heard",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("day_utc", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("live", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site", "day_utc"),
    )
    op.create_index("ix_ledger_hour_utc", "ledger", ["hour_utc"], unique=False)
