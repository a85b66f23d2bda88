"""What people did, and the county's registry with all its versions.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add `act` and `registry_object`."""
    op.create_table(
        "act",
        sa.Column("id", KEY, nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("utc_s", sa.BigInteger(), nullable=False),
        sa.Column("effective_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("log_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_act_log_index")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_act_sort", "act", ["sort", "id"], unique=False)
    op.create_table(
        "registry_object",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("act_id", KEY, nullable=False),
        sa.Column("effective_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["act_id"], ["act.id"], name=op.f("fk_registry_object_act_id")),
        sa.PrimaryKeyConstraint("kind", "name", "version"),
    )
    op.create_index("ix_registry_object_act_id", "registry_object", ["act_id"], unique=False)
