"""What is generated, from what: each a path and the text or the picture that must stand there.

Texts are compared with what their sources say today. Pictures are compared by the digest they carry, so
that a check
needs neither graphviz nor WireViz.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import board as boards
from . import bom, drawing, harness, nets, pages, parts, pin_checks, pins_module, power, sheets
from .tables import ROOT

COMMON = ("supply", "hold", "memories", "meters", "inputs", "console")  # the same on every board


@dataclass(frozen=True)
class Made:
    """One generated file. `source`: what its digest is made of, for a picture; else the text itself."""

    path: Path
    source: str
    is_picture: bool
    make: Callable[[], str]

    def is_current(self) -> bool:
        """True if the file says what its source says today."""
        try:
            found = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        return drawing.is_current(found, self.source) if self.is_picture else found == self.source


def _text(path: Path, text: str) -> Made:
    return Made(path, text, is_picture=False, make=lambda: text)


def _picture(path: Path, source: str, make: Callable[[], str]) -> Made:
    return Made(path, source, is_picture=True, make=make)


def pins() -> Iterator[Made]:
    """The firmware's pins."""
    for name in boards.BOARDS:
        board = boards.load(name)
        yield _text(pins_module.path_of(board), pins_module.text_of(board))


def lists() -> Iterator[Made]:
    """Parts lists, and the tables in pages."""
    for name in boards.BOARDS:
        placed = sheets.drawn(boards.load(name))
        yield _text(ROOT / name / "bom.csv", bom.text_of(placed))
    for path, text in pages.written():
        yield _text(path, text)


def schematic() -> Iterator[Made]:
    """The sheets' pictures: those that all boards share once, the chip's and its way out for each."""
    for number, name in enumerate(boards.BOARDS):
        board = boards.load(name)
        placed = sheets.drawn(board)
        for sheet in dict.fromkeys(one.sheet for one in placed.values()):
            if sheet in COMMON and number:
                continue
            shown = [one for one in placed.values() if one.sheet == sheet]
            title = sheet if sheet in COMMON else f"{sheet} of {board.settings['title']}"
            source = drawing.dot_of(title, shown)
            folder = ROOT / "schematic" if sheet in COMMON else ROOT / name
            yield _picture(folder / f"{sheet}.svg", source, lambda source=source: drawing.svg_of(source))  # type: ignore[misc]


def wiring() -> Iterator[Made]:
    """The harnesses' pictures."""
    for path in harness.sources():
        source = path.read_text(encoding="utf-8")
        yield _picture(path.with_suffix(".svg"), source, lambda path=path: harness.svg_of(path))  # type: ignore[misc]


MADE: dict[str, Callable[[], Iterator[Made]]] = {
    "pins": pins, "lists": lists, "schematic": schematic, "wiring": wiring,
}  # fmt: skip


def faults() -> list[str]:
    """Return everything that a check without SKiDL finds wrong with the boards, one sentence each."""
    symbols = parts.symbols()
    errata = "".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*/errata.md")))
    found = parts.faults(parts.parts(), errata)
    known = harness.terminals()
    loads = power.loads()
    for name in boards.BOARDS:
        board = boards.load(name)
        placed = sheets.drawn(board)
        found += [f"{name}: {text}" for text in pin_checks.faults(board)]
        found += [f"{name}: {text}" for text in nets.faults(board, placed, symbols)]
        found += [f"{name}: {text}" for text in pages.misplaced(known, placed)]
        found += power.faults(loads, name)
    for path in harness.sources():
        found += harness.faults(path, known)
    return found


def violations(name: str) -> list[str]:
    """Return what SKiDL's electrical rules check says of a board."""
    from .circuit import Circuit  # noqa: PLC0415 - takes seconds

    return Circuit(sheets.drawn(boards.load(name))).violations()
