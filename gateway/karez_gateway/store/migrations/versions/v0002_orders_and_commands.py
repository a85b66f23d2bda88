"""Orders and key lists travel as grants do; commands of the operator have a queue of their own.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
GRANT = "10"  # what every row was before: karez_protocols.record.GRANT


def _downlink() -> None:
    # SQLite from 3.25 and PostgreSQL both know it; alembic's own way would copy the table in SQLite.
    op.execute("ALTER TABLE downlink RENAME COLUMN grant_seq TO object_seq")
    op.add_column("downlink", sa.Column("sort", sa.SmallInteger(), nullable=False, server_default=GRANT))
    op.add_column("downlink", sa.Column("office", sa.Integer(), nullable=True))
    op.add_column("downlink", sa.Column("for_all", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("downlink", sa.Column("since_index", sa.BigInteger(), nullable=True))
    op.add_column("downlink", sa.Column("times_again", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE downlink SET since_index = log_index")
    op.create_index("ix_downlink_controller", "downlink", ["controller_id", "state"], unique=False)


def _command() -> None:
    op.create_table(
        "command",
        sa.Column("id", KEY, nullable=False),
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("verb", sa.SmallInteger(), nullable=False),
        sa.Column("account", sa.BigInteger(), nullable=True),
        sa.Column("boot", sa.BigInteger(), nullable=True),
        sa.Column("until_s", sa.BigInteger(), nullable=True),
        sa.Column("wished_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("dies_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("log_index", KEY, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.SmallInteger(), nullable=True),
        sa.Column("decided_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_command_controller_id")),
        sa.ForeignKeyConstraint(
            ["decided_index"], ["entry.log_index"], name=op.f("fk_command_decided_index")
        ),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_command_log_index")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_command_state", "command", ["state", "next_try_utc_s"], unique=False)
    op.create_index("ix_command_queued", "command", ["verb", "queued_utc_s"], unique=False)


def upgrade() -> None:
    """Widen `downlink`, add `command`."""
    _downlink()
    _command()
