"""The power company's file: every way people write it, and every way it is wrong, with its line."""

import datetime as dt

import pytest

from karez_gateway.county.power import cells, columns, statement
from karez_gateway.errors import Refused

from .county_forms import xlsx_of

MONTH = "2026-07"


def read(text, mapping=None, encoding="", month=MONTH):
    data = text if isinstance(text, bytes) else text.encode()
    titles, rows = cells.read(data, "f.csv", encoding)
    return statement.read(rows, columns.places(titles, mapping or {}, "f.csv"), month, "f.csv")


def test_a_plain_file_is_read():
    (one,), notes = read("meter,energy_kwh\nA1,1234.5\n")
    assert (one.meter, one.energy_wh, one.from_date, one.to_date) == (
        "A1",
        1_234_500,
        "2026-07-01",
        "2026-08-01",
    )
    assert (one.multiplier_milli, one.has_dates, one.line, notes) == (None, False, 2, [])


def test_a_chinese_file_in_its_old_encoding_with_full_width_digits_is_read():
    text = "电表资产号,电费年月,上期抄表日期,本期抄表日期,上期示数,本期示数,倍率,抄见电量\n"
    text += "０００１２３,2026年7月,20260625,2026-07-25,１００,150.5,40,2020\n\n"
    (one,), notes = read(text.encode("gb18030"), encoding="gb18030")
    assert statement.number_of(one.meter) == "123"
    assert (one.energy_wh, one.multiplier_milli) == (2_020_000, 40_000)
    assert (one.from_date, one.to_date, one.has_dates) == ("2026-06-25", "2026-07-25", True)
    assert notes == []


def test_readings_make_the_energy_where_none_is_said_and_are_held_against_it():
    (one,), _ = read("meter,from_reading,to_reading,multiplier\nA,10,12.5,40\n")
    assert one.energy_wh == 100_000
    _, notes = read("meter,previous reading,present reading,multiplier,energy\nA,10,12.5,40,90\n")
    assert notes == ["line 2: A: energy 90000 Wh, but its readings give 100000 Wh"]


@pytest.mark.parametrize(
    ("number", "same"),
    [("000123", "123"), ("１２３", "123"), (" 12-3 ", "123"), ("123.0", "123"), ("00A1", "a1"), ("0", "0")],
)
def test_numbers_are_compared_without_what_a_spreadsheet_does_to_them(number, same):
    assert statement.number_of(number) == same


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "f.csv is empty"),
        ("meter,energy\n", "has no rows"),
        ("number of it,energy\nA,1\n", "no column is known as the meter's number"),
        ("meter\nA\n", "neither energy nor both readings"),
        ("meter,energy,kwh\nA,1,1\n", "energy and kwh may both be energy_kwh"),
        ("meter,meter,energy\nA,B,1\n", "two columns are called meter"),
        ("meter,energy\nA,1\nA,2\n", "line 3: meter A stands in line 2 already"),
        ("meter,energy\nA,1\n00a,2\n", "line 3: meter 00a stands in line 2 already"),
        ("meter,energy\nA,=1+1\n", "line 2: energy_kwh: '=1.1' is no number"),
        ("meter,energy\nA,-5\n", "line 2: energy_kwh: .* below zero"),
        ("meter,energy\n,5\n", "line 2: no meter number"),
        ("meter,energy\nA,\n", "line 2: has neither energy nor both readings"),
        ("meter,energy,month\nA,1,2026-06\n", "line 2: is of 2026-06, not of 2026-07"),
        ("meter,energy,month\nA,1,2026-13\n", "line 2: '2026-13' is no month"),
        ("meter,energy,from,to\nA,1,2026-07-01,\n", "one reading day"),
        ("meter,energy,from,to\nA,1,2026-08-01,2026-07-01\n", "not in order"),
        ("meter,energy,from,to\nA,1,2026-02-30,2026-07-01\n", "from_date: .* is no day"),
        ("meter,previous reading,present reading\nA,10,9\n", "its reading falls"),
        ("meter,energy\nA,1,2\n", "line 2: more cells"),
        ('meter,energy\n"A,1\n', "line 2"),
        ("meter,energy\n表,1\n".encode("gb18030"), "try --encoding gb18030"),
        (b"meter,energy\nA\0,1\n", "zero bytes"),
        (b"PK\x03\x04rest", "save its sheet as CSV"),
    ],
)
def test_a_file_that_is_wrong_says_where_and_what(text, why):
    with pytest.raises(Refused, match=why):
        read(text)


LINES = [["电表资产号", "电费年月", "抄见电量", "倍率"], ["000123", dt.date(2026, 7, 1), 2020.5, 40]]


def test_a_workbook_is_read_like_a_csv_whatever_sorts_its_cells_are_of():
    (one,), notes = read(xlsx_of({"说明": [["电费"]], "七月": LINES, "Sheet2": []}))
    assert (one.meter, one.energy_wh, one.multiplier_milli, one.line, notes) == (
        "000123",
        2_020_500,
        40_000,
        2,
        [],
    )
    days = ["meter", "kwh", "from", "to"], [123, 5, dt.date(2026, 6, 25), "2026-07-25 08:30:00"]
    (one,), _ = read(xlsx_of({"a": days}))
    assert (one.meter, one.from_date, one.to_date) == ("123", "2026-06-25", "2026-07-25")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (["A", None, "=1+1"], "sheet 七月, row 2: energy_kwh: '=' is no number and no text, it is a formula"),
        (["=A1", None, 5], "sheet 七月, row 2: meter: '=' is no number and no text, it is a formula"),
        ([6500001234567890, None, 5], "sheet 七月, row 2: meter: .* more than 15 digits"),
        (["A", dt.date(2026, 6, 1), 5], "sheet 七月, row 2: is of 2026-06-01, not of 2026-07"),
        (["A", None, dt.date(2026, 7, 1)], "sheet 七月, row 2: energy_kwh: '2026-07-01' is no number"),
        (["A", None, 5, 1, "x"], "f.csv, sheet 七月, row 2: more cells"),
    ],
)
def test_a_workbook_that_is_wrong_says_sheet_row_and_column(line, why):
    with pytest.raises(Refused, match=why):
        read(xlsx_of({"七月": [LINES[0], line]}))


def test_a_workbook_with_two_months_is_not_guessed_at():
    with pytest.raises(Refused, match=r"f.csv has more than one sheet with rows \(六月, 七月\)"):
        read(xlsx_of({"六月": LINES, "七月": LINES}))


def test_a_formula_where_nobody_reads_is_nobodys_affair():
    (one,), _ = read("meter,energy,remark\nA,1,=SUM(B2)\n")
    assert one.energy_wh == 1000


def test_every_fault_of_a_file_is_told_together_and_a_mass_of_them_is_counted():
    with pytest.raises(Refused) as caught:
        read("meter,energy\n" + "A,x\n" * 25)
    assert str(caught.value).count("line ") == 20 and "and 5 more" in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ({"meter": "nothing"}, "has no column nothing; it has: m, energy"),
        ({"metre": "m"}, "there is no column metre"),
        ({"meter": " "}, "meter is empty"),
    ],
)
def test_a_mapping_that_fits_nothing_is_refused(mapping, why):
    with pytest.raises(Refused, match=why):
        read("m,energy\nA,1\n", mapping)


def test_a_county_names_its_own_columns():
    (one,), _ = read("m,energy\nA,1\n", {"meter": "m"})
    assert one.meter == "A"


def test_no_two_columns_share_a_name():
    every = [columns.plain(title) for known in columns.KNOWN.values() for title in known]
    assert len(every) == len(set(every))
