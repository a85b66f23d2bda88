"""SQL over `cursor`: how far a stage has come. Saved in the transaction of the stage's own work."""

from sqlalchemy import Connection, insert, select, update

from karez_gateway.store.schema import cursor


def position(connection: Connection, stage: str) -> int:
    """The last position that a stage has done; -1 before the first."""
    found = connection.execute(select(cursor.c.position).where(cursor.c.stage == stage)).scalar()
    return -1 if found is None else int(found)


def move(connection: Connection, stage: str, to: int) -> None:
    """Set a stage's position."""
    done = connection.execute(update(cursor).where(cursor.c.stage == stage).values(position=to))
    if not done.rowcount:
        connection.execute(insert(cursor).values(stage=stage, position=to))
