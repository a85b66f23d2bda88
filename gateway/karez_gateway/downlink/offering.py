"""What people bring in for one well or many: orders and key lists.

The registry knows sites, not areas: those stand in each controller's own configuration. So an
order for an area is offered to the wells that a person names, or to all; a controller outside
the area refuses it, and `status` says so.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from karez_gateway.county import bringing
from karez_gateway.county.acts import Deed
from karez_gateway.county.counting import counted
from karez_gateway.downlink import orders
from karez_gateway.downlink.orders import KeyList, Order
from karez_gateway.errors import Refused
from karez_gateway.store import controllers, downlinks, revocations
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.downlinks import Downlink
from karez_protocols import record
from karez_protocols.link import DOWN_SIZE_MAX


@dataclass(slots=True)
class Offered:
    """Who gets an object, and why others do not."""

    name: str
    says: str
    targets: list[Controller] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)  # a sentence each


def queue_order(
    store: Database,
    data: bytes,
    now_s: int,
    *,
    wells: Sequence[str] = (),
    is_for_all: bool = False,
    deed: Deed | None = None,
) -> Offered:
    """Queue an order for every controller it concerns. Raises Refused if that is nobody.

    `wells`: sites or controllers, for an order of an area; `is_for_all`: every well of this root. `deed`: who
    brings it in, here and below; None where no person does.
    """
    found = orders.read(data)
    out = Offered(found.name, found.says)
    with store.writing() as connection:
        for one in _concerned(connection, found, wells, is_for_all):
            try:
                _check_order(connection, found, data, one)
            except Refused as error:
                out.left_out.append(f"{one.site}: {error}")
                continue
            _queue(connection, one, record.ORDER, found.office, found.seq, data, now_s, is_for_all)
            out.targets.append(one)
        _check_somebody(out)
        bringing.keep(connection, bringing.ORDER, deed, [(one.name, data) for one in out.targets])
    return out


def queue_keys(
    store: Database, data: bytes, now_s: int, *, wells: Sequence[str] = (), deed: Deed | None = None
) -> Offered:
    """Queue a key list for every well under its root, or for those named. Raises Refused if for nobody."""
    found = orders.read_keys(data)
    out = Offered(f"key list {found.seq}", f"{counted(len(found.rows), 'office')}")
    with store.writing() as connection:
        for one in _named(connection, wells) if wells else newest_of_each_site(connection):
            try:
                _check_keys(connection, found, data, one)
            except Refused as error:
                out.left_out.append(f"{one.site}: {error}")
                continue
            _queue(connection, one, record.KEYS, None, found.seq, data, now_s, not wells)
            out.targets.append(one)
        _check_somebody(out)
        bringing.keep(connection, bringing.KEYS, deed, [(one.name, data) for one in out.targets])
    return out


def queue_unchecked(
    store: Database, data: bytes, sort: int, now_s: int, *, wells: Sequence[str], deed: Deed | None = None
) -> Offered:
    """Queue bytes as they are: the controllers decide. Raises Refused if they cannot be carried."""
    if not 0 < len(data) < DOWN_SIZE_MAX:
        raise Refused(f"{len(data)} bytes cannot be carried: at most {DOWN_SIZE_MAX - 1}")
    if not wells:
        raise Refused("say which wells get it unchecked: --well NAME")
    office, seq = None, None
    try:
        if sort == record.ORDER:
            said = orders.read(data)
            office, seq = said.office, said.seq
        else:
            seq = orders.read_keys(data).seq
    except Refused:
        pass
    out = Offered(
        f"{'order' if sort == record.ORDER else 'key list'} {'?' if seq is None else seq}", "unchecked"
    )
    with store.writing() as connection:
        for one in _named(connection, wells):
            _queue(connection, one, sort, office, seq, data, now_s, is_for_all=False, is_checked=False)
            out.targets.append(one)
        what = bringing.ORDER if sort == record.ORDER else bringing.KEYS
        bringing.keep(connection, what, deed, [(one.name, data) for one in out.targets])
    return out


def newest_of_each_site(connection: Connection) -> list[Controller]:
    """The controller with the newest binding of each site, by site; revoked ones do not count."""
    newest: dict[str, Controller] = {}
    revoked = revocations.revoked(connection)
    for one in controllers.everyone(connection):
        if one.id in revoked:
            continue
        known = newest.get(one.site)
        if known is None or one.issued_utc_s > known.issued_utc_s:
            newest[one.site] = one
    return [newest[site] for site in sorted(newest)]


def well(connection: Connection, name: str) -> Controller:
    """The controller that a person means: by its own name, or the newest at a site. Raises Refused."""
    found = controllers.find(connection, name)
    if found is not None:
        return found
    at_site = controllers.at_site_believed(connection, name) or controllers.at_site(connection, name)
    if not at_site:
        raise Refused(f"no well is called {name}: karez gateway status lists sites and controllers")
    return at_site[0]


def addressed(connection: Connection, name: str) -> Controller:
    """The same, for who wants to send it something. Raises Refused, also when it is revoked."""
    found = well(connection, name)
    check_believed(connection, found)
    return found


def check_believed(connection: Connection, one: Controller) -> None:
    """Raise Refused if a controller is revoked."""
    revoked = revocations.of_controller(connection, one.id)
    if revoked is not None:
        raise Refused(
            f"controller {one.name} at {one.site} is revoked, by {revoked.by} ({revoked.because}): "
            f"nothing is sent to it"
        )


def _named(connection: Connection, wells: Sequence[str]) -> list[Controller]:
    found = [addressed(connection, name) for name in wells]
    return list({one.id: one for one in found}.values())


def _concerned(
    connection: Connection, found: Order, wells: Sequence[str], is_for_all: bool
) -> list[Controller]:
    if not found.is_area:
        named = _named(connection, wells) or controllers.at_site_believed(connection, found.target)[:1]
        for one in named:
            if one.site != found.target:
                raise Refused(
                    f"{found.name} is for site {found.target}, not for {one.site}: leave out --well"
                )
        if not named:
            raise Refused(
                f"{found.name} is for site {found.target}, and no controller is enrolled there: "
                f"enrol its binding first"
            )
        return named
    if wells and is_for_all:
        raise Refused("name wells or say --all, not both")
    if not wells and not is_for_all:
        raise Refused(
            f"{found.name} is for area {found.target}; which wells lie in it stands in their own "
            f"configuration: name them with --well, or say --all"
        )
    return _named(connection, wells) if wells else newest_of_each_site(connection)


def _check_order(connection: Connection, found: Order, data: bytes, one: Controller) -> None:
    _check_new(connection, one, record.ORDER, data, found.name)
    held = _held(connection, one)
    lists = [each for each in held if each.sort == record.KEYS]
    newest = max(lists, key=lambda each: each.object_seq or 0, default=None)
    orders.check(found, one.regulator_key, () if newest is None else orders.read_keys(newest.body).rows)
    seqs = [
        each.object_seq or 0 for each in held if each.sort == record.ORDER and each.office == found.office
    ]
    if seqs and found.seq <= max(seqs):
        raise Refused(
            f"{found.name} is not newer than order {max(seqs)} that this well got; a controller takes "
            f"rising numbers only: the office has to give it a new number"
        )


def _check_keys(connection: Connection, found: KeyList, data: bytes, one: Controller) -> None:
    _check_new(connection, one, record.KEYS, data, f"key list {found.seq}")
    orders.check_keys(found, one.regulator_key)
    seqs = [each.object_seq or 0 for each in _held(connection, one) if each.sort == record.KEYS]
    if seqs and found.seq <= max(seqs):
        raise Refused(
            f"key list {found.seq} is not newer than list {max(seqs)} that this well got: "
            f"the root has to give it a new number"
        )


def _held(connection: Connection, one: Controller) -> list[Downlink]:
    """Orders and lists that a well got and did not refuse: what it refused has not moved its numbers."""
    found = downlinks.of_controller(connection, one.id, *downlinks.LANE)
    gone = (downlinks.REFUSED, downlinks.WITHDRAWN)
    return [each for each in found if each.checked and each.state not in gone]


def _check_new(connection: Connection, one: Controller, sort: int, data: bytes, name: str) -> None:
    known = downlinks.same_checked(connection, one.id, sort, hashlib.sha256(data).digest())
    if known is not None:
        raise Refused(f"{name} was taken before for {one.name}; it is {known.state}")


def _check_somebody(out: Offered) -> None:
    """Raise Refused when nobody gets it: with the reason if it is the same for all, else with each."""
    if out.targets:
        return
    if not out.left_out:
        raise Refused("no controller is enrolled here: enrol bindings first (karez gateway enrol)")
    raise Refused("; ".join(out.left_out))


def _queue(
    connection: Connection,
    one: Controller,
    sort: int,
    office: int | None,
    seq: int | None,
    data: bytes,
    now_s: int,
    is_for_all: bool,
    is_checked: bool = True,
) -> None:
    downlinks.queue(
        connection,
        one.id,
        sort=sort,
        office=office,
        object_seq=seq,
        digest=hashlib.sha256(data).digest(),
        body=data,
        checked=is_checked,
        for_all=is_for_all,
        now_s=now_s,
    )
