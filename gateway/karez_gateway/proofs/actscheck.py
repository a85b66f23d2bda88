"""Holds every act against its entry of the log: no decision was changed, added or removed behind its back.

Three copies must agree: the act, its entry in the table, and the entry in the log's own files under the
signed root.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import Connection, select

from karez_gateway.config import Config
from karez_gateway.county.acts import logged_reason
from karez_gateway.county.registry import changing
from karez_gateway.entries import origins
from karez_gateway.entries.logview import LogView
from karez_gateway.entries.places import Places
from karez_gateway.log.errors import LogError
from karez_gateway.store import acts, objects
from karez_gateway.store.acts import Act
from karez_gateway.store.schema import ACTS
from karez_gateway.store.schema import entry as entry_table
from karez_gateway.verifier.errors import VerificationError
from karez_protocols import entry
from karez_protocols.errors import ProtocolError

PAGE = 512


LOGGED = select(entry_table.c.log_index, entry_table.c.body).where(ACTS)


class Checked(NamedTuple):
    """How many acts hold, how many the service has not logged yet, and what is wrong."""

    good: int
    waiting: int
    wrong: list[str]


class _Logs:
    """The gateway's logs as files, each opened when it is first asked for."""

    def __init__(self, config: Config) -> None:
        self._places = Places(config)
        self._origins = {one.name: one for one in origins.every(config)}
        self._views: dict[str, LogView] = {}

    def body(self, number: int) -> bytes | None:
        """An entry under its signed root; None: not there yet. Raises what a log that is hurt raises."""
        place = self._places.of(number)
        if place.log_origin not in self._views:
            one = self._origins[place.log_origin]
            self._views[place.log_origin] = LogView(one.directory, one.name, one.verifier_key())
        view = self._views[place.log_origin]
        return view.entry(place.log_index) if place.log_index < view.size else None


def check(connection: Connection, config: Config) -> Checked:
    """Recompute every digest, and read every entry in the log itself."""
    logs = _Logs(config)
    good = waiting = 0
    wrong: list[str] = []
    logged = _logged(connection)
    known: set[int] = set()
    for one in _every(connection):
        known.add(one.id)
        if one.log_index is None:
            waiting += 1
            if one.id in logged:
                wrong.append(f"act {one.id}: entry {logged[one.id]} has it, the table says that it waits")
            continue
        problems = list(_problems(connection, logs, one))
        wrong += [f"act {one.id}: {problem}" for problem in problems]
        good += not problems
    wrong += [
        f"act {number}: entry {index} of the log has it, the table has lost it"
        for number, index in sorted(logged.items())
        if number not in known
    ]
    return Checked(good, waiting, wrong)


def _every(connection: Connection) -> Iterator[Act]:
    last = 0
    while page := acts.after(connection, last, PAGE):
        yield from page
        last = page[-1].id


def _logged(connection: Connection) -> dict[int, int]:
    """Number of an act -> its entry, of all that the log has."""
    found = {}
    for index, body in connection.execute(LOGGED):
        try:
            found[entry.decode(bytes(body))["number"]] = index
        except ProtocolError:
            found[-index] = index
    return found


def _problems(connection: Connection, logs: _Logs, one: Act) -> Iterator[str]:
    body = connection.execute(
        select(entry_table.c.body).where(entry_table.c.log_index == one.log_index)
    ).scalar()
    try:
        said = entry.decode(bytes(body)) if body is not None else {"entry": None}
    except ProtocolError as error:
        yield f"its entry {one.log_index} cannot be read: {error}"
        return
    try:
        held = logs.body(one.log_index or 0)
        if held is not None and held != body:
            yield f"entry {one.log_index} of the table is not what the log's own files have"
    except (LogError, VerificationError, OSError, LookupError) as error:
        yield f"entry {one.log_index} cannot be read in the log: {error}"
    if said["entry"] != entry.ACT:
        yield f"entry {one.log_index} of the log is no act"
        return
    if hashlib.sha256(one.detail).digest() != one.digest:
        yield "what was decided has been changed: its bytes do not give its digest"
    expected = {
        "number": one.id,
        "sort": one.sort,
        "digest": one.digest,
        "by": one.by,
        "acted_utc_s": one.utc_s,
        "reason": logged_reason(one),
    }
    for name, value in expected.items():
        if said[name] != value:
            yield f"{name} is not what the log has in entry {one.log_index}"
    yield from _registry_problems(connection, one)


def _registry_problems(connection: Connection, one: Act) -> Iterator[str]:
    """Versions that it made: what they say, and from when. Its moment of saying stands in the log."""
    changed = objects.of_act(connection, one.id)
    detail = json.loads(one.detail)
    if not changed and "objects" not in detail:
        return  # it is no change of the registry
    if detail.get("sha256") != changing.digest(changed):
        yield "the registry's versions that it made have been changed"
    if not changing.is_since(changed, detail, one.utc_s):
        yield "the registry's versions that it made hold from other days than it says"
