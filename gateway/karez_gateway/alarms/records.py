"""The alarm stage over records: a cursor over verdicts, like the ledger.

It keeps what each well said last and a row a day of its energy and level, and makes signs of alarm bits that
change, of events, and of records that do not hold. Signs, alarms, notices and cursor are one transaction: a
process killed at any point raises nothing twice and misses nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator

from sqlalchemy import Connection

from karez_gateway.alarms import layups
from karez_gateway.config import Config
from karez_gateway.county.alarms import engine, record_rules, resting
from karez_gateway.county.alarms.layups import SORTS, Layup
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.signs import SITE, Sign
from karez_gateway.notify import queueing
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import acts, cursors, objects, verdicts, wells
from karez_gateway.store.controllers import Controller
from karez_gateway.store.database import Database
from karez_gateway.store.entries import Stored
from karez_gateway.store.owners import Owners
from karez_gateway.store.verdicts import Good
from karez_gateway.store.wells import DayCell, Odd, State
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import flags, record

STAGE = "alarms"
SLICE = 4096
GAP_S = 2 * 3600  # between records: what E moved across it was not watched
DAY_S = 86400
MEASURING = tuple(kind for kind in PLACES if record.is_measuring(kind))
_UNKNOWN_E = (1 << 48) - 1
_UNKNOWN_LEVEL = -(1 << 31)


class AlarmRecords:
    """Run `step` until it returns 0. One thread at a time."""

    def __init__(
        self,
        config: Config,
        database: Database,
        at: Seam = unharmed,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Take the open database."""
        self._config = config
        self._database = database
        self._at = at
        self._now = now
        self._settings = config.alarms.settings
        self._owners = Owners()
        self._layups: dict[str, list[Layup]] = {}
        self._newest_layup = 0
        self._states: dict[str, State] | None = None
        self._moved: dict[str, State] = {}
        self._days: dict[tuple[str, int], DayCell] = {}

    def step(self) -> int:
        """Take the next slice of verdicts; return how many that was."""
        now_s = int(self._now())
        try:
            with self._database.writing() as connection:
                before = cursors.position(connection, STAGE)
                last, good = verdicts.good_after(connection, before, SLICE, MEASURING)
                if last == before:
                    return 0
                self._prepare(connection, good)
                signs = [sign for one in good for sign in self._record(connection, one, now_s)]
                signs += [
                    sign
                    for odd in wells.odd_in(connection, before, last)
                    for sign in self._odd(connection, odd)
                ]
                wells.save(connection, self._moved)
                self._save_days(connection)
                queueing.take(connection, self._config, self._watched(connection, signs, now_s), now_s)
                cursors.move(connection, STAGE, last)
                self._at(STAGE)
        except BaseException:
            self._states = None  # what it says may be rolled back
            raise
        return last - before

    def _prepare(self, connection: Connection, good: Iterable[Good]) -> None:
        if self._states is None:
            self._states = wells.states(connection)
        newest = acts.newest(connection, *SORTS)
        if newest != self._newest_layup:
            self._layups = {}
            for one in layups.everyone(connection).values():
                self._layups.setdefault(one.site, []).append(one)
            self._newest_layup = newest
        self._owners.begin(connection, {(one.record.controller_id, one.record.chain) for one in good})
        self._moved, self._days = {}, {}

    def _owner(self, connection: Connection, one: Stored) -> Controller:
        return self._owners.of(connection, (one.controller_id, one.chain))

    def _record(self, connection: Connection, one: Good, now_s: int) -> Iterator[Sign]:
        """Signs of one good record; what an older box at the site says late is an event at most."""
        slot, owner = one.record.slot, self._owner(connection, one.record)
        head = slots.head(slot)
        utc_s = head.utc_s if slots.has_time(head) else one.record.received_utc_s
        about = {"seq": one.record.seq, "log_index": one.record.log_index, "record_utc_s": utc_s}
        if head.kind == record.EVENT:
            yield from record_rules.of_event(owner.site, head.cause, utc_s, about)
        before = (self._states or {}).get(owner.site)
        if before is not None and (owner.issued_utc_s, one.record.chain) < (
            before.issued_utc_s,
            before.chain,
        ):
            return
        known = before.alarms if before is not None else 0
        bits = slots.number(slot, head.kind, "alarms")
        yield from record_rules.of_bits(owner.site, known, bits, utc_s, about)
        # A bit that was not told because it was old is news when a record of today still has it.
        self._move(owner, one, before, utc_s, known & bits if self._too_old(utc_s, now_s) else bits)

    def _too_old(self, utc_s: int, now_s: int) -> bool:
        """True if what a record says is history: a gateway that learns alarms tells no old ones."""
        oldest_days = self._settings.of("record", queueing.ANYBODY)["oldest_days"]
        return isinstance(oldest_days, int) and utc_s < now_s - DAY_S * oldest_days

    def _move(self, owner: Controller, one: Good, before: State | None, utc_s: int, bits: int) -> None:
        """Note what the well said, and its day."""
        slot = one.record.slot
        same = before if before is not None and before.controller_id == one.record.controller_id else None
        energy_wh: int | None = slots.number(slot, slot[1], "energy_wh")
        if energy_wh == _UNKNOWN_E:  # another box's register says nothing of this one's
            energy_wh = same.energy_wh if same is not None else None
        volume_l = slots.volume_l(slot)
        if volume_l is None and same is not None:
            volume_l = same.volume_l
        cell = self._cell(owner.site, utc_s)
        if before is not None:
            passed_s = max(utc_s - before.utc_s, 0)
            cell.gap_s = max(cell.gap_s, passed_s)
            if energy_wh is not None and before.energy_wh is not None:
                more_wh = max(energy_wh - before.energy_wh, 0)
                cell.energy_wh += more_wh
                cell.gap_energy_wh += more_wh if passed_s > GAP_S else 0
        if slot[1] == record.INTERVAL:
            level_mm = int.from_bytes(slots.raw(slot, slot[1], "level_mm"), "little", signed=True)
            is_read = not slots.number(slot, slot[1], "alarms") & flags.LEVEL_SILENT
            if is_read and level_mm != _UNKNOWN_LEVEL and level_mm > 0:  # zero: no probe, or dry
                cell.level(level_mm)
        taken = self._taken(owner.site, utc_s, before, (one.record.controller_id, energy_wh, volume_l))
        state = State(
            one.record.controller_id,
            one.record.chain,
            owner.issued_utc_s,
            utc_s,
            one.record.received_utc_s,
            energy_wh,
            bits,
            one.record.log_index,
            volume_l,
            taken.layup,
            taken.energy_wh,
            taken.water_l,
        )
        self._moved[owner.site] = state
        if self._states is not None:
            self._states[owner.site] = state

    def _taken(
        self, site: str, utc_s: int, before: State | None, heard: tuple[int, int | None, int | None]
    ) -> resting.Taken:
        """What the well has taken while it is laid up, with this record."""
        if before is None:
            so_far, last = resting.Taken(None), None
        else:
            so_far = resting.Taken(before.rest_layup, before.rest_wh or 0, before.rest_l or 0)
            last = resting.Heard(before.controller_id, before.energy_wh, before.volume_l)
        return resting.taken(self._layups.get(site, ()), utc_s, so_far, last, resting.Heard(*heard))

    def _cell(self, site: str, utc_s: int) -> DayCell:
        day = (utc_s + 3600 * self._config.county.utc_offset_h) // DAY_S
        return self._days.setdefault((site, day), DayCell())

    def _save_days(self, connection: Connection) -> None:
        known = wells.cells(connection, list(self._days))
        for key, more in self._days.items():
            has = known.get(key)
            if has is None:
                continue
            more.energy_wh += has.energy_wh
            more.gap_energy_wh += has.gap_energy_wh
            more.gap_s = max(more.gap_s, has.gap_s)
            for level_mm in (has.lowest_mm, has.highest_mm):
                if level_mm is not None:
                    more.level(level_mm)
        wells.save_cells(connection, self._days)

    def _odd(self, connection: Connection, odd: Odd) -> Iterator[Sign]:
        owner = self._owner(connection, odd.record)
        about: dict[str, int | str] = {
            "seq": odd.record.seq,
            "log_index": odd.record.log_index,
            "subject": odd.subject,
            "litres_l": odd.litres,
            "reason": odd.reason,
        }
        yield from record_rules.of_evidence(
            owner.site, odd.kind, odd.litres, odd.record.received_utc_s, about
        )

    def _watched(self, connection: Connection, signs: list[Sign], now_s: int) -> list[engine.Happening]:
        """What the signs do, less what the county does not want to hear or what is too old to be news."""
        if not signs:
            return []
        places = Places(objects.registry(connection))
        month = queueing.month(self._config, now_s)
        wanted = []
        for sign in signs:
            if sign.holds:
                asked = self._settings.on(sign.key.rule, places.about(SITE, sign.key.subject), month)
                if asked is None or sign.key.line in asked.get("ignore", ()):  # type: ignore[operator]
                    continue
                if sign.utc_s is not None and self._too_old(sign.utc_s, now_s):
                    continue
            wanted.append(sign)
        return queueing.happenings(connection, wanted, engine.OF_RECORDS)
