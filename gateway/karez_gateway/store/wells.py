"""SQL over `well` and `well_day`, and what else the rules of alarms look at."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Connection, func, select, tuple_

from karez_gateway.county.alarms.facts import Day, Pending, Well
from karez_gateway.store import bindings, downlinks
from karez_gateway.store.bulk import Bulk
from karez_gateway.store.entries import SLOT, Stored
from karez_gateway.store.schema import (
    controller,
    downlink,
    entry,
    finding,
    fork,
    ledger,
    verdict,
    well,
    well_day,
)
from karez_gateway.verifier import slots
from karez_protocols import causes, record

ASKED_MAX = 5000
HOUR_S = 3600


@dataclass(slots=True)
class State:
    """What a site's newest good record said, as the stage keeps it."""

    controller_id: int
    chain: int
    issued_utc_s: int
    utc_s: int
    received_utc_s: int
    energy_wh: int | None
    alarms: int
    log_index: int
    volume_l: int | None
    rest_layup: int | None  # the lay-up in which it took the following
    rest_wh: int | None
    rest_l: int | None


@dataclass(slots=True)
class DayCell:
    """One site on one day."""

    energy_wh: int = 0
    gap_s: int = 0
    gap_energy_wh: int = 0
    lowest_mm: int | None = None
    highest_mm: int | None = None

    def level(self, level_mm: int) -> None:
        """Take a reading of the probe."""
        self.lowest_mm = level_mm if self.lowest_mm is None else min(self.lowest_mm, level_mm)
        self.highest_mm = level_mm if self.highest_mm is None else max(self.highest_mm, level_mm)


class Odd(NamedTuple):
    """What a check found at a record: `kind` of record_rules.EVIDENCE_SEVERITY."""

    record: Stored
    kind: str
    subject: int
    litres: int
    reason: str


def _replaced(names: Iterable[str]) -> str:
    """What `Bulk` sets where there is a row already: all of it anew."""
    return ", ".join(f"{name} = excluded.{name}" for name in names)


_STATE, _CELL = attrgetter(*State.__slots__), attrgetter(*DayCell.__slots__)
_SAVE = Bulk(well, ("site", *State.__slots__), known=_replaced(State.__slots__))
_SAVE_CELLS = Bulk(well_day, ("site", "day", *DayCell.__slots__), known=_replaced(DayCell.__slots__))


def states(connection: Connection) -> dict[str, State]:
    """All sites."""
    columns = [well.c[name] for name in ("site", *State.__slots__)]
    return {row[0]: State(*row[1:]) for row in connection.execute(select(*columns))}


def save(connection: Connection, moved: Mapping[str, State]) -> None:
    """Write those that moved."""
    _SAVE.run(connection, [(site, *_STATE(one)) for site, one in moved.items()])


def cells(connection: Connection, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], DayCell]:
    """Days that are there already."""
    wanted = list(keys)
    found = {}
    for at in range(0, len(wanted), ASKED_MAX):
        part = wanted[at : at + ASKED_MAX]
        query = select(well_day).where(tuple_(well_day.c.site, well_day.c.day).in_(part))
        found.update({(row[0], row[1]): DayCell(*row[2:]) for row in connection.execute(query)})
    return found


def save_cells(connection: Connection, days: Mapping[tuple[str, int], DayCell]) -> None:
    """Write days whole."""
    _SAVE_CELLS.run(connection, [(*key, *_CELL(one)) for key, one in days.items()])


def odd_in(connection: Connection, after: int, last: int) -> Iterator[Odd]:
    """Quarantined records, forks and findings among the verdicts of a range of positions."""
    columns = (
        entry.c.log_index,
        entry.c.controller_id,
        entry.c.chain,
        entry.c.seq,
        entry.c.received_utc_s,
        entry.c.body,
    )
    inside = (verdict.c.position > after, verdict.c.position <= last)
    judged = select(*columns, verdict.c.reason).join(verdict, verdict.c.log_index == entry.c.log_index)
    query = judged.where(*inside, verdict.c.reason.is_not(None)).order_by(verdict.c.position)
    for row in connection.execute(query):
        yield Odd(Stored._make(row[:6]), "quarantined", 0, 0, row[6])
    query = judged.join(fork, fork.c.log_index == entry.c.log_index).where(*inside)
    for row in connection.execute(query.order_by(verdict.c.position)):
        yield Odd(Stored._make(row[:6]), "fork", row[3], 0, "")
    found = (
        judged.add_columns(finding.c.kind, finding.c.subject, finding.c.litres)
        .join(finding, finding.c.log_index == entry.c.log_index)
        .where(*inside)
        .order_by(verdict.c.position)
    )
    for row in connection.execute(found):
        yield Odd(Stored._make(row[:6]), row.kind, row.subject, row.litres, "")


