"""The power company's months: taken in, compared, kept. The file and what came of it are acts of the log."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import usage
from karez_gateway.county.power import cells, columns, comparing, likely, statement, supply
from karez_gateway.county.power.comparing import Case, Counted, Tolerance
from karez_gateway.county.power.reply_books import RECONCILED, REPLY
from karez_gateway.county.power.statement import Reading
from karez_gateway.county.power.supply import Supply
from karez_gateway.errors import Refused
from karez_gateway.store import acts as store_acts
from karez_gateway.store import objects, wells
from karez_gateway.store.database import Database

STATEMENT = "power-statement"


class Taken(NamedTuple):
    """A month's file as it was taken in."""

    act_id: int
    month: str
    file: str
    rows: int
    energy_wh: int
    notes: list[str]


def take_in(
    store: Database,
    data: bytes,
    file: str,
    month: str,
    deed: Deed,
    *,
    mapping: Mapping[str, str],
    encoding: str = "",
) -> Taken:
    """Take in a month's file whole; a second one for the month replaces the first. Raises Refused."""
    month = statement.month_span(month)[0][:7]
    titles, rows = cells.read(data, file, encoding)
    places = columns.places(titles, mapping, file)
    readings, notes = statement.read(rows, places, month, file)
    digest = hashlib.sha256(data).hexdigest()
    detail = {
        "month": month,
        "file": file,
        "sha256": digest,
        "columns": places,
        "notes": notes,
        "rows": [list(one) for one in readings],
    }
    with store.writing() as connection:
        known = newest(connection, month)
        if known is not None and json.loads(known.detail)["sha256"] == digest:
            raise Refused(f"{file} was taken in before, by act {known.id}")
        act_id = acts.write(connection, STATEMENT, deed, detail)
    energy_wh = sum(one.energy_wh for one in readings)
    return Taken(act_id, month, file, len(readings), energy_wh, notes)


def newest(connection: Connection, month: str) -> store_acts.Act | None:
    """The file of a month that counts."""
    found = [
        one for one in store_acts.every(connection, STATEMENT) if json.loads(one.detail)["month"] == month
    ]
    return found[-1] if found else None


def compare(store: Database, config: Config, month: str) -> tuple[int, list[Case]]:
    """(act of the file, cases) of a month. Raises Refused where no file of it was taken in."""
    span = statement.month_span(month)
    tolerance = Tolerance(
        config.power.tolerance_percent, 1000 * config.power.tolerance_kwh, 1000 * config.power.own_use_kwh
    )
    with store.reading() as connection:
        act = newest(connection, span[0][:7])
        if act is None:
            raise Refused(f"no file of {span[0][:7]} was taken in: karez gateway power import")
        readings = [Reading(*row) for row in json.loads(act.detail)["rows"]]
        first = min([span[0], *(one.from_date for one in readings)])
        end = max([span[1], *(one.to_date for one in readings)])
        shift = likely.SHIFT_DAYS_MAX
        days = wells.days(connection, comparing.day_number(first) - shift, comparing.day_number(end) + shift)
        registry = objects.registry(connection)
    counted = Counted(days)
    found = comparing.cases(readings, registry, counted, span, tolerance)
    likely.find(found, counted, tolerance)
    return act.id, found


def keep(store: Database, config: Config, month: str, deed: Deed) -> tuple[int, list[Case]]:
    """The same, kept as an act with its results; return (act, cases)."""
    file_act, found = compare(store, config, month)
    states = {state: sum(1 for one in found if one.state == state) for state in comparing.STATES}
    detail = {
        "month": statement.month_span(month)[0][:7],
        "file_act": file_act,
        "states": states,
        "tolerance": config.power.model_dump(include={"tolerance_percent", "tolerance_kwh", "own_use_kwh"}),
        "cases": [facts(one) for one in found if one.state != comparing.AGREES],
    }
    with store.writing() as connection:
        return acts.write(connection, RECONCILED, deed, detail), found


def facts(one: Case) -> dict[str, Any]:
    """A case for a program."""
    ours = None if one.ours is None else one.ours._asdict()
    plain = {each.name: getattr(one, each.name) for each in dataclasses.fields(one)}
    return plain | {"ours": ours, "difference_wh": one.difference_wh, "meters": list(one.meters)}


def done(store: Database) -> list[dict[str, Any]]:
    """Files taken in and months reconciled, the newest first."""
    with store.reading() as connection:
        found = store_acts.every(connection, STATEMENT, RECONCILED, REPLY)
    rows = []
    for one in reversed(found):
        said = json.loads(one.detail)
        rows.append(
            {
                "act": one.id,
                "sort": one.sort,
                "month": said["month"],
                "by": one.by,
                "utc_s": one.utc_s,
                "file": said.get("file"),
                "rows": len(said["rows"]) if "rows" in said else None,
                "states": said.get("states"),
                "log_index": one.log_index,
            }
        )
    return rows


def suppliable(store: Database, config: Config, now_s: int) -> list[Supply]:
    """Which wells may be supplied today, and with how much energy for the rest of the water year."""
    calendar = Calendar(config.county.utc_offset_h)
    years = config.county.years
    year = years.of(now_s)
    with store.reading() as connection:
        registry = objects.registry(connection)
        used = usage.of_sites(connection, years.span(year))
    return supply.wells(registry, used, year, calendar.name("day", now_s))
