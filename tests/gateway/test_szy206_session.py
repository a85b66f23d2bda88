"""The upload session in virtual time: what it says, when it repeats, what it believes."""

from binascii import unhexlify

import pytest

from karez_gateway.uploads.stream_events import (
    Failure,
    LoggedIn,
    PlatformAsked,
    ReportConfirmed,
    ReportFailed,
    SessionEnded,
)
from karez_gateway.uploads.stream_session import State
from karez_gateway.uploads.szy206_events import FlowReport, SessionSettings
from karez_gateway.uploads.szy206_session import Szy206Session
from karez_protocols import szy206
from karez_protocols import szy206_messages as messages
from karez_protocols.errors import NotAllowed

from .szy206_desk import ANSWER_MS, KEEP_MS, SETTINGS, A, B, confirm, logged_in, report

REPORT = report()


def sent(session):
    return szy206.decode(session.data_to_send())


def test_the_log_in_is_the_first_thing_said():
    session = Szy206Session(A, SETTINGS)
    assert session.data_to_send() == b"" and session.next_deadline_ms is None
    session.connected(5)
    assert session.data_to_send() == unhexlify("680868B0410105010002F02416")
    assert session.state is State.LOGGING_IN and session.next_deadline_ms == 5 + ANSWER_MS
    assert session.receive(unhexlify("6808683041010501000200CD16"), 6) == [LoggedIn(A)]
    assert session.state is State.READY


def test_a_report_is_the_worked_example_and_its_confirm_ends_it_with_both_frames():
    session = logged_in()
    session.send(FlowReport(A, 50400, 12345, 0, 0x20, 1720750500), 10)
    request = session.data_to_send()
    # 2024-07-12 02:15:00 UTC is 10:15:00 on the platform's clock; the delay is 0, not the example's 5
    assert request[:-3] == unhexlify("681A68B34101050100C014000000004523010000000020000015101200")[:-1]
    assert request[-3] == 0
    answer = confirm(request)
    assert session.receive(answer, 11) == [ReportConfirmed(REPORT, request, answer)]
    assert session.state is State.READY and session.data_to_send() == b""


def test_a_report_given_before_the_log_in_is_confirmed_waits_for_it():
    session = Szy206Session(A, SETTINGS)
    session.connected(0)
    login = session.data_to_send()
    session.send(REPORT, 1)
    assert session.data_to_send() == b""
    session.receive(confirm(login), 2)
    assert sent(session).afn == 0xC0 and session.state is State.REPORTING


def test_a_time_out_repeats_with_fcb_two_then_one_and_then_the_report_has_failed():
    session = logged_in()
    session.send(REPORT, 0)
    fcbs = [sent(session).fcb]
    for now_ms in (ANSWER_MS, 2 * ANSWER_MS):
        assert session.time_passed(now_ms - 1) == [] and session.data_to_send() == b""
        assert session.time_passed(now_ms) == []
        fcbs.append(sent(session).fcb)
    assert fcbs == [3, 2, 1] and session.counters.repeats == 2
    failed = [ReportFailed(REPORT, Failure.UNANSWERED), SessionEnded(Failure.UNANSWERED)]
    assert session.time_passed(3 * ANSWER_MS) == failed
    assert session.state is State.ENDED and session.next_deadline_ms is None and session.data_to_send() == b""


def test_an_unanswered_log_in_ends_the_session_and_fails_the_waiting_report():
    session = Szy206Session(A, SETTINGS)
    session.connected(0)
    session.send(REPORT, 0)
    events = []
    for now_ms in (ANSWER_MS, 2 * ANSWER_MS, 3 * ANSWER_MS):
        events += session.time_passed(now_ms)
    assert events == [ReportFailed(REPORT, Failure.UNANSWERED), SessionEnded(Failure.UNANSWERED)]


@pytest.mark.parametrize("fcb", [3, 2, 1])
def test_a_confirm_of_any_repeat_confirms_the_report_with_that_repeats_bytes(fcb):
    session = logged_in()
    session.send(REPORT, 0)
    requests = {3: session.data_to_send()}
    for repeat, now_ms in ((2, ANSWER_MS), (1, 2 * ANSWER_MS)):
        session.time_passed(now_ms)
        requests[repeat] = session.data_to_send()
    answer = confirm(requests[fcb])
    assert session.receive(answer, 2 * ANSWER_MS) == [ReportConfirmed(REPORT, requests[fcb], answer)]


