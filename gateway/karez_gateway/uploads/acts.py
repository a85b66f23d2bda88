"""What people do to a platform's queue: pause it, let it go on, send a range again. Kept for ever.

It is written to the store; the running service sees it within its poll.
"""

import datetime as dt
import time
from dataclasses import dataclass

from sqlalchemy import Connection

from karez_gateway.config import Config
from karez_gateway.errors import Refused
from karez_gateway.store import platforms, uploadactions
from karez_gateway.store.database import Database
from karez_gateway.uploads.stations import Enrolled
from karez_gateway.uploads.text import utc

TEXT_MAX = 200  # a reason is a line in a list


@dataclass(frozen=True, slots=True)
class Person:
    """Who does it, and why. Raises Refused for a text that would not fit a line."""

    name: str
    because: str = ""

    def __post_init__(self) -> None:
        for what, text in (("name", self.name), ("reason", self.because)):
            if len(text) > TEXT_MAX or not text.isprintable():
                raise Refused(f"a {what} has at most {TEXT_MAX} characters, in one line")
        if not self.name:
            raise Refused("say who does it: --by NAME")


def pause(store: Database, config: Config, name: str, person: Person) -> None:
    """Send nothing to a platform until it is resumed. Raises Refused."""
    with store.writing() as connection:
        _known(connection, config, name)
        held = uploadactions.pause(connection, name)
        if held is not None:
            raise Refused(f"{name} is paused already, since {utc(held.utc_s)} by {held.wished_by}")
        _add(connection, name, uploadactions.PAUSE, person)


def resume(store: Database, config: Config, name: str, person: Person) -> None:
    """Go on. Raises Refused."""
    with store.writing() as connection:
        _known(connection, config, name)
        if uploadactions.pause(connection, name) is None:
            raise Refused(f"{name} is not paused: see karez gateway uploads for what it waits for")
        _add(connection, name, uploadactions.RESUME, person)


def resend(
    store: Database,
    config: Config,
    name: str,
    person: Person,
    *,
    from_utc_s: int,
    to_utc_s: int,
    controller: str = "",
) -> None:
    """Send reports of a time again: from one second up to, and without, another. Raises Refused."""
    if from_utc_s >= to_utc_s:
        raise Refused("nothing lies between --from and --to: the first must be earlier")
    with store.writing() as connection:
        _known(connection, config, name)
        destination = next((one for one in config.destination if one.name == name), None)
        if destination is None:
            raise Refused(f"{name} is not in gateway.toml any more: name it under [[destination]] first")
        enrolled = Enrolled(connection)
        found = next((one for one in enrolled.wells if one.name == controller), None)
        if controller and found is None:
            raise Refused(f"controller {controller} is not enrolled: see karez gateway status")
        if found is not None and found.id not in enrolled.at(destination).addresses:
            raise Refused(f"controller {controller} has no address at {name}: name it in gateway.toml")
        about = {"from_utc_s": from_utc_s, "to_utc_s": to_utc_s, "is_open": True}
        _add(connection, name, uploadactions.RESEND, person, **about, controller_id=found and found.id)


def time_of(text: str) -> int:
    """Second of a date or time as people write it, UTC unless it names a zone. Raises Refused."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{text} is no time: write 2026-11-15 or 2026-11-15T08:00Z") from None
    found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
    return int(found.timestamp())


def _known(connection: Connection, config: Config, name: str) -> None:
    names = [one.name for one in config.destination]
    if name not in names and name not in platforms.tallies(connection):
        raise Refused(f"there is no platform {name}; there are: {', '.join(names) or 'none'}")


def _add(connection: Connection, name: str, verb: str, person: Person, **about: int | bool | None) -> None:
    uploadactions.add(connection, name, verb, int(time.time()), person.name, person.because, **about)
