"""SQL over everything that people did, wherever it is kept: one list, the newest first."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, select

from karez_gateway.store import acts
from karez_gateway.store.acts import Act
from karez_gateway.store.schema import (
    act,
    command,
    commissioning,
    controller,
    downlink,
    former_binding,
    revocation,
    technician_list,
    upload_action,
)
from karez_protocols import link, record


class Did(NamedTuple):
    """What somebody did. `by` empty: the table does not keep who it was. `source`: table and number."""

    utc_s: int
    sort: str
    by: str
    because: str
    document: str
    subject: str
    source: str
    log_index: int | None


Brought = Mapping[tuple[str, str], Act]  # as acts.brought() has it
_OBJECTS = {record.GRANT: "grant-brought", record.ORDER: "order-brought", record.KEYS: "key-list-brought"}


def everything(connection: Connection) -> list[Did]:
    """All of it, the newest first."""
    brought = acts.brought(connection)
    found = [
        *_acts(connection),
        *_uploads(connection),
        *_commands(connection),
        *_bindings(connection, brought),
        *_objects(connection, brought),
        *_technicians(connection),
    ]
    return sorted(found, key=lambda one: (-one.utc_s, one.source))


def _acts(connection: Connection) -> Iterator[Did]:
    columns = (act.c.id, act.c.utc_s, act.c.sort, act.c.by, act.c.because, act.c.document, act.c.log_index)
    tokens = select(act.c.id, act.c.detail).where(act.c.sort.in_(acts.TOKENS))
    names = {number: json.loads(detail)["token"] for number, detail in connection.execute(tokens)}
    for number, utc_s, sort, by, because, document, index in connection.execute(select(*columns)):
        yield Did(utc_s, sort, by, because, document, names.get(number, ""), f"act {number}", index)


def _uploads(connection: Connection) -> Iterator[Did]:
    one = upload_action.c
    query = select(one.id, one.utc_s, one.verb, one.wished_by, one.because, one.destination)
    for number, utc_s, verb, by, because, destination in connection.execute(query):
        yield Did(utc_s, f"upload-{verb}", by, because, "", destination, f"upload_action {number}", None)


def _commands(connection: Connection) -> Iterator[Did]:
    query = select(
        command.c.id,
        command.c.queued_utc_s,
        command.c.verb,
        command.c.wished_by,
        controller.c.site,
        command.c.log_index,
    ).join(controller, controller.c.id == command.c.controller_id)
    for number, utc_s, verb, by, site, index in connection.execute(query):
        sort = "command-stop" if verb == link.STOP else "command-start"
        yield Did(utc_s, sort, by, "", "", site, f"command {number}", index)


def _done(act: Act | None, one: Did) -> Did:
    """The same, by whoever brought it in."""
    return one if act is None else one._replace(by=act.by, because=act.because, document=act.document)


def _bindings(connection: Connection, brought: Brought) -> Iterator[Did]:
    """Bindings brought in, boxes bound anew, boxes revoked."""
    one = controller.c
    bound = select(one.id, one.enrolled_utc_s, one.name, one.site, one.binding)
    rebound = select(former_binding.c.controller_id, former_binding.c.binding).order_by(
        former_binding.c.id.desc()
    )
    first = {row.controller_id: row.binding for row in connection.execute(rebound)}
    for number, utc_s, name, site, binding in connection.execute(bound):
        who = brought.get((hashlib.sha256(first.get(number, binding)).hexdigest(), name))
        place = f"{name} at {site}"
        yield _done(who, Did(utc_s, "binding-brought", "", "", "", place, f"controller {number}", None))
    former = former_binding.c
    again = select(
        former.id, former.until_utc_s, former.rebound_by, former.because, controller.c.name, former.site
    )
    for number, utc_s, by, because, name, site in connection.execute(
        again.join(controller, controller.c.id == former.controller_id)
    ):
        yield Did(utc_s, "rebind", by, because, "", f"{name} from {site}", f"former_binding {number}", None)
    gone = revocation.c
    query = select(
        gone.controller_id,
        gone.queued_utc_s,
        gone.revoked_by,
        gone.because,
        controller.c.name,
        gone.log_index,
    ).join(controller, controller.c.id == gone.controller_id)
    for number, utc_s, by, because, name, index in connection.execute(query):
        yield Did(utc_s, "revoke", by, because, "", name, f"revocation {number}", index)


def _objects(connection: Connection, brought: Brought) -> Iterator[Did]:
    one = downlink.c
    query = select(
        one.id, one.queued_utc_s, one.sort, one.digest, controller.c.name, controller.c.site, one.log_index
    ).join(controller, controller.c.id == one.controller_id)
    for number, utc_s, sort, digest, name, site, index in connection.execute(query):
        who = brought.get((bytes(digest).hex(), name))
        yield _done(who, Did(utc_s, _OBJECTS[sort], "", "", "", site, f"downlink {number}", index))


def _technicians(connection: Connection) -> Iterator[Did]:
    one = commissioning.c
    query = select(one.id, one.taken_utc_s, one.kind, one.technician, one.site)
    for number, utc_s, kind, technician, site in connection.execute(query):
        by = f"technician {technician}"
        yield Did(utc_s, f"{kind}-brought", by, "", "", site, f"commissioning {number}", None)
    lists = select(technician_list.c.seq, technician_list.c.taken_utc_s)
    for seq, utc_s in connection.execute(lists):
        yield Did(utc_s, "technician-list-brought", "", "", "", f"list {seq}", f"technician_list {seq}", None)
