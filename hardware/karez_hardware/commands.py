"""What is generated, from what: each a path and the text or the picture that must stand there.

Texts are compared with what their sources say today. Pictures are compared by the digest they carry, so
that a check
needs neither graphviz nor WireViz.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from . import board as boards
from . import bom, drawing, harness, nets, pages, parts, pin_checks, pins_module, power, ratings, sheets
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


def pins(root: Path = ROOT) -> Iterator[Made]:
    """The firmware's pins."""
    for name in boards.BOARDS:
        board = boards.load(name, root)
        yield _text(pins_module.path_of(board), pins_module.text_of(board))


def lists(root: Path = ROOT) -> Iterator[Made]:
    """Parts lists, and the tables in pages."""
    for name in boards.BOARDS:
        placed = sheets.drawn(boards.load(name, root), root)
        yield _text(root / name / "bom.csv", bom.text_of(placed))
    for path, text in pages.written(root):
        yield _text(path, text)


def schematic(root: Path = ROOT) -> Iterator[Made]:
    """The sheets' pictures: those that all boards share once, the chip's and its way out for each."""
    for number, name in enumerate(boards.BOARDS):
        board = boards.load(name, root)
        placed = sheets.drawn(board, root)
        for sheet in dict.fromkeys(one.sheet for one in placed.values()):
            if sheet in COMMON and number:
                continue
            shown = [one for one in placed.values() if one.sheet == sheet]
            if sheet in COMMON:  # a shared picture cannot say what one of the boards leaves out
                shown = [replace(one, option="") for one in shown]
            title = sheet if sheet in COMMON else f"{sheet} of {board.settings['title']}"
            source = drawing.dot_of(title, shown)
            folder = root / "schematic" if sheet in COMMON else root / name
            yield _picture(folder / f"{sheet}.svg", source, lambda source=source: drawing.svg_of(source))  # type: ignore[misc]


def wiring(root: Path = ROOT) -> Iterator[Made]:
    """The harnesses' pictures."""
    for path in harness.sources(root):
        source = path.read_text(encoding="utf-8")
        yield _picture(path.with_suffix(".svg"), source, lambda path=path: harness.svg_of(path))  # type: ignore[misc]


MADE: dict[str, Callable[..., Iterator[Made]]] = {
    "pins": pins, "lists": lists, "schematic": schematic, "wiring": wiring,
}  # fmt: skip


def faults(root: Path = ROOT) -> list[str]:
    """Return everything that a check without SKiDL finds wrong: file, row, what is wrong."""
    symbols = parts.symbols(root)
    errata = "".join(path.read_text(encoding="utf-8") for path in sorted(root.glob("*/errata.md")))
    found = [f"parts.csv, row {text}" for text in parts.faults(parts.parts(root), errata)]
    known = harness.terminals(root)
    loads = power.loads(root)
    for name in boards.BOARDS:
        board = boards.load(name, root)
        placed = sheets.drawn(board, root)
        found += [f"{name}/pinout.csv: {text}" for text in pin_checks.faults(board)]
        found += [
            f"schematic of {name} (karez_hardware/sheets): {text}"
            for text in nets.faults(board, placed, symbols)
        ]
        found += [f"schematic of {name} (karez_hardware/sheets): {text}" for text in ratings.faults(placed)]
        found += [f"terminals.csv against {name}: {text}" for text in pages.misplaced(known, placed)]
        found += [f"loads.csv: {text}" for text in power.faults(loads, name)]
    for path in harness.sources(root):
        found += harness.faults(path, known)
    found += harness.unwired(harness.sources(root))
    found += [f"wiring: {text}" for text in harness.crowded(harness.sources(root))]
    return found


def violations(name: str) -> list[str]:
    """Return what SKiDL's electrical rules check says of a board."""
    from .circuit import Circuit  # noqa: PLC0415 - takes seconds

    return Circuit(sheets.drawn(boards.load(name))).violations()
