"""Scheduled exports: each period once, every litre in exactly one file, late ones said as late."""

import csv
import io
import json

import pytest
from sqlalchemy.exc import OperationalError

from karez_gateway import config as configuration
from karez_gateway.calendars import Calendar
from karez_gateway.exports import status as exportstatus
from karez_gateway.exports.exporter import Exporter
from karez_gateway.store import exports
from karez_gateway.worker import Worker

from .county import create, opened
from .synthetic import START_UTC_S, SyntheticController

DAY_S = 86_400
CIVIL = Calendar(8)
DAY_ONE = CIVIL.moment("2026-09-21")  # the synthetic wells begin on it, at 22:00


def settings(**changed):
    """[[export]] of gateway.toml."""
    lines = {"name": "county", "kind": "ledger"} | changed
    return "\n[[export]]\n" + "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in lines.items()
    )


class Office:
    """A county whose exports run when the test says that time passed."""

    def __init__(self, county, directory):
        self.county = county
        self.directory = directory
        self.config = configuration.load(directory)
        self.now_utc_s = DAY_ONE + DAY_S + 3600
        self.worker = Worker()
        self.begin()

    def begin(self):
        """A service that starts knows only what is in the store and in the folder."""
        self.exporter = Exporter(self.config, self.county.store, self.worker, lambda: self.now_utc_s)

    async def pass_to(self, day, hour=2):
        """Let it be this day and hour, and let the exports do what is due."""
        self.now_utc_s = CIVIL.moment(day) + hour * 3600
        made = 0
        while now_made := await self.exporter.step():
            made += now_made
        return made

    def close(self):
        self.exporter._close()
        self.worker.close()

    def files(self):
        return sorted(
            one.name for one in (self.directory / "exports").iterdir() if not one.name.endswith(".sha256")
        )

    def rows(self, name):
        """Rows of a CSV file as dictionaries."""
        text = (self.directory / "exports" / name).read_text(encoding="utf-8")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def litres(self, *names):
        """(litres of figures, late litres) over some files, all if none is named."""
        rows = [row for name in names or self.files() for row in self.rows(name)]
        return sum(int(row["volume_l"]) for row in rows), sum(int(row["late_l"]) for row in rows)

    def facts(self):
        with self.county.store.reading() as connection:
            return exportstatus.facts(connection, self.config, self.now_utc_s)


@pytest.fixture
def office(tmp_path, request):
    extra = "".join(getattr(request, "param", [settings()]))
    directory = create(tmp_path / "g", extra)
    with opened(directory) as county:
        found = Office(county, directory)
        try:
            yield found
        finally:
            found.close()


def box(seed="a", site="well-1"):
    return SyntheticController(seed, site)


def hours(found, count, litres=100):
    for _ in range(count):
        found.interval(litres, after_s=3600)


def hear(office, *boxes):
    for one in boxes:
        office.county.take(one, *one.payloads())
    office.county.work()


async def test_each_day_has_one_file_over_any_number_of_restarts(office):
    well = box()
    hours(well, 60)
    office.county.enrol(well)
    hear(office, well)
    assert await office.pass_to("2026-09-22", 0) == 1  # the newest day that is over at 01:00 the day after
    assert office.files() == ["county-2026-09-20.csv"]
    assert await office.pass_to("2026-09-22") == 1
    for _ in range(3):
        office.exporter._close()
        office.begin()
        assert await office.pass_to("2026-09-22", 23) == 0
    assert await office.pass_to("2026-09-24") == 2
    assert office.files() == [f"county-2026-09-{day}.csv" for day in (20, 21, 22, 23)]
    for name in office.files():
        sha256, named = (office.directory / "exports" / f"{name}.sha256").read_text().split()
        assert named == name and len(sha256) == 64


