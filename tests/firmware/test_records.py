"""Records on their way to the memory: none is lost by an error, and a dead memory owes what counts."""

from karez_firmware.records import Records
from karez_firmware.store.devices import StoreFailed
from karez_protocols import causes, record
from karez_protocols.errors import NotAllowed


class Journal:
    """Takes records, or fails as told: `errors`, one for each append; a pair fails behind the commit."""

    def __init__(self):
        self.head = {"seq": 0, "running": 0}
        self.errors: list = []
        self.taken: list = []
        self.is_fram_dead = False
        self.dead_sectors = 0, None

    def append(self, values, *time):
        error = self.errors.pop(0) if self.errors else None
        if error and not isinstance(error, tuple):
            raise error
        self.head["seq"] += 1
        self.taken.append((values["kind"], values["cause"]))
        if error:
            raise error[0]
        return b"slot"


class Board:
    """Clock, recorder, keeper and port in one."""

    utc_s, state, alarms = 0, 0, 0

    def __init__(self):
        self.journal = Journal()
        self.us = 0
        self.said: list = []
        self.records = Records(self, self.journal, self, self, self)

    def now_ms(self):
        return self.us // 1000

    def say(self, text):
        self.said.append(text)

    def note(self, values):
        self.journal.head["running"] = {record.START: 1, record.STOP: 0}.get(
            values["kind"], self.journal.head["running"]
        )

    def raise_status(self, bit, is_so):
        self.status = bit if is_so else 0

    def event(self, cause, now_ms, subject, detail):
        return {"kind": record.EVENT, "cause": cause, "subject": subject}

    def give(self, *kinds, errors=()):
        """Let these wait and write them with these errors; return what the write said or raised."""
        self.journal.errors = list(errors)
        self.records.add([{"kind": kind, "cause": causes.NONE} for kind in kinds])
        try:
            return self.records.write()
        except MemoryError:
            return "raised"

    @property
    def kinds(self):
        return [kind for kind, _ in self.journal.taken]


S, P, I, E = record.START, record.STOP, record.INTERVAL, record.EVENT  # noqa: E741 - they read as a strip


def test_records_are_written_in_order_and_a_start_is_answered():
    board = Board()
    assert board.give(I, S, P) is True and board.kinds == [I, S, P]
    assert board.records.committed is True and board.records.last_stop == b"slot"
    assert board.records.write() is False


def test_an_error_before_the_commit_leaves_the_record_waiting():
    for kinds in ((S,), (P,), (I, S), (S, P)):
        board = Board()
        assert board.give(*kinds, errors=(MemoryError(),)) == "raised" and board.kinds == []
        assert board.journal.head["running"] == 0 and board.records.committed is None
        assert board.records.write() and board.kinds == list(kinds)


def test_an_error_behind_the_commit_does_not_write_it_twice():
    board = Board()
    assert board.give(S, I, errors=((MemoryError(),),)) == "raised"
    assert board.kinds == [S] and board.records.committed is True and board.journal.head["running"] == 1
    assert board.records.write() and board.kinds == [S, I]


def test_a_dead_memory_refuses_the_start_and_owes_the_stop():
    board = Board()
    board.give(S)
    board.records.committed = None
    for _ in range(3):
        assert board.give(P, I, E, errors=(StoreFailed("x"),)) is False
    assert board.journal.head["running"] == 1
    assert board.give(S, errors=(OSError(5),)) is False and board.records.committed is False
    assert board.give(I) and board.kinds[:5] == [S, P, P, P, I]
    assert board.journal.head["running"] == 0
    assert (E, causes.STORE_FAILED) in board.journal.taken


def test_what_is_owed_is_bounded_and_only_what_the_books_hang_on():
    board = Board()
    for _ in range(20):
        board.give(P, record.GAP, errors=(StoreFailed("x"),))
    segment = {"kind": E, "cause": causes.SEGMENT_OPENED}
    board.records.add([segment])
    board.journal.errors = [StoreFailed("x")]
    board.records.write()
    board.give(I)
    assert len([kind for kind in board.kinds if kind in (P, record.GAP)]) == 8


def test_after_one_refusal_the_memory_is_not_asked_again_in_the_same_call():
    board = Board()
    board.give(I, I, P, errors=(StoreFailed("x"), MemoryError()))
    assert len(board.journal.errors) == 1 and not board.records.pending


def test_a_value_that_no_record_holds_costs_that_record_alone():
    board = Board()
    assert board.give(E, S, errors=(NotAllowed("x"),)) is True
    assert board.kinds[:1] == [S] and board.records.committed is True
    board.records.committed = None
    assert board.give(S, errors=(NotAllowed("x"),)) is False and board.records.committed is False


def test_while_nothing_is_written_only_what_counts_goes_beyond_the_bound():
    board = Board()
    board.records.add([{"kind": I, "cause": 0}] * 100)
    board.records.add([{"kind": S, "cause": 0}, {"kind": P, "cause": 0}, {"kind": I, "cause": 0}])
    assert len(board.records.pending) == 66


def test_notes_are_eight_at_once_and_then_one_a_minute():
    board = Board()
    for _ in range(50):
        board.records.note(causes.GRANT_REFUSED_FORM, 0, b"x")
    assert len(board.records.pending) == 8
    for minute in range(1, 4):
        board.us = minute * 60_000_000
        for _ in range(5):
            board.records.note(causes.GRANT_REFUSED_FORM, 0, b"x")
        assert len(board.records.pending) == 8 + minute


def test_a_dead_fram_and_a_dead_sector_are_said_once():
    board = Board()
    board.journal.is_fram_dead, board.journal.dead_sectors = True, (1, 7)
    board.give(I, I)
    causes_found = [cause for kind, cause in board.journal.taken if kind == E]
    assert causes_found == [causes.FRAM_FAILED, causes.SECTOR_DEAD]
