"""SQL over `registry_object`: every version of every object of the county's registry."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from karez_gateway.county.registry.objects import Object, Registry, canonical
from karez_gateway.store.schema import registry_object

_T = registry_object.c
_ALL = select(_T.kind, _T.name, _T.version, _T.body, _T.act_id, _T.effective_utc_s)


def _read(connection: Connection, query: Select[Any]) -> Iterable[Object]:
    for kind, name, version, body, act_id, effective_utc_s in connection.execute(query):
        yield Object(kind, name, version, json.loads(body) if body else None, act_id, effective_utc_s)


def registry(connection: Connection, at_utc_s: int | None = None) -> Registry:
    """All that is in force, now or at a moment."""
    return Registry.of(_read(connection, _ALL.order_by(_T.kind, _T.name, _T.version)), at_utc_s)


def every(connection: Connection) -> list[Object]:
    """Every version of every object, in rising order of each."""
    return list(_read(connection, _ALL.order_by(_T.kind, _T.name, _T.version)))


def of_kind(connection: Connection, kind: str) -> list[Object]:
    """Every version of every object of a kind, in rising order of each."""
    return list(_read(connection, _ALL.filter_by(kind=kind).order_by(_T.name, _T.version)))


def history(connection: Connection, kind: str, name: str) -> list[Object]:
    """Every version of one object, the oldest first."""
    return list(_read(connection, _ALL.filter_by(kind=kind, name=name).order_by(_T.version)))


def of_act(connection: Connection, act_id: int) -> list[Object]:
    """What an act changed, by kind and name."""
    return list(_read(connection, _ALL.filter_by(act_id=act_id).order_by(_T.kind, _T.name)))


def versions(connection: Connection) -> dict[tuple[str, str], int]:
    """The newest version of every object, also of those that ended."""
    query = select(_T.kind, _T.name, _T.version).order_by(_T.version)
    return {(kind, name): version for kind, name, version in connection.execute(query)}


def newest_effective(connection: Connection) -> dict[tuple[str, str], int]:
    """From when on the latest-dated version of every object holds, UTC seconds."""
    query = select(_T.kind, _T.name, func.max(_T.effective_utc_s)).group_by(_T.kind, _T.name)
    return {(kind, name): int(utc_s) for kind, name, utc_s in connection.execute(query)}


def add(connection: Connection, objects: Iterable[Object]) -> None:
    """Keep new versions."""
    rows = [
        {
            "kind": one.kind,
            "name": one.name,
            "version": one.version,
            "act_id": one.act_id,
            "effective_utc_s": one.effective_utc_s,
            "body": canonical(one.values),
        }
        for one in objects
    ]
    if rows:
        connection.execute(insert(registry_object), rows)