def wells(connection: Connection) -> dict[str, Well]:
    """What each site said last, for rules."""
    return {
        site: Well(
            site,
            one.controller_id,
            one.chain,
            one.utc_s,
            one.received_utc_s,
            one.energy_wh,
            one.alarms,
            one.log_index,
            one.volume_l,
            one.rest_layup,
            one.rest_wh or 0,
            one.rest_l or 0,
        )
        for site, one in states(connection).items()
    }


def controller_names(connection: Connection) -> dict[str, str]:
    """Site -> the controller whose record came last."""
    query = select(well.c.site, controller.c.name).join(controller, controller.c.id == well.c.controller_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def days(
    connection: Connection, first: int, last: int, sites: Iterable[str] | None = None
) -> tuple[Day, ...]:
    """Days from one to another, both included."""
    query = select(well_day).where(well_day.c.day >= first, well_day.c.day <= last)
    if sites is not None:
        query = query.where(well_day.c.site.in_(list(sites)))
    return tuple(Day(*row) for row in connection.execute(query.order_by(well_day.c.site, well_day.c.day)))


def hours_with_water(connection: Connection, from_utc_s: int, to_utc_s: int) -> dict[str, int]:
    """Site -> hours of a span in which litres are booked."""
    query = (
        select(ledger.c.site, func.count(ledger.c.hour_utc.distinct()))
        .where(ledger.c.hour_utc >= from_utc_s // HOUR_S, ledger.c.hour_utc < to_utc_s // HOUR_S)
        .where(ledger.c.litres > 0)
        .group_by(ledger.c.site)
    )
    return {row[0]: int(row[1]) for row in connection.execute(query)}


def pending_grants(connection: Connection) -> tuple[Pending, ...]:
    """The newest grant of each site that waits for its record."""
    query = (
        select(controller.c.site, downlink.c.object_seq, downlink.c.queued_utc_s, downlink.c.attempts)
        .join(controller, controller.c.id == downlink.c.controller_id)
        .where(downlink.c.sort == record.GRANT)
        .where(downlink.c.state.in_((downlinks.QUEUED, *downlinks.UNDECIDED)))
        .order_by(downlink.c.id)
    )
    newest = {row[0]: Pending(row[0], row[1] or 0, row[2], row[3]) for row in connection.execute(query)}
    return tuple(newest.values())


def grant_bodies(connection: Connection) -> Iterator[tuple[str, bytes]]:
    """(site, signed grant) of every checked grant that was not refused or withdrawn, oldest first."""
    gone = (downlinks.REFUSED, downlinks.WITHDRAWN)
    query = (
        select(controller.c.site, downlink.c.body)
        .join(controller, controller.c.id == downlink.c.controller_id)
        .where(downlink.c.sort == record.GRANT, downlink.c.checked.is_(True), downlink.c.state.not_in(gone))
        .order_by(downlink.c.id)
    )
    for row in connection.execute(query):
        yield row[0], bytes(row[1])


def energy_wh(connection: Connection, first: int, last: int) -> dict[str, Sequence[int]]:
    """Site -> (energy, longest silence s, energy across silences, days with records) of days first..last."""
    query = (
        select(
            well_day.c.site,
            func.sum(well_day.c.energy_wh),
            func.max(well_day.c.gap_s),
            func.sum(well_day.c.gap_energy_wh),
            func.count(),
        )
        .where(well_day.c.day >= first, well_day.c.day <= last)
        .group_by(well_day.c.site)
    )
    return {row[0]: [int(one) for one in row[1:]] for row in connection.execute(query)}


def emergencies_opened(connection: Connection, since_index: int) -> list[tuple[str, int]]:
    """(site, UTC seconds) of verified records from an entry on that opened an emergency ceiling."""
    query = (
        select(entry.c.controller_id, entry.c.chain, entry.c.received_utc_s, entry.c.body)
        .join(verdict, verdict.c.log_index == entry.c.log_index)
        .where(entry.c.log_index >= since_index, verdict.c.log_index >= since_index)
        .where(verdict.c.reason.is_(None), verdict.c.record_kind == record.EVENT)
        .order_by(verdict.c.position)
    )
    found = []
    for controller_id, chain, received_utc_s, body in connection.execute(query):
        slot = bytes(body)[SLOT]
        head = slots.head(slot)
        if head.cause == causes.EMERGENCY_OPENED:
            site = bindings.of_chain(connection, (controller_id, chain)).site
            found.append((site, head.utc_s if slots.has_time(head) else received_utc_s))
    return found
