"""A test for each receiver, at once and past its queue, to see whether it arrives."""

import time
from collections.abc import Sequence
from typing import Any

from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.config.alarms import PERSON, RESPONSIBLE, ROLE, Receiver
from karez_gateway.county.alarms.places import Places
from karez_gateway.errors import ConfigError, Refused
from karez_gateway.notify import message, smtp
from karez_gateway.notify.webhook import NotDelivered, Webhooks
from karez_gateway.store import objects
from karez_gateway.store.database import Database

NOBODY = "nobody has an e-mail address there"


async def everyone(config: Config, store: Database, names: Sequence[str]) -> list[dict[str, Any]]:
    """Send a test to some receivers or all; return what became of each. Raises Refused for an unknown one."""
    known = {one.name: one for one in config.alarms.notify}
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        there = ", ".join(known) or "none: see [[alarms.notify]]"
        raise Refused(f"gateway.toml names no receiver {' '.join(unknown)}; there are: {there}")
    with store.reading() as connection:
        places = Places(objects.registry(connection))
    found = []
    async with Webhooks() as webhooks:
        for name in names or known:
            for address in addresses(known[name], places) or [""]:
                problem = await _one(config, known[name], address, places, webhooks) if address else NOBODY
                found.append({"receiver": name, "address": address, "problem": problem})
    return found


def addresses(receiver: Receiver, places: Places) -> list[str]:
    """Every address that a receiver may mean."""
    people = dict(places.registry.of_kind("person"))
    if receiver.kind == "webhook":
        return [receiver.to]
    if receiver.to.startswith(PERSON):
        wanted = [people.get(receiver.to.removeprefix(PERSON), {})]
    elif receiver.to.startswith(ROLE):
        wanted = [one for one in people.values() if one.get("role") == receiver.to.removeprefix(ROLE)]
    elif receiver.to == RESPONSIBLE:
        kinds = ("region", "site", "holder")
        named = {one.get("person") for kind in kinds for _, one in places.registry.of_kind(kind)}
        wanted = [people[str(name)] for name in sorted(map(str, named - {None})) if str(name) in people]
    else:
        return [receiver.to]
    return [str(one["email"]) for one in wanted if one.get("email")]


async def _one(config: Config, receiver: Receiver, address: str, places: Places, webhooks: Webhooks) -> str:
    """Why a test did not arrive; empty: it did."""
    now_s, gateway, mail = int(time.time()), config.gateway.name, config.alarms.mail
    try:
        if receiver.kind == "webhook":
            body = message.document(gateway, [], places, now_s)
            secret = receiver.secret(f"alarms.notify {receiver.name}")
            name = message.delivery([])
            await webhooks.post(address, body, secret, name, now_s, receiver.timeout_s)
        elif mail is not None:
            calendar = Calendar(config.county.utc_offset_h)
            language = receiver.language
            said = message.mail(gateway, mail.sender, address, [], places, calendar, language, now_s)
            smtp.send(mail, said)
    except (NotDelivered, ConfigError) as error:
        return str(error)
    return ""
