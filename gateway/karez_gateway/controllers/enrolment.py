"""What people bring in for one box: a signed binding that makes it known, a grant. For many: offering.py.

A binding is believed because the provisioner signed it. Many at once: registry_import.py.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from karez_gateway.county import bringing
from karez_gateway.county.acts import Deed
from karez_gateway.downlink import inheriting, offering
from karez_gateway.errors import Refused
from karez_gateway.grants import rights
from karez_gateway.store import bindings, chains, commands, controllers, downlinks, revocations
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.verifier.statements import verifies
from karez_protocols import binding, record
from karez_protocols import chain as chain_of
from karez_protocols.errors import ProtocolError
from karez_protocols.link import DOWN_SIZE_MAX


def enrol(
    store: Database, signed_binding: bytes, provisioner_key: bytes, deed: Deed | None = None
) -> tuple[Controller, bool]:
    """Register a binding's controller; return it, and False if it was enrolled before. Raises Refused.

    `deed`: who brings it in, here and below; None where no person does.
    """
    values = checked(signed_binding, provisioner_key)
    with store.writing() as connection:
        found, is_new = register(connection, values, signed_binding, int(time.time()), {})
        bringing.keep(connection, bringing.BINDING, deed, [(found.name, signed_binding)] if is_new else [])
        return found, is_new


def checked(signed_binding: bytes, provisioner_key: bytes) -> dict[str, Any]:
    """Return the values of a binding that is whole and signed by our provisioner. Raises Refused."""
    try:
        values, _, message, signature = binding.open_signed(signed_binding)
    except ProtocolError as error:
        raise Refused(f"this is no signed binding: {error}") from error
    if not verifies(provisioner_key, signature, message):
        raise Refused(
            f"the provisioner of this gateway (key {provisioner_key.hex()}) did not sign this binding: "
            f"ask who provisioned the box, or correct trust.provisioner"
        )
    name = values["controller"]
    if chain_of.controller_name(values["controller_key"]) != name:
        raise Refused(f"the name {name} does not follow from the controller's key in the binding")
    return dict(values)


def register(
    connection: Connection,
    values: Mapping[str, Any],
    signed_binding: bytes,
    now_s: int,
    for_all: inheriting.ForAll,
) -> tuple[Controller, bool]:
    """Add the controller of a checked binding; return it, and False if it was there. Raises Refused.

    `for_all`: {}, the same one for all of a transaction (inheriting.inherit).
    """
    name = values["controller"]
    known = controllers.find(connection, name)
    if known is not None:
        if known.signed_binding != signed_binding:
            raise Refused(
                f"controller {name} is enrolled with another binding, for site {known.site}: its chain "
                f"begins with that one. If the box was bound anew: karez gateway rebind"
            )
        return known, False
    controllers.enrol(connection, name, values["site"], signed_binding, now_s)
    found = _found(connection, name)
    inheriting.inherit(connection, found, now_s, for_all)
    return found, True


def rebind(
    store: Database, signed_binding: bytes, provisioner_key: bytes, *, by: str, because: str
) -> tuple[Controller, Controller]:
    """Put a newer binding of an enrolled box in force; return it as it was and as it is. Raises Refused.

    The box begins a new chain with it. Chains that it has begun stay with the binding before, so
    do their litres and their site; what was carried for the old site holds no more.
    """
    values = checked(signed_binding, provisioner_key)
    name, now_s = values["controller"], int(time.time())
    with store.writing() as connection:
        known = controllers.find(connection, name)
        if known is None:
            raise Refused(f"controller {name} is not enrolled: karez gateway enrol makes it known")
        offering.check_believed(connection, known)
        if known.signed_binding == signed_binding:
            raise Refused(f"controller {name} is enrolled with this very binding, at site {known.site}")
        if values["issued_utc_s"] <= known.issued_utc_s:
            raise Refused(f"this binding of {name} is not newer than the one in force, at site {known.site}")
        begun = [chain for chain, _ in chains.of_controller(connection, known.id)]
        why = {"until_utc_s": now_s, "rebound_by": by, "because": because}
        new = replace(known, site=values["site"], signed_binding=signed_binding)
        bindings.rebind(connection, known, max(begun, default=0), new, **why)
        downlinks.withdraw(connection, known.id)
        commands.end(connection, known.id)
        found = _found(connection, name)
        inheriting.inherit(connection, found, now_s, {})
    return known, found


def _found(connection: Connection, name: str) -> Controller:
    found = controllers.find(connection, name)
    if found is None:
        raise Refused(f"controller {name} was not stored")
    return found


def queue_grant(
    store: Database, data: bytes, controller: str = "", deed: Deed | None = None
) -> tuple[Controller, int]:
    """Queue a grant that we would accept; return the controller and the grant's seq. Raises Refused."""
    right = rights.read(data)
    with store.writing() as connection:
        target = _target(controllers.at_site(connection, right.site), right.site, controller, connection)
        rights.check(data, target.site, target.regulator_key)
        digest = hashlib.sha256(data).digest()
        known = downlinks.same_checked(connection, target.id, record.GRANT, digest)
        if known is not None:
            raise Refused(f"grant {right.seq} was taken before for {target.name}; it is {known.state}")
        downlinks.queue(
            connection,
            target.id,
            object_seq=right.seq,
            digest=digest,
            body=data,
            checked=True,
            now_s=int(time.time()),
        )
        bringing.keep(connection, bringing.GRANT, deed, [(target.name, data)])
    return target, right.seq


def queue_unchecked(
    store: Database, data: bytes, controller: str = "", deed: Deed | None = None
) -> tuple[Controller, int | None]:
    """Queue bytes as they are: the controller decides. Raises Refused if nobody can be addressed."""
    if not 0 < len(data) < DOWN_SIZE_MAX:
        raise Refused(f"{len(data)} bytes cannot be carried: a grant has 1..{DOWN_SIZE_MAX - 1}")
    try:
        right = rights.read(data)
        seq: int | None = right.seq
        site = right.site
    except Refused:
        seq, site = None, ""
    with store.writing() as connection:
        if controller:
            known = controllers.find(connection, controller)
            candidates = [] if known is None else [known]
        else:
            candidates = controllers.at_site(connection, site)
        target = _target(candidates, site or "(unreadable)", controller, connection)
        downlinks.queue(
            connection,
            target.id,
            object_seq=seq,
            digest=hashlib.sha256(data).digest(),
            body=data,
            checked=False,
            now_s=int(time.time()),
        )
        bringing.keep(connection, bringing.GRANT, deed, [(target.name, data)])
    return target, seq


def _target(candidates: list[Controller], site: str, controller: str, connection: Connection) -> Controller:
    """The controller to address: the named one, else the newest binding of the site not revoked."""
    named = [one for one in candidates if controller in ("", one.name)]
    revoked = revocations.revoked(connection)
    found = [one for one in named if one.id not in revoked]
    if found:
        return found[0]
    if named:
        offering.check_believed(connection, named[0])
    if controller:
        raise Refused(f"controller {controller} is not enrolled at site {site}: see karez gateway status")
    raise Refused(f"no controller is enrolled at site {site}: enrol its binding first, or name --controller")
