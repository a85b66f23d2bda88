"""What people do with lay-ups: begin, end, list. Each is an act of the log."""

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.alarms import layups
from karez_gateway.county.alarms.layups import Layup
from karez_gateway.errors import Refused
from karez_gateway.store import acts as store_acts
from karez_gateway.store import objects, sites, wells
from karez_gateway.store.database import Database


def everyone(connection: Connection) -> dict[int, Layup]:
    """All of them, by number."""
    return layups.fold(store_acts.every(connection, *layups.SORTS))


def begin(
    store: Database, site: str, until_utc_s: int, deed: Deed, serial: str = "", closing_l: int | None = None
) -> Layup:
    """Lay a well up until a day. Raises Refused."""
    with store.writing() as connection:
        check_site(connection, site)
        last = wells.wells(connection).get(site)
        said = layups.beginning(
            everyone(connection),
            site,
            (deed.now_s, until_utc_s),
            (None, None) if last is None else (last.energy_wh, last.volume_l),
            (serial, closing_l),
        )
        number = acts.write(connection, layups.BEGUN, deed, said)
        return everyone(connection)[number]


def unwatched(store: Database, one: Layup) -> list[str]:
    """What nobody will see of a well while it rests, in sentences."""
    with store.reading() as connection:
        last = wells.wells(connection).get(one.site)
    heard_s = None if last is None else max(one.from_utc_s - last.received_utc_s, 0)
    return layups.unwatched(heard_s, one.energy_wh, one.volume_l, one.serial)


def end(store: Database, site: str, deed: Deed, opening_l: int | None = None) -> Layup:
    """End a site's lay-up: it is a well again. Raises Refused."""
    with store.writing() as connection:
        said = layups.ending(everyone(connection), site, deed.now_s, opening_l)
        acts.write(connection, layups.ENDED, deed, said)
        return everyone(connection)[said["layup"]]


def check_site(connection: Connection, site: str) -> None:
    """Raise Refused if neither the registry nor a binding names it."""
    if objects.registry(connection).get("site", site) is None and not sites.exists(connection, site):
        raise Refused(f"there is no site {site[:64]!r}: neither the registry nor a binding names it")
