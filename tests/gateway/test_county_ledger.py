"""Corrections as entries and closed months: nothing booked is changed, and every sum stays exact."""

import json

import pytest
from sqlalchemy import select, update

from karez_gateway.calendars import HOUR_S
from karez_gateway.county.ledger import checking, usage
from karez_gateway.errors import Refused
from karez_gateway.ledger import figures
from karez_gateway.store import acts, closings, corrections, entries
from karez_gateway.store.schema import act, closed_total, correction, ledger
from karez_protocols import entry

from .ledger_desk import CIVIL, CONVERTED, METERED, NOVEMBER, Well, office, site


@pytest.fixture
def desk(tmp_path, database_kind):
    with office(tmp_path / "g") as found:
        yield found


def well(name="well-1", days=20, **values):
    box = Well(name, name)
    box.days(days, **values)
    return box


def row(volume, period="2026-10", method="metered", to_method="", name="well-1", kind="dispute"):
    return name, kind, period, method, to_method, volume


def used(desk, period, name="well-1"):
    with desk.store.reading() as connection:
        return usage.of_sites(connection, desk.period(period).span).get(name, {})


def ledger_rows(desk):
    with desk.store.reading() as connection:
        return connection.execute(select(ledger)).all()


def test_a_correction_is_an_entry_of_its_own_and_counts_once_the_log_holds_it(desk):
    desk.hear(well())
    before, booked = ledger_rows(desk), used(desk, "2026-10")[METERED]
    act_id, _ = desk.correct(row("-1.5"), log=False)
    assert used(desk, "2026-10") == {METERED: booked}
    desk.log()
    assert used(desk, "2026-10") == {METERED: booked - 1500}
    assert ledger_rows(desk) == before
    with desk.store.reading() as connection:
        kept = acts.get(connection, act_id)
        assert kept.sort == "correction" and kept.by == "li" and kept.log_index is not None
        assert json.loads(kept.detail)["corrections"][0]["litres"] == -1500
        assert checking.of_correction(connection, act_id) == ""


def test_its_litres_count_in_the_last_hour_of_its_span_at_every_step(desk):
    desk.hear(well())
    desk.correct(row("2", "2026-10-03"), row("0.25", "2026-10-03T07"), row("-1", "2026-10"))
    with desk.store.reading() as connection:
        for step, periods in (("hour", 24 * 31), ("day", 31), ("month", 1)):
            span = desk.period("2026-10").span
            found = figures.of_site(connection, "well-1", CIVIL, step, *span)
            assert len(found) <= periods
            assert sum(one.correction_l for one in found) == 1250
        day = figures.of_site(connection, "well-1", CIVIL, "day", *desk.period("2026-10-03").span)
        assert [one.correction_l for one in day] == [2250]
        last = figures.of_site(connection, "well-1", CIVIL, "hour", *desk.period("2026-10-03T23").span)
        assert [one.litres for one in last[0].corrections] == [2000]


def test_litres_that_change_their_method_leave_the_sum_as_it_is(desk):
    desk.hear(well(days=20, method=CONVERTED))
    before = used(desk, "2026-10")
    desk.correct(row("3", method="converted", to_method="metered", kind="swap"))
    after = used(desk, "2026-10")
    assert after == {CONVERTED: before[CONVERTED] - 3000, METERED: 3000}


