"""SQL over `chain_state` for one question: have controllers been told of more than is stored."""

from collections.abc import Collection

from sqlalchemy import Connection, distinct, func, select

from karez_gateway.store.schema import chain_state, controller

NAMES_AT_ONCE = 500  # bound parameters of one query


def stored_seqs(connection: Connection, names: Collection[str]) -> dict[tuple[str, int], int]:
    """Highest contiguous seq by (controller, chain), of chains from which something is stored."""
    found: dict[tuple[str, int], int] = {}
    wanted = sorted(names)
    for first in range(0, len(wanted), NAMES_AT_ONCE):
        query = (
            select(controller.c.name, chain_state.c.chain, chain_state.c.stored_seq)
            .join(controller, controller.c.id == chain_state.c.controller_id)
            .where(controller.c.name.in_(wanted[first : first + NAMES_AT_ONCE]), chain_state.c.stored_seq > 0)
        )
        found.update({(name, chain): seq for name, chain, seq in connection.execute(query)})
    return found


def controllers_stored(connection: Connection) -> int:
    """How many controllers have a record here."""
    query = select(func.count(distinct(chain_state.c.controller_id))).where(chain_state.c.stored_seq > 0)
    return int(connection.execute(query).scalar_one())
