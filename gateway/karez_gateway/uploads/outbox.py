"""The outbox: one queue per destination, filled by a cursor over verified records.

A report keeps its place until the platform confirms it or will not have it. The confirm and the log
entry that keeps it become durable in one transaction; a crash before that sends the same report
again, which platforms take as a repeat.

A record of a well that has no address at the platform is left out, and the first such record is
remembered: once the mapping names the well, everything since is queued (a backfill). People may ask
for a range again (a resend). Both go behind what comes by itself.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from karez_gateway.config import Config, Destination
from karez_gateway.entries import origins
from karez_gateway.entries.sequence import Sequencer
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import cursors, entries, outboxes, platforms, uploadactions, verdicts
from karez_gateway.store.outboxes import LIVE, Confirmed, NewReport, Waiting
from karez_gateway.store.platforms import Chain
from karez_gateway.store.uploadactions import Action
from karez_gateway.store.verdicts import Good
from karez_gateway.uploads import Receipt
from karez_gateway.uploads.stations import Enrolled, Stations
from karez_gateway.uploads.subject import Subject, time_of
from karez_protocols import entry, record
from karez_protocols.errors import NotAllowed

SLICE = 4096
# Reports read at a time: what a queue of any length takes of memory is 64 records.
FETCHED = 64
# A controller's clock may be ahead: its records can come before the time they bear.
CLOCK_SLACK_S = 86_400
SERVICE = "gateway"  # who asks for a backfill

# (origin, index there) of an entry of the store
Place = Callable[[int], tuple[str, int]]


def place_in(config: Config, sequencer: Sequencer) -> Place:
    """Where the entries of the store stand, over all of the gateway's logs. It raises StoreError."""

    def place(number: int) -> tuple[str, int]:
        if number >= sequencer.numbering.first:
            return sequencer.log.origin, sequencer.numbering.index_of(number)
        origin, numbering, _ = origins.holding(config, number)
        return origin.name, numbering.index_of(number)

    return place


@dataclass(frozen=True, slots=True)
class Turn:
    """What to do next: nothing while it is paused, otherwise these reports in this order."""

    is_paused: bool
    reports: list[tuple[Waiting, Subject]]
    link_address: str


