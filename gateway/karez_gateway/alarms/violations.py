"""What people do with violations: list, open, close. Each is an act of the log."""

from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.alarms import violations
from karez_gateway.county.alarms.violations import Violation
from karez_gateway.errors import Refused
from karez_gateway.store import acts as store_acts
from karez_gateway.store import alarms, objects, sites
from karez_gateway.store.database import Database


def everyone(connection: Connection) -> dict[int, Violation]:
    """All of them, by number."""
    return violations.fold(store_acts.every(connection, *violations.SORTS))


def get(connection: Connection, number: int) -> Violation:
    """One of them. Raises Refused."""
    found = everyone(connection).get(number)
    if found is None:
        raise Refused(f"there is no violation {number}: see karez gateway violations list")
    return found


def check_site(connection: Connection, site: str) -> None:
    """Raise Refused for a site that nothing names."""
    known = objects.registry(connection).get("site", site) is not None
    if not known and not sites.exists(connection, site):
        raise Refused(f"there is no site {site}: neither the registry nor a binding names it")


def open_one(
    store: Database,
    site: str,
    kind: str,
    span: tuple[int, int],
    deed: Deed,
    *,
    litres: int | None = None,
    alarm_ids: Sequence[int] = (),
) -> Violation:
    """Open one at a site. `litres`: held against the user; None: what the ledger has. Raises Refused."""
    with store.writing() as connection:
        check_site(connection, site)
        for number in alarm_ids:
            one = alarms.get(connection, number)
            if one is None:
                raise Refused(f"there is no alarm {number}: see karez gateway alarms history")
            if one.kind == "site" and one.subject != site:
                raise Refused(f"alarm {number} is of {one.subject}, not of {site}")
        if litres is None:
            litres = sum(cell.litres for _, cell in sites.cells(connection, site, *span)) or None
        number = acts.write(
            connection, violations.OPENED, deed, violations.opening(site, kind, *span, litres, alarm_ids)
        )
        return get(connection, number)


def close_one(store: Database, number: int, outcome: str, deed: Deed) -> Violation:
    """Close one. Raises Refused."""
    with store.writing() as connection:
        said = violations.closing(everyone(connection), number, outcome)
        acts.write(connection, violations.CLOSED, deed, said)
        return get(connection, number)
