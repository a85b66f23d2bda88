"""Corrections where others read figures: beside what was booked, never in it, each in exactly one export."""

import csv
import io
import json

from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import correcting
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.exports import making
from karez_gateway.exports.due import Period
from karez_gateway.intake.heard import Heard
from karez_gateway.store import exports, heard
from karez_gateway.store.heard import Day, Hours
from karez_protocols import record

from .api_desk import desk
from .county import RECEIVED_UTC_S
from .ledger_desk import CIVIL, NOVEMBER, Well
from .synthetic import START_UTC_S, tampered

OCTOBER = (CIVIL.moment("2026-10-01"), CIVIL.moment("2026-11-01"))
SPAN = {"from": "2026-09-01", "to": "2026-11-01"}


def corrected(county, litres, span=OCTOBER, method=record.METERED, now_s=NOVEMBER):
    one = Correction("well-1", "dispute", method, *span, litres)
    with county.store.writing() as connection:
        act_id, _ = correcting.correct(connection, [one], Deed("li", "why", now_s), CIVIL)
    county.acts.log_queued(now_s)
    return act_id


def well(days=15):
    box = Well("a", "well-1")
    box.days(days, litres=2400)
    return box


def test_the_api_shows_corrections_beside_the_figures_at_every_step(tmp_path):
    with desk(tmp_path / "g", well()) as found:
        before = found.get("/v1/sites/well-1/ledger", step="month", **SPAN)
        corrected(found.county, -700)
        corrected(found.county, 50, method=record.ESTIMATED)
        for step in ("day", "month"):
            told = found.get("/v1/sites/well-1/ledger", step=step, **SPAN)
            assert told["volume_l"] == before["volume_l"] == sum(one["volume_l"] for one in told["periods"])
            assert (told["correction_l"], told["corrected_l"]) == (-650, before["volume_l"] - 650)
            last = told["periods"][-1]
            assert (
                last["corrected_l"] == last["volume_l"] + last["correction_l"]
                and last["correction_l"] == -650
            )
            assert [(one["method"], one["volume_l"]) for one in last["corrections"]] == [
                ("metered", -700), ("estimated", 50),
            ]  # fmt: skip
            assert last["corrections"][0]["entry"]["log_origin"] == "karez.test/county"
        day = found.get("/v1/sites/well-1/ledger", **SPAN)["periods"][-1]
        assert day["period"] == "2026-10-31" and (day["records_good"], day["figures"]) == (0, [])


def test_one_that_waits_for_the_log_is_not_shown(tmp_path):
    with desk(tmp_path / "g", well()) as found:
        one = Correction("well-1", "error", record.METERED, *OCTOBER, 5)
        with found.county.store.writing() as connection:
            correcting.correct(connection, [one], Deed("li", "why", NOVEMBER), CIVIL)
        assert found.get("/v1/sites/well-1/ledger", step="month", **SPAN)["correction_l"] == 0


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def test_a_table_by_hand_has_a_row_for_each_correction_of_its_span(tmp_path):
    with desk(tmp_path / "g", well()) as found:
        corrected(found.county, -700)
        wish = making.Wish("ledger", "csv", Period(*OCTOBER), "day", 8, (), "en", False)
        making.by_hand(found.store, found.config, wish, tmp_path / "out.csv", NOVEMBER)
        table = rows(tmp_path / "out.csv")
        booked = found.get(
            "/v1/sites/well-1/ledger", step="month", **{"from": "2026-10-01", "to": "2026-11-01"}
        )
        assert sum(int(one["volume_l"]) for one in table) == booked["volume_l"]
        (one,) = [each for each in table if each["row"] == "correction"]
        assert (one["period"], one["correction_l"], one["volume_l"]) == ("2026-10-31", "-700", "0")
        assert one["first_entry"] == one["last_entry"] and one["first_entry"].startswith("karez.test/county#")


def test_every_correction_stands_in_exactly_one_file_of_an_export(tmp_path):
    lines = {"name": "county", "kind": "ledger", "every": "month", "step": "month"}
    extra = "\n[[export]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in lines.items())
    with desk(tmp_path / "g", well(60), extra=extra) as found:
        (export,) = found.config.export
        months = [CIVIL.moment(f"2026-{month:02}-01") for month in (9, 10, 11, 12)]
        said = []
        for begin, end in zip(months, months[1:], strict=False):
            corrected(found.county, -11, now_s=NOVEMBER)
            corrected(found.county, 3, now_s=NOVEMBER)
            done = making.scheduled(found.store, found.config, export, Period(begin, end), end + 3600)
            with found.county.store.writing() as connection:
                exports.note(connection, done.file, done.litres)
            table = rows(export.folder / done.file.file)
            said.append([int(one["correction_l"]) for one in table if one["row"] == "correction"])
        assert said == [[-11, 3]] * 3


def hours(found, site="well-1"):
    with found.county.store.reading() as connection:
        days = heard.between(connection, START_UTC_S // 86_400 - 1, START_UTC_S // 86_400 + 30)
    return {at: (one.hours.bit_count(), one.live.bit_count()) for at, one in days.get(site, {}).items()}


def test_hours_are_heard_by_good_records_with_a_time_and_once_whatever_stops_the_stage(tmp_path):
    box = Well("a", "well-1")
    for _ in range(30):
        box.interval(100, after_s=1800)
    box.interval(1, utc_s=None, time_state=record.TIME_UNKNOWN)
    box.checkpoint()
    bad = Well("b", "well-2")
    bad.interval(100)
    bad.interval(100)
    bad.slots[1] = tampered(bad.slots[1], 70)  # nothing after it follows the chain
    with desk(tmp_path / "g", box, bad) as found:
        day = START_UTC_S // 86_400
        assert hours(found, "well-2") == {}
        assert {at: one[0] for at, one in hours(found).items()} == {day: 10, day + 1: 6}
        assert sum(one[1] for one in hours(found).values()) == 0  # all of it came a day later
        before = hours(found)
        again = Heard(found.county.store)
        assert again.step() == 0 and hours(found) == before
        with found.county.store.writing() as connection:
            heard.add(connection, {Day("well-1", day): Hours(1, 0), Day("x", day): Hours(3, 1)})
        assert hours(found)[day][0] == before[day][0] + 1 and hours(found, "x")[day] == (2, 1)


def test_what_comes_within_two_hours_is_live(tmp_path):
    box = Well("a", "well-1")
    box.utc_s = RECEIVED_UTC_S - 5 * 3600
    for _ in range(9):
        box.interval(1, after_s=3600)
    box.checkpoint()
    with desk(tmp_path / "g", box) as found:
        assert sum(one[1] for one in hours(found).values()) == 5  # of nine: two hours before, two after
