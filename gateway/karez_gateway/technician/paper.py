"""A4 pages with our font, made by fpdf2: what every PDF of ours has in common (fonts/README.md).

The same content gives the same bytes: the date in a file is that of what it tells.
"""

from __future__ import annotations

import datetime as dt
import lzma
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fpdf import FPDF

if TYPE_CHECKING:
    from collections.abc import Sequence

_FONT = "KarezReport.ttf"
_LACKING = "〓"  # the printer's mark for a character that is not at hand
BLUE, INK, GREY, LINE, PALE = (
    (20, 88, 110),
    (28, 42, 51),
    (85, 101, 111),
    (205, 216, 221),
    (232, 240, 243),
)
MARGIN_MM = 15.0


class Paper(FPDF):
    """Pages with their number at the foot. `page`: "page {page} of {pages}" in the reader's language."""

    def __init__(
        self, *, language: str, title: str, foot: str, page: str, made_utc_s: int, landscape: bool = False
    ) -> None:
        """Lay out nothing yet."""
        super().__init__(format="A4", orientation="landscape" if landscape else "portrait")
        self._page_text, self._foot = page, foot
        self.set_margins(MARGIN_MM, 14)
        self.set_auto_page_break(auto=True, margin=17)
        self.set_title(title)
        self.set_lang("en" if language == "en" else "zh-CN")
        self.set_creation_date(dt.datetime.fromtimestamp(made_utc_s, dt.UTC))
        with tempfile.TemporaryDirectory() as folder:  # fpdf2 reads a font from a file only
            path = Path(folder) / _FONT
            packed = resources.files(__package__).joinpath("fonts", f"{_FONT}.xz").read_bytes()
            path.write_bytes(lzma.decompress(packed))
            self.add_font("karez", "", path)
        self._known = frozenset(self._marks()) | {ord("\n")}
        self.lacking: dict[str, None] = {}
        self.set_draw_color(*LINE)

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
        self.type(8, GREY)
        half = self.epw / 2
        self.cell(half, 4, self._foot)
        text = self._page_text.format(page=self.page_no(), pages="{nb}")
        self.cell(half, 4, text, align="R")

    def type(self, size_pt: float, ink: Sequence[int] = INK) -> None:
        """Set size and colour."""
        self.set_font("karez", "", size_pt)
        self.set_text_color(*ink)
