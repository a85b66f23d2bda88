"""What holds of a session's life, whichever standard it speaks; in virtual time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from karez_gateway.uploads import sl651_session, szy206_session
from karez_gateway.uploads.sl651_session import Sl651Session
from karez_gateway.uploads.stream_events import Failure, ReportConfirmed, ReportFailed, SessionEnded
from karez_gateway.uploads.stream_session import Cause, SessionMisuse, State, Table
from karez_gateway.uploads.szy206_session import Szy206Session
from karez_protocols.sl651_messages import Done

from . import sl651_desk, szy206_desk


@dataclass(frozen=True)
class Standard:
    """One standard's session, and both ends' words: `ready` is connected and may report."""

    table: Table
    new: Callable[[], Any]
    ready: Callable[[], Any]
    report: Any
    confirm: Callable[[bytes], bytes]
    question: bytes
    answer: Any


def _sl651() -> Sl651Session:
    return Sl651Session(sl651_desk.A, sl651_desk.settings(), lambda: sl651_desk.SENT_UTC_S)


def _sl651_ready() -> Sl651Session:
    session = _sl651()
    session.connected(0)
    session.data_to_send()
    return session


STANDARDS = {
    "szy206": Standard(
        szy206_session.NEXT,
        lambda: Szy206Session(szy206_desk.A, szy206_desk.SETTINGS),
        szy206_desk.logged_in,
        szy206_desk.report(),
        szy206_desk.confirm,
        szy206_desk.QUESTION,
        b"\x68answer",
    ),
    "sl651": Standard(
        sl651_session.NEXT,
        _sl651,
        _sl651_ready,
        sl651_desk.report(),
        lambda request: sl651_desk.confirm(sl651_desk.frames_of(request)[0]),
        sl651_desk.question(),
        Done(0x51, None, sl651_desk.sent_at(), sl651_desk.A),
    ),
}
ANSWER_MS = 1000
assert szy206_desk.ANSWER_MS == sl651_desk.ANSWER_MS == ANSWER_MS


@pytest.fixture(params=STANDARDS)
def standard(request):
    return STANDARDS[request.param]


def reporting(standard):
    """A session with a report under way, and the report's bytes."""
    session = standard.ready()
    session.send(standard.report, 0)
    return session, session.data_to_send()


def test_a_session_begins_offline_with_nothing_to_say_and_nothing_due(standard):
    session = standard.new()
    assert session.state is State.OFFLINE and not session.is_over
    assert session.data_to_send() == b"" and session.next_deadline_ms is None


def test_a_pair_not_in_the_table_changes_nothing(standard):
    for state in State:
        for cause in Cause:
            session = standard.new()
            session.state = state
            assert session._fire(cause) == ((state, cause) in standard.table)
            assert session.state is standard.table.get((state, cause), state)


def test_nothing_leads_out_of_the_end_and_everything_into_it(standard):
    known = {state for state, _ in standard.table}
    assert State.ENDED not in known
    assert all(standard.table[state, Cause.CLOSED] is State.ENDED for state in known)


def test_calls_out_of_turn_are_the_owners_mistake(standard):
    session = standard.new()
    with pytest.raises(SessionMisuse):
        session.send(standard.report, 0)
    session.connected(0)
    with pytest.raises(SessionMisuse):
        session.connected(0)
    session.send(standard.report, 0)
    with pytest.raises(SessionMisuse):
        session.send(standard.report, 0)
    session.disconnected()
    with pytest.raises(SessionMisuse):
        session.send(standard.report, 0)


def test_an_answer_goes_out_while_a_report_waits_and_moves_no_time_out(standard):
    session, request = reporting(standard)
    (asked,) = session.receive(standard.question, 1)
    session.reply(asked, standard.answer, 2)
    assert session.data_to_send() and session.counters.replies == 1
    assert session.next_deadline_ms == ANSWER_MS
    assert isinstance(session.receive(standard.confirm(request), 3)[0], ReportConfirmed)


def test_an_answer_after_the_end_is_the_owners_mistake(standard):
    session = standard.ready()
    (asked,) = session.receive(standard.question, 1)
    session.disconnected()
    with pytest.raises(SessionMisuse):
        session.reply(asked, standard.answer, 2)
    assert session.data_to_send() == b"" and session.counters.replies == 0


def test_a_confirm_is_taken_at_every_split_point(standard):
    size = len(standard.confirm(reporting(standard)[1]))
    for split in range(size):
        session, request = reporting(standard)
        answer = standard.confirm(request)
        assert session.receive(answer[:split], 1) == []
        assert session.receive(answer[split:], 2) == [
            ReportConfirmed(standard.report, request, answer),
        ], split


def test_three_time_outs_fail_the_report_and_the_session(standard):
    session, request = reporting(standard)
    for now_ms in (ANSWER_MS, 2 * ANSWER_MS):
        assert session.time_passed(now_ms - 1) == [] and session.data_to_send() == b""
        assert session.time_passed(now_ms) == [] and len(session.data_to_send()) == len(request)
    assert session.counters.repeats == 2
    failed = [ReportFailed(standard.report, Failure.UNANSWERED), SessionEnded(Failure.UNANSWERED)]
    assert session.time_passed(3 * ANSWER_MS) == failed
    assert session.is_over and session.next_deadline_ms is None and session.data_to_send() == b""


def test_ending_it_fails_what_was_under_way_and_happens_once(standard):
    session, _ = reporting(standard)
    failed = [ReportFailed(standard.report, Failure.LOGGED_OUT), SessionEnded(Failure.LOGGED_OUT)]
    assert session.log_out() == failed and session.is_over
    session.data_to_send()
    assert session.log_out() == [] and session.data_to_send() == b""


def test_a_lost_connection_fails_the_report_and_leaves_nothing_to_send(standard):
    session = standard.ready()
    session.send(standard.report, 0)
    failed = [ReportFailed(standard.report, Failure.DISCONNECTED), SessionEnded(Failure.DISCONNECTED)]
    assert session.disconnected() == failed
    assert session.data_to_send() == b"" and session.disconnected() == []


def test_a_confirm_after_the_end_changes_nothing(standard):
    session, request = reporting(standard)
    session.disconnected()
    assert session.receive(standard.confirm(request), 1) == [] and session.time_passed(10**9) == []
    assert session.state is State.ENDED


def test_64_kib_of_garbage_are_counters_only(standard):
    session = standard.ready()
    assert session.receive(bytes(range(256)) * 256, 1) == []
    session.reader.silence()
    assert session.reader.noise_bytes == 65536 and session.state is State.READY
