"""Records on their way into the journal: what waits, what is written, what a memory did not take.

A permission is written before it acts, a stop after (design §8). Whatever fails in between, no
record is lost by it and none is written twice; but a memory that takes nothing costs what only
tells, and never what the books hang on.
"""

import binascii

from karez_protocols import causes, flags, record, signed
from karez_protocols.constant import const
from karez_protocols.errors import ProtocolError

from .core.recording import NO_DETAIL
from .store.devices import StoreFailed

_PENDING_MAX = const(64)  # while the task rests; beyond them only what the books hang on
_OWED_MAX = const(8)  # that a dead memory owes: an irrigation's end, and the segments around it
# Refused objects on record: a few at once, then one a minute. A flood would else push the
# irrigations out of the ring; the gateway sends again until it sees a record (downlink.py).
_NOTES = const(8)
_NOTE_MS = const(60_000)
# Events without which nobody could compute W from the records again.
_BOOKED = bytes((causes.SEGMENT_OPENED, causes.SEGMENT_CONFIRMED, causes.METER_CLOSED, causes.METER_OPENED))


class Unwritable(StoreFailed):
    """A value that no record holds: this one is lost, and the memory is well."""


def _is_booked(values):
    kind = values["kind"]
    return kind in (record.STOP, record.GAP) or (kind == record.EVENT and values["cause"] in _BOOKED)


class Records:
    """What one controller writes. `recorder`: core.recording.Recorder, for alarms and own events."""

    def __init__(self, port, journal, keeper, clock, recorder):
        self._port = port
        self._journal = journal
        self._keeper = keeper
        self._clock = clock
        self._recorder = recorder
        self.pending: list = []  # values of records, oldest first
        self._owed: list = []  # refused by the memory: tried again before the next record
        self.committed = None  # what became of a start's record, until the caller takes it
        self.last_stop = None  # slot of the last stop's record
        self._note_ms = 0  # until then refused objects have had their records
        self._dead_sectors = 0

    # -- what waits ---------------------------------------------------------------------

    def add(self, records):
        """Let records wait for their turn."""
        for values in records:
            is_needed = values["kind"] == record.START or _is_booked(values)
            if is_needed or len(self.pending) < _PENDING_MAX:
                self.pending.append(values)

    def event(self, cause, subject=0, detail=None):
        """Let an event of the app wait for its turn."""
        self.add([self._recorder.event(cause, self._port.now_ms(), subject, detail or NO_DETAIL)])

    def note(self, cause, seq, data):
        """A signed object is not taken, or is odd: on record, but no flood of it."""
        now_ms = self._port.now_ms()
        due_ms = max(self._note_ms, now_ms) + _NOTE_MS
        if due_ms - now_ms <= _NOTES * _NOTE_MS:
            self._note_ms = due_ms
            self.event(cause, seq, signed.digest(data)[: len(NO_DETAIL)])

    # -- writing ------------------------------------------------------------------------

    def write(self):
        """Commit what waits; True if the memory took something.

        After the first that it does not take it is asked no more: each try may erase for a second.
        """
        if not self.pending:
            return False
        while self._owed:
            self.pending.insert(0, self._owed.pop())
        seq = self._journal.head["seq"]
        is_alive = True
        while self.pending:
            is_alive = is_alive and self._write_first()
            if not is_alive:
                self._give_up(True)
        return self._journal.head["seq"] != seq

    def _write_first(self):
        """Commit the oldest; False if the memory does not take it. On any other error it waits on."""
        values, head = self.pending[0], self._journal.head
        seq, running = head["seq"], head["running"]
        slot = None
        try:
            self._keeper.note(values)
            slot = self.commit(values)
        except Unwritable:
            self._give_up(False)
        except StoreFailed:
            return False
        finally:
            # No exception says whether it came before or behind the commit; the head does.
            if head["seq"] == seq:
                head["running"] = running  # what is not written has not begun, and has not ended
            else:
                self.pending.pop(0)
                if values["kind"] == record.START:
                    self.committed = True
                elif values["kind"] == record.STOP:
                    self.last_stop = slot
        return True

    def _give_up(self, is_owed):
        """The oldest is not taken: what the books hang on is owed, the rest is gone."""
        values = self.pending.pop(0)
        if values["kind"] == record.START:
            self.committed = False
        elif is_owed and _is_booked(values) and len(self._owed) < _OWED_MAX:
            self._owed.append(values)

    def commit(self, values):
        """Write one record and return its slot. Raises StoreFailed; the alarm stands until one is taken."""
        clock, recorder = self._clock, self._recorder
        try:
            slot = self._journal.append(values, clock.utc_s, self._port.now_ms() // 1000, clock.state)
        except ProtocolError as error:
            recorder.alarms |= flags.STORE_FAILED
            raise Unwritable(str(error))
        except (OSError, StoreFailed) as error:
            recorder.alarms |= flags.STORE_FAILED
            raise StoreFailed(str(error))
        self._watch_memory(recorder)
        self._port.say("record " + binascii.hexlify(slot).decode())
        return slot

    def _watch_memory(self, recorder):
        if recorder.alarms & flags.STORE_FAILED:
            recorder.alarms &= ~flags.STORE_FAILED
            self.event(causes.STORE_FAILED)
        if self._journal.is_fram_dead and not recorder.alarms & flags.FRAM:
            recorder.alarms |= flags.FRAM
            recorder.raise_status(flags.FRAM_DEAD, True)
            self.event(causes.FRAM_FAILED)
        count, sector = self._journal.dead_sectors
        if count > self._dead_sectors:
            self._dead_sectors = count
            self.event(causes.SECTOR_DEAD, sector)
