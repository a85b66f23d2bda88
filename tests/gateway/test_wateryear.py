"""Water years: twelve months that meet without a gap, wherever the year begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_gateway.calendars import Calendar
from karez_gateway.county.years.wateryear import WaterYears
from karez_gateway.errors import Refused


@given(st.integers(1, 12), st.integers(1971, 2103), st.integers(-12, 14))
def test_twelve_months_fill_the_year(first, year, offset_h):
    years = WaterYears(Calendar(offset_h), first)
    span, months = years.span(year), years.months(year)
    assert len(months) == 12
    assert months[0][1].from_utc_s == span.from_utc_s
    assert months[-1][1].to_utc_s == span.to_utc_s == years.span(year + 1).from_utc_s
    for (_, one), (_, after) in zip(months, months[1:]):
        assert one.to_utc_s == after.from_utc_s
    for at in (span.from_utc_s, span.to_utc_s - 1):
        assert years.of(at) == year
    assert years.of(span.to_utc_s) == year + 1


def test_a_year_that_begins_in_november_bears_the_name_of_its_november():
    years = WaterYears(Calendar(8), 11)
    assert years.calendar.iso(years.span(2026).from_utc_s) == "2026-11-01T00:00:00+08:00"
    assert years.calendar.iso(years.month(2026, 7).from_utc_s) == "2027-07-01T00:00:00+08:00"


@pytest.mark.parametrize("year", [1970, 2105, 0, -3, 99999])
def test_a_year_that_the_clock_cannot_hold_is_refused(year):
    with pytest.raises(Refused, match="no water year"):
        WaterYears(Calendar(8)).span(year)
