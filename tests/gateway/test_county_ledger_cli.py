"""`karez gateway ledger …` as a person types it: corrections by hand and by file, closed months."""

import json
import time

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.county.ledger import coefficient, correction_file
from karez_gateway.county.ledger.coefficient import Day
from karez_gateway.county.registry.objects import Object, name_of
from karez_gateway.errors import Refused
from karez_gateway.store import corrections
from karez_protocols import record

from .ledger_desk import CIVIL, CONVERTED, NOVEMBER, YEARS, Well, office, site

HEADER = "site,kind,period,method,to_method,volume_m3,note\n"


@pytest.fixture
def desk(tmp_path):
    with office(tmp_path / "g") as found:
        box = Well("a", "well-1")
        box.days(11, litres=2400)
        other = Well("b", "well-2")
        other.days(11, litres=4800, method=CONVERTED)
        found.hear(box, other)
        yield found


def run(desk, verb, *words, code=0):
    done = CliRunner().invoke(app, ["ledger", verb, "--data", str(desk.directory), *words])
    assert done.exit_code == code, done.output
    return done.output


def line(desk, *words, code=0):
    return run(desk, "correct", "--by", "li", "--because", "read again", *words, code=code)


def listed(desk, *words):
    return json.loads(run(desk, "corrections", "--json", *words))


def test_without_a_verb_it_prints_the_ledger_as_ever(desk):
    done = CliRunner().invoke(app, ["ledger", "--data", str(desk.directory), "--json"])
    rows = json.loads(done.output)
    assert sum(one["litres"] for one in rows) == sum(desk.county.litres().values())
    assert set(rows[0]) == {"site", "hour", "method", "litres", "first_entry", "last_entry"}
    assert "say where: --data" in CliRunner().invoke(app, ["ledger"]).output


def test_a_correction_by_hand_is_listed_until_and_after_the_log_holds_it(desk):
    said = line(desk, "--site", "well-1", "--period", "2026-10", "--volume", "-1.25", "--document", "水 7 号")
    assert "1 correction, -1.25 m³ together" in said and "once the service" in said
    (one,) = listed(desk)
    assert (one["entry"], one["litres"], one["because"], one["document"]) == (
        None,
        -1250,
        "read again",
        "水 7 号",
    )
    assert "waits for the log" in run(desk, "corrections")
    desk.log(int(time.time()))
    assert listed(desk, "--site", "well-1", "--period", "2026-10")[0]["entry"] is not None
    assert listed(desk, "--site", "well-2") == [] == listed(desk, "--period", "2026-09")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--site, --period and --volume, or --file"),
        (("--site", "well-1", "--period", "2026-10"), "one of both"),
        (("--site", "well-1", "--period", "2026-10", "--volume", "1e-9"), "more than 3 decimals"),
        (("--site", "well-1", "--period", "2026-10", "--volume", "1", "--method", "guess"), "is no method"),
        (("--site", "well-1", "--period", "2026-10", "--volume", "-9999"), "say --below-zero"),
        (("--file", "/nowhere.csv"), "cannot be read"),
    ],
)
def test_what_is_wrong_by_hand_is_said_and_nothing_is_kept(desk, words, says):
    assert says in line(desk, *words, code=2)
    assert listed(desk) == []


def test_a_file_is_taken_whole_with_every_bad_line_named(desk, tmp_path):
    file = tmp_path / "corrections.csv"
    file.write_text(
        HEADER + "well-1,dispute,2026-10,metered,,-1,ok\nwell-1,mood,2026-10,metered,,1,\n"
        "well-9,dispute,2026-10,metered,,1,\nwell-1,dispute,2026-10,metered,,x,\n"
    )
    said = line(desk, "--file", str(file), code=2)
    assert "line 3: 'mood' is no kind" in said and "line 5: 'x' is no number" in said and listed(desk) == []
    file.write_text(
        "\ufeff" + HEADER + "well-1,dispute,2026-10,metered,,-1,\nwell-2,swap,2026-10,converted,metered,2,\n"
    )
    assert "3 corrections, -1 m³ together" in line(desk, "--file", str(file))
    assert "if they are meant twice, say another --because" in line(desk, "--file", str(file), code=2)
    assert [one["litres"] for one in listed(desk)] == [-1000, -2000, 2000]
    assert {one["act"] for one in listed(desk)} == {1}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "its columns are"),
        (HEADER.encode(), "holds no correction"),
        ("site,kind\n井,x\n".encode("gb18030"), "is no UTF-8: save it as CSV UTF-8"),
        (b"site,kind,period,method,volume_m3,colour\n", "its columns are"),
        (b"site,site,kind,period,method,volume_m3\n", "each once"),
        ((HEADER + "a,b,c,d,e,f,g,h,i\n").encode(), "line 2: more cells"),
        ((HEADER + 'a,"b\n').encode(), "line"),
        ((HEADER + "well-1,dispute,2026-10,metered,,=1+1,\n").encode(), "is no number"),
        (b"\x00" * 20, "its columns are"),
    ],
)
def test_a_file_that_is_no_such_file_is_refused_with_its_place(data, says):
    with pytest.raises(Refused, match=says):
        correction_file.read(data, "x.csv", YEARS, NOVEMBER)


