"""Closed water years, and what a person decided about them.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add `closed_site` and `year_decision`."""
    op.create_table(
        "closed_site",
        sa.Column("water_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("act_id", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"], name=op.f("fk_closed_site_act_id")),
        sa.PrimaryKeyConstraint("water_year", "site"),
    )
    op.create_table(
        "year_decision",
        sa.Column("water_year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("act_id", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"], name=op.f("fk_year_decision_act_id")),
        sa.PrimaryKeyConstraint("water_year", "site", "act_id"),
    )
