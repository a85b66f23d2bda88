"""Wh of corrections: an act that takes off litres that two boxes counted says the energy, too.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add a column to `correction`. Acts of before said no energy: nothing of it is taken off by them."""
    op.add_column("correction", sa.Column("energy_wh", sa.BigInteger(), nullable=False, server_default="0"))
