"""The SL 651 session in virtual time: what it says, when it repeats, what it believes."""

import random

import pytest

from karez_gateway.uploads.sl651_session import NEXT, Sl651Session
from karez_gateway.uploads.stream_events import (
    Failure,
    LoggedIn,
    PlatformAsked,
    ReportConfirmed,
    ReportFailed,
    SessionEnded,
)
from karez_gateway.uploads.stream_session import SessionMisuse, State
from karez_protocols import sl651
from karez_protocols.errors import NotAllowed
from karez_protocols.sl651_frames import ACK, EOT, ESC, ETB, ETX, NAK
from karez_protocols.sl651_messages import Done, KeepAlive, Line, Report, Resend, Values
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_quantities import quantities
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_writing import encode_message

from .sl651_desk import (
    ANSWER_MS,
    KEEP_MS,
    SENT_UTC_S,
    STATUS,
    UTC_S,
    A,
    B,
    confirm,
    frames_of,
    question,
    report,
    sent_at,
    settings,
)

REPORT = report()


def connected(serial=6, **given):
    session = Sl651Session(A, settings(**given), lambda: SENT_UTC_S, serial)
    assert session.connected(0) == [LoggedIn(A)]
    session.data_to_send()
    return session


def sent(session):
    (frame,) = frames_of(session.data_to_send())
    return frame


def test_the_link_report_is_the_first_thing_said_and_reports_need_no_log_in():
    session = Sl651Session(A, settings(), lambda: SENT_UTC_S, 6)
    assert session.data_to_send() == b"" and session.next_deadline_ms is None and not session.is_over
    assert session.connected(5) == [LoggedIn(A)]
    frame = sent(session)
    assert (frame.is_up, frame.centre, frame.station, frame.password) == (True, 1, A, 0x1234)
    assert decode_message(frame) == KeepAlive(6, sent_at()) and frame.end == ETX
    assert session.state is State.READY and session.next_deadline_ms == 5 + KEEP_MS


def test_a_platform_that_wants_no_announcement_gets_none():
    session = Sl651Session(A, settings(announces=False), lambda: SENT_UTC_S, 6)
    session.connected(0)
    assert session.data_to_send() == b"" and session.next_deadline_ms == KEEP_MS


def test_a_report_says_when_it_was_measured_and_its_confirm_ends_it_with_both_frames():
    session = connected()
    session.send(REPORT, 10)
    request = session.data_to_send()
    (frame,) = frames_of(request)
    message = decode_message(frame, settings().form.dialect)
    assert isinstance(message, Report) and (message.function, message.serial) == (0x32, 7)
    assert message.sent == sent_at()  # when it goes out
    (group,) = message.groups
    assert (group.station, group.station_class) == (A, 0x49)
    assert group.observed == sent_at(UTC_S - 30)  # the record's own, to the minute
    assert quantities(group.elements, False, settings().form.dialect) == {
        "flow_1_lph": 50400,
        "total_l": 12_345_678,
        "energy_wh": 4_321_000,
        "status": STATUS,
    }
    answer = confirm(frame)
    assert session.receive(answer, 11) == [ReportConfirmed(REPORT, request, answer)]
    assert session.state is State.READY and session.data_to_send() == b""


@pytest.mark.parametrize("end", [EOT, ESC, ACK])
def test_every_end_a_centre_confirms_with_is_taken(end):
    session = connected()
    session.send(REPORT, 0)
    answer = confirm(sent(session), end)
    assert isinstance(session.receive(answer, 1)[0], ReportConfirmed)


def test_a_stop_is_an_added_report_that_begins_with_the_status_word():
    session = connected()
    session.send(report(function=0x33), 0)
    message = decode_message(sent(session), settings().form.dialect)
    assert message.function == 0x33 and message.groups[0].elements[0].ident == 0x45


def test_two_time_outs_repeat_the_same_bytes_and_the_third_fails_the_report_and_the_session():
    session = connected()
    session.send(REPORT, 0)
    first = session.data_to_send()
    for now_ms in (ANSWER_MS, 2 * ANSWER_MS):
        assert session.time_passed(now_ms - 1) == [] and session.data_to_send() == b""
        assert session.time_passed(now_ms) == [] and session.data_to_send() == first
    assert session.counters.repeats == 2
    failed = [ReportFailed(REPORT, Failure.UNANSWERED), SessionEnded(Failure.UNANSWERED)]
    assert session.time_passed(3 * ANSWER_MS) == failed
    assert session.is_over and session.next_deadline_ms is None and session.data_to_send() == b""


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_a_confirm_after_any_attempt_confirms_the_report(attempts):
    session = connected()
    session.send(REPORT, 0)
    request = session.data_to_send()
    for at in range(1, attempts):
        session.time_passed(at * ANSWER_MS)
    answer = confirm(frames_of(request)[0])
    now_ms = attempts * ANSWER_MS - 1
    assert session.receive(answer, now_ms) == [ReportConfirmed(REPORT, request, answer)]


