"""What a new box gets: the grant, orders and key lists that hold at its site and under its root."""

from sqlalchemy import Connection

from karez_gateway.downlink import redelivery
from karez_gateway.grants import rights
from karez_gateway.store import bindings, controllers, downlinks, entries
from karez_gateway.store.controllers import Controller
from karez_gateway.store.downlinks import Downlink
from karez_protocols import record

SORTS = (record.GRANT, *downlinks.LANE)
ForAll = dict[bytes, list[Downlink]]  # root's key -> what was brought in for all its wells


def inherit(connection: Connection, new: Controller, now_s: int, for_all: ForAll) -> int:
    """Give a box that is enrolled what holds at its site and under its root; return how much that is.

    From the box before it at the site, also if that is revoked or stands elsewhere now: the newest
    grant, the orders and the lists they need. At a new site: what was brought in for all wells,
    which is remembered in `for_all` for the next box of the same transaction.
    """
    source = _before(connection, new)
    if source is None:
        if new.regulator_key not in for_all:
            for_all[new.regulator_key] = redelivery.needed(_once(connection, new), now_s)
        held = for_all[new.regulator_key]
    else:
        held = held_at(connection, source, now_s)
    since = entries.next_index(connection)
    for one in held:
        downlinks.pass_on(connection, one, new.id, since, now_s)
    return len(held)


def _before(connection: Connection, new: Controller) -> Controller | None:
    """The box that stood at the site before, as it was bound then."""
    older = controllers.at_site(connection, new.site) + bindings.were_at(connection, new.site)
    older = [one for one in older if one.id != new.id and one.regulator_key == new.regulator_key]
    return max(older, key=lambda one: one.issued_utc_s, default=None)


def held_at(connection: Connection, source: Controller, now_s: int) -> list[Downlink]:
    """What a box was given for the site that `source` names: it may have got other things since."""
    found = [one for one in downlinks.of_controller(connection, source.id, *SORTS) if one.checked]
    if controllers.by_id(connection, source.id).site != source.site:
        found = [one for one in found if one.state == downlinks.WITHDRAWN]
    grants = [one for one in found if one.sort == record.GRANT and one.state != downlinks.REFUSED]
    grants = [one for one in grants if rights.read(one.body).site == source.site]
    grants.sort(key=lambda one: (one.object_seq or 0, one.id))
    return grants[-1:] + redelivery.needed([one for one in found if one.sort != record.GRANT], now_s)


def _once(connection: Connection, new: Controller) -> list[Downlink]:
    """What all wells under the same root got, each once, in the order in which it came."""
    found: dict[bytes, Downlink] = {}
    for one in downlinks.for_all(connection):
        owner = controllers.by_id(connection, one.controller_id)
        if owner.regulator_key == new.regulator_key:
            found.setdefault(one.digest, one)
    return list(found.values())
