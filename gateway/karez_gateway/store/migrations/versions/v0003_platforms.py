"""Queues that can be asked again, paused and counted; many wells at one platform.

Waiting reports keep their place. Their bodies are not carried over: a report is made of its record when
it is sent. Frames of receipts stand in the log's upload entries and were kept here a second time.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _outbox() -> None:
    op.create_table(
        "outbox_next",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("action", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_index", KEY, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("confirmed_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("upload_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_outbox_log_index")),
        sa.ForeignKeyConstraint(["upload_index"], ["entry.log_index"], name=op.f("fk_outbox_upload_index")),
        sa.PrimaryKeyConstraint("destination", "action", "position"),
    )
    kept = "position, log_index, state, attempts, reason, confirmed_utc_s, upload_index"
    op.execute(
        f"INSERT INTO outbox_next (destination, action, {kept}) SELECT destination, 0, {kept} FROM outbox"  # noqa: S608 - names of ours
    )
    op.drop_table("outbox")
    op.rename_table("outbox_next", "outbox")
    for state in ("waiting", "refused"):
        where = sa.text(f"state = '{state}'")
        op.create_index(
            f"ix_outbox_{state}",
            "outbox",
            ["destination", "action", "position"],
            unique=False,
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_index("ix_outbox_log_index", "outbox", ["log_index"], unique=False)


def _platform() -> None:
    op.create_table(
        "platform",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("queued", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("upload_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(["upload_index"], ["entry.log_index"], name=op.f("fk_platform_upload_index")),
        sa.PrimaryKeyConstraint("destination"),
    )
    op.execute(
        "INSERT INTO platform (destination, queued, confirmed, refused, confirmed_utc_s, upload_index) "
        "SELECT destination, count(*), sum(CASE WHEN state = 'confirmed' THEN 1 ELSE 0 END), "
        "sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END), max(confirmed_utc_s), max(upload_index) "
        "FROM outbox GROUP BY destination"
    )


def _station() -> None:
    op.create_table(
        "station",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("left_position", sa.BigInteger(), nullable=True),
        sa.Column("period", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("log_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(["controller_id"], ["controller.id"], name=op.f("fk_station_controller_id")),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_station_log_index")),
        sa.PrimaryKeyConstraint("destination", "controller_id", "chain"),
    )
    op.execute(
        "INSERT INTO station (destination, controller_id, chain, position) "
        "SELECT outbox.destination, entry.controller_id, entry.chain, max(outbox.position) FROM outbox "
        "JOIN entry ON entry.log_index = outbox.log_index "
        "WHERE outbox.state = 'confirmed' GROUP BY outbox.destination, entry.controller_id, entry.chain"
    )
    op.execute(
        "UPDATE station SET log_index = (SELECT outbox.log_index FROM outbox "
        "WHERE outbox.destination = station.destination AND outbox.position = station.position)"
    )


def _upload_action() -> None:
    op.create_table(
        "upload_action",
        sa.Column("id", KEY, nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("utc_s", sa.BigInteger(), nullable=False),
        sa.Column("wished_by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("controller_id", KEY, nullable=True),
        sa.Column("chain", sa.BigInteger(), nullable=True),
        sa.Column("from_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("to_utc_s", sa.BigInteger(), nullable=True),
        sa.Column("from_position", sa.BigInteger(), nullable=True),
        sa.Column("until_position", sa.BigInteger(), nullable=True),
        sa.Column("next_index", sa.BigInteger(), nullable=True),
        sa.Column("until_index", sa.BigInteger(), nullable=True),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("reports", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["controller_id"], ["controller.id"], name=op.f("fk_upload_action_controller_id")
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_upload_action_destination", "upload_action", ["destination", "id"], unique=False)


def upgrade() -> None:
    """Rebuild `outbox`; add `platform`, `station` and `upload_action`."""
    _outbox()
    _platform()
    _station()
    _upload_action()
