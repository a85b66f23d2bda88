"""Files for others: whole or not at all, no cell a formula, the same rows in every form."""

import csv
import errno
import io
import json
import os
import re
import subprocess
import zipfile
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_gateway.errors import Refused, StoreError
from karez_gateway.exports import files, writers
from karez_gateway.exports.table import Column, Table

COLUMNS = (Column("site", "取水口"), Column("volume_l", "水量（升）"), Column("note", "备注"))
NASTY = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "'x"]
NASTY += ['井,"12"\n', "", "0012", "1e5"]
ROWS = [(text, at * 10**12, None if at % 2 else "http://x.example") for at, text in enumerate(NASTY)]


def table(rows=ROWS):
    return Table("ledger", COLUMNS, iter(rows), {"gateway": "g", "from": "2026-10-01"})


def written(form, language="en", rows=ROWS, *, bom=False, folder=None):
    if folder is None:
        file = io.BytesIO()
        file.name = "/dev/null"  # who writes XLSX asks for the folder of its file
    else:
        file = (folder / f"x.{form}").open("w+b")
    with file:
        assert writers.write(table(rows), file, form, language, bom=bom) == len(rows)
        file.seek(0)
        return file.read()


def sheet(data, number=1):
    """Rows of a worksheet as texts and numbers, read without a spreadsheet library; no formula is there."""
    name = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        root = ET.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
        strings = []
        if "xl/sharedStrings.xml" in archive.namelist():
            shared = ET.fromstring(archive.read("xl/sharedStrings.xml"))
            strings = ["".join(one.itertext()) for one in shared.findall(f"{name}si")]
    assert not list(root.iter(f"{name}f"))
    found = []
    for row in root.iter(f"{name}row"):
        cells = {}
        for cell in row:
            at = ord(re.match(r"[A-Z]", cell.get("r"))[0]) - ord("A")
            value = cell.find(f"{name}v")
            if cell.get("t") == "s":
                cells[at] = strings[int(value.text)]
            elif cell.get("t") == "inlineStr":
                cells[at] = "".join(cell.itertext())
            else:
                cells[at] = int(value.text)
        found.append([cells.get(at) for at in range(3)])
    return found


def test_csv_comes_back_as_it_was_but_for_the_apostrophe_before_a_formula():
    data = written("csv")
    lines = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert lines[0] == ["site", "volume_l", "note"]
    for (text, litres, note), line in zip(ROWS, lines[1:], strict=True):
        expected = "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n") else text
        assert line == [expected, str(litres), note or ""]
        assert not line[0].startswith(writers.FORMULA)


def test_csv_has_a_mark_and_chinese_headers_where_they_are_asked_for():
    data = written("csv", "zh", bom=True)
    assert data.startswith(b"\xef\xbb\xbf" + "取水口,水量（升）,备注\r\n".encode())
    assert not written("csv").startswith(b"\xef\xbb\xbf")


@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8")), st.integers(-(2**52), 2**52), st.none()), max_size=5
    )
)
def test_no_text_whatever_makes_a_cell_that_begins_a_formula(rows):
    lines = list(csv.reader(io.StringIO(written("csv", rows=rows).decode(), newline="")))
    for (text, number, _), line in zip(rows, lines[1:], strict=True):
        assert not line[0].startswith(writers.FORMULA) and line[0].endswith(text)
        assert int(line[1]) == number


def test_xlsx_comes_back_with_texts_as_texts_and_numbers_as_numbers(tmp_path):
    data = written("xlsx", folder=tmp_path)
    found = sheet(data)
    assert found[0] == ["site", "volume_l", "note"]
    for (text, litres, note), row in zip(ROWS, found[1:], strict=True):
        normal = text.replace("\r", "_x000D_") if "\r" in text else text
        assert row[0] in (text, normal, None if text == "" else text.replace("\r", "\n"))
        assert row[1:] == [litres, note]
    assert sheet(data, 2)[:2] == [["kind", "ledger", None], ["gateway", "g", None]]
    assert written("xlsx", "zh", folder=tmp_path) == written("xlsx", "zh", folder=tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"x.xlsx"}  # nothing is left of its making


def test_a_sheet_that_cannot_hold_the_rows_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(writers, "SHEET_ROWS_MAX", 5)
    assert written("xlsx", rows=ROWS[:4], folder=tmp_path)
    with pytest.raises(Refused, match="take csv or json"):
        written("xlsx", rows=ROWS[:5], folder=tmp_path)


def test_json_comes_back_as_objects_with_what_it_is():
    found = json.loads(written("json"))
    assert (found["format"], found["kind"], found["gateway"]) == ("karez-table/1", "ledger", "g")
    assert [tuple(one.values()) for one in found["rows"]] == ROWS
    assert json.loads(written("json", rows=[]))["rows"] == []


def failing(_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_there_whole_with_its_sum_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "a.csv"
    sha256, rows = files.write(path, lambda file: file.write(b"abc"))
    assert path.read_bytes() == b"abc" and rows == 3
    done = subprocess.run(
        ["sha256sum", "-c", "a.csv.sha256"], cwd=path.parent, capture_output=True, check=False
    )
    assert done.returncode == 0 and sha256.encode() in (path.parent / "a.csv.sha256").read_bytes()
    with pytest.raises(StoreError, match="No space left"):
        files.write(path, failing)
    assert path.read_bytes() == b"abc"
    assert sorted(os.listdir(path.parent)) == ["a.csv", "a.csv.sha256"]


def test_a_file_that_was_handed_out_is_never_replaced(tmp_path):
    def made(data):
        return files.write_new(tmp_path, "c-2026-10-01", "csv", lambda file: file.write(data))

    assert made(b"1").path.name == "c-2026-10-01.csv"
    assert made(b"1").revision == 1  # the same bytes are the same file
    second = made(b"2")
    assert (second.path.name, second.revision) == ("c-2026-10-01.r2.csv", 2)
    assert made(b"2").revision == 2 and made(b"1").revision == 1
    assert (tmp_path / "c-2026-10-01.csv").read_bytes() == b"1"
    assert len(list(tmp_path.iterdir())) == 4
    with pytest.raises(StoreError, match="c-2026-10-01 cannot be written"):
        files.write_new(tmp_path, "c-2026-10-01", "csv", failing)
    assert len(list(tmp_path.iterdir())) == 4


def test_only_the_oldest_files_of_this_export_are_removed(tmp_path):
    ours = [f"c-2026-10-0{end}.csv" for end in ("1", "2", "2.r2", "3", "3.r9", "3.r10")]
    others = ["c-d-2026-09-01.csv", "c-2026-09-01.xlsx", "mine.csv", "c-2026-09-0x.csv", "c-2026.csv"]
    for name in ours + others:
        (tmp_path / name).write_bytes(b"")
        (tmp_path / (name + ".sha256")).write_bytes(b"")
    assert files.prune(tmp_path, "c", "csv", 0) == []
    gone = files.prune(tmp_path, "c", "csv", 3)
    assert gone == ours[:3]
    assert not (tmp_path / "c-2026-10-01.csv.sha256").exists()
    left = {one.name for one in tmp_path.iterdir() if not one.name.endswith(".sha256")}
    assert left == {*ours[3:], *others}
