"""What is to be said of each platform: its queue, its stations, its receipts, what people did to it."""

import time
from typing import Any

from sqlalchemy import Connection

from karez_gateway.config import Config, Destination
from karez_gateway.data import SERVICE
from karez_gateway.service import servicestate
from karez_gateway.store import outboxes, platforms, uploadactions
from karez_gateway.store.database import Database
from karez_gateway.store.platforms import Tally
from karez_gateway.store.uploadactions import Action
from karez_gateway.uploads.stations import Enrolled
from karez_gateway.verifier import slots

# paused      by a person                     held   the mapping is ambiguous
# up          the last report was confirmed   down   reports wait, and an attempt failed
# idle        nothing was sent yet            absent gateway.toml names it no more
PAUSED, HELD, UP, DOWN, IDLE, ABSENT = "paused", "held", "up", "down", "idle", "absent"
STOPPED = "service not running"

ACTIONS_SHOWN = 20  # a screen of them
REFUSALS_SHOWN = 5


def facts(
    connection: Connection, config: Config, live: dict[str, Any], *, is_running: bool
) -> list[dict[str, Any]]:
    """Every destination of gateway.toml, then queues of platforms that it names no more."""
    enrolled = Enrolled(connection)
    tallies = platforms.tallies(connection)
    found = []
    for one in config.destination:
        service = live.get(one.name, {}) if is_running else {}
        shown = _queue(connection, one.name, tallies.pop(one.name, Tally()))
        shown |= _stations(connection, one, enrolled, service)
        shown["state"] = _state(shown, service, is_running=is_running)
        found.append(shown)
    for name, tally in tallies.items():
        if tally.waiting:
            found.append(_queue(connection, name, tally) | {"state": ABSENT})
    return found


def everything(store: Database, config: Config) -> list[dict[str, Any]]:
    """The same, each with what was done to it, the newest first."""
    service = servicestate.read(config.data / SERVICE)
    with store.reading() as connection:
        found = facts(
            connection, config, service.get("destinations", {}), is_running=servicestate.is_running(service)
        )
        for one in found:
            acts = uploadactions.history(connection, one["name"], ACTIONS_SHOWN)
            one["actions"] = [action(each) for each in acts]
    return found


def _queue(connection: Connection, name: str, tally: Tally) -> dict[str, Any]:
    pause = uploadactions.pause(connection, name)
    oldest = outboxes.oldest_received_utc_s(connection, name)
    has_receipt = tally.upload_index is not None
    return {
        "name": name,
        "waiting": tally.waiting,
        "confirmed": tally.confirmed,
        "refused": tally.refused,
        "oldest_received_utc_s": oldest,
        "oldest_age_s": None if oldest is None else max(0, int(time.time()) - oldest),
        "receipt": {"utc_s": tally.confirmed_utc_s, "entry": tally.upload_index} if has_receipt else None,
        "problem": outboxes.last_reason(connection, name),
        "refusals": [one._asdict() for one in outboxes.last_refused(connection, name, REFUSALS_SHOWN)],
        "paused": None if pause is None else action(pause),
        "again": [action(one) for one in uploadactions.opened(connection, name)],
    }


def _stations(
    connection: Connection, one: Destination, enrolled: Enrolled, live: dict[str, Any]
) -> dict[str, Any]:
    stations = enrolled.at(one)
    names = {well.id: well.name for well in enrolled.wells}
    left = {
        names[last.controller_id]: (slots.volume_l(last.slot) or 0) % one.facts.unit_l
        for last in platforms.last_confirmed(connection, one.name)
    }
    return {
        "kind": one.kind,
        "level": one.level,
        "up": bool(live.get("up")),
        "held": stations.held,
        "stations": len(stations.addresses),
        "aside": int(live.get("aside", 0)),  # stations that get no confirm and wait for another try
        "without_address": [well.site for well in stations.without],
        "unknown_stations": stations.unknown,
        # Litres that are in the register but, in its unit, not in the last report.
        "remainder_l": {name: litres for name, litres in left.items() if litres},
    }


def _state(shown: dict[str, Any], live: dict[str, Any], *, is_running: bool) -> str:
    if shown["paused"]:
        return PAUSED
    if not is_running:
        return STOPPED
    if shown["held"]:
        return HELD
    if live.get("up"):
        return UP
    return DOWN if shown["waiting"] and shown["problem"] else IDLE


def action(one: Action) -> dict[str, Any]:
    """What somebody did, for a program; the rest of a resend or backfill only where it is one."""
    found: dict[str, Any] = {
        "id": one.id,
        "verb": one.verb,
        "utc_s": one.utc_s,
        "wished_by": one.wished_by,
        "because": one.because,
    }
    if one.verb in (uploadactions.RESEND, uploadactions.BACKFILL):
        found |= {
            "controller": one.controller,
            "from_utc_s": one.from_utc_s,
            "to_utc_s": one.to_utc_s,
            "is_open": one.is_open,
            "reports": one.reports,
        }
    return found