async def test_all_files_together_say_every_litre_once_and_what_came_later_as_late(office):
    well, other = box(), box("b", "well-2")
    office.county.enrol(well, other)
    hours(well, 12)
    hear(office, well)
    await office.pass_to("2026-09-22")
    assert office.litres() == (100, 0)  # the reading at 23:00; that of midnight is of the next day
    hours(other, 30, 1000)  # its records of the first day come a day late
    hours(well, 20)
    hear(office, well, other)
    await office.pass_to("2026-09-23")
    late = [row for row in office.rows("county-2026-09-22.csv") if row["row"] == "late"]
    assert [(row["site"], row["period"], row["late_l"], row["method"]) for row in late] == [
        ("well-2", "2026-09", "1000", "metered")
    ]
    for _ in range(5):
        hours(well, 7)
        hours(other, 50, 10)
        hear(office, well, other)
    await office.pass_to("2026-10-12")
    figures, late_l = office.litres()
    assert figures + late_l == sum(office.county.litres().values())
    assert late_l > 0


async def test_the_first_file_says_its_period_and_takes_nothing_before_it_for_late(office):
    well = box()
    hours(well, 100)
    office.county.enrol(well)
    hear(office, well)
    await office.pass_to("2026-09-26")
    rows = office.rows("county-2026-09-25.csv")
    assert {row["row"] for row in rows} == {"figure"} and {row["period"] for row in rows} == {"2026-09-25"}
    await office.pass_to("2026-09-28")
    assert office.litres()[1] == 0


async def test_late_litres_stand_in_the_month_to_which_they_belong(office):
    well, other = box(), box("b", "well-2")
    office.county.enrol(well, other)
    hours(well, 30)
    hear(office, well)
    await office.pass_to("2026-09-23")
    await office.pass_to("2026-11-05")
    for day in range(50):
        other.interval(1000 + day, after_s=DAY_S)
    hear(office, other)
    await office.pass_to("2026-11-06")
    late = {
        row["period"]: int(row["late_l"])
        for row in office.rows("county-2026-11-05.csv")
        if row["late_l"] != "0"
    }
    booked = {}
    for (site, hour, _), litres in office.county.litres().items():
        if site == "well-2" and hour * 3600 < CIVIL.moment("2026-11-05"):
            month = CIVIL.name("month", hour * 3600)
            booked[month] = booked.get(month, 0) + litres
    assert late == booked and set(late) == {"2026-09", "2026-10", "2026-11"}
    total = sum(office.litres(*office.files()))
    assert total == sum(
        litres
        for (_, hour, _), litres in office.county.litres().items()
        if CIVIL.moment("2026-09-22") <= hour * 3600 < CIVIL.moment("2026-11-06")
    )


@pytest.mark.parametrize("office", [[settings(every="month", step="day", at="06:30")]], indirect=True)
async def test_a_month_is_due_at_its_hour_of_the_day_after(office):
    well = box()
    hours(well, 300)
    office.county.enrol(well)
    hear(office, well)
    assert await office.pass_to("2026-10-01", 6) == 1
    assert office.files() == ["county-2026-08.csv"]
    assert await office.pass_to("2026-10-01", 7) == 1
    rows = office.rows("county-2026-09.csv")
    assert len(rows) == 10 and sum(int(row["volume_l"]) for row in rows) == sum(
        litres
        for (_, hour, _), litres in office.county.litres().items()
        if hour * 3600 < CIVIL.moment("2026-10-01")
    )


@pytest.mark.parametrize("office", [[settings(kind="records")]], indirect=True)
async def test_every_record_stands_in_exactly_one_file_however_late_it_came(office):
    from . import county as counties

    well, other = box(), box("b", "well-2")
    office.county.enrol(well, other)
    hours(well, 20)
    hear(office, well)
    office.now_utc_s = counties.RECEIVED_UTC_S  # 2026-09-23 02:00
    await office.pass_to("2026-09-24")
    hours(other, 20)
    hear(office, other)
    await office.pass_to("2026-09-25")
    first, second = (office.rows(name) for name in office.files())
    assert {row["site"] for row in first} == {"well-1"} and {row["site"] for row in second} == {"well-2"}
    keys = [(row["controller"], row["chain"], row["seq"]) for row in [*first, *second]]
    assert len(keys) == len(set(keys)) == 40
    assert {row["is_late"] for row in second} == {"1"}
    assert second[0]["water_register"] == "0" * 16 and second[0]["verdict"] == "good"
    assert second[0]["entry"] == "karez.test/county#20"


