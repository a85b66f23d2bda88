"""CSV and XLSX that people bring: their cells, what is refused and where, and files that mean harm."""

import datetime as dt
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.files import reading, rows, sheets
from karez_gateway.county.files.rows import Place
from karez_gateway.county.registry.fields import INTEGER_MAX, RATIO
from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.errors import Refused

from .county_forms import COUNTY, csv_of, csv_of_lines, xlsx_of

NAMES = "name,role\n李明,水管员\n"


def cells(data, file="person.csv", encoding=""):
    return [
        (row.number, [one.text for one in row.cells]) for row in reading.read(data, file, encoding)[0].rows
    ]


def wishes(data, file="person.csv", kind="", encoding=""):
    return rows.take(reading.read(data, file, encoding), kind)


def findings(data, file="person.csv", kind=""):
    """(place, what) of everything that is wrong."""
    return [(tuple(one.place), one.what) for one in wishes(data, file, kind).findings]


def refused(data, file="person.csv", encoding=""):
    with pytest.raises(Refused) as caught:
        reading.read(data, file, encoding)
    return str(caught.value)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (NAMES.encode(), ""),
        (NAMES.encode("utf-8-sig"), ""),
        (NAMES.encode(), "utf-8"),
        (NAMES.encode("gb18030"), "gb18030"),
        (NAMES.replace("\n", "\r\n").encode(), ""),
        (NAMES.replace("李明", " 李明　").encode(), ""),
    ],
)
def test_csv_in_its_encodings(data, encoding):
    assert cells(data, encoding=encoding) == [(1, ["name", "role"]), (2, ["李明", "水管员"])]


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (NAMES.encode("gb18030"), "", "p.csv, line 2: byte 10 is no UTF-8: .* --encoding gb18030"),
        (b"\xef\xbb\xbfname\n\xff", "", "p.csv, line 2: byte 8 is no UTF-8"),
        (NAMES.encode("utf-16"), "", "UTF-16 text: save it as CSV in UTF-8"),
        (b"name\na\0b", "", "line 2: byte 6 is zero"),
        (NAMES.encode(), "gb18030", "is UTF-8 text: leave --encoding out"),
        (NAMES.encode("utf-8-sig"), "gb18030", "is UTF-8 text: leave --encoding out"),
        (b"name\n\x81\x20", "gb18030", "line 2: byte 5 is no GB 18030"),
        (NAMES.encode(), "latin-1", "--encoding is one of utf-8, gb18030, not latin-1"),
        (b'name\n"a\n', "", "line 2: this is no CSV"),
        (b'name\n"a"b\n', "", "line 2: this is no CSV"),
        (b"name\n" + b"a," * 64 + b"a", "", "line 2: more than 64 cells"),
        (b"\xd0\xcf\x11\xe0 and so on", "", "old .xls workbook or has a password"),
        (b"PK\x03\x04 and so on", "", "p.csv is a damaged workbook"),
        (b"PK\x03\x04 and so on", "utf-8", "is a workbook: leave --encoding out"),
        (b"name\n" + b"\n" * sheets.ROWS_MAX, "", "more than 200000 rows: split it"),
        (b"name\n" + b"a" * reading.FILE_BYTES_MAX, "", "larger than 64 MB: split it"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[:30],
)
def test_csv_that_cannot_be_read_says_where_and_what_to_do(data, encoding, said):
    with pytest.raises(Refused, match=said):
        reading.read(data, "p.csv", encoding)


def test_a_cell_over_several_lines_is_refused_at_its_own_line():
    data = b'name,role\n"a",b\n"c","d\ne"\nf,"\xe2\x80\x8b"\n'
    assert findings(data) == [
        (("person.csv", "", 3, "role"), "unprintable"),
        (("person.csv", "", 5, "role"), "unprintable"),
    ]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], [(0, "", "no-header")]),
        ([["name"]], [(0, "", "no-rows")]),
        ([["role"], ["x"]], [(1, "", "no-header")]),
        ([["name", "colour"], ["a", "b"]], [(1, "", "unknown-header")]),
        ([["name", "姓名"], ["a", "b"]], [(1, "", "header-twice")]),
        ([["name", "end", "注销"], ["a", "", ""]], [(1, "", "header-twice")]),
        ([["name", ""], ["a", "b"]], [(2, "B", "beyond-header")]),
        ([["name"], ["a", "b"]], [(2, "B", "beyond-header")]),
        ([["name", "role"], ["", "b"]], [(2, "name", "no-name")]),
        ([["name"], ["a/b"]], [(2, "name", "code")]),
        ([["name"], ["a"], ["b"], ["a"]], [(4, "", "named-twice")]),
        ([["name", "end"], ["a", "perhaps"]], [(2, "end", "no-yes")]),
        ([["name", "role"], ["a", "=1+1"]], [(2, "role", "formula")]),
        ([["name"], ['="007"']], [(2, "name", "formula")]),
        ([["name", "role"], ["a", "x" * 401]], [(2, "role", "text-long")]),
        (
            [["name", "role"], ["a/b", "=1"], ["c", "d"], ["e", "=2"]],
            [(2, "name", "code"), (2, "role", "formula"), (4, "role", "formula")],
        ),
    ],
)
def test_rows_that_are_wrong_are_all_told_with_their_place(lines, expected):
    found = findings(csv_of_lines(lines))
    assert found == [(("person.csv", "", row, column), what) for row, column, what in expected]


