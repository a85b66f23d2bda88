"""A water year that begins in November, from its plans to its close: no month, litre or day goes astray."""

import pytest

from karez_gateway.calendars import Calendar
from karez_gateway.county import planning, year_close
from karez_gateway.county.acts import Deed
from karez_gateway.county.ledger import books, correcting, usage
from karez_gateway.county.ledger.corrections import Correction
from karez_gateway.county.quota.grants import Terms
from karez_gateway.county.registry import changing
from karez_gateway.county.registry.objects import name_of
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.grants import request as grant_request
from karez_gateway.grants.request import Asked
from karez_gateway.regulator import draft, request

from .county import create, opened
from .quota_desk import YEAR, plan, region, site
from .regulator_desk import DAY_S, LIMITS, Well, folder, judge
from .regulator_desk import opened as opened_grant
from .synthetic import REGULATOR

YEARS = WaterYears(Calendar(8), 11)
SPAN = YEARS.span(YEAR)  # from November 2025
FEBRUARY = YEARS.month(YEAR, 2)
NOW_S = FEBRUARY.from_utc_s + 10 * DAY_S  # of 2026
DEED = Deed("li", "plans", NOW_S, document="W-3")


@pytest.fixture
def county(tmp_path):
    with opened(create(tmp_path / "gateway")) as found:
        yield found


def write(county, call, *args, **more):
    with county.store.writing() as connection:
        return call(connection, *args, **more)


def test_a_year_from_november_is_spread_granted_used_corrected_and_closed(county, tmp_path):
    office = folder(tmp_path / "office", limits=LIMITS.replace("2027", str(YEAR)))
    (office / "rules.toml").write_text("water_year_month = 11\n")
    well = Well("w1", from_utc_s=SPAN.from_utc_s, now_s=NOW_S)
    county.enrol(well.box)
    county.take(well.box, *well.box.payloads())
    county.work()
    rows = [region("r"), site("w1", "r"), plan("w1", 600_000)]
    wanted = [(kind, name_of(kind, values), values) for kind, values in rows]
    write(county, changing.change, wanted, DEED, check=lambda *_: None)
    months = {"11": 400, "12": 100, "01": 0, "02": 300, "10": 200}
    write(county, planning.spread, YEARS, YEAR, ["w1"], months, DEED)
    with county.store.reading() as connection:
        assert planning.past_periods(connection, YEARS, YEAR, NOW_S) == ("11", "12", "01")
        made = grant_request.make(connection, YEARS, Asked("test", YEAR, Terms()), DEED)
    drafted = draft.make(judge(office, now_s=NOW_S), [request.decode(made.data, "r")], "")
    (data,) = draft.sign(drafted, REGULATOR, NOW_S)
    october = YEARS.month(YEAR, 10)
    found = [(one["from_utc_s"], one["to_utc_s"], one["ceiling"]) for one in opened_grant(data)[1]]
    assert found == [
        (FEBRUARY.from_utc_s, october.from_utc_s, well.start_l + 480_000),
        (october.from_utc_s, SPAN.to_utc_s, well.start_l + 600_000),
        (SPAN.to_utc_s, SPAN.to_utc_s + 92 * DAY_S, well.start_l + 660_000),
    ]
    fixed = [Correction("w1", "error", 1, *YEARS.month(YEAR, month), 1_000 * month) for month in (11, 2)]
    write(county, correcting.correct, fixed, DEED, YEARS.calendar, may_fall=True)
    before = Correction("w1", "error", 1, *YEARS.month(YEAR - 1, 10), 77)
    write(county, correcting.correct, [before], DEED, YEARS.calendar, may_fall=True)
    county.acts.log_queued(NOW_S)
    truth = well.used_l + 13_000
    with county.store.reading() as connection:
        assert usage.total_l(usage.of_sites(connection, SPAN), "w1") == truth
        of_year = books.read(connection, SPAN, YEARS.calendar, NOW_S)
    assert sum(one.booked_l + one.correction_l + one.late_l for one in of_year.lines) == truth
    closed = write(county, year_close.freeze, YEARS, YEAR, DEED._replace(now_s=SPAN.to_utc_s))
    assert [(one.site, one.plan_l, one.total_l) for one in closed.rows] == [("w1", 600_000, truth)]
