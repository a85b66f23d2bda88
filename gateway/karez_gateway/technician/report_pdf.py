"""The report as PDF on A4. The same file gives the same bytes: its date is that of the commissioning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fpdf import FontFace, XPos, YPos
from fpdf.enums import TableBordersLayout

from .paper import BLUE, GREY, INK, LINE, PALE, Paper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .report_content import Report, Section, Table

# state -> (ground, ink)
_STATES = {
    "passed": ((223, 240, 226), (20, 96, 44)),
    "skipped": ((253, 241, 210), (122, 83, 0)),
    "failed": ((251, 220, 217), (148, 25, 15)),
    "unsigned": ((251, 220, 217), (148, 25, 15)),
}
_QR_MM, _LABEL_MM, _LONG = 28.0, 40.0, 34
_SIGNED_MM = 82.0  # the last section, the lines to sign on, and the hint


def paper(report: Report, qr: Sequence[Sequence[int]]) -> tuple[bytes, str]:
    """(the whole PDF, what its font lacks); `qr`: rows of modules, 1 = dark, the quiet zone too."""
    pdf = Paper(
        language=report.language,
        title=f"{report.title} · {report.subtitle}",
        foot=report.subtitle,
        page=report.page,
        made_utc_s=report.made_utc_s,
    )
    pdf.add_page()
    _head(pdf, report, qr)
    for section in report.sections[:-1]:
        _section(pdf, section)
    if pdf.will_page_break(_SIGNED_MM):  # whoever signs sees on the same page what he signs
        pdf.add_page()
    _section(pdf, report.sections[-1])
    _ink(pdf, report)
    pdf.ln(3)
    pdf.type(8, GREY)
    pdf.multi_cell(0, 4, report.hint, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(pdf.output()), "".join(pdf.lacking)


def _head(pdf: Paper, report: Report, qr: Sequence[Sequence[int]]) -> None:
    top, width = pdf.t_margin, pdf.epw - _QR_MM - 12
    pdf.type(19, BLUE)
    pdf.multi_cell(width, 8.5, report.title, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.type(11)
    pdf.multi_cell(width, 5.5, report.subtitle, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(1.5)
    ground, ink = _STATES[report.state]
    pdf.type(10.5, ink)
    pdf.set_fill_color(*ground)
    pdf.cell(pdf.get_string_width(report.result) + 8, 7, report.result, align="C", fill=True)
    _code(pdf, qr, pdf.w - pdf.r_margin - _QR_MM, top, report.qr)
    pdf.set_y(max(pdf.get_y() + 9, top + _QR_MM + 5))
    pdf.set_line_width(0.6)
    pdf.set_draw_color(*BLUE)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
    pdf.set_draw_color(*LINE)
    pdf.set_line_width(0.2)


def _code(pdf: Paper, qr: Sequence[Sequence[int]], left: float, top: float, text: str) -> None:
    step = _QR_MM / len(qr)
    pdf.set_fill_color(0)
    for y, row in enumerate(qr):
        x = 0
        while x < len(row):
            start = x
            while x < len(row) and row[x]:
                x += 1
            if x > start:  # a run of dark modules as one bar: no hairlines between them
                pdf.rect(left + start * step, top + y * step, (x - start) * step, step, style="F")
            x += 1
    y_after = pdf.get_y()
    pdf.type(5.5, GREY)
    pdf.set_xy(left - 8, top + _QR_MM)
    pdf.multi_cell(_QR_MM + 8, 2.4, text, align="R")
    pdf.set_y(y_after)


def _section(pdf: Paper, section: Section) -> None:
    if pdf.will_page_break(26 if section.table is None else 42):  # no heading stands alone at a page's foot
        pdf.add_page()
    pdf.ln(4)
    pdf.type(11.5, BLUE)
    pdf.cell(0, 6, section.heading, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if section.values:
        _values(pdf, section.values)
    if section.table is not None:
        _table(pdf, section.table)
    pdf.type(9.5)
    for line in section.lines:
        pdf.multi_cell(0, 5, line, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _values(pdf: Paper, values: Sequence[tuple[str, str]]) -> None:
    pair: list[tuple[str, str]] = []
    for one in values:
        if len(one[1]) > _LONG:
            _line(pdf, pair)
            _line(pdf, [one])
            pair = []
        else:
            pair.append(one)
        if len(pair) == 2:
            _line(pdf, pair)
            pair = []
    _line(pdf, pair)


def _line(pdf: Paper, pair: Sequence[tuple[str, str]]) -> None:
    """One or two labelled values beside each other."""
    if not pair:
        return
    is_long = len(pair[0][1]) > _LONG
    width = (pdf.epw - 5) / 2
    if pdf.will_page_break(10):
        pdf.add_page()
    top, lowest = pdf.get_y(), 0.0
    for at, (label, value) in enumerate(pair):
        left = pdf.l_margin + at * (width + 5)
        pdf.set_xy(left, top + 0.7)
        pdf.type(8.5, GREY)
        pdf.multi_cell(_LABEL_MM, 4.2, label, align="L")
        lowest = max(lowest, pdf.get_y())
        pdf.set_xy(left + _LABEL_MM, top + 0.7)
        pdf.type(8 if is_long else 9.5)
        room = (pdf.epw if is_long else width) - _LABEL_MM
        pdf.multi_cell(room, 4.2, value, align="L", new_y=YPos.NEXT)
        lowest = max(lowest, pdf.get_y())
        end = left + (pdf.epw if is_long else width)
        pdf.line(left, lowest + 0.5, end, lowest + 0.5)
    pdf.set_xy(pdf.l_margin, lowest + 0.5)


def _table(pdf: Paper, table: Table) -> None:
    head = FontFace(color=BLUE, fill_color=PALE)
    pdf.type(9)
    layout: Any = TableBordersLayout.ALL
    with pdf.table(
        col_widths=table.widths,
        headings_style=head,
        borders_layout=layout,
        line_height=4.4,
        padding=(0.9, 1.6),
        text_align="LEFT",
        v_align="TOP",
    ) as drawn:
        drawn.row(table.columns)
        for at, row in enumerate(table.rows):
            _row(drawn, row, table.states[at] if table.states else "")


def _row(drawn: Any, cells: Sequence[str], state: str) -> None:
    row = drawn.row()
    for at, cell in enumerate(cells):
        style = FontFace(color=GREY) if at == 0 else None
        if state and at == len(cells) - 1:
            ground, ink = _STATES[state]
            style = FontFace(color=ink, fill_color=ground)
        row.cell(cell, style=style)


def _ink(pdf: Paper, report: Report) -> None:
    pdf.ln(18)
    gap = 8.0
    width = (pdf.epw - gap * (len(report.sign_here) - 1)) / len(report.sign_here)
    pdf.set_draw_color(*INK)
    pdf.type(8.5, GREY)
    top = pdf.get_y()
    for at, text in enumerate(report.sign_here):
        left = pdf.l_margin + at * (width + gap)
        pdf.line(left, top, left + width, top)
        pdf.set_xy(left, top + 1)
        pdf.cell(width, 4, text)
    pdf.set_xy(pdf.l_margin, top + 6)