def test_a_month_below_zero_must_be_meant_and_is_written_down(desk):
    desk.hear(well())
    with pytest.raises(Refused, match=r"well-1 would have -.* L metered in 2026-10: say --below-zero"):
        desk.correct(row("-9999"))
    with desk.store.reading() as connection:
        assert connection.execute(select(act)).all() == []
    desk.correct(row("-200"), log=False)  # waits for the log, and counts here
    with pytest.raises(Refused, match="below-zero"):
        desk.correct(row("-100"))
    act_id, below = desk.correct(row("-9999"), may_fall=True)
    assert [(one.site, one.month) for one in below] == [("well-1", "2026-10")]
    with desk.store.reading() as connection:
        assert (
            json.loads(acts.get(connection, act_id).detail)["below_zero"][0]["litres"] == below[0].litres < 0
        )


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (row("0"), "has litres"),
        (row("1.2345"), "more than 3 decimals"),
        (row("--1"), "below zero or larger"),
        (row("many"), "is no number"),
        (row("1", "2026-11"), None),
        (row("1", "2026-12"), "is not yet"),
        (row("1", "2026"), "is no period here: write 2026-10-01T14"),
        (row("1", "2026-10-41"), "is no day"),
        (row("1", "2026-10-01T24"), "is no hour"),
        (row("1", kind="mood"), "is no kind of correction"),
        (row("1", method="guessed"), "is no method"),
        (row("-1", to_method="converted"), "above zero"),
        (row("1", to_method="metered"), "the methods are two"),
        (row("1", name="nowhere"), "neither in the registry"),
        (row("1000000000000"), "up to 10⁹ m³"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(desk, line, says):
    desk.hear(well(days=1))
    if says is None:
        assert desk.correct(line)[0] > 0  # a month that is not over may be corrected
        return
    with pytest.raises(Refused, match=says):
        desk.correct(row("1", "2026-09"), line)
    with desk.store.reading() as connection:
        assert connection.execute(select(correction)).all() == connection.execute(select(act)).all() == []


def test_a_site_without_a_controller_may_have_litres_that_a_person_says(desk):
    desk.register(site("old-well"))
    desk.correct(row("120", name="old-well", method="estimated", kind="error"))
    assert used(desk, "2026-10", "old-well") == {4: 120_000}


def test_a_closed_month_stands_and_what_comes_later_is_late(desk):
    box = well()
    late = box.seq + 1
    desk.hear(box)
    desk.correct(row("-1"))
    done = desk.close("2026-10")
    frozen = done.totals["well-1", METERED]
    assert frozen.correction_l == -1000 and frozen.litres == used(desk, "2026-10")[METERED] + 1000
    box.utc_s = CIVIL.moment("2026-10-31")
    box.interval(777, after_s=60)
    box.checkpoint()
    desk.county.take(box, *box.payloads(late))
    desk.county.work()
    desk.correct(row("5"))
    (line,) = desk.books("2026-10").lines
    assert (line.booked_l, line.correction_l, line.late_l) == (frozen.litres, -1000, 777 + 5000)
    assert sum(line[3:]) == used(desk, "2026-10")[METERED]
    with desk.store.reading() as connection:
        (month,) = closings.every(connection)
        assert checking.of_month(connection, month) == "" and month.log_index is not None
        assert closings.totals(connection, month.from_utc_s) == done.totals
    with pytest.raises(Refused, match="closed already, by act"):
        desk.close("2026-10")


def test_the_same_books_give_the_same_digest(tmp_path, database_kind):
    seals = []
    for name in ("a", "b") if database_kind == "sqlite" else ("a",):
        with office(tmp_path / name) as desk:
            desk.hear(well(days=15), well("well-2", days=12))
            desk.correct(row("-1"))
            seals.append(desk.close("2026-10").digest)
    assert len(set(seals)) == 1 and len(seals[0]) == 64


def test_a_close_that_the_log_does_not_hold_freezes_nothing_yet(desk):
    desk.hear(well())
    desk.close("2026-10", log=False)
    assert desk.books("2026-10").closed == {}
    desk.log()
    assert list(desk.books("2026-10").closed) == [0]


def test_closing_says_what_is_missing_and_does_it_only_despite_that(desk):
    box = well(days=45)
    whole = box.payloads()
    desk.county.enrol(box)
    desk.register(site("well-9"), site("well-8", status="retired"))
    desk.county.take(box, *whole[:2], *whole[3:])
    desk.county.work()
    desk.correct(row("1"), log=False)
    with pytest.raises(Refused) as refused:
        desk.close("2026-10", despite=False)
    said = str(refused.value)
    for part in (
        "1 correction waits for the log",
        "records of",
        "have not come",
        "are not verified",
        "silent",
    ):
        assert part in said
    assert "well-9 is licensed and has never had a controller" in said and "well-8" not in said
    done = desk.close("2026-10")
    with desk.store.reading() as connection:
        assert json.loads(acts.get(connection, done.act_id).detail)["missing"] == done.missing
    assert len(done.missing) >= 5


def test_a_whole_month_closes_without_a_word_and_an_unfinished_one_does_not(desk):
    desk.hear(well(days=50))
    assert desk.close("2026-10", despite=False, now_s=NOVEMBER + 9 * 86_400).missing == []
    with pytest.raises(Refused, match="2026-11 is not over"):
        desk.close("2026-11")


def test_a_changed_table_or_act_is_found(desk):
    desk.hear(well())
    act_id, _ = desk.correct(row("-1"))
    desk.close("2026-10")
    with desk.store.writing() as connection:
        connection.execute(update(correction).values(litres=-1001))
        connection.execute(update(closed_total).values(litres=closed_total.c.litres + 1))
    with desk.store.reading() as connection:
        assert "are not those that were decided" in checking.of_correction(connection, act_id)
        assert "its totals are not those" in checking.of_month(connection, closings.every(connection)[0])
    with desk.store.writing() as connection:
        connection.execute(update(act).values(detail=b"{}"))
    with desk.store.reading() as connection:
        assert "not what was decided" in checking.of_correction(connection, act_id)


def test_the_log_holds_each_decision_with_author_and_reason(desk):
    desk.hear(well())
    desk.correct(row("-1"))
    desk.close("2026-10")
    with desk.store.reading() as connection:
        indexes = [one.log_index for one in acts.in_force(connection, "correction", "month close")]
        said = [entry.decode(entries.body(connection, index)) for index in indexes]
    assert [(one["sort"], one["by"], one["reason"]) for one in said] == [
        ("correction", "li", "test"),
        ("month close", "li", "test"),
    ]


def test_the_hour_of_a_correction_lies_in_its_span(desk):
    desk.hear(well(days=1))
    desk.correct(row("1", "2026-09"))
    with desk.store.reading() as connection:
        (one,) = corrections.in_force(connection, desk.period("2026-09").span)
    assert one.from_utc_s <= one.hour_utc * HOUR_S < one.to_utc_s
