"""Commissionings of sites, their photos, and the lists of technicians who may sign them.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add `commissioning`, `commissioning_photo` and `technician_list`."""
    op.create_table(
        "commissioning",
        sa.Column("id", KEY, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("technician", sa.Integer(), nullable=False),
        sa.Column("list_seq", sa.BigInteger(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("permit", sa.Text(), nullable=True),
        sa.Column("latitude_udeg", sa.Integer(), nullable=True),
        sa.Column("longitude_udeg", sa.Integer(), nullable=True),
        sa.Column("finished_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("taken_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["controller_id"], ["controller.id"], name=op.f("fk_commissioning_controller_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", name=op.f("uq_commissioning")),
        sa.UniqueConstraint("site", "version", name="uq_commissioning_version"),
    )
    op.create_index("ix_commissioning_permit", "commissioning", ["permit"], unique=False)
    op.create_table(
        "commissioning_photo",
        sa.Column("commissioning_id", KEY, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["commissioning_id"],
            ["commissioning.id"],
            name=op.f("fk_commissioning_photo_commissioning_id"),
        ),
        sa.PrimaryKeyConstraint("commissioning_id", "number"),
    )
    op.create_index("ix_commissioning_photo_sha256", "commissioning_photo", ["sha256"], unique=False)
    op.create_table(
        "technician_list",
        sa.Column("regulator_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("taken_utc_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("regulator_key", "seq"),
    )