@pytest.mark.parametrize("office", [[settings(kind="status", language="zh", bom=True)]], indirect=True)
async def test_how_wells_stand_is_written_in_chinese_for_spreadsheets(office):
    well = box(site="=井-12")
    hours(well, 20)
    office.county.enrol(well)
    hear(office, well)
    await office.pass_to("2026-09-23", 3)
    data = (office.directory / "exports" / office.files()[-1]).read_bytes()
    lines = data.decode("utf-8-sig").split("\r\n")
    assert data.startswith(b"\xef\xbb\xbf") and lines[0].startswith("取水口,状态代码,状态")
    assert lines[1].startswith("'=井-12,reporting,正常上报,")


@pytest.mark.parametrize(
    "office",
    [[settings(keep=2), settings(name="city", format="json", sites=["well-2", "no"])]],
    indirect=True,
)
async def test_a_failing_export_delays_no_other_and_says_why_until_it_works(office):
    well, other = box(), box("b", "well-2")
    office.county.enrol(well, other)
    hours(well, 90)
    hours(other, 90)
    hear(office, well, other)
    folder = office.directory / "exports"
    folder.mkdir()
    (folder / ".county-2026-09-22.csv.part").mkdir()  # nobody can write a file of this name
    await office.pass_to("2026-09-23")
    assert office.files() == [".county-2026-09-22.csv.part", "city-2026-09-22.json"]
    county, city = office.facts()
    assert "cannot be written" in county["problem"] and city["problem"] is None
    assert not exportstatus.is_well(county) and "FAILS" in exportstatus.line(county)
    assert city["unknown_sites"] == ["no"] and "no controller stands at no" in exportstatus.line(city)
    assert exportstatus.failing(office.directory) == ["county"]
    (folder / ".county-2026-09-22.csv.part").rmdir()
    assert await office.exporter.step() == 0  # not before its next try
    office.now_utc_s += 61
    assert await office.exporter.step() == 1
    assert office.facts()[0]["problem"] is None and exportstatus.failing(office.directory) == []
    await office.pass_to("2026-09-26")
    assert [one for one in office.files() if one.startswith("county")] == [
        "county-2026-09-24.csv",
        "county-2026-09-25.csv",
    ]
    found = json.loads((folder / "city-2026-09-25.json").read_text())
    assert {row["site"] for row in found["rows"]} <= {"well-2"} and found["utc_offset"] == "+08:00"


async def test_an_attempt_that_could_not_be_noted_is_made_again_and_says_nothing_twice(office, monkeypatch):
    well = box()
    hours(well, 30)
    office.county.enrol(well)
    hear(office, well)
    broken = OperationalError("x", {}, Exception("gone"))

    def note(*_):
        raise broken

    monkeypatch.setattr(exports, "note", note)
    await office.pass_to("2026-09-23")
    assert office.facts()[0]["problem"] and office.facts()[0]["last"] is None
    monkeypatch.undo()
    office.begin()
    await office.pass_to("2026-09-23", 3)
    assert office.files() == ["county-2026-09-22.csv"]  # the same bytes: the same file
    await office.pass_to("2026-09-24")
    figures, late = office.litres()
    assert late == 0 and figures == sum(
        litres
        for (_, hour, _), litres in office.county.litres().items()
        if hour * 3600 >= CIVIL.moment("2026-09-22")
    )


async def test_a_file_that_is_given_up_when_the_service_ends_leaves_nothing(office):
    well = box()
    hours(well, 30)
    office.county.enrol(well)
    hear(office, well)
    office.exporter._stopping.set()
    await office.pass_to("2026-09-23")
    assert office.files() == [] and office.facts()[0]["last"] is None
    office.begin()
    assert await office.pass_to("2026-09-23", 3) == 1


async def test_a_clock_that_was_years_ahead_stops_no_export_afterwards(office):
    well = box()
    hours(well, 30)
    office.county.enrol(well)
    hear(office, well)
    await office.pass_to("2026-09-23")
    office.now_utc_s = CIVIL.moment("2036-01-01")
    await office.exporter.step()  # one of many
    assert await office.pass_to("2026-09-24") == 1
    assert "county-2026-09-23.csv" in office.files()


def test_the_synthetic_wells_begin_on_the_day_that_is_named_here():
    assert DAY_ONE <= START_UTC_S < DAY_ONE + DAY_S
