"""A table on paper: every row once, its head on every page, long texts broken inside their columns."""

import pytest

from karez_gateway.county.reports import pdf
from karez_gateway.county.reports.document import Column, Litres, Report, Table

from . import pdf_text

COLUMNS = (Column("site", "取水口", 16), Column("name", "名称", 10), Column("total", "合计（立方米）", 12))
LONG = "恰特喀勒乡第三生产队一号机井 " * 4


def paper(rows):
    table = Table("sites", "按取水口", COLUMNS, rows)
    made = "第 {page} 页，共 {pages} 页"
    report = Report("zh", "month", "月报", "2027-07", "日志 x #1", (), (table,), made, 1_790_000_000)
    return pdf_text.pages(pdf.paper(report)[0])


def test_each_row_stands_once_and_each_page_begins_with_the_head():
    pages = paper([(f"well-{at:03d}", "老井", Litres(at * 1000)) for at in range(120)])
    assert len(pages) > 3
    for page in pages:
        assert "取水口" in page and "合计（立方米）" in page.replace("\n", "")
    everything = "\n".join(pages)
    for at in range(120):
        assert everything.count(f"well-{at:03d}") == 1


@pytest.mark.parametrize("text", [LONG, "W" * 130, "a\nb\nc"])
def test_a_long_text_is_broken_into_its_column_and_loses_nothing(text):
    found = "".join("".join(paper([("well-1", text, None)])).split())
    assert "".join(text.split()) in found


def test_a_row_that_is_high_begins_the_next_page_rather_than_leave_this_one():
    pages = paper([(f"well-{at}", LONG, None) for at in range(30)])
    words = "恰特喀勒乡第三生产队一号机井"
    for page in pages:  # no row is torn: each page has whole texts
        assert "".join(page.split()).count(words) == 4 * page.count("well-")
