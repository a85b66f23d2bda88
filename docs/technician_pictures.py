"""Draw the pictures of technician.md and technician.zh-CN.md: the guide at the well, and the screen.

    python docs/technician_pictures.py            draw them into docs/pictures/
    python docs/technician_pictures.py --check    exit 1 if a picture does not show what the tool shows

Nothing in them is written by hand: the real tool talks to the real firmware in memory (technician_visits.py),
in time that runs only while somebody waits, so each run draws the same bytes. What a person types is green.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import technician_house
import technician_visits
import terminal_picture
from rich.text import Text
from technician_talk import Line
from textual.widgets import RichLog

import wellhouse
from karez_gateway.technician import connection, guide, visit_answers
from karez_gateway.technician.controller import Controller
from karez_gateway.technician.screen import TechnicianScreen
from karez_gateway.technician.speech import Speech
from karez_gateway.technician.wording import LANGUAGES, PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textual.pilot import Pilot

FOLDER = Path(__file__).with_name("pictures")
SCREEN_SIZE = (100, 46)
PATIENCE_S = 30
WATCHED_S = 60  # for which the pump has run
_TYPED, _LEFT_OUT = "green", "⋮"


@dataclass(frozen=True)
class Part:
    """Lines of a run: from the step `first` until the step `until`; None: from its beginning, to its end."""

    run: str
    first: str | None = None
    until: str | None = None


PICTURES = {
    "begin": (Part("commission", None, "meter-energy"),),
    "found": (
        Part("commission", "scan-water", "scan-energy"),
        Part("commission", "config", "dial-before-water"),
    ),
    "failed": (Part("commission", "ct", "flow"),),
    "stopped": (Part("commission", "flow"), Part("resumed", None, "dial-after-energy")),
    "end": (Part("resumed", "class"),),
    "swap": (
        Part("swap", "old-meter"),
        Part("swap-resumed", None, "old-meter"),
        Part("swap-resumed", "new-meter", "scan-water"),
    ),
}


def heading(language: str, name: str) -> str:
    """The line with which a step begins."""
    kinds = (technician_visits.COMMISSIONING, technician_visits.METER_SWAP)
    those = [one for kind in kinds for one in guide.steps(kind, list(technician_house.SERIALS))]
    step = next(one for one in those if one.name == name)
    return PAGE[language]["visit-step"].format(title=visit_answers.title(language, step))


def lines(language: str, runs: technician_visits.Runs, parts: tuple[Part, ...]) -> Iterator[Line]:
    """The lines of some parts, with a mark where others stood between them."""
    end = ("", 0)
    for part in parts:
        texts = [one.text for one in runs[part.run]]
        first = 0 if part.first is None else texts.index(heading(language, part.first))
        until = len(texts) if part.until is None else texts.index(heading(language, part.until))
        if end[0] == part.run and end[1] < first:
            yield Line(_LEFT_OUT)
        yield from runs[part.run][first:until]
        end = (part.run, until)


def overview(language: str, runs: technician_visits.Runs) -> Iterator[Line]:
    """Of a whole commissioning: the commands, the headings, and what each check gave."""
    verdicts = tuple(
        PAGE[language][name].format(title=visit_answers.title(language, step), why="")
        for name in ("visit-passed", "visit-failed")
        for step in guide.steps(technician_visits.COMMISSIONING, list(technician_house.SERIALS))
    )
    mark = PAGE[language]["visit-step"].format(title="")
    for run in ("commission", "resumed"):
        *body, last = runs[run]
        yield from (one for one in body if one.text.startswith((mark, "$ ", *verdicts)))
        yield last


def guide_pictures(language: str) -> Iterator[tuple[str, str]]:
    """(name, SVG) of each picture of the guide."""
    runs = technician_visits.runs(language)
    for name, parts in PICTURES.items():
        yield name, drawn(lines(language, runs, parts))
    yield "steps", drawn(overview(language, runs))


def drawn(those: Iterator[Line]) -> str:
    """Lines of a terminal; the file whose size depends on how well it was packed is left out."""
    texts = []
    for line in those:
        is_packed = ".pdf" in line.text
        texts.append(Text(_LEFT_OUT if is_packed else line.text, style=_TYPED if line.is_typed else ""))
    return terminal_picture.terminal("karez tech", texts)


class OneLook(TechnicianScreen):
    """Looks once: how often it has looked must not be seen in the picture."""

    def _show(self, found: dict[str, Any]) -> None:
        super()._show(found)
        self.is_paused = True

    def shows_in_log(self, name: str) -> bool:
        """True once the log has a line with this member of an answer."""
        label = self._speech.label(name)
        return any(label in line.text for line in self.query_one(RichLog).lines)


async def screen_picture(language: str) -> str:
    """The screen beside a pump that runs, after `r` and `e`."""
    house = technician_house.house()
    house.offer(wellhouse.a_grant(technician_visits.CEILING_L, site=technician_house.SITE))
    house.press("start")
    house.run(WATCHED_S)
    wire = technician_house.HouseWire(house)
    controller = Controller(wire, wire.clock)
    controller.greet()
    screen = OneLook(controller, connection.identify(controller), Speech(language, as_json=False), 0.02)
    screen.animation_level, screen.theme = "none", "textual-dark"
    async with screen.run_test(size=SCREEN_SIZE) as pilot:
        await _until(pilot, lambda: screen.is_paused)
        for key, last in (("r", "state"), ("e", "newest")):
            await pilot.press(key)
            await _until(pilot, lambda last=last: screen.shows_in_log(last))
        return terminal_picture.cleaned(screen.export_screenshot(title="karez tech screen"))


async def _until(pilot: Pilot[None], is_so: Callable[[], bool]) -> None:
    """Wait for what the line's thread brings, and until it is drawn."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await pilot.pause(0.01)
    await pilot.pause()


def pictures() -> Iterator[tuple[Path, str]]:
    """(file, SVG) of every picture."""
    for language in LANGUAGES:
        yield FOLDER / f"technician-screen.{language}.svg", asyncio.run(screen_picture(language))
        for name, svg in guide_pictures(language):
            yield FOLDER / f"technician-{name}.{language}.svg", svg


def main(arguments: list[str]) -> int:
    """Draw the pictures, or with --check only look whether they are up to date; return the exit code."""
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        os.environ.pop(name, None)  # of whoever draws; a picture has its own
    os.environ["TERM"] = "xterm-256color"
    gc.freeze()  # the controller collects after each answer; what is loaded by now is no garbage
    fresh = dict(pictures())
    there = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("technician-*.svg")}
    if fresh == there:
        return 0
    if "--check" in arguments:
        odd = sorted(path.name for path in {*fresh, *there} if fresh.get(path) != there.get(path))
        print(f"out of date: {', '.join(odd)}: run python docs/{Path(__file__).name}")
        return 1
    FOLDER.mkdir(exist_ok=True)
    for path in set(there) - set(fresh):
        path.unlink()
    for path, svg in fresh.items():
        path.write_text(svg, encoding="utf-8")
    print(f"drawn: {len(fresh)} pictures in docs/{FOLDER.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
