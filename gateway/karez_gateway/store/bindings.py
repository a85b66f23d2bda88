"""SQL over `former_binding`: under which binding each chain of a controller began.

`controller` holds the binding in force. A box that is bound anew begins a chain with the new one
(design §5), so chains up to a number belong to the binding before.
"""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, func, insert, select, update

from karez_gateway.store import controllers
from karez_gateway.store.chains import Key
from karez_gateway.store.controllers import Controller
from karez_gateway.store.schema import controller, former_binding


@dataclass(frozen=True, slots=True)
class Former:
    """A binding that was in force up to a chain, and who ended it."""

    id: int
    controller_id: int
    last_chain: int
    site: str
    signed_binding: bytes
    until_utc_s: int
    by: str
    because: str


_ALL = select(
    former_binding.c.id,
    former_binding.c.controller_id,
    former_binding.c.last_chain,
    former_binding.c.site,
    former_binding.c.binding,
    former_binding.c.until_utc_s,
    former_binding.c.rebound_by,
    former_binding.c.because,
).order_by(former_binding.c.id)


_COUNT = select(func.count()).select_from(former_binding)
_OF_CONTROLLER = _ALL.where(former_binding.c.controller_id == bindparam("of"))


def formers(connection: Connection, controller_id: int) -> list[Former]:
    """A controller's bindings before the one in force, oldest first."""
    return [Former(*row) for row in connection.execute(_OF_CONTROLLER, {"of": controller_id})]


def every(connection: Connection) -> dict[int, list[Former]]:
    """All of them by controller id, oldest first."""
    found: dict[int, list[Former]] = {}
    for row in connection.execute(_ALL):
        found.setdefault(row[1], []).append(Former(*row))
    return found


def count(connection: Connection) -> int:
    """How many there are: rises with each, so whoever remembers owners sees that he must ask again."""
    return int(connection.execute(_COUNT).scalar_one())


def under(owner: Controller, one: Former) -> Controller:
    """The controller as it was under a former binding."""
    return replace(owner, site=one.site, signed_binding=one.signed_binding)


def of_chain(connection: Connection, key: Key) -> Controller:
    """The controller as the binding says under which a chain began."""
    owner = controllers.by_id(connection, key[0])
    for one in formers(connection, key[0]):
        if key[1] <= one.last_chain:
            return under(owner, one)
    return owner


def first_chain(connection: Connection, key: Key) -> int:
    """The lowest chain number that can stand under the same binding as this chain."""
    lower = [one.last_chain for one in formers(connection, key[0]) if one.last_chain < key[1]]
    return max(lower, default=0) + 1


def were_at(connection: Connection, site: str) -> list[Controller]:
    """Controllers that stood at a site under a former binding, as they were then, the last one first."""
    rows = [Former(*row) for row in connection.execute(_ALL.where(former_binding.c.site == site))]
    return [under(controllers.by_id(connection, one.controller_id), one) for one in reversed(rows)]


def rebind(
    connection: Connection, owner: Controller, last_chain: int, new: Controller, **why: object
) -> None:
    """Put another binding in force. `why`: until_utc_s, rebound_by, because."""
    row = {
        "controller_id": owner.id,
        "last_chain": last_chain,
        "site": owner.site,
        "binding": owner.signed_binding,
    }
    connection.execute(insert(former_binding), [row | why])
    connection.execute(
        update(controller)
        .where(controller.c.id == owner.id)
        .values(site=new.site, binding=new.signed_binding)
    )


def extend(connection: Connection, former: Former, last_chain: int) -> None:
    """One more chain turned out to begin with a former binding."""
    connection.execute(
        update(former_binding).where(former_binding.c.id == former.id).values(last_chain=last_chain)
    )
