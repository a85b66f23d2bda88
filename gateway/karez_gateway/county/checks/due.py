"""Meters whose legal verification runs out, and who answers for them."""

import datetime as dt
from typing import NamedTuple

from karez_gateway.county.checks.meters import WITHOUT_REGISTER
from karez_gateway.county.registry import trees
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.values import text


class Due(NamedTuple):
    """One open meter. `due_date` "" and `days` None: nobody wrote down until when it is verified."""

    serial: str
    site: str
    site_name: str
    quantity: str
    due_date: str
    days: int | None  # left; below zero: over
    holder: str
    person: str
    telephone: str


def due(registry: Registry, today: str, within_days: int) -> list[Due]:
    """Open meters due within so many days, the most urgent first; those without a date at the end.

    A level meter without a date is none of them: it counts nothing that is charged.
    """
    last = dt.date.fromisoformat(today) + dt.timedelta(days=within_days)
    found = []
    for serial, values in registry.of_kind("meter"):
        day = text(values, "due_date")
        is_dated = day != "" or text(values, "quantity") != WITHOUT_REGISTER
        if not text(values, "to_date") and is_dated and day <= last.isoformat():
            found.append(_due(registry, serial, day, today))
    return sorted(found, key=lambda one: (one.due_date == "", one.due_date, one.serial))


def _due(registry: Registry, serial: str, day: str, today: str) -> Due:
    meter = registry["meter", serial]
    site = registry.get("site", meter.get("site")) or {}
    person = trees.responsible(registry, site)
    days = (dt.date.fromisoformat(day) - dt.date.fromisoformat(today)).days if day else None
    return Due(
        serial,
        text(meter, "site"),
        text(site, "name_zh"),
        text(meter, "quantity"),
        day,
        days,
        text(site, "holder"),
        person,
        text(registry.get("person", person) or {}, "phone"),
    )
