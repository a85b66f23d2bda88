"""The first schema: entries, marks of every stage, queues.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _controller() -> None:
    op.create_table(
        "controller",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("binding", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_utc_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name", name=op.f("uq_controller")),
    )


def _cursor() -> None:
    op.create_table(
        "cursor",
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stage"),
    )


def _stranger() -> None:
    op.create_table(
        "stranger",
        sa.Column("id", KEY, nullable=False),
        sa.Column("controller", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("received_utc_s", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_stranger_controller", "stranger", ["controller"], unique=False)


def _book() -> None:
    op.create_table(
        "book",
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("volume_l", sa.BigInteger(), nullable=False),
        sa.Column("hour_utc", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_book_controller_id")),
        sa.PrimaryKeyConstraint("controller_id", "chain"),
    )


def _chain_state() -> None:
    op.create_table(
        "chain_state",
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stored_seq", sa.BigInteger(), nullable=False),
        sa.Column("top_seq", sa.BigInteger(), nullable=False),
        sa.Column("verified_seq", sa.BigInteger(), nullable=False),
        sa.Column("seen_seq", sa.BigInteger(), nullable=False),
        sa.Column("h", sa.LargeBinary(length=32), nullable=False),
        sa.Column("broken", sa.Boolean(), nullable=False),
        sa.Column("statements", sa.LargeBinary(), nullable=False),
        sa.Column("signed_seq", sa.BigInteger(), nullable=False),
        sa.Column("covered_seq", sa.BigInteger(), nullable=False),
        sa.Column("volume_l", sa.BigInteger(), nullable=True),
        sa.Column("grant_digest", sa.LargeBinary(length=32), nullable=True),
        sa.ForeignKeyConstraint(
            ["controller_id"], ["controller.id"], name=op.f("fk_chain_state_controller_id")
        ),
        sa.PrimaryKeyConstraint("controller_id", "chain"),
    )


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("log_index", KEY, autoincrement=False, nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("controller_id", KEY, nullable=True),
        sa.Column("chain", sa.BigInteger(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("received_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_entry_controller_id")),
        sa.PrimaryKeyConstraint("log_index"),
        sa.UniqueConstraint("controller_id", "chain", "seq", "digest", name=op.f("uq_entry")),
    )


def _passed() -> None:
    op.create_table(
        "passed",
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_passed_controller_id")),
        sa.PrimaryKeyConstraint("controller_id", "chain", "first_seq", "last_seq"),
    )


def _downlink() -> None:
    op.create_table(
        "downlink",
        sa.Column("id", KEY, nullable=False),
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("grant_seq", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("checked", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queued_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("log_index", KEY, nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.SmallInteger(), nullable=True),
        sa.Column("decided_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_downlink_controller_id")),
        sa.ForeignKeyConstraint(
            ["decided_index"], ["entry.log_index"], name=op.f("fk_downlink_decided_index")
        ),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_downlink_log_index")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_downlink_digest", "downlink", ["digest"], unique=False)
    op.create_index("ix_downlink_state", "downlink", ["state", "next_try_utc_s"], unique=False)


def _finding() -> None:
    op.create_table(
        "finding",
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", KEY, nullable=False),
        sa.Column("litres", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_finding_controller_id")),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_finding_log_index")),
        sa.PrimaryKeyConstraint("controller_id", "kind", "subject"),
    )


def _fork() -> None:
    op.create_table(
        "fork",
        sa.Column("log_index", KEY, nullable=False),
        sa.Column("first_index", KEY, nullable=False),
        sa.ForeignKeyConstraint(["first_index"], ["entry.log_index"], name=op.f("fk_fork_first_index")),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_fork_log_index")),
        sa.PrimaryKeyConstraint("log_index"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("hour_utc", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("method", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("litres", sa.BigInteger(), nullable=False),
        sa.Column("first_entry", KEY, nullable=False),
        sa.Column("last_entry", KEY, nullable=False),
        sa.ForeignKeyConstraint(["first_entry"], ["entry.log_index"], name=op.f("fk_ledger_first_entry")),
        sa.ForeignKeyConstraint(["last_entry"], ["entry.log_index"], name=op.f("fk_ledger_last_entry")),
        sa.PrimaryKeyConstraint("site", "hour_utc", "method"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("request", sa.LargeBinary(), nullable=True),
        sa.Column("confirm", sa.LargeBinary(), nullable=True),
        sa.Column("confirmed_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("upload_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_outbox_log_index")),
        sa.ForeignKeyConstraint(["upload_index"], ["entry.log_index"], name=op.f("fk_outbox_upload_index")),
        sa.PrimaryKeyConstraint("destination", "position"),
    )
    op.create_index("ix_outbox_log_index", "outbox", ["log_index"], unique=False)
    op.create_index("ix_outbox_state", "outbox", ["destination", "state", "position"], unique=False)


def _verdict() -> None:
    op.create_table(
        "verdict",
        sa.Column("position", KEY, autoincrement=False, nullable=False),
        sa.Column("log_index", KEY, nullable=False),
        sa.Column("record_kind", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_verdict_log_index")),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index("ix_verdict_log_index", "verdict", ["log_index"], unique=True)


def upgrade() -> None:
    """Create every table, those first that others refer to."""
    _controller()
    _cursor()
    _stranger()
    _book()
    _chain_state()
    _entry()
    _passed()
    _downlink()
    _finding()
    _fork()
    _ledger()
    _outbox()
    _verdict()
