"""Acts among millions of entries: an index of those few rows.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

ACTS = sa.text("kind = 6")


def upgrade() -> None:
    """Add `ix_entry_act`."""
    op.create_index(
        "ix_entry_act", "entry", ["log_index"], unique=False, sqlite_where=ACTS, postgresql_where=ACTS
    )
