"""What people do with appeals: lodge, decide, list. Each is an act of the log."""

from sqlalchemy import Connection

from karez_gateway.alarms import violations
from karez_gateway.alarms.layups import check_site
from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.alarms import appeals
from karez_gateway.county.alarms.appeals import Appeal
from karez_gateway.errors import Refused
from karez_gateway.store import acts as store_acts
from karez_gateway.store.database import Database


def everyone(connection: Connection) -> dict[int, Appeal]:
    """All of them, by number."""
    return appeals.fold(store_acts.every(connection, *appeals.SORTS))


def lodge(
    store: Database,
    site: str,
    who: str,
    against: str,
    deed: Deed,
    *,
    violation: int | None = None,
    happened_utc_s: int | None = None,
) -> Appeal:
    """Write an appeal down. `happened_utc_s`: what it is against; None: now. Raises Refused."""
    with store.writing() as connection:
        check_site(connection, site)
        if violation is not None and violations.get(connection, violation).site != site:
            raise Refused(f"violation {violation} is of another site than {site}")
        at_s = deed.now_s if happened_utc_s is None else happened_utc_s
        said = appeals.lodging(site, who, against, violation, at_s, deed.now_s)
        number = acts.write(connection, appeals.LODGED, deed, said)
        return everyone(connection)[number]


def decide(store: Database, number: int, outcome: str, deed: Deed) -> Appeal:
    """Write down what was decided. Raises Refused."""
    with store.writing() as connection:
        said = appeals.deciding(everyone(connection), number, outcome)
        acts.write(connection, appeals.DECIDED, deed, said)
        return everyone(connection)[number]
