"""Scheduled exports: which files were made, and which litres they say.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add `export_file` and `export_litres`."""
    op.create_table(
        "export_file",
        sa.Column("export", sa.Text(), nullable=False),
        sa.Column("to_utc_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("from_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("until_index", sa.BigInteger(), nullable=False),
        sa.Column("made_utc_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("export", "to_utc_s", "revision"),
    )
    op.create_table(
        "export_litres",
        sa.Column("export", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("month_utc_s", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("method", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("litres", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("export", "site", "month_utc_s", "method"),
    )
