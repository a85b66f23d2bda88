"""What a well says of its water, and what it takes while it is laid up.

Frozen: what a released migration creates is changed by a later migration, never here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add to `well` what the rule of wells that are laid up looks at."""
    for name in ("volume_l", "rest_layup", "rest_wh", "rest_l"):
        op.add_column("well", sa.Column(name, sa.BigInteger(), nullable=True))