def test_what_is_written_is_read_again_and_is_no_formula():
    rows = [
        correction_file.Row("=cmd|calc", "dispute", "2026-10", "metered", "", "-1.5", "@note"),
        correction_file.Row("井", "swap", "2026-09-22T05", "converted", "metered", "2", ""),
    ]
    data = correction_file.written(rows)
    assert b"\n=cmd" not in data and b",@note" not in data
    found = correction_file.read(data, "x.csv", YEARS, NOVEMBER)
    assert [(one.site, one.litres) for one in found] == [("=cmd|calc", -1500), ("井", -2000), ("井", 2000)]


def coefficients(*rows):
    """(from date, L/kWh, known since) of well-2."""
    versions = {}
    found = []
    for date, value, since in rows:
        versions[date] = versions.get(date, 0) + 1
        values = {"site": "well-2", "from_date": date, "l_per_kwh": value}
        found.append(Object("coefficient", f"well-2/{date}", versions[date], values, 0, since))
    return found


def test_a_revised_coefficient_proposes_what_the_litres_would_have_been():
    day = CIVIL.moment("2026-10-05")
    booked = [Day("well-2", day, day + 86_400, 1001), Day("well-2", day + 86_400, day + 2 * 86_400, 3)]
    known = coefficients(("2026-01-01", 3000, 0), ("2026-01-01", 3300, day + 9 * 86_400))
    ((one,), lacking) = coefficient.proposals(booked, known, {}, CIVIL)
    assert (one.correction.litres, one.booked_l, lacking) == (1104 - 1004, 1004, [])  # 1104.4, rounded
    done = {("well-2", one.correction.from_utc_s): 100}
    assert coefficient.proposals(booked, known, done, CIVIL) == ([], [])
    ((again,), _) = coefficient.proposals(booked, known, {("well-2", one.correction.from_utc_s): 60}, CIVIL)
    assert again.correction.litres == 40


def test_a_test_that_came_later_changes_only_days_from_its_own_on():
    days = [CIVIL.moment(f"2026-10-{day:02}") for day in (5, 15)]
    booked = [Day("well-2", day, day + 86_400, 1000) for day in days]
    known = coefficients(("2026-01-01", 3000, 0), ("2026-10-10", 1500, NOVEMBER))
    ((one,), _) = coefficient.proposals(booked, known, {}, CIVIL)
    assert one.correction.litres == -500 and "1000 L x 1.5 / 3 m3/kWh" in one.note


def test_what_the_registry_did_not_know_is_said_or_told_by_hand():
    day = CIVIL.moment("2026-10-05")
    booked = [Day("well-2", day, day + 86_400, 1000)]
    known = coefficients(("2026-01-01", 3000, NOVEMBER))
    found, lacking = coefficient.proposals(booked, known, {}, CIVIL)
    assert found == [] and "none then: say it with --old" in lacking[0]
    ((one,), _) = coefficient.proposals(booked, known, {}, CIVIL, 2000)
    assert one.correction.litres == 500
    assert "no coefficient now" in coefficient.proposals(booked, [], {}, CIVIL)[1][0]


def of_groups(*rows):
    """(kind, values, known since) as versions of the registry."""
    versions = {}
    found = []
    for kind, values, since in rows:
        key = kind, name_of(kind, values)
        versions[key] = versions.get(key, 0) + 1
        found.append(Object(*key, versions[key], values, 0, since))
    return found


