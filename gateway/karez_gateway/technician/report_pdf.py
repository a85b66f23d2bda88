"""The report as PDF on A4, made by fpdf2; the font lies beside this module (fonts/README.md).

The same file gives the same bytes: the date in it is that of the commissioning.
"""

from __future__ import annotations

import datetime as dt
import lzma
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .report_content import Report, Section, Table

_FONT = "KarezReport.ttf"
_LACKING = "〓"  # the printer's mark for a character that is not at hand
_BLUE, _INK, _GREY, _LINE, _PALE = (
    (20, 88, 110),
    (28, 42, 51),
    (85, 101, 111),
    (205, 216, 221),
    (232, 240, 243),
)
# state -> (ground, ink)
_STATES = {
    "passed": ((223, 240, 226), (20, 96, 44)),
    "skipped": ((253, 241, 210), (122, 83, 0)),
    "failed": ((251, 220, 217), (148, 25, 15)),
    "unsigned": ((251, 220, 217), (148, 25, 15)),
}
_MARGIN_MM, _QR_MM, _LABEL_MM, _LONG = 15.0, 28.0, 40.0, 34
_SIGNED_MM = 82.0  # the last section, the lines to sign on, and the hint


class _Paper(FPDF):
    """An A4 page with its number at the foot."""

    def __init__(self, report: Report) -> None:
        super().__init__(format="A4")
        self._page_text, self._code = report.page, report.subtitle
        self.set_margins(_MARGIN_MM, 14)
        self.set_auto_page_break(auto=True, margin=17)
        self.set_title(f"{report.title} · {report.subtitle}")
        self.set_lang("en" if report.language == "en" else "zh-CN")
        self.set_creation_date(dt.datetime.fromtimestamp(report.made_utc_s, dt.UTC))
        with tempfile.TemporaryDirectory() as folder:  # fpdf2 reads a font from a file only
            path = Path(folder) / _FONT
            packed = resources.files(__package__).joinpath("fonts", f"{_FONT}.xz").read_bytes()
            path.write_bytes(lzma.decompress(packed))
            self.add_font("karez", "", path)
        self._known = frozenset(self._marks()) | {ord("\n")}
        self.lacking: dict[str, None] = {}
        self.set_draw_color(*_LINE)

    def _marks(self) -> Any:
        """Code points that the font has."""
        font: Any = self.fonts["karez"]
        return font.cmap

    def normalize_text(self, text: str) -> str:
        """A text with a mark for every character that the font lacks; fpdf2 calls it for all of them."""
        for one in text:
            if ord(one) not in self._known:
                self.lacking[one] = None
        return super().normalize_text("".join(_LACKING if one in self.lacking else one for one in text))

    def footer(self) -> None:
        """What stands at the foot of every page; fpdf2 calls it."""
        self.set_y(-12)
        self.type(8, _GREY)
        half = self.epw / 2
        self.cell(half, 4, self._code)
        text = self._page_text.format(page=self.page_no(), pages="{nb}")
        self.cell(half, 4, text, align="R")

    def type(self, size_pt: float, ink: Sequence[int] = _INK) -> None:
        """Set size and colour."""
        self.set_font("karez", "", size_pt)
        self.set_text_color(*ink)


def paper(report: Report, qr: Sequence[Sequence[int]]) -> tuple[bytes, str]:
    """(the whole PDF, what its font lacks); `qr`: rows of modules, 1 = dark, the quiet zone too."""
    pdf = _Paper(report)
    pdf.add_page()
    _head(pdf, report, qr)
    for section in report.sections[:-1]:
        _section(pdf, section)
    if pdf.will_page_break(_SIGNED_MM):  # whoever signs sees on the same page what he signs
        pdf.add_page()
    _section(pdf, report.sections[-1])
    _ink(pdf, report)
    pdf.ln(3)
    pdf.type(8, _GREY)
    pdf.multi_cell(0, 4, report.hint, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(pdf.output()), "".join(pdf.lacking)


def _head(pdf: _Paper, report: Report, qr: Sequence[Sequence[int]]) -> None:
    top, width = pdf.t_margin, pdf.epw - _QR_MM - 12
    pdf.type(19, _BLUE)
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
    pdf.set_draw_color(*_BLUE)
    pdf.line(pdf.l_margin, pdf.get_y(), pdf.w - pdf.r_margin, pdf.get_y())
    pdf.set_draw_color(*_LINE)
    pdf.set_line_width(0.2)


def _code(pdf: _Paper, qr: Sequence[Sequence[int]], left: float, top: float, text: str) -> None:
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
    pdf.type(5.5, _GREY)
    pdf.set_xy(left - 8, top + _QR_MM)
    pdf.multi_cell(_QR_MM + 8, 2.4, text, align="R")
    pdf.set_y(y_after)


def _section(pdf: _Paper, section: Section) -> None:
    if pdf.will_page_break(26 if section.table is None else 42):  # no heading stands alone at a page's foot
        pdf.add_page()
    pdf.ln(4)
    pdf.type(11.5, _BLUE)
    pdf.cell(0, 6, section.heading, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if section.values:
        _values(pdf, section.values)
    if section.table is not None:
        _table(pdf, section.table)
    pdf.type(9.5)
    for line in section.lines:
        pdf.multi_cell(0, 5, line, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _values(pdf: _Paper, values: Sequence[tuple[str, str]]) -> None:
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


def _line(pdf: _Paper, pair: Sequence[tuple[str, str]]) -> None:
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
        pdf.type(8.5, _GREY)
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


def _table(pdf: _Paper, table: Table) -> None:
    head = FontFace(color=_BLUE, fill_color=_PALE)
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
        style = FontFace(color=_GREY) if at == 0 else None
        if state and at == len(cells) - 1:
            ground, ink = _STATES[state]
            style = FontFace(color=ink, fill_color=ground)
        row.cell(cell, style=style)


def _ink(pdf: _Paper, report: Report) -> None:
    pdf.ln(18)
    gap = 8.0
    width = (pdf.epw - gap * (len(report.sign_here) - 1)) / len(report.sign_here)
    pdf.set_draw_color(*_INK)
    pdf.type(8.5, _GREY)
    top = pdf.get_y()
    for at, text in enumerate(report.sign_here):
        left = pdf.l_margin + at * (width + gap)
        pdf.line(left, top, left + width, top)
        pdf.set_xy(left, top + 1)
        pdf.cell(width, 4, text)
    pdf.set_xy(pdf.l_margin, top + 6)
