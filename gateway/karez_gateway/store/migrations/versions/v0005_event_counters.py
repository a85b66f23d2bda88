"""Event counters: records by kind and cause, reports by station.

What the store holds already is counted once, here: all records that are no intervals, and all receipts.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Kinds: start, stop, event, boot, gap, loss, config, binding, grant, order, keys. The cause is the third byte
# of the slot, and 28 bytes stand before that in an entry's body.
COUNT = """
SELECT entry.controller_id, entry.chain, verdict.record_kind, substr(entry.body, 31, 1), count(*)
FROM verdict JOIN entry ON entry.log_index = verdict.log_index
WHERE verdict.reason IS NULL AND verdict.record_kind IN (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14)
AND verdict.position <= (SELECT coalesce(max(position), -1) FROM cursor WHERE stage = 'ledger')
GROUP BY entry.controller_id, entry.chain, verdict.record_kind, 4
"""


def _event_count() -> None:
    table = op.create_table(
        "event_count",
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("chain", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["controller_id"], ["controller.id"], name=op.f("fk_event_count_controller_id")
        ),
        sa.PrimaryKeyConstraint("controller_id", "chain", "record_kind", "cause"),
    )
    found = op.get_bind().execute(sa.text(COUNT))
    rows = [(*row[:3], bytes(row[3])[0], row[4]) for row in found]
    names = ("controller_id", "chain", "record_kind", "cause", "records")
    op.bulk_insert(table, [dict(zip(names, row, strict=True)) for row in rows])


def _station() -> None:
    for name in ("confirmed", "failed"):
        op.add_column("station", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    connection = op.get_bind()
    found = connection.execute(
        sa.text(
            "SELECT outbox.destination, entry.controller_id, entry.chain, "
            "sum(CASE WHEN outbox.state = 'confirmed' THEN 1 ELSE 0 END), "
            "sum(CASE WHEN outbox.state = 'confirmed' AND outbox.attempts > 0 "
            "THEN outbox.attempts - 1 ELSE outbox.attempts END) "
            "FROM outbox JOIN entry ON entry.log_index = outbox.log_index "
            "GROUP BY outbox.destination, entry.controller_id, entry.chain"
        )
    ).all()
    for destination, controller, chain, confirmed, failed in found:
        values = {"d": destination, "c": controller, "n": chain, "y": int(confirmed), "f": int(failed)}
        done = connection.execute(
            sa.text(
                "UPDATE station SET confirmed = :y, failed = :f "
                "WHERE destination = :d AND controller_id = :c AND chain = :n"
            ),
            values,
        )
        if not done.rowcount and (confirmed or failed):
            connection.execute(
                sa.text(
                    "INSERT INTO station (destination, controller_id, chain, confirmed, failed) "
                    "VALUES (:d, :c, :n, :y, :f)"
                ),
                values,
            )


def upgrade() -> None:
    """Add `event_count`, and two columns to `station`; count what is there."""
    _event_count()
    _station()
