"""Controllers are revoked and bound anew; a site's controllers are found without reading all of them.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add `former_binding`, `revocation` and an index."""
    op.create_index("ix_controller_site", "controller", ["site"], unique=False)
    op.create_table(
        "former_binding",
        sa.Column("id", KEY, nullable=False),
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("last_chain", sa.BigInteger(), nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("binding", sa.LargeBinary(), nullable=False),
        sa.Column("until_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("rebound_by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["controller_id"], ["controller.id"], name=op.f("fk_former_binding_controller_id")
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_former_binding_controller", "former_binding", ["controller_id", "last_chain"], unique=False
    )
    op.create_index("ix_former_binding_site", "former_binding", ["site"], unique=False)
    op.create_table(
        "revocation",
        sa.Column("controller_id", KEY, nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("queued_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("log_index", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["controller_id"], ["controller.id"], name=op.f("fk_revocation_controller_id")
        ),
        sa.ForeignKeyConstraint(["log_index"], ["entry.log_index"], name=op.f("fk_revocation_log_index")),
        sa.PrimaryKeyConstraint("controller_id"),
    )
