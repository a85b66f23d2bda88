"""What the verbs on the county's registry share: in which language, at which moment, at which store."""

# ruff: noqa: PLC0415 - each verb imports what it needs: start-up time

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from karez_gateway.errors import Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from karez_gateway.config import Config
    from karez_gateway.county.checks.context import Context
    from karez_gateway.county.registry.field import Kind
    from karez_gateway.county.registry.objects import Registry

Lang = Annotated[str, typer.Option("--lang", help="Words and headers: en or zh.")]
At = Annotated[str, typer.Option("--at", help="As it stood on this day, or at a time with its zone.")]


class Standing(NamedTuple):
    """The registry as it is read, and what its rules must know."""

    registry: "Registry"
    context: "Context"


def kind_of(name: str) -> "Kind":
    """A kind by its name in either language. Raises Refused."""
    from karez_gateway.county.registry.kinds import KINDS

    found = next((one for one in KINDS.values() if name in (one.name, one.zh)), None)
    if found is None:
        raise Refused(f"{name} is no kind of the registry: one of {', '.join(KINDS)}")
    return found


@contextmanager
def reading(config: "Config") -> Iterator["Connection"]:
    """Read the store, beside a running service or without one."""
    from karez_gateway import data as data_directory

    with data_directory.beside(config) as store, store.reading() as connection:
        yield connection


def standing(config: "Config", at: str = "") -> Standing:
    """The registry, now or at a moment, beside what its rules must know now. Raises Refused."""
    from karez_gateway.calendars import DAY, Calendar
    from karez_gateway.county.checks.standing import context
    from karez_gateway.store import objects

    moment = None
    if at:
        calendar = Calendar(config.county.utc_offset_h)
        moment = calendar.moment(at)
        if len(at.strip()) == len("2026-10-01"):  # a day: as it stood when it ended
            moment = calendar.after(DAY, moment) - 1
    with reading(config) as connection:
        found = objects.registry(connection, moment)
        return Standing(found, context(connection, config.county, int(time.time())))
