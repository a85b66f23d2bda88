"""SQL over `former_binding`: under which binding each chain of a controller began.

`controller` holds the binding in force. A box that is bound anew begins a chain with the new one
(design §5), so chains up to a number belong to the binding before.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection, bindparam, func, insert, select, update

from karez_gateway.store import controllers
from karez_gateway.store.asked import parts
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


def formers_of(connection: Connection, controllers_asked: Iterable[int]) -> dict[int, list[Former]]:
    """The same for many controllers, by id; none for those that stand under their first binding."""
    found: dict[int, list[Former]] = {}
    for part in parts(controllers_asked):
        for row in connection.execute(_ALL.where(former_binding.c.controller_id.in_(part))):
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
    return _began(controllers.by_id(connection, key[0]), formers(connection, key[0]), key[1])


def of_chains(connection: Connection, keys: Collection[Key]) -> dict[Key, Controller]:
    """The same for many chains."""
    numbers = {key[0] for key in keys}
    owners = controllers.by_ids(connection, numbers)
    before = formers_of(connection, numbers)
    return {key: _began(owners[key[0]], before.get(key[0], ()), key[1]) for key in keys}


def _began(owner: Controller, before: Iterable[Former], chain: int) -> Controller:
    for one in before:
        if chain <= one.last_chain:
            return under(owner, one)
    return owner


def first_chain(connection: Connection, key: Key) -> int:
    """The lowest chain number that can stand under the same binding as this chain."""
    lower = [one.last_chain for one in formers(connection, key[0]) if one.last_chain < key[1]]
    return max(lower, default=0) + 1


def were_at(connection: Connection, site: str) -> list[Controller]:
    """Controllers that stood at a site under a former binding, as they were then, the last one first."""
    return were_at_sites(connection, [site]).get(site, [])


def were_at_sites(connection: Connection, sites: Iterable[str]) -> dict[str, list[Controller]]:
    """The same for many sites, by site; none where nobody stood before."""
    rows: list[Former] = []
    for part in parts(sites):
        rows += [Former(*row) for row in connection.execute(_ALL.where(former_binding.c.site.in_(part)))]
    owners = controllers.by_ids(connection, {one.controller_id for one in rows})
    found: dict[str, list[Controller]] = {}
    for one in reversed(rows):
        found.setdefault(one.site, []).append(under(owners[one.controller_id], one))
    return found


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
