"""The verify stage: a cursor over the log; judges each chain as its gaps close.

Records that wait behind a gap stay where they are, in the table; when the gap closes (or a
loss record declares it lost) the chain is read from the table, in order of its numbers.
"""

from collections.abc import Iterable, KeysView, Sequence
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection

from karez_gateway.errors import Refused
from karez_gateway.grants import rights
from karez_gateway.grants.rights import Right
from karez_gateway.intake.verify import LATE, REVOKED, UNCHAINED, Judge
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import bindings, chains, cursors, downlinks, entries, revocations, verdicts
from karez_gateway.store.chains import Key
from karez_gateway.store.database import Database
from karez_gateway.store.entries import SLOT, Stored
from karez_gateway.store.verdicts import Verdict

STAGE = "verify"
SLICE = 2048  # entries a transaction: about 40 ms, so that a live frame is never held up longer
UNKNOWN = -1
_KIND = SLOT.start + 1
PAGE = 4096  # records read at once behind a closed gap


class Verification:
    """Run `step` until it returns 0. One thread at a time."""

    def __init__(self, database: Database, at: Seam = unharmed) -> None:
        """Take the open database."""
        self._database = database
        self._at = at
        self._judges: dict[Key, Judge] = {}
        self._verdicts: list[Verdict] = []
        self._position = UNKNOWN
        self._revoked: dict[int, int] = {}  # controller id -> log index from which on it is not believed

    def step(self) -> int:
        """Judge what came in the next slice of the log; return how many entries that was."""
        try:
            with self._database.writing() as connection:
                cursor = cursors.position(connection, STAGE)
                last, records = entries.records_after(connection, cursor, SLICE)
                if last == cursor:
                    return 0
                if self._position == UNKNOWN:
                    self._position = verdicts.next_position(connection)
                self._revoked = revocations.in_force(connection)
                groups: dict[Key, list[Stored]] = {}
                for one in records:
                    groups.setdefault((one.controller_id, one.chain), []).append(one)
                self._meet(connection, groups.keys())
                for key, arrived in groups.items():
                    self._advance(connection, key, arrived, last)
                verdicts.add(connection, self._verdicts)
                chains.save_verified(connection, [(key, self._judges[key].marks) for key in groups])
                cursors.move(connection, STAGE, last)
                self._at(STAGE)
        except BaseException:
            self._judges.clear()  # what they know may be rolled back
            self._position = UNKNOWN
            raise
        finally:
            self._verdicts = []
        return last - cursor

    def _meet(self, connection: Connection, keys: KeysView[Key]) -> None:
        """Have a judge for each chain; all that are new are asked for at once."""
        new = keys - self._judges.keys()
        if not new:
            return
        marks = chains.verified_of(connection, new)
        if len(marks) < len(new):
            raise LookupError(f"chain {min(new - marks.keys())} has entries but no state")
        for key, owner in bindings.of_chains(connection, new).items():
            self._judges[key] = Judge(
                owner.name, key[1], owner.key, owner.rated_flow_lph, marks[key], self._right_of
            )

    def _right_of(self, digest: bytes) -> Right | None:
        """The right in a signed grant that is held here."""
        with self._database.reading() as reading:
            data = downlinks.checked_grant(reading, digest)
        try:
            return None if data is None else rights.read(data)
        except Refused:
            return None

    def _advance(self, connection: Connection, key: Key, arrived: list[Stored], last: int) -> None:
        judge = self._judges[key]
        marks = judge.marks
        passed = marks.verified_seq
        for one in arrived:
            if one.seq <= passed:
                self._say(one, LATE)
        fresh = [one for one in arrived if one.seq > passed]
        if not fresh:
            return
        if marks.seen_seq > passed:
            self._from_table(connection, key, judge, last)
        else:
            fresh.sort(key=attrgetter("seq", "log_index"))
            self._run(connection, key, judge, fresh)
        marks.seen_seq = max(marks.seen_seq, *(one.seq for one in fresh))

    def _from_table(self, connection: Connection, key: Key, judge: Judge, last: int) -> None:
        while True:
            page = entries.records_from(connection, *key, judge.marks.verified_seq + 1, last, PAGE)
            is_last = len(page) < PAGE
            if not is_last:  # candidates of one number must be judged together
                page = [one for one in page if one.seq < page[-1].seq] or page
            if not self._run(connection, key, judge, page) or is_last:
                return

    def _run(self, connection: Connection, key: Key, judge: Judge, records: Sequence[Stored]) -> bool:
        """Judge records by rising number up to the first gap; return False when there is one."""
        marks = judge.marks
        for candidates in _by_number(records):
            seq = candidates[0].seq
            if seq != marks.verified_seq + 1 and not self._is_passed(
                connection, key, marks.verified_seq + 1, seq - 1
            ):
                return False
            signed = marks.signed_seq, marks.covered_seq
            reasons = judge.take(seq, [one.body[SLOT] for one in candidates])
            if self._revoked:
                reasons = [self._but(one, reason) for one, reason in zip(candidates, reasons, strict=True)]
                if REVOKED in reasons:
                    marks.signed_seq, marks.covered_seq = signed  # its key signs nothing any more, either
            for one, reason in zip(candidates, reasons, strict=True):
                self._say(one, reason)
            for found in judge.findings:
                one = candidates[found.candidate]
                if reasons[found.candidate] != REVOKED:
                    self._find(connection, key, one, found.kind, found.subject, found.litres)
        return True

    def _but(self, one: Stored, reason: str | None) -> str | None:
        """The reason against a record, unless a stronger one is that its controller was revoked before it."""
        is_revoked = one.log_index > self._revoked.get(one.controller_id, one.log_index)
        return REVOKED if is_revoked and reason not in UNCHAINED else reason

    def _say(self, one: Stored, reason: str | None) -> None:
        self._verdicts.append(Verdict(self._position, one.log_index, one.body[_KIND], reason))
        self._position += 1

    @staticmethod
    def _find(connection: Connection, key: Key, one: Stored, kind: str, subject: int, litres: int) -> None:
        verdicts.note_finding(connection, key[0], kind, subject, one.log_index, litres)

    @staticmethod
    def _is_passed(connection: Connection, key: Key, first: int, last: int) -> bool:
        """True if every number first..last is declared lost or was never used."""
        for low, high in sorted(entries.passed_ranges(connection, *key)):
            if low <= first <= high:
                first = high + 1
        return first > last


def _by_number(records: Sequence[Stored]) -> Iterable[Sequence[Stored]]:
    """Records that follow one another under the same number: nearly always each alone."""
    if len({one.seq for one in records}) == len(records):
        return [(one,) for one in records]
    return [tuple(same) for _, same in groupby(records, key=attrgetter("seq"))]
