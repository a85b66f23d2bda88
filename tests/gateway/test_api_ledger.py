"""The ledger as the API tells it: every litre of the store, with method, evidence and what is missing."""

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from karez_gateway.calendars import Calendar
from karez_gateway.errors import StoreError
from karez_gateway.store.schema import cursor
from karez_protocols import record

from .api_desk import desk
from .synthetic import BASE_VOLUME_L, START_UTC_S, SyntheticController, tampered

DAY_S = 86_400
SPAN = {"from": "2026-09-01", "to": "2026-12-01"}


def season(seed="a", site="well-1", days=40):
    """A well that pumps some hours of each second day, over the end of a month, by changing methods."""
    box = SyntheticController(seed, site)
    methods = (record.METERED, record.CONVERTED, None, record.ESTIMATED, record.CONVERTED_GROUP)
    for day in range(days):
        for hour in range(4):
            litres = 0 if day % 2 else 1000 + 7 * day + hour
            box.interval(litres, after_s=3600, method=methods[day % 5])
        box.interval(0, after_s=DAY_S - 4 * 3600)
    box.checkpoint()
    return box


def test_every_litre_of_the_store_is_told_at_every_step_and_offset(tmp_path):
    with desk(tmp_path / "g", season(), season("b", "well-2", 7)) as found:
        booked = found.county.litres()
        for site in ("well-1", "well-2"):
            mine = sum(litres for key, litres in booked.items() if key[0] == site)
            assert mine > 0
            for offset in (-12, -3, 0, 8, 14):
                for step in ("day", "month"):
                    told = found.get(f"/v1/sites/{site}/ledger", step=step, utc_offset_h=offset, **SPAN)
                    assert told["volume_l"] == mine == sum(one["volume_l"] for one in told["periods"])
                    for one in told["periods"]:
                        assert one["volume_l"] == sum(each["volume_l"] for each in one["figures"])


def test_each_period_has_the_cells_of_its_hours_by_method(tmp_path):
    with desk(tmp_path / "g", season()) as found:
        booked = found.county.litres()
        civil = Calendar(8)
        for step in ("hour", "day", "month"):
            span = SPAN if step != "hour" else {"from": "2026-09-20", "to": "2026-10-21"}
            told = found.get("/v1/sites/well-1/ledger", step=step, **span)
            expected = {}
            for (_, hour, method), litres in booked.items():
                if told["from"]["utc_s"] <= hour * 3600 < told["to"]["utc_s"]:
                    key = civil.start(step, hour * 3600), method
                    expected[key] = expected.get(key, 0) + litres
            codes = {"metered": 1, "converted": 2, "converted-group": 3, "estimated": 4, "unknown": 0}
            assert {
                (one["from"]["utc_s"], codes[each["method"]]): each["volume_l"]
                for one in told["periods"]
                for each in one["figures"]
            } == expected


