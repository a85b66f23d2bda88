"""Updates of the firmware, and how far each controller is.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add `firmware` and `firmware_site`."""
    op.create_table(
        "firmware",
        sa.Column("id", _KEY, primary_key=True),
        sa.Column("act_id", _KEY, sa.ForeignKey("act.id"), nullable=False),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("settings", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("since_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("resumed_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
    )
    op.create_table(
        "firmware_site",
        sa.Column("firmware_id", _KEY, sa.ForeignKey("firmware.id"), primary_key=True),
        sa.Column(
            "controller_id", _KEY, sa.ForeignKey("controller.id"), primary_key=True, autoincrement=False
        ),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("next_try_utc_s", sa.BigInteger(), nullable=False),
        sa.Column("done_utc_s", sa.BigInteger(), nullable=True),
    )
    op.create_index("ix_firmware_site_controller", "firmware_site", ["controller_id"])
