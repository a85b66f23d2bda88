"""Ingest: frames in, durable entries, acknowledgements out (design §10).

Only layout is checked here; an acknowledgement means stored, not true. A frame's slots go
into table and log in one transaction with everything else that follows from them, and the
highest contiguous number is computed from what is stored: it may be lower than one that was
acknowledged before (a restored backup), and the controller then sends again.
"""

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from karez_gateway import hostclock
from karez_gateway.entries.seqruns import SeqRuns
from karez_gateway.entries.sequence import Batch, Sequencer
from karez_gateway.store import bindings, chains, controllers, entries
from karez_gateway.store.chains import Key, StoredMarks
from karez_gateway.store.controllers import Controller
from karez_gateway.verifier.slots import PLACES
from karez_protocols import chain as chain_of
from karez_protocols import entry, link_gateway, record
from karez_protocols.errors import BadChecksum, ProtocolError

_UNKNOWN_U4 = 0xFFFFFFFF
_SEQ_AT = PLACES[record.LOSS]["seq"][0]
_VERSION_AND_SEQ = struct.Struct(f"<B{_SEQ_AT - 1}xI")
_LOSS_FIRST = slice(*PLACES[record.LOSS]["first_seq"][:2])
_LOSS_LAST = slice(*PLACES[record.LOSS]["last_seq"][:2])


@dataclass(frozen=True, slots=True)
class Frame:
    """One `up` payload as it came."""

    controller: str
    payload: bytes
    received_utc_s: int


@dataclass(frozen=True, slots=True)
class Ack:
    """What to answer: everything up to `seq` of the chain is stored durably."""

    controller: str
    frame: int
    chain: int
    seq: int


@dataclass(slots=True)
class Counters:
    """What came and was not stored as a record, since the service started."""

    records: int = 0
    duplicates: int = 0
    forks: int = 0
    frames_malformed: int = 0
    slots_malformed: int = 0
    frames_of_strangers: int = 0


@dataclass(slots=True)
class _Arrivals:
    """What one batch of frames brings for one chain."""

    controller: Controller
    frame: int = 0
    slots: list[tuple[int, int, bytes]] = field(default_factory=list)  # seq, received, slot