def test_a_figure_says_its_method_in_two_languages_and_where_its_evidence_is(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(500)
    box.interval(70, method=record.CONVERTED)
    box.interval(30)
    box.checkpoint()
    with desk(tmp_path / "g", box) as found:
        told = found.get("/v1/sites/well-1/ledger", **{"from": "2026-09-21", "to": "2026-09-22"})
        (one,) = told["periods"]
        metered, converted = one["figures"]
        assert (metered["volume_l"], metered["method_en"], metered["method_zh"]) == (530, "metered", "计量")
        assert converted["method_zh"] == "以电折水（本井系数）" and "coefficient" in converted["method_en"]
        assert metered["first_entry"] == {"log_origin": "karez.test/county", "log_index": 0}
        assert metered["last_entry"]["log_index"] == 2 and converted["first_entry"]["log_index"] == 1
        assert (
            "well register W" in told["statistic_method_en"] and "累计取水量" in told["statistic_method_zh"]
        )
        assert told["utc_offset"] == "+08:00" and one["period"] == "2026-09-21"
        assert (told["from"]["iso"], told["to"]["iso"]) == (
            "2026-09-21T00:00:00+08:00",
            "2026-09-22T00:00:00+08:00",
        )
        assert told["verified_to"]["utc_s"] == box.utc_s


def test_missing_and_quarantined_records_count_where_the_next_good_one_lies(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(3):
        box.interval(100, after_s=600)
    for _ in range(4):  # these are lost, and said to be
        box.interval(100, after_s=600)
    box.utc_s += DAY_S
    box.lose(4, 7)
    box.checkpoint()
    bad = box.seq + 1
    box.interval(100)
    box.checkpoint()
    box.interval(100)
    box.slots[bad] = tampered(box.slots[bad], 70)
    kept = [box.slots[seq] for seq in sorted(box.slots) if not 4 <= seq <= 7]
    with desk(tmp_path / "g") as found:
        found.county.enrol(box)
        found.county.take(box, box.carry(kept))
        found.county.work()
        told = found.get("/v1/sites/well-1/ledger", **{"from": "2026-09-21", "to": "2026-09-24"})
        first, second = told["periods"]
        assert (first["records_good"], first["records_missing"], first["records_quarantined"]) == (3, 0, 0)
        assert second["records_missing"] == 4
        reasons = found.county.reasons(box)
        refused = sum(one is not None for each in reasons.values() for one in each)
        assert second["records_quarantined"] == refused > 0
        assert first["records_good"] + second["records_good"] == len(kept) - refused
        assert told["volume_l"] == box.volume_l - BASE_VOLUME_L == sum(found.county.litres().values())


def test_what_is_not_judged_yet_is_said_where_litres_will_be_added(tmp_path):
    box = SyntheticController("a", "well-1")
    for _ in range(6):
        box.interval(100)
    with desk(tmp_path / "g") as found:
        found.county.enrol(box)
        found.county.take(box, box.frame(1, 2), box.frame(5, 6))
        found.county.work()
        (one,) = found.get("/v1/sites/well-1/ledger", **{"from": "2026-09-21", "to": "2026-09-22"})["periods"]
        assert (one["records_good"], one["records_unjudged"], one["records_missing"]) == (2, 2, 2)
        assert one["volume_l"] == 200
        found.county.take(box, box.frame(3, 4))
        found.county.work()
        (one,) = found.get("/v1/sites/well-1/ledger", **{"from": "2026-09-21", "to": "2026-09-22"})["periods"]
        assert (one["records_good"], one["records_unjudged"], one["records_missing"]) == (6, 0, 0)
        assert one["volume_l"] == 600


def test_a_well_that_did_not_pump_is_told_from_one_of_which_nothing_is_known(tmp_path):
    box = SyntheticController("a", "well-1")
    box.interval(0)
    box.interval(0, after_s=2 * DAY_S)
    with desk(tmp_path / "g", box) as found:
        told = found.get("/v1/sites/well-1/ledger", **{"from": "2026-09-20", "to": "2026-09-30"})
        assert [(one["period"], one["volume_l"], one["records_good"]) for one in told["periods"]] == [
            ("2026-09-21", 0, 1),
            ("2026-09-23", 0, 1),
        ]


def test_a_box_that_took_over_a_site_goes_on_in_its_ledger(tmp_path):
    old = season(days=3)
    after = old.next_chain()
    after.interval(40)
    after.checkpoint()
    with desk(tmp_path / "g", old) as found:
        found.county.take(after, *after.payloads())
        found.county.work()
        told = found.get("/v1/sites/well-1/ledger", step="month", **SPAN)
        assert told["volume_l"] == sum(found.county.litres().values())
        assert sum(one["records_good"] for one in told["periods"]) == old.seq + 3


WRONG_SPANS = [
    ({}, "from: Field required"),
    ({"from": "2026-10-01"}, "to: Field required"),
    ({"from": "2026-10-02", "to": "2026-10-01"}, "ends before it begins"),
    ({"from": "2026-10-01", "to": "2026-10-01"}, "ends before it begins"),
    ({"from": "2026-10-01T08:30Z", "to": "2026-10-03"}, "is not the beginning of a day at +08:00"),
    ({"from": "2026-10-02", "to": "2026-11-01", "step": "month"}, "not the beginning of a month"),
    ({"from": "2026-10-01T00:00", "to": "2026-10-03"}, "no time with its zone"),
    ({"from": "2026-02-30", "to": "2026-03-01"}, "is no day"),
    ({"from": "1066-01-01", "to": "2026-03-01"}, "between 1970 and 2105"),
    ({"from": "2026-01-01", "to": "9999-12-31"}, "between 1970 and 2105"),
    ({"from": "0001-01-01", "to": "2026-01-01"}, "between 1970 and 2105"),
    ({"from": "２０２６-10-01", "to": "2026-10-03"}, "is no day"),
    ({"from": "now", "to": "then"}, "is no day"),
    ({"from": "x" * 4000, "to": "2026-10-03"}, "at most 40 characters"),
    ({"from": "2024-10-01", "to": "2026-10-01"}, "at most 366 days at once by day"),
    ({"from": "2026-09-01", "to": "2026-10-15", "step": "hour"}, "at most 31 days"),
    ({"from": "1990-01-01", "to": "2026-01-01", "step": "month"}, "at most 3653 days"),
    ({"from": "2026-10-01", "to": "2026-10-03", "step": "week"}, "'hour', 'day' or 'month'"),
    ({"from": "2026-10-01", "to": "2026-10-03", "utc_offset_h": 15}, "less than or equal to 14"),
    ({"from": "2026-10-01", "to": "2026-10-03", "utc_offset_h": "5.5"}, "valid integer"),
    ({"form": "2026-10-01", "to": "2026-10-03"}, "'form' is not known here; there are: from, step"),
    ({"from": "2026-10-01", "to": "2026-10-03", "limit": 5}, "'limit' is not known here"),
]


def test_a_span_that_cannot_be_is_refused_with_what_to_do(tmp_path):
    with desk(tmp_path / "g", season(days=1)) as found:
        for query, says in WRONG_SPANS:
            status, kind, detail = found.problem("/v1/sites/well-1/ledger", **query)
            assert (status, kind) == (400, "bad-parameter") and says in detail, (query, detail)


def test_a_time_with_its_zone_and_a_plus_that_became_a_space_are_understood(tmp_path):
    with desk(tmp_path / "g", season(days=3)) as found:
        by_day = found.ask("/v1/sites/well-1/ledger?from=2026-09-21&to=2026-09-24").json()
        for begin, end in (
            ("2026-09-21T00:00:00%2B08:00", "2026-09-23T16:00Z"),
            ("2026-09-21T00:00+08:00", "2026-09-24"),  # an address says a space by a plus
        ):
            assert found.ask(f"/v1/sites/well-1/ledger?from={begin}&to={end}").json() == by_day


def test_the_same_parameter_twice_is_refused(tmp_path):
    with desk(tmp_path / "g", season(days=1)) as found:
        path = "/v1/sites/well-1/ledger?from=2026-09-21&to=2026-09-22&to=2026-09-23"
        assert found.problem(path)[2] == "to is given twice"


def test_the_database_refuses_to_be_written(tmp_path):
    with desk(tmp_path / "g", season(days=1)) as found:
        for opening in (found.store.reading, found.store.writing):
            with pytest.raises((DBAPIError, StoreError), match=r"read-?only"), opening() as connection:
                connection.execute(insert(cursor).values(stage="x", position=1))
        with found.county.store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM cursor WHERE stage = 'x'").scalar() == 0


def test_the_synthetic_season_begins_where_the_spans_here_do():
    assert Calendar(14).moment("2026-09-01") < START_UTC_S