def test_a_second_or_late_confirm_never_confirms_the_next_report():
    session = connected()
    session.send(REPORT, 0)
    answer = confirm(sent(session))
    assert len(session.receive(answer, 1)) == 1
    assert session.receive(answer, 2) == [] and session.counters.confirms_unmatched == 1
    session.send(report(12_345_999), 3)
    later = sent(session)
    assert session.receive(answer, 4) == [] and session.state is State.REPORTING
    assert session.receive(confirm(later), 5)[0].report.total_l == 12_345_999


def test_a_confirm_of_another_station_function_serial_or_direction_confirms_nothing():
    session = connected()
    session.send(REPORT, 0)
    request = session.data_to_send()
    (frame,) = frames_of(request)
    foreign = [
        confirm(frame, serial=8),
        confirm(frame, serial=0),
        confirm(frame, station=B),
        confirm(frame, function=0x33),
    ]
    for one in foreign:
        assert session.receive(one, 1) == []
    assert session.counters.confirms_unmatched == len(foreign)
    assert session.receive(request, 1) == [] and session.counters.wrong_direction == 1
    assert session.state is State.REPORTING


def test_a_centre_that_answers_under_another_number_or_password_is_taken():
    session = connected()
    session.send(REPORT, 0)
    frame = sent(session)
    answer = confirm(frame._replace(centre=0, password=0xAAAA))
    assert isinstance(session.receive(answer, 1)[0], ReportConfirmed)


def test_ascii_is_written_and_confirmed_in_ascii_and_a_hex_confirm_does_not_count():
    session = connected(form="651-ascii")
    session.send(REPORT, 0)
    request = session.data_to_send()
    assert request[:1] == b"\x01" and b" Q1 0.014 " in request and b" FF01 12345.678 " in request
    (frame,) = frames_of(request)
    assert session.receive(confirm(frame._replace(is_ascii=False, body=b"\x00\x07")), 1) == []
    answer = confirm(frame)
    assert session.receive(answer, 1) == [ReportConfirmed(REPORT, request, answer)]


def test_a_receipt_keeps_the_confirm_as_it_came_not_as_we_would_write_it():
    session = connected(form="651-ascii")
    session.send(REPORT, 0)
    answer = confirm(sent(session))
    lower = answer[:-4] + answer[-4:].lower()
    assert lower != answer
    assert session.receive(lower, 1)[0].confirm_bytes == lower


def test_an_ascii_confirm_is_taken_at_every_split_point():
    probe = connected(form="651-ascii")
    probe.send(REPORT, 0)
    answer = confirm(sent(probe))
    for split in range(len(answer)):
        session = connected(form="651-ascii")
        session.send(REPORT, 0)
        assert session.receive(answer[:split], 1) == []
        assert isinstance(session.receive(answer[split:], 2)[0], ReportConfirmed), split


def test_a_confirm_with_any_byte_wrong_is_no_confirm():
    session = connected(answer_ms=10**9)
    session.send(REPORT, 0)
    answer = confirm(sent(session))
    for at in range(len(answer)):
        for flip in (0x01, 0x10, 0x80, 0xFF):
            bad = bytearray(answer)
            bad[at] ^= flip
            events = session.receive(bytes(bad), 1)
            session.reader.silence()
            assert events == [] and session.state is State.REPORTING, (at, flip)
    assert session.reader.bad_checksums > 0
    assert isinstance(session.receive(answer, 1)[0], ReportConfirmed)


def test_a_confirm_stuck_behind_a_torn_frame_is_found_at_the_time_out():
    session = connected()
    session.send(REPORT, 0)
    answer = confirm(sent(session))
    torn = question()[:14]  # a whole header, and the rest never came
    assert session.receive(torn + answer[:-3], 1) == []
    session.receive(answer[-3:], 2)
    session.time_passed(ANSWER_MS)
    assert session.state is State.READY and session.counters.repeats == 0


def test_an_idle_session_holds_the_link_with_the_serial_of_the_last_report():
    session = connected()
    session.send(REPORT, 0)
    request = sent(session)
    session.receive(confirm(request), 1)
    for now_ms in (KEEP_MS, 2 * KEEP_MS):
        assert session.next_deadline_ms == now_ms
        assert session.time_passed(now_ms - 1) == [] and session.data_to_send() == b""
        assert session.time_passed(now_ms) == []
        assert decode_message(sent(session)) == KeepAlive(7, sent_at()) and session.state is State.READY
    session.send(REPORT, 3 * KEEP_MS)
    assert decode_message(sent(session)).serial == 8  # 2FH does not count


