"""Pictures of a terminal, as SVG: what Rich and Textual export, made fit for a page.

Their SVG fetches a font from the network and squeezes Chinese characters into half their width. Here every
run of wide and of narrow characters has its own place and width, whatever font a reader has, and nothing in
the file leads out of it.
"""

from __future__ import annotations

import html
import io
import itertools
import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

COLUMNS = 92
_CELL = 12.2  # width of a character in Rich's SVG: 20 px of 0.61
_WIDE_PX = 23  # a Chinese character that fills its two places
_FONTS = (
    "Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', 'PingFang SC', 'Microsoft YaHei', "
    "'Noto Sans CJK SC', 'WenQuanYi Zen Hei', monospace"
)
_TEXT = re.compile(
    r'<text class="([\w-]+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"[^>]*>([^<]*)</text>'
)
_ROW_HEIGHT = "24.65"  # as Rich draws it: a little more than a line, so that no gap shows
_RECT = re.compile(
    rf'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="{_ROW_HEIGHT}" '
    r'shape-rendering="crispEdges"/>'
)
_CHANGES = (
    (re.compile(r"<!--.*?-->\s*", re.DOTALL), ""),
    (re.compile(r"@font-face \{.*?\}\s*", re.DOTALL), ""),
    (re.compile(r'<clipPath id="[\w-]+-line-\d+">.*?</clipPath>\s*', re.DOTALL), ""),
    (re.compile(r"font-family: Fira Code, monospace;"), f"font-family: {_FONTS}; white-space: pre;"),
    (re.compile(r"font-family: arial;"), "font-family: sans-serif;"),
    (re.compile(r"font-variant-east-asian: full-width;"), ""),
    (re.compile(r"terminal-\d+-"), ""),
    (re.compile(r"\n\s+"), "\n"),
)


def terminal(title: str, lines: Iterable[Text]) -> str:
    """A terminal with these lines."""
    paper = Console(
        record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for line in lines:
        paper.print(line)
    return cleaned(paper.export_svg(title=title))


def cleaned(svg: str) -> str:
    """What Rich or Textual has exported, made fit for a page."""
    svg = _merged(_TEXT.sub(_in_runs, svg))
    for pattern, new in _CHANGES:
        svg = pattern.sub(new, svg)
    return svg.strip() + "\n"


def _in_runs(found: re.Match[str]) -> str:
    """The same text, its wide characters apart from the narrow ones, blanks at its ends left out."""
    name, x, y, content = found.groups()
    text = html.unescape(content).replace("\N{NO-BREAK SPACE}", " ")
    out = ""
    for at, run in _runs(text):
        bare = run.strip()
        if bare:
            left = float(x) + (at + len(run) - len(run.lstrip())) * _CELL
            place = f'x="{left:g}" y="{y}" textLength="{cell_len(bare) * _CELL:g}"'
            if cell_len(bare) > len(bare):
                place += f' font-size="{_WIDE_PX}"'
            out += f'<text class="{name}" {place}>{html.escape(bare, quote=False)}</text>\n'
    return out


def _merged(svg: str) -> str:
    """The same backgrounds, neighbours of one colour as one."""
    rows: list[tuple[str, str, float, float]] = []  # fill, y, left, right
    found = list(_RECT.finditer(svg))
    if not found:
        return svg
    for one in found:
        fill, x, y, width = one.groups()
        left, right = float(x), float(x) + float(width)
        if rows and rows[-1][:2] == (fill, y) and f"{rows[-1][3]:g}" == x:
            left = rows.pop()[2]
        if right > left:
            rows.append((fill, y, left, right))
    drawn = "\n".join(
        f'<rect fill="{fill}" x="{left:g}" y="{y}" width="{right - left:g}" height="{_ROW_HEIGHT}"/>'
        for fill, y, left, right in rows
    )
    at = found[0].start()
    return f'{svg[:at]}<g shape-rendering="crispEdges">\n{drawn}\n</g>{_RECT.sub("", svg[at:])}'


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """(first column, characters) of runs of one width; two blanks or more part them as well."""
    at = 0
    for part in re.split(r"(?<= {2})(?! )", text):
        for _, run in itertools.groupby(part, key=lambda one: cell_len(one) > 1):
            characters = "".join(run)
            yield at, characters
            at += cell_len(characters)