def test_a_late_confirm_of_the_last_report_never_confirms_the_next():
    session = logged_in()
    session.send(REPORT, 0)
    first = session.data_to_send()
    session.time_passed(ANSWER_MS)
    repeat = session.data_to_send()
    assert len(session.receive(confirm(first), ANSWER_MS)) == 1
    later = FlowReport(A, 0, 12346, 0, 0x30, 1720750800)
    session.send(later, ANSWER_MS)
    session.data_to_send()
    session.time_passed(2 * ANSWER_MS)
    second_repeat = session.data_to_send()
    assert second_repeat[3] == repeat[3]  # the same FCB: only the order tells them apart
    assert session.receive(confirm(repeat), 2 * ANSWER_MS) == [] and session.counters.confirms_late == 1
    assert session.receive(confirm(second_repeat), 2 * ANSWER_MS)[0].report == later


def test_a_request_that_was_lost_does_not_cost_the_next_report_a_repeat():
    session = logged_in()
    session.send(REPORT, 0)
    session.data_to_send()  # lost
    session.time_passed(ANSWER_MS)
    assert len(session.receive(confirm(session.data_to_send()), ANSWER_MS)) == 1
    session.send(REPORT, ANSWER_MS)
    answer = confirm(session.data_to_send())  # FCB 3, as the lost one had
    assert isinstance(session.receive(answer, ANSWER_MS)[0], ReportConfirmed)
    assert session.counters.confirms_late == 0


def test_a_confirm_of_another_address_function_or_counter_confirms_nothing():
    session = logged_in()
    session.send(REPORT, 0)
    request = session.data_to_send()
    for frame in (
        messages.Confirm(B, 0xC0, 3, 3),
        messages.Confirm(A, 0x02, 3, 0),
        messages.Confirm(A, 0xC0, 2, 3),
        messages.Confirm(A, 0xC0, 0, 3),
    ):
        assert session.receive(frame.encode(szy206.SZY206_2016), 1) == []
    assert session.counters.confirms_unmatched == 3  # the link confirm is no oddity
    assert session.receive(request, 1) == [] and session.counters.wrong_direction == 1
    assert session.state is State.REPORTING


def test_type_and_content_of_a_confirm_do_not_matter():
    for body in (b"", b"\x00", b"\x00\x30\x15\x10\x12\x05", bytes(9)):
        session = logged_in()
        session.send(REPORT, 0)
        session.data_to_send()
        frame = szy206.encode(szy206.Frame(False, A, 0xC0, body, 3, 0))  # type 0: some platforms
        assert isinstance(session.receive(frame, 1)[0], ReportConfirmed), body


def test_a_427_report_has_the_long_tag_and_its_confirm_is_taken():
    session = logged_in(SessionSettings(dialect=szy206.SLT427_2021))
    session.send(REPORT, 0)
    request = session.data_to_send()
    message = messages.decode_message(szy206.decode(request), szy206.SLT427_2021)
    assert message.tag == (2024, 7, 12, 10, 15, 0, 0)
    answer = confirm(request, dialect=szy206.SLT427_2021)
    assert session.receive(answer, 1) == [ReportConfirmed(REPORT, request, answer)]


def test_a_confirm_with_any_byte_wrong_is_no_confirm():
    session = logged_in(SessionSettings(answer_ms=10**9))
    session.send(REPORT, 0)
    answer = confirm(session.data_to_send())
    for at in range(len(answer)):
        for flip in (0x01, 0x10, 0x80, 0xFF):
            bad = bytearray(answer)
            bad[at] ^= flip
            assert session.receive(bytes(bad) + bytes(260), 1) == []  # zeros end the wait for a long L
    assert session.reader.bad_checksums > 0
    assert isinstance(session.receive(answer, 1)[0], ReportConfirmed)


def test_a_confirm_stuck_behind_a_torn_frame_is_found_at_the_time_out():
    session = logged_in()
    session.send(REPORT, 0)
    answer = confirm(session.data_to_send())
    assert session.receive(b"\x68\xff\x68" + answer, 1) == []
    assert isinstance(session.time_passed(ANSWER_MS)[0], ReportConfirmed)
    assert session.data_to_send() == b"" and session.counters.repeats == 0


def asked(events):
    """(address, function, bytes) of what the platform asked."""
    assert all(isinstance(one, PlatformAsked) for one in events)
    return [(one.frame.address, one.frame.afn, one.frame_bytes) for one in events]


