"""Asking until answered: FCB 3, 2, 1, then failed; what counts as the answer."""

from karez_protocols import errors, szy206
from karez_protocols import szy206_exchange as exchanges

STATION = szy206.address_of("410105", 1)
OTHER = szy206.address_of("410105", 2)
REQUEST = szy206.Frame(False, STATION, 0x56)


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def answer(fcb=3, afn=0x56, address=STATION, is_up=True, divs=None):
    return szy206.Frame(is_up, address, afn, b"\x01", fcb, 0, divs)


def asked(now_ms=0):
    exchange = exchanges.Exchange(answer_ms=10)
    raw = exchange.start(REQUEST, now_ms)
    return exchange, raw


def test_an_answered_request_is_sent_once():
    exchange, raw = asked()
    assert raw == szy206.encode(REQUEST) and exchange.next_deadline_ms == 10
    assert exchange.time_passed(9) == b"" and exchange.take(answer())
    assert exchange.state == exchanges.ANSWERED and exchange.answer.body == b"\x01"
    assert exchange.next_deadline_ms is None and exchange.time_passed(1000) == b""


def test_fcb_goes_three_two_one_and_then_the_service_has_failed():
    exchange, raw = asked()
    raws = [raw]
    for now_ms in (10, 20):
        assert exchange.time_passed(now_ms - 1) == b""
        raws.append(exchange.time_passed(now_ms))
    frames = [szy206.decode(one) for one in raws]
    assert [frame.fcb for frame in frames] == [3, 2, 1] and exchange.repeats == 2
    assert exchange.time_passed(30) == b"" and exchange.state == exchanges.FAILED
    assert not exchange.take(answer(1)) and exchange.next_deadline_ms is None


def test_repeats_differ_in_fcb_and_checksum_only():
    exchange, first = asked()
    again = exchange.time_passed(10)
    assert [at for at in range(len(first)) if first[at] != again[at]] == [3, len(first) - 2]


def test_the_answer_to_any_attempt_counts_and_nothing_else_does():
    for attempt in range(3):
        for fcb in range(4):
            exchange, _ = asked()
            for at in range(attempt):
                exchange.time_passed(10 + 10 * at)
            assert exchange.take(answer(fcb)) is (fcb >= 3 - attempt), (attempt, fcb)
    for wrong in (answer(afn=0x55), answer(address=OTHER), answer(is_up=False)):
        exchange, _ = asked()
        assert not exchange.take(wrong) and exchange.state == exchanges.WAITING


def test_a_fragment_is_confirmed_with_its_own_count():
    exchange = exchanges.Exchange(answer_ms=10)
    exchange.start(szy206.Frame(True, STATION, 0xC0, b"x", divs=5), 0)
    assert not exchange.take(answer(afn=0xC0, is_up=False, divs=6))
    assert not exchange.take(answer(afn=0xC0, is_up=False))
    assert exchange.take(answer(afn=0xC0, is_up=False, divs=5))


def test_one_request_at_a_time_and_a_new_one_after_any_end():
    exchange, _ = asked()
    assert refused(errors.NotAllowed, exchange.start, REQUEST, 5)
    exchange.take(answer())
    assert szy206.decode(exchange.start(REQUEST, 5)).fcb == 3 and exchange.answer is None
    exchange.drop()
    assert exchange.state == exchanges.IDLE and not exchange.take(answer())
    worn = szy206.Frame(False, STATION, 0x56, fcb=1)
    assert szy206.decode(exchange.start(worn, 5)).fcb == 3


def test_the_late_answer_to_a_repeat_is_counted_and_never_taken_for_the_next_request():
    exchange, first = asked()
    repeat = exchange.time_passed(10)
    assert exchange.take(answer(3)) and exchange.answered_bytes == first
    second = exchange.start(REQUEST, 11)
    assert exchange.answered_bytes == b"" and second == first
    again = exchange.time_passed(21)
    assert again == repeat  # the same bytes: only the order tells them apart
    assert not exchange.take(answer(2)) and exchange.late == 1 and exchange.state == exchanges.WAITING
    assert exchange.take(answer(2)) and exchange.answered_bytes == again


def test_a_lost_first_attempt_costs_the_next_request_nothing():
    exchange, _ = asked()
    exchange.time_passed(10)
    assert exchange.take(answer(2))
    exchange.start(REQUEST, 11)
    assert exchange.take(answer(3)) and exchange.late == 0


def test_attempts_of_a_request_that_was_given_up_or_dropped_are_forgotten():
    for is_dropped in (False, True):
        exchange, _ = asked()
        for now_ms in (10, 20, 30):
            exchange.time_passed(now_ms)
        if is_dropped:
            exchange.drop()
        exchange.start(REQUEST, 31)
        assert exchange.take(answer(3)) and exchange.late == 0


def test_a_request_too_long_changes_nothing():
    exchange = exchanges.Exchange()
    assert refused(errors.TooLarge, exchange.start, szy206.Frame(False, STATION, 0x10, bytes(300)), 0)
    assert exchange.state == exchanges.IDLE and exchange.next_deadline_ms is None