@pytest.mark.parametrize(
    ("column", "cell", "what"),
    [
        ("volume_m3", "1.2345", "decimals"),
        ("volume_m3", "-1", "range"),
        ("volume_m3", "1,5", "no-number"),
        ("volume_m3", "1e400", "range"),
        ("volume_m3", "nan", "no-number"),
        ("volume_m3", "1." + "0" * 30 + "1", "decimals"),
        ("volume_m3", "9" * 61, "no-number"),
        ("volume_m3", "1_000", "no-number"),
        ("volume_m3", "12 m3", "no-number"),
        ("year", "2026.5", "not-whole"),
        ("class", "agriculture", "no-word"),
        ("class", "all ", None),
        ("class", "合计", None),
        ("volume_m3", "1,234,567.25", None),
        ("volume_m3", "1.2e3", None),
    ],
)
def test_cells_of_a_limit(column, cell, what):
    data = csv_of([{**COUNTY["limit"][0], column: cell}])
    expected = [] if what is None else [(("limit.csv", "", 2, column), what)]
    assert findings(data, "limit.csv") == expected


def test_days_and_yes_in_the_forms_people_write():
    for text in ("2026-03-01", "2026/3/1", "2026.03.01"):
        data = csv_of([{**COUNTY["round"][0], "from_date": text}])
        assert wishes(data, "round.csv").rows["round", "2026/spring"].values["from_date"] == "2026-03-01"
    data = csv_of([{**COUNTY["round"][0], "from_date": "2026-02-30"}])
    assert findings(data, "round.csv") == [(("round.csv", "", 2, "from_date"), "no-day")]
    for text, value in (("是", 1), ("YES", 1), ("否", 0), ("0", 0)):
        data = csv_of([{**COUNTY["region"][0], "is_overdrawn": text}])
        assert wishes(data, "region.csv").rows["region", "6504"].values["is_overdrawn"] == value


def test_the_kind_is_said_by_the_file_the_sheet_or_the_option():
    data = NAMES.encode()
    assert findings(data, "people.csv") == [(("people.csv", "", 0, ""), "no-kind")]
    assert ("person", "李明") in wishes(data, "people.csv", "person").rows
    assert ("person", "李明") in wishes(data, "责任人.csv").rows
    book = xlsx_of(
        {"责任人": [["姓名"], ["李明"]], "Round": [["year", "round"], ["2026", "a"]], "about": [["x"]]}
    )
    assert set(wishes(book, "county.xlsx").rows) == {("person", "李明"), ("round", "2026/a")}
    assert findings(xlsx_of({"Sheet1": [["name"]]}), "x.xlsx") == [(("x.xlsx", "Sheet1", 0, ""), "no-kind")]


def test_labels_of_a_kind_are_told_apart_in_both_languages():
    for kind in KINDS.values():
        labels = [*kind.columns, *(one.zh for one in kind.fields), rows.END, rows.END_ZH]
        doubles = {one.column for one in kind.fields} & {one.zh for one in kind.fields}
        assert len(set(labels)) == len(labels) - len(doubles), kind.name


# Workbooks


def test_a_workbook_s_numbers_days_and_words_are_what_a_person_sees():
    line = ["P-1", "v1", 0.1 + 0.2, "农业", "ground", dt.date(2022, 1, 1), "2030-12-31", None]
    book = xlsx_of({"permit": [[*KINDS["permit"].columns], [], line]})
    wish = wishes(book, "x.xlsx").rows["permit", "P-1"]
    assert wish.place == Place("x.xlsx", "permit", 3)
    assert wish.values["volume_l"] == 300
    assert wish.values["from_date"] == "2022-01-01"
    assert wish.values["document"] is None
    book = xlsx_of({"region": [["code", "is_reserve"], [650402, True]]})
    assert wishes(book, "x.xlsx").rows["region", "650402"].values["is_reserve"] == 1


@pytest.mark.parametrize(
    ("line", "column", "what"),
    [
        (["a", "=1+1"], "role", "formula"),
        (["=A1"], "name", "formula"),
        ([1234567890123456], "name", "digits"),
        ([1e300], "name", "digits"),
        ([dt.date(2026, 3, 5)], "name", "day-cell"),
        (["a", dt.time(12)], "role", "day-cell"),
    ],
)
def test_cells_that_a_spreadsheet_has_spoilt_are_refused_with_their_place(line, column, what):
    book = xlsx_of({"person": [["name", "role"], ["first", "x"], line]})
    assert findings(book, "x.xlsx") == [(("x.xlsx", "person", 3, column), what)]


def test_a_formula_is_refused_even_when_its_value_stands_beside_it():
    book = rewritten(
        xlsx_of({"person": [["name", "role"], ["a", "=1+1"]]}),
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace(b"</f><v>0</v>", b"</f><v>2</v>"),
    )
    assert findings(book, "x.xlsx") == [(("x.xlsx", "person", 2, "role"), "formula")]


