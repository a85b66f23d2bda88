"""A stage that reads from good records what became of something: cursor and decisions are one transaction."""

from collections.abc import Callable, Collection

from sqlalchemy import Connection

from karez_gateway.seam import Seam
from karez_gateway.store import cursors, verdicts
from karez_gateway.store.database import Database
from karez_gateway.store.verdicts import Good

SLICE = 4096


def step(
    database: Database,
    stage: str,
    kinds: Collection[int],
    decide: Callable[[Connection, Good], None],
    at: Seam,
) -> int:
    """Take the next slice of verdicts of a stage; return how many verdicts that was."""
    with database.writing() as connection:
        cursor = cursors.position(connection, stage)
        last, good = verdicts.good_after(connection, cursor, SLICE, kinds)
        if last == cursor:
            return 0
        for one in good:
            decide(connection, one)
        cursors.move(connection, stage, last)
        at(stage)
    return last - cursor
