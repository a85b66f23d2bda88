"""What `karez gateway status` shows: one dictionary, from the tables and the running service's file."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from karez_gateway.config import Config
from karez_gateway.controllers import registry
from karez_gateway.county.alarms import states
from karez_gateway.county.alarms.signs import SEVERITIES
from karez_gateway.data import SERVICE
from karez_gateway.downlink import orders
from karez_gateway.errors import Refused
from karez_gateway.exports import status as exportstatus
from karez_gateway.operation import logstatus
from karez_gateway.service import failure, servicestate
from karez_gateway.store import (
    alarms,
    chains,
    commands,
    controllers,
    downlinks,
    entries,
    ledgers,
    revocations,
    verdicts,
)
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.schema import entry, fork
from karez_gateway.uploads import status as uploadstatus
from karez_protocols import causes, link, record

# A day's worth of an operator; every command stands in the log.
COMMANDS_SHOWN = 50

SORTS = {record.GRANT: "grant", record.ORDER: "order", record.KEYS: "key list"}


def status(store: Database, config: Config) -> dict[str, Any]:
    """Everything a person or program may want to know now."""
    service = servicestate.read(Path(config.data / SERVICE))
    running = servicestate.is_running(service)
    with store.reading() as connection:
        everyone = controllers.everyone(connection)
        return {
            "name": config.gateway.name,
            "running": running,
            "stopped": None if running else failure.kept(config.data),
            "broker": service.get("broker", "unknown") if running else "service not running",
            "log": logstatus.facts(config, entries.next_index(connection)),
            "controllers": [_controller(connection, one, service.get("presence", {})) for one in everyone],
            "destinations": uploadstatus.facts(
                connection, config, service.get("destinations", {}), is_running=running
            ),
            "exports": exportstatus.facts(connection, config),
            "alarms": _alarms(connection),
            "downlinks": [_downlink(one) for one in downlinks.everything(connection)],
            "commands": [_command(one) for one in commands.newest(connection, COMMANDS_SHOWN)],
            "time_held": service.get("time_held", "") if running else "",
            "strangers": controllers.strangers(connection),
            "counters": service.get("counters", {}),
        }


def _alarms(connection: Connection) -> dict[str, int]:
    """Open alarms that nobody has acknowledged, by severity."""
    found = dict.fromkeys(SEVERITIES, 0)
    for (severity, state), count in alarms.count_open(connection).items():
        found[severity] += count if state != states.ACKNOWLEDGED else 0
    return found


def _controller(connection: Connection, one: Controller, presence: dict[str, Any]) -> dict[str, Any]:
    shown = []
    for chain, marks in chains.of_controller(connection, one.id):
        stored = chains.stored(connection, (one.id, chain))
        shown.append(
            {
                "chain": chain,
                "stored_seq": stored.stored_seq if stored else 0,
                "top_seq": stored.top_seq if stored else 0,
                "verified_seq": marks.verified_seq,
                "signed_seq": marks.signed_seq,
                "covered_seq": marks.covered_seq,
                "broken": marks.broken,
                "volume_l": marks.volume_l,
                "forks": _forks(connection, one.id, chain),
                "quarantined": verdicts.quarantined(connection, one.id, chain),
            }
        )
    return {
        "name": one.name,
        "site": one.site,
        "revoked": registry.revocation(revocations.of_controller(connection, one.id)),
        "state": presence.get(one.name),
        "chains": shown,
        "holds": _holds(downlinks.of_controller(connection, one.id, *SORTS)),
        "litres_booked": ledgers.total(connection, one.site),
        "findings": [
            {"kind": kind, "subject": subject, "litres": litres}
            for kind, subject, litres in verdicts.findings(connection, one.id)
        ],
    }


def _forks(connection: Connection, controller_id: int, chain: int) -> int:
    query = select(func.count()).select_from(fork).join(entry, entry.c.log_index == fork.c.log_index)
    where = (entry.c.controller_id == controller_id, entry.c.chain == chain)
    return int(connection.execute(query.where(*where)).scalar_one())


def _holds(mine: list[downlinks.Downlink]) -> dict[str, Any]:
    """What a controller's own records prove that it has, and how much is on its way to it."""
    accepted = [one for one in mine if one.state == downlinks.ACCEPTED]
    newest = {
        sort: max((one.object_seq or 0 for one in accepted if one.sort == sort), default=None)
        for sort in (record.GRANT, record.KEYS)
    }
    return {
        "grant_seq": newest[record.GRANT],
        "key_list_seq": newest[record.KEYS],
        "orders": [
            {"office": one.office, "seq": one.object_seq} for one in accepted if one.sort == record.ORDER
        ],
        "on_the_way": sum(one.state in (downlinks.QUEUED, *downlinks.UNDECIDED) for one in mine),
    }


def _downlink(one: downlinks.Downlink) -> dict[str, Any]:
    return {
        "id": one.id,
        "sort": SORTS[one.sort],
        "controller": one.controller,
        "site": one.site,
        "seq": one.object_seq,
        "grant_seq": one.grant_seq,
        "office": one.office,
        "says": _says(one),
        "sha256": one.digest.hex(),
        "checked": one.checked,
        "state": one.state,
        "attempts": one.attempts,
        "times_again": one.times_again,
        "log_index": one.log_index,
        "decided_index": one.decided_index,
        "cause": None if one.cause is None else causes.name(one.cause),
    }


def _says(one: downlinks.Downlink) -> str:
    """An order in a few words; empty for other sorts."""
    if one.sort != record.ORDER:
        return ""
    try:
        return orders.read(one.body).says
    except Refused:  # carried unchecked
        return "not readable"


def _command(one: commands.Command) -> dict[str, Any]:
    return {
        "id": one.id,
        "verb": "stop" if one.verb == link.STOP else "start",
        "controller": one.controller,
        "site": one.site,
        "wished_by": one.wished_by,
        "queued_utc_s": one.queued_utc_s,
        "state": one.state,
        "attempts": one.attempts,
        "log_index": one.log_index,
        "decided_index": one.decided_index,
        "cause": None if one.cause is None else causes.name(one.cause),
    }