def test_an_error_value_is_refused():
    book = rewritten(
        xlsx_of(
            {"limit": [["region", "year", "class", "source", "volume_m3"], ["6504", 2026, "all", "all", 5]]}
        ),
        "xl/worksheets/sheet1.xml",
        lambda text: text.replace(b'<c r="E2"><v>5</v>', b'<c r="E2" t="e"><v>#DIV/0!</v>'),
    )
    assert findings(book, "x.xlsx") == [(("x.xlsx", "limit", 2, "volume_m3"), "error-value")]


def test_a_text_that_looks_like_a_formula_is_none_in_a_workbook():
    book = xlsx_of({"person": [["name", "role"], ["a", ("text", "=1+1")], ["b", ("text", "'=1")]]})
    found = wishes(book, "x.xlsx").rows
    assert (found["person", "a"].values["role"], found["person", "b"].values["role"]) == ("=1+1", "'=1")


def rewritten(book, part, change):
    """A workbook with a part of it changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            text = old.read(one)
            changed = change(text) if one.filename == part else text
            assert one.filename != part or changed != text
            new.writestr(one.filename, changed)
    return out.getvalue()


SMALL = xlsx_of({"person": [["name", "role"], ["a", "b"]]})
SHEET = "xl/worksheets/sheet1.xml"


def lied_about_its_size():
    """The far end and a huge part under an entry that says it is small."""
    return rewritten(SMALL, SHEET, lambda text: text.replace(b'ref="A1:B2"', b'ref="A1:XFD1048576"'))


def test_a_dimension_that_lies_costs_nothing():
    assert set(wishes(lied_about_its_size(), "x.xlsx").rows) == {("person", "a")}


def locked():
    data = bytearray(SMALL)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(data)


def bomb(parts=1, size=1 << 20):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for number in range(parts):
            book.writestr(f"xl/{number}.xml", b" " * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("book", "said"),
    [
        (bomb(parts=1001, size=1), "unpacks to 0 MB in 1001 parts, at most 64 MB in 1000: split it"),
        (bomb(parts=1), "is no workbook that can be read"),
        (SMALL[:-40], "is a damaged workbook"),
        (locked(), "is a damaged workbook"),
        (
            rewritten(SMALL, SHEET, lambda text: b'<!DOCTYPE x [<!ENTITY a "aa">]>' + text),
            f"its part {SHEET} is not what a spreadsheet writes",
        ),
        (rewritten(SMALL, SHEET, lambda text: text.decode().encode("utf-16")), "is not what a spreadsheet"),
        (rewritten(SMALL, SHEET, lambda text: text[:200]), "is no workbook that can be read"),
        (
            rewritten(SMALL, SHEET, lambda text: text.replace(b'r="2"', b'r="999999999"')),
            "more than 200000 rows",
        ),
        (
            rewritten(SMALL, SHEET, lambda text: text.replace(b'"B2"', b'"XFD2"')),
            "row 2: cells beyond column 64",
        ),
        (
            rewritten(SMALL, SHEET, lambda text: text.replace(b"</row>", b"<c/>" * 1_500_000 + b"</row>")),
            "has more cells than are read at once",
        ),
        (xlsx_of({f"s{number}": [] for number in range(41)}), "more than 40 sheets"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value[:30],
)
def test_workbooks_that_mean_harm_are_refused(book, said):
    assert said in refused(book, "x.xlsx")


def saying(size, data=SMALL):
    """A workbook whose directory says of its first part that it unpacks to so many bytes."""
    at = data.find(b"PK\x01\x02") + 24
    return data[:at] + size.to_bytes(4, "little") + data[at + 4 :]


def test_a_zip_bomb_is_refused_before_anything_is_unpacked():
    assert "unpacks to 65 MB in" in refused(saying(65 << 20), "x.xlsx")


def test_a_part_that_is_larger_than_its_directory_says_is_damage():
    assert "is a damaged workbook" in refused(saying(10, bomb()), "x.xlsx")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(SMALL) - 1), st.binary(min_size=1, max_size=8))
def test_a_damaged_workbook_is_read_or_refused_and_nothing_else(at, junk):
    try:
        reading.read(SMALL[:at] + junk + SMALL[at + len(junk) :], "x.xlsx")
    except Refused:
        pass


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["", "gb18030"]))
def test_any_bytes_are_rows_or_refused_and_nothing_else(data, encoding):
    try:
        for one in rows.take(reading.read(data, "site.csv", encoding)).findings:
            assert one.text("en").startswith("site.csv")
            assert one.text("zh").startswith("site.csv")
    except Refused:
        pass


@settings(max_examples=300)
@given(st.integers(0, INTEGER_MAX))
def test_a_number_of_the_books_is_its_text(value):
    assert RATIO.read(RATIO.show(value)) == value


@settings(max_examples=300)
@given(st.text(max_size=20))
def test_any_text_is_a_number_or_refused(text):
    try:
        value = RATIO.read(text)
    except Refused:
        return
    assert 0 <= value <= INTEGER_MAX