class Ingest:
    """Takes frames. One thread at a time."""

    def __init__(self, sequencer: Sequencer) -> None:
        """Take a sequencer that is healed."""
        self._sequencer = sequencer
        self._runs: dict[Key, SeqRuns] = {}
        self._controllers: dict[str, Controller] = {}
        self.counters = Counters()

    def take(self, frames: Sequence[Frame]) -> list[Ack]:
        """Store frames durably in table and log; return one acknowledgement per chain among them."""
        frames = [replace(one, received_utc_s=hostclock.within(one.received_utc_s)) for one in frames]
        try:
            with self._sequencer.batch() as batch:
                arrivals = self._sort(batch.connection, frames)
                self._load(batch.connection, arrivals)
                for key, one in arrivals.items():
                    self._store(batch, key, one)
                batch.write()
                chains.save_stored(
                    batch.connection,
                    [(key, StoredMarks(self._runs[key].end, self._runs[key].top)) for key in arrivals],
                )
        except BaseException:
            self._runs.clear()  # they may say what was rolled back
            raise
        return [
            Ack(one.controller.name, one.frame, key[1], self._runs[key].end) for key, one in arrivals.items()
        ]

    def _sort(self, connection: Connection, frames: Sequence[Frame]) -> dict[Key, _Arrivals]:
        arrivals: dict[Key, _Arrivals] = {}
        new = {one.controller for one in frames} - self._controllers.keys()
        if new:
            self._controllers |= controllers.find_all(connection, new)
        for one in frames:
            controller = self._controllers.get(one.controller)
            if controller is None:
                self.counters.frames_of_strangers += 1
                controllers.keep_stranger(
                    connection, one.controller, "not enrolled", one.payload, one.received_utc_s
                )
                continue
            try:
                frame, chain, slots = link_gateway.decode_up(one.payload)
            except ProtocolError as error:
                self.counters.frames_malformed += 1
                controllers.keep_stranger(
                    connection, one.controller, str(error), one.payload, one.received_utc_s
                )
                continue
            if not chain or frame is None:
                self.counters.frames_malformed += 1
                continue
            arrived = arrivals.setdefault((controller.id, chain), _Arrivals(controller))
            arrived.frame = frame
            arrived.slots += self._readable(slots, one.received_utc_s)
        return arrivals

    def _readable(self, slots: Sequence[bytes], received_utc_s: int) -> Iterator[tuple[int, int, bytes]]:
        """Slots of our version with a number; without one there is no place to keep them."""
        for slot in slots:
            version, seq = _VERSION_AND_SEQ.unpack_from(slot)
            if version != record.VERSION or not 0 < seq < _UNKNOWN_U4:
                self.counters.slots_malformed += 1
                continue
            yield seq, received_utc_s, slot

    @staticmethod
    def _begin(connection: Connection, arrivals: Mapping[Key, _Arrivals]) -> None:
        """Open new chains: at the binding in force, or at the one before if its records say so.

        A box that is still at its old place may begin a chain after it was bound anew here.
        """
        moved = bindings.formers_of(connection, {key[0] for key in arrivals})
        for key, arrived in arrivals.items():
            former = bindings.formers(connection, key[0])[-1] if key[0] in moved else None
            if former is not None and key[1] > former.last_chain:
                before = chain_of.genesis(key[1], former.signed_binding)
                if any(_follows(before, slot) for _, _, slot in arrived.slots):
                    bindings.extend(connection, former, key[1])
        owners = bindings.of_chains(connection, arrivals.keys())
        chains.begin(
            connection,
            [(key, chain_of.genesis(key[1], owners[key].signed_binding)) for key in arrivals],
        )

    def _load(self, connection: Connection, arrivals: Mapping[Key, _Arrivals]) -> None:
        """Bring to mind what is stored of each chain, and open those that are new."""
        missing = arrivals.keys() - self._runs.keys()
        if not missing:
            return
        known = chains.stored_of(connection, missing)
        new = {key: one for key, one in arrivals.items() if key in missing and key not in known}
        if new:
            self._begin(connection, new)
        for key in missing:
            marks = known.get(key) or StoredMarks(0, 0)
            runs = self._runs[key] = SeqRuns(marks.stored_seq)
            if marks.top_seq > marks.stored_seq:
                for seq in entries.seqs_above(connection, *key, marks.stored_seq):
                    runs.add(seq, seq)
                for first, last in entries.passed_ranges(connection, *key):
                    runs.add(first, last)

    def _store(self, batch: Batch, key: Key, arrived: _Arrivals) -> None:
        """Add what is new of one chain; same bytes = duplicate, other bytes = fork, both kept."""
        runs = self._runs[key]
        if self._goes_on(runs, arrived):
            self._add_run(batch, key, runs, arrived)
            return
        known = self._known(batch.connection, key, runs, arrived)
        prefixes: dict[int, bytes] = {}
        forks = []
        for seq, received_utc_s, slot in arrived.slots:
            digest = hashlib.sha256(slot).digest()
            seen = known.setdefault(seq, {})
            if digest in seen:
                self.counters.duplicates += 1
                continue
            prefix = prefixes.get(received_utc_s) or self._prefix(prefixes, arrived, key[1], received_utc_s)
            index = batch.add(entry.RECORD, prefix + slot, received_utc_s, (*key, seq), digest)
            if seen:
                forks.append((index, min(seen.values())))
            seen[digest] = index
            if seq == runs.end + 1:
                runs.add(seq, seq)
            elif seq > runs.end:
                self._beyond(batch.connection, key, runs, seq, slot)
            if slot[1] == record.LOSS:
                self._pass_lost(batch.connection, key, runs, seq, slot)
            self.counters.records += 1
        if forks:
            batch.write()
            entries.add_forks(batch.connection, forks)
            self.counters.forks += len(forks)

    @staticmethod
    def _goes_on(runs: SeqRuns, arrived: _Arrivals) -> bool:
        """True if all that came are the next numbers, one after another: nothing of them can be there yet."""
        if runs.top > runs.end or not arrived.slots:
            return False
        first = runs.end + 1
        return [seq for seq, _, _ in arrived.slots] == list(range(first, first + len(arrived.slots)))

    def _add_run(self, batch: Batch, key: Key, runs: SeqRuns, arrived: _Arrivals) -> None:
        """Add the next numbers of a chain: what a backlog consists of."""
        slots = arrived.slots
        prefixes: dict[int, bytes] = {}
        for received_utc_s in {one for _, one, _ in slots}:
            self._prefix(prefixes, arrived, key[1], received_utc_s)
        sha256 = hashlib.sha256
        batch.add_records(
            key, [(seq, utc_s, sha256(slot).digest(), prefixes[utc_s] + slot) for seq, utc_s, slot in slots]
        )
        runs.add(slots[0][0], slots[-1][0])
        for seq, _, slot in slots:
            if slot[1] == record.LOSS:
                self._pass_lost(batch.connection, key, runs, seq, slot)
        self.counters.records += len(slots)

    def _known(
        self, connection: Connection, key: Key, runs: SeqRuns, arrived: _Arrivals
    ) -> dict[int, dict[bytes, int]]:
        """Seq -> {digest: index} of what is stored; no query when every number is above the top."""
        known: dict[int, dict[bytes, int]] = {}
        old = [seq for seq, _, _ in arrived.slots if seq <= runs.top]
        if old:
            for seq, digest, index in entries.keys(connection, *key, min(old), max(old)):
                known.setdefault(seq, {})[digest] = index
        return known

    @staticmethod
    def _prefix(prefixes: dict[int, bytes], arrived: _Arrivals, chain: int, received_utc_s: int) -> bytes:
        """Bytes of a record entry before its slot: the same for a frame's slots."""
        body = entry.encode_record(arrived.controller.name, chain, received_utc_s, bytes(record.SLOT_SIZE))
        prefixes[received_utc_s] = body[: entries.SLOT.start]
        return prefixes[received_utc_s]

    @staticmethod
    def _beyond(connection: Connection, key: Key, runs: SeqRuns, seq: int, slot: bytes) -> None:
        """A number above a gap. The first record of chain n + 1 has a number above 1: none came before it."""
        if runs.end == 0:
            owner = bindings.of_chain(connection, key)
            if _follows(chain_of.genesis(key[1], owner.signed_binding), slot):
                entries.add_passed(connection, *key, 1, seq - 1)
                runs.add(1, seq - 1)
        runs.add(seq, seq)

    @staticmethod
    def _pass_lost(connection: Connection, key: Key, runs: SeqRuns, seq: int, slot: bytes) -> None:
        """Numbers that a loss record declares lost count as passed; it can only speak of its past."""
        first = int.from_bytes(slot[_LOSS_FIRST], "little")
        last = int.from_bytes(slot[_LOSS_LAST], "little")
        if 0 < first <= last < seq:
            entries.add_passed(connection, *key, first, last)
            runs.add(first, last)


def _follows(h: bytes, slot: bytes) -> bool:
    """True if a slot is the one after a chain value."""
    try:
        chain_of.check(h, slot)
    except BadChecksum:
        return False
    return True