def test_the_serial_rolls_over_to_one_and_is_never_zero():
    session = connected(serial=65535)
    session.send(REPORT, 0)
    assert decode_message(sent(session)).serial == 1


def divided_session():
    session = connected(packet_bytes=40)
    session.send(REPORT, 0)
    request = session.data_to_send()
    frames = frames_of(request)
    assert len(frames) > 1 and [one.end for one in frames] == [ETB] * (len(frames) - 1) + [ETX]
    return session, request, frames


def test_a_long_report_goes_in_packets_and_one_confirm_ends_all_of_them():
    session, request, frames = divided_session()
    total = len(frames)
    answer = confirm(frames[0], packet=(total, total))
    assert session.receive(answer, 1) == [ReportConfirmed(REPORT, request, answer)]


def test_a_packet_that_is_asked_for_again_goes_again_alone_and_moves_the_time_out():
    session, _, frames = divided_session()
    total = len(frames)
    nak = nak_of(total, 2)
    assert nak[-3] == NAK
    assert session.receive(nak, 500) == []
    again = sent(session)
    assert again.packet == (total, 2) and again.body == frames[1].body and again.end == ETX
    assert session.counters.resends == 1 and session.next_deadline_ms == 500 + ANSWER_MS


def test_a_nak_for_a_report_of_one_frame_changes_nothing():
    session = connected()
    session.send(REPORT, 0)
    session.data_to_send()
    assert session.receive(nak_of(1, 1), 1) == [] and session.data_to_send() == b""
    assert session.next_deadline_ms == ANSWER_MS and session.state is State.REPORTING


def test_questions_are_handed_over_with_their_bytes_and_nothing_is_answered():
    session = connected()
    raw = question()
    (asked,) = session.receive(b"\x7erubbish" + raw, 1)
    assert isinstance(asked, PlatformAsked) and asked.frame_bytes == raw and asked.frame.function == 0x46
    assert session.data_to_send() == b"" and session.counters.requests == 1


def test_an_answer_has_a_serial_of_its_own_and_the_last_frame_is_no_stray_confirm():
    session = connected()
    (asked,) = session.receive(question(), 1)
    answer = Values(0x46, None, sent_at(), A, (Element(0x45, 4, 0, STATUS),))
    session.reply(asked, answer, 2)
    frame = sent(session)
    assert decode_message(frame) == answer._replace(serial=7) and frame.end == ETX
    assert session.receive(confirm(frame), 3) == [] and session.counters.finals == 1
    assert session.receive(confirm(frame), 3) == [] and session.counters.confirms_unmatched == 1


def test_an_answer_is_written_as_the_question_was_and_goes_out_while_a_report_waits():
    session = connected()
    session.send(REPORT, 0)
    request = sent(session)
    (asked,) = session.receive(question(is_ascii=True), 1)
    session.reply(asked, Done(0x51, None, sent_at(), A), 2)
    assert sent(session).is_ascii and session.next_deadline_ms == ANSWER_MS
    assert isinstance(session.receive(confirm(request), 3)[0], ReportConfirmed)


def test_ending_it_says_nothing():
    session = connected()
    assert session.log_out() == [SessionEnded(Failure.LOGGED_OUT)] and session.data_to_send() == b""


def test_values_the_standard_cannot_carry_are_refused_and_the_session_goes_on():
    session = connected()
    for wrong in (
        report(total_l=10**11),
        report(total_l=-1),
        report(flow_lph=10**13),
        report(utc_s=3600),  # a clock that was never set
        report(address=A[:4]),
    ):
        with pytest.raises(NotAllowed):
            session.send(wrong, 0)
        assert session.data_to_send() == b"" and session.state is State.READY
    session.send(REPORT, 0)
    assert decode_message(sent(session)).serial == 7


def test_what_is_not_known_is_filled_and_never_zero():
    session = connected()
    session.send(report(total_l=None, flow_lph=None, energy_wh=None, status=None), 0)
    body = sent(session).body
    for head, size in (("282b", 5), ("ff0133", 6), ("ff0233", 6), ("4520", 4)):
        assert bytes.fromhex(head) + b"\xaa" * size in body


def nak_of(total, number):
    resend = Resend(0x32, 7, sent_at(), (total, number))
    return sl651.encode(encode_message(resend, Line(1, A, 0x1234, False)))


