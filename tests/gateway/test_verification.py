"""Verdicts: chain, statements, signatures, plausibility, in the order of the numbers."""

from karez_gateway.controllers import enrolment
from karez_gateway.intake import verify
from karez_gateway.operation import statustext
from karez_gateway.store import controllers, verdicts
from karez_protocols import causes, chain, event_details, fields, grant, record
from karez_protocols.record import CONTENT_SIZE

from .county import create, opened
from .synthetic import SyntheticController, key_of, make_grant, tampered


def judged(tmp_path, box, payloads):
    """Take payloads one by one, each fully verified before the next; return ({seq: reasons}, marks)."""
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        for payload in payloads:
            county.take(box, payload)
            county.work()
        return county.reasons(box), county.marks(box)


def bad(reasons):
    return {seq: found for seq, found in reasons.items() if found != [None]}


def test_an_honest_chain_is_good_to_its_last_record(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(40)
    reasons, marks = judged(tmp_path, box, box.payloads())
    assert bad(reasons) == {} and len(reasons) == box.seq
    assert (marks.verified_seq, marks.signed_seq, marks.covered_seq) == (box.seq, box.seq, box.seq - 1)
    assert (marks.h, marks.broken, marks.volume_l) == (box.h, False, box.volume_l)


def test_any_order_of_arrival_gives_the_same_verdicts(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(9)
    for nth, seqs in enumerate(
        (
            [*range(13, 0, -1)],
            [2, 4, 6, 8, 10, 12, 1, 3, 5, 7, 9, 11, 13],
            [7, 1, *range(2, 7), *range(8, 14)],
        )
    ):
        reasons, marks = judged(tmp_path / str(nth), box, [box.frame(seq) for seq in seqs])
        assert bad(reasons) == {} and list(reasons) == list(range(1, 14))
        assert marks.signed_seq == 13


def test_records_behind_a_gap_wait_for_it(tmp_path):
    box = SyntheticController("a", "well-1")
    box.irrigate(9)
    reasons, marks = judged(tmp_path, box, [box.frame(1, 2, 3), box.frame(*range(5, 14))])
    assert list(reasons) == [1, 2, 3]
    assert (marks.verified_seq, marks.seen_seq) == (3, 13)


def test_every_changed_byte_of_a_record_breaks_the_chain_there(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(10)
    box.interval(10)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        with county.store.reading() as connection:
            owner = controllers.find(connection, box.name)
        county.take(box, box.frame(1))
        county.work()
        marks = county.marks(box)
        for at in range(record.SLOT_SIZE):
            judge = verify.Judge(box.name, 1, owner.key, 50_000, county.marks(box), lambda _: None)
            assert judge.take(2, [tampered(box.slots[2], at)]) == [verify.NOT_FOLLOWING]
            assert judge.marks.broken and judge.marks.h == marks.h


def test_a_broken_chain_is_taken_up_again_by_the_next_statement(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(3):
        box.interval(100)
    box.checkpoint()  # 4, 5
    for _ in range(4):
        box.interval(100)  # 6..9
    box.checkpoint()  # 10, 11
    box.interval(100)
    broken = dict(box.slots)
    box.slots[6] = tampered(box.slots[6], 70)
    reasons, marks = judged(tmp_path, box, [box.frame(*range(1, 13))])
    assert bad(reasons) == {
        6: [verify.NOT_FOLLOWING],
        **{seq: [verify.UNTIED] for seq in (7, 8, 9)},
    }
    assert (marks.verified_seq, marks.signed_seq, marks.covered_seq, marks.broken) == (12, 11, 10, False)
    assert broken[6] != box.slots[6]


def test_a_statement_right_behind_the_break_takes_the_chain_up(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    box.interval(100)
    box.checkpoint()
    box.slots[2] = tampered(box.slots[2], 70)
    reasons, marks = judged(tmp_path, box, [box.frame(1, 2, 3, 4)])
    assert bad(reasons) == {2: [verify.NOT_FOLLOWING]}
    assert marks.signed_seq == 4


def test_a_signature_of_another_key_is_quarantined_and_the_chain_goes_on(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(1)
    statement = box.statement()
    box.sign_statement(statement, key_of("somebody"))
    box.checkpoint()
    reasons, marks = judged(tmp_path, box, [box.frame(*box.slots)])
    assert bad(reasons) == {3: [verify.WRONG_SIGNATURE]}
    assert marks.signed_seq == 5


def test_a_signature_over_a_statement_that_is_not_there_is_quarantined(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(1)
    other = SyntheticController("a", "well-1")
    other.interval(2)
    box.sign_statement(other.statement())
    reasons, marks = judged(tmp_path, box, [box.frame(*box.slots)])
    assert bad(reasons) == {2: [verify.NO_STATEMENT]}
    assert marks.signed_seq == 0


def test_a_statement_over_another_head_is_quarantined_and_cannot_be_signed_for(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(1)
    wrong = box.append(record.STATEMENT, covered_seq=1, covered_h=bytes(32), chain=1)
    box.sign_statement(wrong)
    box.append(record.STATEMENT, covered_seq=1, covered_h=bytes(32), chain=1)
    box.append(record.STATEMENT, covered_seq=box.seq, covered_h=box.h, chain=2)
    reasons, marks = judged(tmp_path, box, [box.frame(*box.slots)])
    assert bad(reasons) == {
        2: [verify.WRONG_STATEMENT],
        3: [verify.NO_STATEMENT],
        4: [verify.WRONG_STATEMENT],
        5: [verify.WRONG_CHAIN],
    }
    assert marks.signed_seq == 0


def test_records_between_statement_and_signature_do_no_harm(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(1)
    first = box.statement()
    box.start()
    second = box.statement()
    box.interval(5)
    box.sign_statement(first)
    box.sign_statement(second)
    reasons, marks = judged(tmp_path, box, [box.frame(*box.slots)])
    assert bad(reasons) == {}
    assert (marks.signed_seq, marks.covered_seq) == (7, 4)


def test_a_falling_register_is_quarantined_and_the_books_stand(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(500)
    box.interval(-200)
    box.interval(300)
    reasons, marks = judged(tmp_path, box, [box.frame(1, 2, 3)])
    assert bad(reasons) == {2: [verify.VOLUME_FELL]}
    assert marks.volume_l == box.volume_l


def test_an_unknown_register_value_is_no_zero(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(500)
    box.interval(0, volume_l=None)
    box.interval(0)
    reasons, marks = judged(tmp_path, box, [box.frame(1, 2, 3)])
    assert bad(reasons) == {} and marks.volume_l == box.volume_l


def test_reserved_bytes_and_unknown_kinds_are_quarantined_but_chained(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(1)
    for content in (
        tampered(box.slots[1][:CONTENT_SIZE], 111),
        tampered(box.slots[1][:CONTENT_SIZE], 1, 0x70),
    ):
        box.seq += 1
        numbered = content[:4] + box.seq.to_bytes(4, "little") + content[8:]
        box.slots[box.seq], box.h = chain.seal(box.h, numbered)
    box.interval(1)
    reasons, _ = judged(tmp_path, box, [box.frame(1, 2, 3, 4)])
    assert sorted(bad(reasons)) == [2, 3]
    assert "reserved" in reasons[2][0] and "kind" in reasons[3][0]


def test_the_record_that_follows_wins_over_a_fork_that_came_first(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(4):
        box.interval(10)
    false = tampered(box.slots[3], 70)
    one_batch = [box.carry([box.slots[1], box.slots[2], false, box.slots[3], box.slots[4]])]
    reasons, _ = judged(tmp_path / "1", box, one_batch)
    assert bad(reasons) == {3: [verify.FORK, None]}
    waiting = [box.carry([false]), box.frame(3), box.frame(4), box.frame(2), box.frame(1)]
    reasons, _ = judged(tmp_path / "2", box, waiting)
    assert bad(reasons) == {3: [verify.FORK, None]}


def test_a_fork_that_comes_late_is_quarantined_and_changes_nothing(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(3):
        box.interval(10)
    reasons, marks = judged(tmp_path, box, [box.frame(1, 2, 3), box.carry([tampered(box.slots[2], 70)])])
    assert bad(reasons) == {2: [None, verify.LATE]}
    assert marks.h == box.h


def test_what_follows_declared_losses_waits_for_a_statement(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(8):
        box.interval(10)
    box.lose(3, 5)
    box.checkpoint()
    box.interval(10)
    reasons, marks = judged(tmp_path, box, [box.frame(1, 2, 6, 7, 8), box.frame(9, 10, 11, 12)])
    assert bad(reasons) == {
        6: [verify.NOT_FOLLOWING],
        7: [verify.UNTIED],
        8: [verify.UNTIED],
        9: [verify.UNTIED],
    }
    assert (marks.verified_seq, marks.signed_seq, marks.broken) == (12, 11, False)


def test_the_next_chain_is_verified_from_its_own_beginning(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(10)
    after = box.next_chain()
    after.irrigate(3)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        county.take(after, *after.payloads())
        county.work()
        assert bad(county.reasons(after)) == {}
        assert county.marks(after).signed_seq == after.seq


def test_litres_past_the_ceiling_are_a_finding_with_the_largest_figure(tmp_path):
    box = SyntheticController("a", "well-1")
    grant = make_grant("well-1", 7, box.volume_l + 10_000)
    box.accept_grant(grant)
    for litres in (9_900, 200, 5_000, 1_000):
        box.interval(litres)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        enrolment.queue_grant(county.store, grant)
        county.take(box, *box.payloads())
        county.work()
        assert bad(county.reasons(box)) == {}
        with county.store.reading() as connection:
            owner = controllers.find(connection, box.name)
            assert verdicts.findings(connection, owner.id) == [(verify.OVERSHOOT, 7, 6_100)]


def test_litres_held_beside_the_register_count_against_the_ceiling(tmp_path):
    box = SyntheticController("a", "well-1")
    grant = make_grant("well-1", 7, box.volume_l + 1000)
    box.accept_grant(grant)
    box.interval(0, held_l=9_000)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        enrolment.queue_grant(county.store, grant)
        county.take(box, *box.payloads())
        county.work()
        with county.store.reading() as connection:
            owner = controllers.find(connection, box.name)
            assert verdicts.findings(connection, owner.id) == [(verify.OVERSHOOT, 7, 8_000)]


def test_a_backlog_longer_than_a_slice_and_a_page_is_verified_behind_its_gap(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(4600):
        box.interval(1)
    box.checkpoint()
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, *box.payloads(2))
        county.work()
        assert county.marks(box).verified_seq == 0
        county.take(box, box.frame(1))
        county.work()
        assert county.marks(box).signed_seq == box.seq
        assert bad(county.reasons(box)) == {}


def opening(box, litres, **changed):
    """A segment of water opens; W has risen by some litres that were held."""
    detail = {
        "quantity": grant.WATER, "method": record.METERED, "reason": event_details.RESET, "number": 2,
        "closing": 9, "register_base": 4, "base": box.volume_l + litres, "is_confirmed": 0,
    }  # fmt: skip
    packed = fields.pack(event_details.SEGMENT, detail | changed)
    return box.measure(record.EVENT, litres, 1, cause=causes.SEGMENT_OPENED, segment=2, detail=packed)


def test_a_segment_that_opens_is_a_finding_with_what_was_held(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(100)
    opening(box, 700)
    opening(box, 10, number=3, base=None)
    opening(box, 10, number=4, quantity=grant.ENERGY)
    with opened(create(tmp_path / "g")) as county:
        county.enrol(box)
        county.take(box, *box.payloads())
        county.work()
        assert bad(county.reasons(box)) == {}
        with county.store.reading() as connection:
            owner = controllers.find(connection, box.name)
            found = verdicts.findings(connection, owner.id)
    assert found == [(verify.SEGMENT, 2, 700), (verify.SEGMENT, 3, 10)]
    kind, subject, litres = found[0]
    shown = statustext._finding({"kind": kind, "subject": subject, "litres": litres})
    assert shown == "segment 2 opened: 700 L booked that were held"


def test_a_segment_above_the_register_it_opens_at_is_quarantined(tmp_path):
    box = SyntheticController("a", "well-1")
    opening(box, 700, base=box.volume_l + 701)
    box.interval(5)
    reasons, marks = judged(tmp_path, box, box.payloads())
    assert bad(reasons) == {1: [verify.BELOW_BASE]} and marks.volume_l == box.volume_l
