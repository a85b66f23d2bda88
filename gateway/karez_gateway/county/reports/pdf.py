"""A report on paper: A4 across, what it rests on at the head and foot of every page."""

from __future__ import annotations

from typing import Any

from fpdf import XPos, YPos

from karez_gateway.county.reports.document import Litres, Permille, Report, Table, shown
from karez_gateway.county.reports.pdf_table import Rows
from karez_gateway.technician.paper import BLUE, GREY, INK, LINE, PALE, Paper

_LABEL_MM = 32.0
_HEAD_MM = 7.0  # the line at the head of a page, with the rule below it
_KEEP_MM = 34.0  # a heading, the head of its table and some rows stand together


class _Pages(Paper):
    """Every page begins with what its figures rest on."""

    def __init__(self, report: Report) -> None:
        super().__init__(
            language=report.language,
            title=f"{report.title} · {report.subtitle}",
            foot=f"{report.title} · {report.subtitle}",
            page=report.page,
            made_utc_s=report.made_utc_s,
            landscape=True,
        )
        self._line = report.line

    def header(self) -> None:
        """What stands at the head of every page; fpdf2 calls it."""
        self.set_y(6)
        self.type(6.5, GREY)
        self.multi_cell(0, 3, self._line, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_draw_color(*LINE)
        self.line(self.l_margin, self.get_y() + 0.6, self.w - self.r_margin, self.get_y() + 0.6)
        self.set_y(max(self.get_y() + 2, 6 + _HEAD_MM))


def paper(report: Report) -> tuple[bytes, str]:
    """(the whole PDF, what its font lacks)."""
    pdf = _Pages(report)
    pdf.add_page()
    pdf.type(18, BLUE)
    pdf.multi_cell(0, 8, report.title, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.type(11)
    pdf.multi_cell(0, 6, report.subtitle, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(2)
    for label, value in report.facts:
        _fact(pdf, label, value)
    for table in report.tables:
        _table(pdf, table)
    return bytes(pdf.output()), "".join(pdf.lacking)


def _fact(pdf: _Pages, label: str, value: str) -> None:
    top = pdf.get_y()
    pdf.type(8, GREY)
    pdf.cell(_LABEL_MM, 4.4, label)
    pdf.set_xy(pdf.l_margin + _LABEL_MM, top)
    pdf.type(8.5)
    pdf.multi_cell(pdf.epw - _LABEL_MM, 4.4, value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(pdf: _Pages, table: Table) -> None:
    if pdf.will_page_break(_KEEP_MM):  # no heading stands alone at a page's foot
        pdf.add_page()
    pdf.ln(4)
    pdf.type(11.5, BLUE)
    pdf.cell(0, 6, table.heading, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if table.note:
        pdf.type(7.5, GREY)
        pdf.multi_cell(0, 3.8, table.note, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if not table.rows:
        return
    pdf.type(6.5)
    numbers = [any(isinstance(row[at], int) for row in table.rows) for at in range(len(table.columns))]
    drawn = Rows(pdf, [one.width for one in table.columns], numbers)
    drawn.head([one.header for one in table.columns], BLUE, PALE, INK)
    for row in table.rows:
        drawn.row([_text(cell) for cell in row])


def _text(cell: Any) -> str:
    return shown(cell) if isinstance(cell, Litres | Permille) or not isinstance(cell, int) else str(cell)
