"""Changing the registry: new versions of objects, checked as a whole, kept with one act or not at all."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.registry.objects import Object, Registry, Values, canonical
from karez_gateway.errors import Refused
from karez_gateway.store import objects

SORT = "registry"

Wanted = Iterable[tuple[str, str, Values | None]]
Check = Callable[[Registry, Registry], None]  # (as it was, as it would be); raises Refused


def change(
    connection: Connection,
    wanted: Wanted,
    deed: Deed,
    *,
    check: Check,
    about: Mapping[str, Any] | None = None,
    sort: str = SORT,
    dated: Mapping[tuple[str, str], int] = MappingProxyType({}),
) -> list[Object]:
    """Put objects in force as (kind, name, values), None to end one; return those that changed.

    What is as it was already is left alone; if all is, nothing is kept. Raises Refused from `check`, for an
    object that is named twice, for a deed that is to hold later, and for one that says a day before that of a
    version that is there: the newest version is the one in force. `dated`: from when those hold, UTC seconds,
    that do not hold from when the deed says.
    """
    wanted = list(wanted)
    _refuse_twice(wanted)
    effective = deed.now_s if deed.effective_utc_s is None else deed.effective_utc_s
    if max([effective, *dated.values()]) > deed.now_s:
        raise Refused("a change of the registry holds from now on, or from a day before: it cannot wait")
    before = objects.registry(connection)
    known = objects.versions(connection)
    fresh = [one for one in wanted if not _is_same(before, *one)]
    if not fresh:
        return []
    since = dict(dated)
    if deed.effective_utc_s is not None:
        since = {(kind, name): deed.effective_utc_s for kind, name, _ in fresh} | since
    _refuse_before(connection, fresh, since)
    draft = [Object(kind, name, known.get((kind, name), 0) + 1, values, 0, 0) for kind, name, values in fresh]
    check(before, before.with_changes(draft))
    draft = [one._replace(effective_utc_s=since.get((one.kind, one.name), effective)) for one in draft]
    detail = {**(about or {}), "objects": len(draft), "sha256": digest(draft), **_days(draft, deed)}
    act_id = acts.write(connection, sort, deed, detail)
    done = [one._replace(act_id=act_id) for one in draft]
    objects.add(connection, done)
    return done


def digest(changed: Sequence[Object]) -> str:
    """SHA-256 over the versions of an act, in hex: what its entry of the log vouches for."""
    lines = sorted(f"{one.kind}\t{one.name}\t{one.version}\t{canonical(one.values)}\n" for one in changed)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def since_digest(changed: Sequence[Object]) -> str:
    """SHA-256 over the moments from which the versions of an act hold, in hex."""
    lines = sorted(f"{one.kind}\t{one.name}\t{one.effective_utc_s}\n" for one in changed)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def is_since(changed: Sequence[Object], detail: Mapping[str, Any], acted_utc_s: int) -> bool:
    """True if an act's versions hold from when its text says, from its own moment if that says nothing."""
    said = detail.get("since_sha256")
    if said is not None:
        return bool(said == since_digest(changed))
    since_utc_s = detail.get("effective_utc_s", acted_utc_s)
    return all(one.effective_utc_s == since_utc_s for one in changed)


def _days(draft: Sequence[Object], deed: Deed) -> dict[str, Any]:
    """What the text of an act says of when its versions hold; nothing where all hold from now on."""
    found: dict[str, Any] = {}
    if deed.effective_utc_s is not None:
        found["effective_utc_s"] = deed.effective_utc_s
    if not is_since(draft, found, deed.now_s):
        found["since_sha256"] = since_digest(draft)
    return found


def _refuse_twice(wanted: Sequence[tuple[str, str, Values | None]]) -> None:
    """Two versions of one object in one act: nobody could say which of them holds."""
    seen = set()
    for kind, name, _ in wanted:
        if (kind, name) in seen:
            raise Refused(f"{kind} {name} is named twice: say once what it is to be")
        seen.add((kind, name))


def _refuse_before(connection: Connection, fresh: Wanted, since: Mapping[tuple[str, str], int]) -> None:
    """A version that is dated before a later one would hide what that one says between the two."""
    newest = objects.newest_effective(connection) if since else {}
    for kind, name, _ in fresh:
        until_utc_s = newest.get((kind, name))
        if until_utc_s is not None and until_utc_s > since.get((kind, name), until_utc_s):
            held = dt.datetime.fromtimestamp(until_utc_s, dt.UTC)
            raise Refused(
                f"{kind} {name} was changed already to hold from {held:%Y-%m-%d %H:%M} UTC on: a change "
                f"cannot hold from before that; see karez gateway registry history, and say a later day"
            )


def _is_same(before: Registry, kind: str, name: str, values: Values | None) -> bool:
    return canonical(before.get(kind, name)) == canonical(values)
