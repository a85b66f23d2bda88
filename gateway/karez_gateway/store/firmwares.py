"""SQL over `firmware` and `firmware_site`: updates, their roll-out, and how far each controller is."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, func, insert, or_, select, update

from karez_gateway.county.alarms.signs import NOTICE
from karez_gateway.store import revocations
from karez_gateway.store.asked import parts
from karez_gateway.store.schema import alarm, controller, firmware, firmware_site, ledger, well, well_day


class Firmware(NamedTuple):
    """One update without its bytes. `settings`: bounds of its roll-out (updates/rollout.py)."""

    id: int
    act_id: int
    sha256: bytes
    settings: dict[str, int]
    state: str
    stage: str
    since_utc_s: int
    resumed_utc_s: int
    why: str


class Place(NamedTuple):
    """One controller in the order of a roll-out."""

    controller_id: int
    controller: str
    site: str
    state: str
    chunks: int
    reason: str
    next_try_utc_s: int
    done_utc_s: int | None


_COLUMNS = (
    firmware.c.id, firmware.c.act_id, firmware.c.sha256, firmware.c.settings, firmware.c.state,
    firmware.c.stage, firmware.c.since_utc_s, firmware.c.resumed_utc_s, firmware.c.why,
)  # fmt: skip


def _read(row: Any) -> Firmware:
    return Firmware(**dict(row._mapping) | {"settings": json.loads(row.settings)})  # noqa: SLF001 - its public way


def add(connection: Connection, row: Mapping[str, Any], boxes: Sequence[int]) -> int:
    """Keep an update, and its controllers in their order; return its number."""
    key = connection.execute(insert(firmware).values(**row)).inserted_primary_key
    if key is None:
        raise RuntimeError("the database gave no key")
    widen(connection, int(key[0]), boxes, set())
    return int(key[0])


def widen(connection: Connection, number: int, boxes: Sequence[int], known: Collection[int]) -> None:
    """Give the controllers of an update their order; those that are not among `known` are new."""
    rows = [
        {
            "firmware_id": number, "controller_id": box, "place": place, "state": "waiting", "chunks": 0,
            "reason": "", "next_try_utc_s": 0,
        }
        for place, box in enumerate(boxes)
    ]  # fmt: skip
    connection.execute(insert(firmware_site), [row for row in rows if row["controller_id"] not in known])
    if known:
        site = firmware_site.c
        where = site.firmware_id == number, site.controller_id == bindparam("box")
        moved = [{"box": row["controller_id"], "to": row["place"]} for row in rows]
        connection.execute(update(firmware_site).where(*where).values(place=bindparam("to")), moved)


def touched(
    connection: Connection, among: Sequence[str], begun: Sequence[str], asked: Sequence[str]
) -> list[tuple[int, int, str, bytes]]:
    """(update, controller's row, its name, digest) of boxes that may hold an update that stands.

    `among`: states of updates; `begun`: of wells that were sent to; `asked`: of those that have some chunks.
    """
    site = firmware_site.c
    query = (
        select(firmware.c.id, site.controller_id, controller.c.name, firmware.c.sha256)
        .join(firmware_site, site.firmware_id == firmware.c.id)
        .join(controller, controller.c.id == site.controller_id)
        .where(
            firmware.c.state.in_(among),
            or_(site.state.in_(begun), and_(site.state.in_(asked), site.chunks > 0)),
            site.controller_id.not_in(revocations.IDS),
        )
        .order_by(firmware.c.id, site.place)
    )
    return [(int(row[0]), int(row[1]), str(row[2]), bytes(row[3])) for row in connection.execute(query)]


def everyone(connection: Connection) -> list[Firmware]:
    """All of them, oldest first."""
    return [_read(row) for row in connection.execute(select(*_COLUMNS).order_by(firmware.c.id))]


def get(connection: Connection, number: int) -> Firmware | None:
    """One by its number."""
    row = connection.execute(select(*_COLUMNS).where(firmware.c.id == number)).first()
    return None if row is None else _read(row)


def content(connection: Connection, number: int) -> tuple[bytes, bytes]:
    """Manifest and image of one that there is."""
    row = connection.execute(
        select(firmware.c.manifest, firmware.c.image).where(firmware.c.id == number)
    ).one()
    return bytes(row[0]), bytes(row[1])


def move(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """The roll-out goes on, or stands."""
    connection.execute(update(firmware).where(firmware.c.id == number).values(**values))


def places(connection: Connection, number: int) -> list[Place]:
    """Its controllers in their order, without those that are revoked."""
    site = firmware_site.c
    query = (
        select(
            site.controller_id, controller.c.name, controller.c.site, site.state, site.chunks, site.reason,
            site.next_try_utc_s, site.done_utc_s,
        )
        .join(controller, controller.c.id == site.controller_id)
        .where(site.firmware_id == number, site.controller_id.not_in(revocations.IDS))
        .order_by(site.place)
    )  # fmt: skip
    return [Place(*row) for row in connection.execute(query)]


def mark(
    connection: Connection,
    number: int,
    controller_id: int,
    values: Mapping[str, Any],
    among: Sequence[str] = (),
) -> None:
    """What became of one controller; `among`: only if its state is one of these."""
    where = [firmware_site.c.firmware_id == number, firmware_site.c.controller_id == controller_id]
    if among:
        where.append(firmware_site.c.state.in_(among))
    connection.execute(update(firmware_site).where(*where).values(**values))


def took(connection: Connection, states: Sequence[str]) -> dict[int, int]:
    """Update -> when the last of its controllers came into one of these states."""
    site = firmware_site.c
    query = (
        select(site.firmware_id, func.max(site.done_utc_s))
        .where(site.state.in_(states))
        .group_by(site.firmware_id)
    )
    return {int(row[0]): int(row[1]) for row in connection.execute(query) if row[1] is not None}


def by_digest(connection: Connection, start: bytes) -> int | None:
    """Number of the update whose manifest's digest begins so."""
    column = func.substr(firmware.c.sha256, 1, len(start))
    row = connection.execute(select(firmware.c.id).where(column == start)).first()
    return None if row is None else int(row[0])


def heard(connection: Connection) -> dict[str, int]:
    """Site -> when its newest good record was received."""
    rows = connection.execute(select(well.c.site, well.c.received_utc_s))
    return {str(row[0]): int(row[1]) for row in rows}


def alarmed(connection: Connection, lines: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Site -> when the newest alarm of some lines was raised there. `lines`: rule -> its lines."""
    wanted = [and_(alarm.c.rule == rule, alarm.c.line.in_(names)) for rule, names in lines.items()]
    query = (
        select(alarm.c.subject, func.max(alarm.c.last_utc_s))
        .where(alarm.c.kind == "site", or_(*wanted), alarm.c.severity != NOTICE)
        .group_by(alarm.c.subject)
    )
    return {str(row[0]): int(row[1]) for row in connection.execute(query)}


def days(
    connection: Connection, sites: Iterable[str], from_day: int, offset_s: int
) -> list[tuple[str, int, int, int]]:
    """(site, civil day, Wh, litres) from a day on. `offset_s`: the county's from UTC."""
    found: dict[tuple[str, int], list[int]] = {}
    for part in parts(sites):
        query = select(well_day.c.site, well_day.c.day, well_day.c.energy_wh).where(
            well_day.c.site.in_(part), well_day.c.day >= from_day
        )
        for site, day, energy_wh in connection.execute(query):
            found.setdefault((site, day), [0, 0])[0] += energy_wh
        first = (from_day * 86400 - offset_s) // 3600
        hours = select(ledger.c.site, ledger.c.hour_utc, ledger.c.litres).where(
            ledger.c.site.in_(part), ledger.c.hour_utc >= first
        )
        for site, hour, litres in connection.execute(hours):
            found.setdefault((site, (hour * 3600 + offset_s) // 86400), [0, 0])[1] += litres
    return [(site, day, wh, litres) for (site, day), (wh, litres) in found.items()]