def test_commands_are_handed_over_and_neither_done_nor_answered():
    session = logged_in()
    stop = unhexlify("680F684101050100930112343015101205".replace("6841", "683041") + "9F16")
    assert asked(session.receive(stop, 1)) == [(A, 0x93, stop)]
    assert session.data_to_send() == b"" and session.state is State.READY
    assert session.counters.requests == 1 and session.counters.replies == 0


@pytest.mark.parametrize(("mode", "is_reported"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_confirm_that_wants_another_work_mode_still_confirms_and_is_reported(mode, is_reported):
    session = logged_in()
    session.send(REPORT, 0)
    answer = confirm(session.data_to_send(), mode)
    events = session.receive(answer, 1)
    assert isinstance(events[0], ReportConfirmed)
    assert asked(events[1:]) == ([(A, 0xC0, answer)] if is_reported else [])


def test_another_station_is_logged_in_before_its_first_report_only():
    session = logged_in()
    report = FlowReport(B, 0, 1, 0, 0x30, 1720750500)
    afns = []
    for _ in range(2):
        session.send(report, 1)
        while session.state is not State.READY:
            request = session.data_to_send()
            afns.append((szy206.decode(request).afn, szy206.decode(request).address))
            session.receive(confirm(request), 1)
    assert afns == [(0x02, B), (0xC0, B), (0xC0, B)]


def test_stations_are_not_logged_in_where_the_platform_wants_only_the_link():
    session = logged_in(SessionSettings(logs_in_each_station=False))
    session.send(FlowReport(B, 0, 1, 0, 0x30, 1720750500), 1)
    assert sent(session).afn == 0xC0


def test_an_idle_session_says_it_is_alive_and_waits_for_no_answer():
    session = logged_in()
    for now_ms in (KEEP_MS, 2 * KEEP_MS):
        assert session.next_deadline_ms == now_ms
        assert session.time_passed(now_ms - 1) == [] and session.data_to_send() == b""
        assert session.time_passed(now_ms) == []
        request = session.data_to_send()
        assert request == unhexlify("680868B0410105010002F20B16") and session.state is State.READY
    assert session.receive(confirm(request), 2 * KEEP_MS) == []
    assert session.counters.confirms_unmatched == 0


def test_a_keep_alive_that_must_be_confirmed_is_repeated_and_ends_the_session():
    settings = SessionSettings(answer_ms=ANSWER_MS, keep_alive_ms=KEEP_MS, keep_alive_is_confirmed=True)
    session = logged_in(settings)
    session.time_passed(KEEP_MS)
    assert session.state is State.KEEPING_ALIVE
    session.receive(confirm(session.data_to_send()), KEEP_MS)
    assert session.state is State.READY
    start = 2 * KEEP_MS
    session.time_passed(start)
    fcbs = [sent(session).fcb]
    for now_ms in (start + ANSWER_MS, start + 2 * ANSWER_MS):
        session.time_passed(now_ms)
        fcbs.append(sent(session).fcb)
    assert fcbs == [3, 2, 1]
    assert session.time_passed(start + 3 * ANSWER_MS) == [SessionEnded(Failure.UNANSWERED)]


def test_logging_out_says_so_once_and_fails_what_was_under_way():
    session = logged_in()
    session.send(REPORT, 0)
    session.data_to_send()
    assert session.log_out() == [ReportFailed(REPORT, Failure.LOGGED_OUT), SessionEnded(Failure.LOGGED_OUT)]
    assert sent(session).body == b"\xf1"
    assert session.log_out() == [] and session.data_to_send() == b""


def test_values_the_standard_cannot_carry_are_refused_and_the_session_goes_on():
    session = logged_in()
    for wrong in (
        FlowReport(A, 0, 10**10, 0, 0x30, 1720750500),
        FlowReport(A, 0, -1, 0, 0x30, 1720750500),
        FlowReport(A, 10**13, 0, 0, 0x30, 1720750500),
        FlowReport(A, 0, 0, 0x10000, 0x30, 1720750500),
        FlowReport(A, 0, 0, 0, 0x30, 3600),  # a clock that was never set
        FlowReport(A[:4], 0, 0, 0, 0x30, 1720750500),
    ):
        with pytest.raises(NotAllowed):
            session.send(wrong, 0)
        assert session.data_to_send() == b"" and session.state is State.READY
    session.send(REPORT, 0)
    assert sent(session).afn == 0xC0


def test_unknown_flow_and_register_are_sent_as_missing():
    session = logged_in()
    session.send(FlowReport(A, None, None, 0, 0x30, 1720750500), 0)
    assert sent(session).body[:10] == b"\xaa" * 10