def test_litres_that_a_group_converts_follow_the_coefficient_of_the_group():
    day = CIVIL.moment("2026-10-05")
    booked = [Day(well, day, day + 86_400, 1000) for well in ("well-1", "well-2", "well-3")]

    def group(name, value, since, date="2026-01-01"):
        return "group_coefficient", {"group": name, "from_date": date, "l_per_kwh": value}, since

    known = of_groups(
        group("deep", 2000, 0),
        group("shallow", 4000, 0),
        ("site", {"site": "well-1", "group": "deep"}, 0),
        ("site", {"site": "well-2", "group": "shallow"}, 0),
        ("site", {"site": "well-3"}, 0),
        group("deep", 2200, NOVEMBER),
        group("deep", 9000, NOVEMBER, "2026-11-01"),  # of later days
        ("site", {"site": "well-2", "group": "deep"}, NOVEMBER),  # it never was of the other type
    )
    found, lacking = coefficient.proposals(booked, known, {}, CIVIL, method=record.CONVERTED_GROUP)
    assert [(one.correction.site, one.correction.litres, one.correction.method) for one in found] == [
        ("well-1", 100, record.CONVERTED_GROUP),
        ("well-2", 1000 * 2200 // 4000 - 1000, record.CONVERTED_GROUP),
    ]
    assert lacking == ["well-3: the registry has no coefficient of a group now (2026-10)"]
    by_hand, _ = coefficient.proposals(booked[:1], known, {}, CIVIL, 1100, record.CONVERTED_GROUP)
    assert by_hand[0].correction.litres == 1000


def test_a_proposal_is_a_file_that_a_person_applies(desk, tmp_path):
    def known(value):
        return "coefficient", {"site": "well-2", "from_date": "2026-01-01", "l_per_kwh": value}

    desk.register(site("well-2"), known(3000), now_s=1_700_000_000)
    desk.register(known(3300))
    file = tmp_path / "proposal.csv"
    span = ("--from", "2026-09", "--to", "2026-10", "--out", str(file))
    assert "2 corrections proposed; nothing is changed" in run(desk, "propose", *span)
    assert listed(desk) == []
    assert "already: name another file" in run(desk, "propose", *span, code=2)
    line(desk, "--file", str(file))
    desk.log(int(time.time()))
    booked = sum(litres for key, litres in desk.county.litres().items() if key[0] == "well-2")
    with desk.store.reading() as connection:
        kept = corrections.every(connection)
    assert sum(one.litres for one in kept) == booked // 10 and {one.kind for one in kept} == {"coefficient"}
    again = tmp_path / "again.csv"
    assert "0 corrections proposed" in run(desk, "propose", *span[:-1], str(again))
    only = (*span[:-1], str(tmp_path / "x.csv"), "--site", "well-1")
    assert "well-1 has no litres converted" in run(desk, "propose", *only, code=2)


def test_a_revised_coefficient_of_a_group_is_proposed_and_applied(tmp_path):
    def known(value):
        return "group_coefficient", {"group": "deep", "from_date": "2026-01-01", "l_per_kwh": value}

    with office(tmp_path / "g") as desk:
        box = Well("a", "well-1")
        box.days(2, litres=2400, method=record.CONVERTED_GROUP)
        desk.hear(box)
        desk.register(site("well-1", group="deep"), known(2000), now_s=1_700_000_000)
        desk.register(known(3000))
        booked = sum(desk.county.litres().values())
        file = str(tmp_path / "proposal.csv")
        span = ("--from", "2026-09", "--to", "2026-09", "--out", file)
        assert "1 correction proposed" in run(desk, "propose", *span)
        line(desk, "--file", file)
        (one,) = listed(desk)
        assert (one["method"], one["litres"]) == ("converted-group", booked // 2)


def test_a_month_is_closed_and_listed_and_a_change_behind_it_ends_with_code_1(desk):
    refused = run(desk, "close", "--month", "2026-10", "--because", "dispatch", code=2)
    assert "2026-10 is not complete" in refused and "silent since" in refused and "--despite" in refused
    said = json.loads(
        run(desk, "close", "--month", "2026-10", "--because", "dispatch", "--despite", "--json")
    )
    assert len(said["sha256"]) == 64 and said["missing"]
    assert "waits for the log" in run(desk, "months")
    desk.log(int(time.time()))
    (one,) = json.loads(run(desk, "months", "--json"))
    assert one["month"] == "2026-10" and one["problem"] == "" and one["entry"] is not None
    with desk.store.writing() as connection:
        connection.exec_driver_sql("UPDATE closed_total SET litres = litres + 1")
    assert "its totals are not those of act" in run(desk, "months", code=1)
    assert "is closed already" in run(desk, "close", "--month", "2026-10", "--because", "x", code=2)
    assert "is not over" in run(desk, "close", "--month", "2104-10", "--because", "x", code=2)
