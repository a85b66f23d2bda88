"""SQL over `cursor`: how far a stage has come. Saved in the transaction of the stage's own work."""

from sqlalchemy import Connection, bindparam, insert, select, update

from karez_gateway.store.schema import cursor

# Asked by every stage at every step: to put such a statement together costs more than to run it.
_POSITION = select(cursor.c.position).where(cursor.c.stage == bindparam("of"))
_MOVE = update(cursor).where(cursor.c.stage == bindparam("of")).values(position=bindparam("to"))


def position(connection: Connection, stage: str) -> int:
    """The last position that a stage has done; -1 before the first."""
    found = connection.execute(_POSITION, {"of": stage}).scalar()
    return -1 if found is None else int(found)


def move(connection: Connection, stage: str, to: int) -> None:
    """Set a stage's position."""
    done = connection.execute(_MOVE, {"of": stage, "to": to})
    if not done.rowcount:
        connection.execute(insert(cursor).values(stage=stage, position=to))
