"""SQL over everything that people did, wherever it is kept: one list, the newest first."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

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


_OBJECTS = {record.GRANT: "grant-brought", record.ORDER: "order-brought", record.KEYS: "key-list-brought"}


def everything(connection: Connection) -> list[Did]:
    """All of it, the newest first."""
    found = [
        *_acts(connection),
        *_uploads(connection),
        *_commands(connection),
        *_bindings(connection),
        *_brought(connection),
        *_technicians(connection),
    ]
    return sorted(found, key=lambda one: (-one.utc_s, one.source))


def _acts(connection: Connection) -> Iterator[Did]:
    columns = (act.c.id, act.c.utc_s, act.c.sort, act.c.by, act.c.because, act.c.document, act.c.log_index)
    for number, utc_s, sort, by, because, document, index in connection.execute(select(*columns)):
        yield Did(utc_s, sort, by, because, document, "", f"act {number}", index)


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


def _bindings(connection: Connection) -> Iterator[Did]:
    """Bindings brought in, boxes bound anew, boxes revoked."""
    bound = select(controller.c.id, controller.c.enrolled_utc_s, controller.c.name, controller.c.site)
    for number, utc_s, name, site in connection.execute(bound):
        yield Did(utc_s, "binding-brought", "", "", "", f"{name} at {site}", f"controller {number}", None)
    one = former_binding.c
    again = select(one.id, one.until_utc_s, one.rebound_by, one.because, controller.c.name, one.site)
    for number, utc_s, by, because, name, site in connection.execute(
        again.join(controller, controller.c.id == one.controller_id)
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


def _brought(connection: Connection) -> Iterator[Did]:
    query = select(
        downlink.c.id, downlink.c.queued_utc_s, downlink.c.sort, controller.c.site, downlink.c.log_index
    ).join(controller, controller.c.id == downlink.c.controller_id)
    for number, utc_s, sort, site, index in connection.execute(query):
        yield Did(utc_s, _OBJECTS[sort], "", "", "", site, f"downlink {number}", index)


def _technicians(connection: Connection) -> Iterator[Did]:
    one = commissioning.c
    query = select(one.id, one.taken_utc_s, one.kind, one.technician, one.site)
    for number, utc_s, kind, technician, site in connection.execute(query):
        by = f"technician {technician}"
        yield Did(utc_s, f"{kind}-brought", by, "", "", site, f"commissioning {number}", None)
    lists = select(technician_list.c.seq, technician_list.c.taken_utc_s)
    for seq, utc_s in connection.execute(lists):
        yield Did(utc_s, "technician-list-brought", "", "", "", f"list {seq}", f"technician_list {seq}", None)