class Outbox:
    """The queue of one destination. Every call is one transaction."""

    def __init__(
        self,
        sequencer: Sequencer,
        destination: Destination,
        at: Seam = unharmed,
        place: Place | None = None,
    ) -> None:
        """Take the healed sequencer: receipts become log entries.

        `place` tells where an entry stands in which log; without it there has been one log only.
        """
        self.destination = destination
        self._sequencer = sequencer
        self._database = sequencer.database
        self._at = at
        self._place = place or self._in_this_log
        self._stage = f"upload:{destination.name}"
        self.held = ""  # why nothing is queued although records come

    def _in_this_log(self, number: int) -> tuple[str, int]:
        return self._sequencer.log.origin, self._sequencer.numbering.index_of(number)

    def step(self) -> int:
        """Queue reports of the next slice of verdicts, or of what is asked for again.

        Return how many records that was; 0 when there is nothing left.
        """
        name = self.destination.name
        with self._database.writing() as connection:
            cursor = cursors.position(connection, self._stage)
            left = platforms.left_out(connection, name)
            if left:
                self._take_up(connection, left, cursor)
            last, good = verdicts.good_after(connection, cursor, SLICE, self.destination.reported)
            action = uploadactions.first_open(connection, name) if last == cursor else None
            if last == cursor and action is None:
                return 0
            stations = self._stations(connection)
            done = last - cursor
            if action is not None:
                done = self._again(connection, action, stations, cursor)
            else:
                outboxes.add(connection, name, self._reports(connection, good, stations, left))
                cursors.move(connection, self._stage, last)
            self._at(self._stage)
        return done

    def _stations(self, connection: Connection) -> Stations:
        stations = Enrolled(connection).at(self.destination)
        self.held = stations.held
        return stations

    def _take_up(self, connection: Connection, left: dict[Chain, int], cursor: int) -> None:
        """A well that has got its address: ask for what was left out, which is left out no more."""
        name, stations = self.destination.name, self._stations(connection)
        for chain, position in [*left.items()]:
            address = stations.address_of(chain)
            if address is None:
                continue
            del left[chain]
            uploadactions.add(
                connection,
                name,
                uploadactions.BACKFILL,
                int(time.time()),
                SERVICE,
                f"it has address {address} now",
                controller_id=chain[0],
                chain=chain[1],
                from_position=position,
                until_position=cursor,
                is_open=True,
            )
            platforms.set_station(connection, name, chain, {"left_position": None})

    def _reports(
        self, connection: Connection, good: Sequence[Good], stations: Stations, left: dict[Chain, int]
    ) -> list[NewReport]:
        """Rows for those of some records that go to this platform; notes of those that lack an address.

        `left`: which lack it already.
        """
        name = self.destination.name
        every_s = self.destination.every_s
        thinned = _Thinned(every_s, platforms.periods(connection, name) if every_s else {})
        rows = []
        for position, one in good:
            if not self._is_wanted(one):
                continue
            chain = (one.controller_id, one.chain)
            if stations.address_of(chain) is not None:
                if thinned.takes(one):
                    rows.append(NewReport(name, LIVE, position, one.log_index))
            elif chain not in left:
                left[chain] = position
                platforms.set_station(connection, name, chain, {"left_position": position})
        for chain, period in thinned.changed.items():
            platforms.set_station(connection, name, chain, {"period": period})
        return rows

    def _is_wanted(self, one: entries.Stored) -> bool:
        since_utc_s = self.destination.since_utc_s
        return since_utc_s is None or time_of(one.slot, one.received_utc_s) >= since_utc_s

    def _again(self, connection: Connection, action: Action, stations: Stations, cursor: int) -> int:
        """Go on with a resend or backfill; return how many entries that was, 1 at least."""
        name = self.destination.name
        if action.next_index is None:
            self._begin(connection, action, cursor)
            return 1
        after, good = uploadactions.good_in(connection, action, self.destination.reported, SLICE)
        waiting = outboxes.waits(connection, name, [one.position for one in good])
        thinned = _Thinned(self.destination.every_s, {})  # anew in each slice: a report more is no harm
        rows = [
            NewReport(name, action.id, position, one.log_index)
            for position, one in good
            if position not in waiting
            and stations.address_of((one.controller_id, one.chain)) is not None
            and self._is_asked(action, one)
            and thinned.takes(one)
        ]
        outboxes.add(connection, name, rows)
        is_open = after <= (action.until_index or 0)
        uploadactions.move(connection, action.id, reports=len(rows), next_index=after, is_open=is_open)
        return max(after - action.next_index, 1)

    def _is_asked(self, action: Action, one: entries.Stored) -> bool:
        """Is a record of the time that was asked for? What a person asks for may be older than `since`."""
        if action.from_utc_s is None or action.to_utc_s is None:
            return self._is_wanted(one)
        return action.from_utc_s <= time_of(one.slot, one.received_utc_s) < action.to_utc_s

    def _begin(self, connection: Connection, action: Action, cursor: int) -> None:
        """Fix what it is about: records that come later are sent by themselves."""
        count = entries.next_index(connection)
        first = 0
        if action.from_utc_s is not None:
            from_utc_s = action.from_utc_s - CLOCK_SLACK_S
            first = uploadactions.first_received_from(connection, from_utc_s, count)
        until = cursor if action.until_position is None else action.until_position
        uploadactions.move(
            connection, action.id, next_index=first, until_index=count - 1, until_position=until
        )

    def following(self, aside: Collection[int] = ()) -> Turn:
        """The reports to send next, without those of controllers that are put aside."""
        name = self.destination.name
        with self._database.reading() as connection:
            if uploadactions.pause(connection, name) is not None:
                return Turn(is_paused=True, reports=[], link_address="")
            stations = self._stations(connection)
            found, lacking = outboxes.following(connection, name, FETCHED, aside), set[Chain]()
            while more := {one.chain for one in found if stations.address_of(one.chain) is None}:
                lacking |= more  # their addresses were taken away: they wait, and let others pass
                found = outboxes.following(connection, name, FETCHED, aside, lacking)
        return Turn(
            is_paused=False,
            reports=[(one, self._subject(one, stations)) for one in found],
            link_address=stations.link_address,
        )

    def _subject(self, one: Waiting, stations: Stations) -> Subject:
        origin, index = self._place(one.record.log_index)
        stored = one.record
        return Subject(
            address=stations.address_of(one.chain) or "",
            controller=one.well.name,
            site=stations.site_of(one.chain),
            chain=stored.chain,
            seq=stored.seq,
            received_utc_s=stored.received_utc_s,
            entry=bytes(stored.body),
            slot=bytes(stored.slot),
            origin=origin,
            log_index=index,
        )

    def failed(self, reports: Sequence[Waiting], reason: str) -> None:
        """Keep why an attempt failed."""
        with self._database.writing() as connection:
            outboxes.failed(connection, self.destination.name, reports, reason)

    def refused(self, one: Waiting, reason: str) -> None:
        """Pass over a report that the standard cannot carry or the platform will not have."""
        with self._database.writing() as connection:
            outboxes.refused(connection, self.destination.name, one.key, reason)

    def confirmed(self, receipts: Sequence[tuple[Waiting, Receipt]]) -> None:
        """Keep receipts: each as an entry of the log, all in one transaction."""
        name = self.destination.name
        with self._sequencer.batch() as batch:
            rows = []
            for one, receipt in receipts:
                try:
                    body = _entry(name, one, receipt)
                except NotAllowed as error:
                    outboxes.refused(batch.connection, name, one.key, f"its receipt cannot be kept: {error}")
                    continue
                index = batch.add(entry.UPLOAD, body, receipt.utc_s)
                rows.append(Confirmed(one, receipt.utc_s, index))
            batch.write()
            outboxes.confirmed(batch.connection, name, rows)


def _entry(name: str, one: Waiting, receipt: Receipt) -> bytes:
    return bytes(
        entry.encode_upload(
            name,
            one.well.name,
            one.record.chain,
            one.record.seq,
            receipt.utc_s,
            receipt.request_bytes,
            receipt.confirm_bytes,
        )
    )


class _Thinned:
    """Of interval records only the first of a well in each period; all others go."""

    def __init__(self, every_s: int, periods: dict[Chain, int]) -> None:
        self._every_s = every_s
        self._periods = periods
        self.changed: dict[Chain, int] = {}

    def takes(self, one: entries.Stored) -> bool:
        if not self._every_s or one.slot[1] != record.INTERVAL:
            return True
        period = time_of(one.slot, one.received_utc_s) // self._every_s
        chain = (one.controller_id, one.chain)
        if self._periods.get(chain) == period:
            return False
        self._periods[chain] = self.changed[chain] = period
        return True
