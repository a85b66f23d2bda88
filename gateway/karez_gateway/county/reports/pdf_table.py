"""A table on paper whose rows are many: cells of a fixed width, each text measured once.

fpdf2's own table lays every cell out twice, once for its height and once on the page; a county's month of
1,500 sites took 14 s. Here a text that fits into its column is one line at once, and only what does not is
broken by fpdf2. The look is that of its table with horizontal lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fpdf.enums import MethodReturnValue
from fpdf.util import Padding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fpdf import FPDF

    Ink = tuple[int, int, int]
    Lines = tuple[str, ...]

LINE_MM = 3.3
PAD_Y_MM, PAD_X_MM = 0.6, 0.8
_BASELINE = 0.3  # of a font's height below the middle of its line, as fpdf2's cells have it
_SLACK_MM = 1e-6


class Rows:
    """Writes rows from where the page is; one that does not fit begins the next page, below the head."""

    def __init__(self, pdf: FPDF, shares: Sequence[int], is_number: Sequence[bool]) -> None:
        """Widths by their shares of the page; numbers stand at the right."""
        self._pdf = pdf
        self._widths = [pdf.epw * one / sum(shares) for one in shares]
        self._is_number = list(is_number)
        self._broken: dict[tuple[str, float], Lines] = {}
        self._head: list[Lines] = []

    def head(self, texts: Sequence[str], ink: Ink, fill: Ink, body_ink: Ink) -> None:
        """The names of the columns; they stand on every page that the table goes on."""
        self._ink, self._fill, self._body_ink = ink, fill, body_ink
        self._head = self._cells(texts)
        self._write_head()

    def row(self, texts: Sequence[str]) -> None:
        """One row, under a line."""
        cells = self._cells(texts)
        if self._pdf.will_page_break(self._height(cells)):
            self._pdf.add_page()
            self._write_head()
        pdf, y = self._pdf, self._pdf.get_y()
        pdf.line(pdf.l_margin, y, pdf.l_margin + pdf.epw, y)
        self._write(cells)

    def _write_head(self) -> None:
        pdf = self._pdf
        pdf.set_fill_color(*self._fill)
        pdf.rect(pdf.l_margin, pdf.get_y(), pdf.epw, self._height(self._head), style="F")
        pdf.set_text_color(*self._ink)
        self._write(self._head)
        pdf.set_text_color(*self._body_ink)

    def _cells(self, texts: Sequence[str]) -> list[Lines]:
        return [self._lines(text, width) for text, width in zip(texts, self._widths, strict=True)]

    def _lines(self, text: str, width_mm: float) -> Lines:
        """A text as it is broken into a column; what came before is known."""
        found = self._broken.get((text, width_mm))
        if found is None:
            is_short = "\n" not in text and self._width(text) <= width_mm - 2 * PAD_X_MM + _SLACK_MM
            found = (text,) if is_short else self._break(text, width_mm)
            self._broken[text, width_mm] = found
        return found

    def _width(self, text: str) -> float:
        return float(self._pdf.get_string_width(text))

    def _break(self, text: str, width_mm: float) -> Lines:
        lines: Any = self._pdf.multi_cell(
            width_mm,
            LINE_MM,
            text,
            padding=Padding(0, PAD_X_MM, 0, PAD_X_MM),
            dry_run=True,
            output=MethodReturnValue.LINES,
        )
        return tuple(lines)

    @staticmethod
    def _height(cells: Sequence[Lines]) -> float:
        return max(map(len, cells)) * LINE_MM + 2 * PAD_Y_MM

    def _write(self, cells: Sequence[Lines]) -> None:
        pdf = self._pdf
        top, left = pdf.get_y(), pdf.l_margin
        down = PAD_Y_MM + LINE_MM / 2 + _BASELINE * pdf.font_size
        for lines, width, is_number in zip(cells, self._widths, self._is_number, strict=True):
            for at, line in enumerate(lines):
                inside = width - PAD_X_MM - self._width(line) if is_number else PAD_X_MM
                if line:
                    pdf.text(left + inside, top + down + at * LINE_MM, line)
            left += width
        pdf.set_y(top + self._height(cells))