HAPPENINGS = {
    "connected": lambda session, frame: session.connected(1),
    "send": lambda session, frame: session.send(REPORT, 1),
    "confirm": lambda session, frame: session.receive(confirm(frame), 1),
    "other confirm": lambda session, frame: session.receive(confirm(frame, serial=99), 1),
    "nak": lambda session, frame: session.receive(nak_of(1, 1), 1),
    "question": lambda session, frame: session.receive(question(), 1),
    "early": lambda session, frame: session.time_passed(1),
    "time-out": lambda session, frame: session.time_passed(10**9),
    "log out": lambda session, frame: session.log_out(),
    "disconnected": lambda session, frame: session.disconnected(),
}
# (state, happening) -> (state after, kinds of events); what is not here changes and says nothing.
OUTCOMES = {
    (State.OFFLINE, "connected"): (State.READY, [LoggedIn]),
    (State.OFFLINE, "question"): (State.OFFLINE, [PlatformAsked]),
    (State.OFFLINE, "log out"): (State.ENDED, [SessionEnded]),
    (State.OFFLINE, "disconnected"): (State.ENDED, [SessionEnded]),
    (State.READY, "send"): (State.REPORTING, []),
    (State.READY, "question"): (State.READY, [PlatformAsked]),
    (State.READY, "log out"): (State.ENDED, [SessionEnded]),
    (State.READY, "disconnected"): (State.ENDED, [SessionEnded]),
    (State.REPORTING, "confirm"): (State.READY, [ReportConfirmed]),
    (State.REPORTING, "question"): (State.REPORTING, [PlatformAsked]),
    (State.REPORTING, "log out"): (State.ENDED, [ReportFailed, SessionEnded]),
    (State.REPORTING, "disconnected"): (State.ENDED, [ReportFailed, SessionEnded]),
    (State.ENDED, "question"): (State.ENDED, [PlatformAsked]),
}
STATES = [state for state in State if state is State.OFFLINE or state in NEXT.values()]
MISUSES = {
    *((state, "connected") for state in STATES if state is not State.OFFLINE),
    *((state, "send") for state in STATES if state is not State.READY),
}


def in_state(state):
    """A session in a state, and the frame of its first report."""
    session = Sl651Session(A, settings(), lambda: SENT_UTC_S, 6)
    probe = connected()
    probe.send(REPORT, 0)
    frame = sent(probe)
    if state is not State.OFFLINE:
        session.connected(0)
    if state is State.REPORTING:
        session.send(REPORT, 0)
    if state is State.ENDED:
        session.disconnected()
    session.data_to_send()
    assert session.state is state
    return session, frame


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
@pytest.mark.parametrize("name", HAPPENINGS)
def test_every_happening_in_every_state(state, name):
    session, frame = in_state(state)
    if (state, name) in MISUSES:
        with pytest.raises(SessionMisuse):
            HAPPENINGS[name](session, frame)
        assert session.state is state
        return
    events = HAPPENINGS[name](session, frame) or []
    after, kinds = OUTCOMES.get((state, name), (state, []))
    assert session.state is after and [type(one) for one in events] == kinds
    is_due = name == "time-out" and state in (State.READY, State.REPORTING)  # hold the link, repeat
    assert bool(session.data_to_send()) == (
        is_due or (after is State.REPORTING and name == "send") or name == "connected"
    )
    assert (session.next_deadline_ms is None) == (after in (State.OFFLINE, State.ENDED))


@pytest.mark.parametrize("seed", range(40))
def test_a_slow_lossy_platform_has_whatever_the_session_calls_confirmed(seed):
    chance = random.Random(seed)
    session = connected(answer_ms=10, packet_bytes=chance.choice((40, 4000)))
    has, confirmed, under_way, now_ms, total_l = set(), [], [], 0, 0
    for _ in range(300):
        now_ms += chance.randrange(8)
        if session.is_over:
            session, under_way = connected(answer_ms=10), []
        if session.state is State.READY and chance.random() < 0.5:
            total_l += 1
            session.send(report(total_l), now_ms)
        events = session.time_passed(now_ms)
        frames = [one for one in frames_of(session.data_to_send()) if one.function == 0x32]
        if frames and chance.random() < 0.7:  # else lost
            whole = b"".join(one.body for one in frames)
            has.add(whole[2:])
            packet = None if frames[0].packet is None else (len(frames), len(frames))
            under_way.append(confirm(frames[0], packet=packet))
        while under_way and chance.random() < 0.4:
            events += session.receive(under_way[0], now_ms)
            if chance.random() < 0.8:  # else it comes twice
                under_way.pop(0)
        for one in events:
            if isinstance(one, ReportConfirmed):
                confirmed.append(one.report.total_l)
                body = b"".join(frame.body for frame in frames_of(one.request_bytes))
                assert body[2:] in has, seed
    assert confirmed == sorted(set(confirmed)) and len(confirmed) > 10, seed
