"""What the audience sees: the acts with their checks, and the desk live beneath them.

On a terminal the act that is played stands on a live page, and what is over scrolls away above
it; elsewhere one line per step. The same sentences in both, from `wording`.
"""

from __future__ import annotations

import io
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from karez_simulators import wording

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from karez_simulators.desk import Desk
    from karez_simulators.scenario import Act, Scenario, Step

FRAME_LINES = 10  # of the live page: title, the act's frame, the desk, and one to spare
LINES_LEAST = 3
PICTURE_COLUMNS = 100
# The picture brings no font from elsewhere: it must open without a network.
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


@dataclass
class Line:
    """One step on the stage: None while it runs, then whether it held."""

    step: Step
    text: str
    held: bool | None = None


@dataclass
class ActView:
    """One act on the stage."""

    title: str
    speed: int
    began: float
    lines: list[Line] = field(default_factory=list)


class Stage:
    """Shows a scenario while it is played."""

    def __init__(self, scenario: Scenario, lang: str, console: Console) -> None:
        self._scenario = scenario
        self._words = wording.STAGE[lang]
        self._lang = lang
        self._console = console
        self._desk: Desk | None = None
        self._began = time.monotonic()
        self.acts: list[ActView] = []
        self._is_over = True  # the newest act has been said in full: not on the live page
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False, get_renderable=self.page)

    def __enter__(self) -> Stage:  # noqa: PYI034 - Self would hide the name of what it shows
        self._say(Text(self._title, style="bold"))
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._live is not None:
            self._retire()
            self._live.stop()

    @property
    def _title(self) -> str:
        return self._scenario.title_zh if self._lang == "zh" else self._scenario.title

    def _say(self, *what: Text) -> None:
        for text in what:
            self._console.print(text, soft_wrap=self._live is None)  # one line each for a program that reads

    # -- the play -------------------------------------------------------------------------

    def setting_up(self, broker: str) -> None:
        """The desk is about to be set up."""
        self._say(*[Text(self._words[key].format(broker=broker)) for key in ("on the desk", "beside it")])

    def shows(self, desk: Desk) -> None:
        """The desk is up: show it from now on."""
        self._desk = desk

    def set_up(self) -> None:
        """The controller is bound to its well and knows its books."""
        self._say(Text(self._words["set up"].format(seconds=time.monotonic() - self._began)))

    def act(self, act: Act) -> None:
        """A new act begins."""
        title = act.title_zh if self._lang == "zh" else act.title
        self.acts.append(ActView(title, act.speed, time.monotonic()))
        self._is_over = False
        if self._live is None:
            self._say(self._head(len(self.acts)))

    def act_ends(self) -> None:
        """The act was played to its end."""
        self._retire()
        seconds = time.monotonic() - self.acts[-1].began
        self._say(Text(f"     {self._words['seconds'].format(seconds=seconds)}", style="dim"))

    def _retire(self) -> None:
        """Say the act that stood on the live page, for good."""
        if self._live is not None and not self._is_over:
            self._say(self._head(len(self.acts)), *map(self._drawn, self.acts[-1].lines))
        self._is_over = True

    def step(self, step: Step) -> Line:
        """A step begins."""
        if step.is_check:
            line = Line(step, wording.of_question(self._lang, step.name))
        else:
            line = Line(step, wording.of_step(self._lang, step.name, step.values))
        self.acts[-1].lines.append(line)
        self.refresh()
        return line

    def done(self, line: Line, held: bool, figures: dict[str, Any] | None) -> None:
        """A step has ended; `held` False is a check that does not hold."""
        line.held = held
        if figures is not None:
            found = wording.of_finding(self._lang, line.step.name, figures)
            line.text = found if held else self._words["not so"] + found
        self._show(line)

    def failed(self, line: Line, why: str) -> None:
        """A step could not be done, or a check not be looked at."""
        line.held = False
        line.text = f"{line.text}: {why}"
        self._show(line)

    def _show(self, line: Line) -> None:
        if self._live is None:
            self._say(self._drawn(line))
        self.refresh()

    def refresh(self) -> None:
        """Draw the live page again, if there is one."""
        if self._live is not None:
            self._live.refresh()

    def close(self) -> None:
        """Print the verdict."""
        self._say(self._verdict())

    def _verdict(self) -> Text:
        lines = [line for act in self.acts for line in act.lines]
        wrong = [line for line in lines if not line.held]
        key = "held" if not wrong else "failed" if wrong[0].step.is_check else "broken"
        figures = {
            "count": sum(1 for line in lines if line.step.is_check),
            "seconds": time.monotonic() - self._began,
        }
        return Text("\n" + self._words[key].format(**figures), style="bold red" if wrong else "bold green")

    # -- drawing --------------------------------------------------------------------------

    def _head(self, number: int) -> Text:
        act = self.acts[number - 1]
        speed = f"  ({self._words['speed'].format(speed=act.speed)})" if act.speed > 1 else ""
        return Text.assemble((f"\n{number}. {act.title}", "bold"), (speed, "dim"))

    @staticmethod
    def _drawn(line: Line) -> Text:
        if line.held is None:
            return Text(f"   … {line.text}", style="dim")
        if not line.step.is_check and line.held:
            return Text(f"   · {line.text}")
        mark, style = ("✓", "green") if line.held else ("✗", "bold red")
        return Text(f"   {mark} {line.text}", style=style)

    def page(self) -> Group:
        """The live page: the act that is played, and the desk. It fits the terminal."""
        if self._is_over:
            return Group(self._desk_row())
        act = self.acts[-1]
        room = max(LINES_LEAST, self._console.size.height - FRAME_LINES)
        lines = [self._drawn(line) for line in act.lines[-room:]]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"  # in full once the act is over
        where = self._words["act"].format(number=len(self.acts), count=len(self._scenario.acts))
        panel = Panel(Group(*lines), title=act.title, title_align="left", subtitle=where)
        return Group(panel, self._desk_row())

    def save_picture(self, path: Path) -> None:
        """Write everything that was said, and the desk as it was last, as an SVG. Raises OSError."""
        paper = Console(record=True, width=PICTURE_COLUMNS, file=io.StringIO(), force_terminal=True)
        for text in self._whole():
            paper.print(text)
        paper.print(self._desk_row())
        svg = FONT_FACE.sub("", paper.export_svg(title=f"karez bench run {self._scenario.name}"))
        path.write_text(svg, encoding="utf-8")

    def _whole(self) -> Iterable[Text]:
        yield Text(self._title, style="bold")
        for number, act in enumerate(self.acts, 1):
            yield self._head(number)
            yield from map(self._drawn, act.lines)
        yield self._verdict()

    def _desk_row(self) -> Table:
        row = Table.grid(expand=True)
        for _ in range(3):
            row.add_column(ratio=1)
        row.add_row(
            Panel(self._well(), title=self._words["well"]),
            Panel(self._controller(), title=self._words["controller"]),
            Panel(self._gateway(), title=self._words["gateway"]),
        )
        return row

    def _facts(self, *facts: tuple[str, str]) -> Table:
        table = Table.grid(padding=(0, 1))
        for name, value in facts:
            table.add_row(Text(self._words[name], style="dim"), value)
        return table

    def _well(self) -> Table | Text:
        if self._desk is None:
            return Text("…")
        well = self._desk.site.settle()
        return self._facts(
            ("contactor", self._words["closed" if well.is_powered else "open"]),
            ("flow", f"{well.flow_lph / 1000:.1f} m³/h"),
            ("power", f"{well.power_w / 1000:.1f} kW"),
            ("meter", f"{self._desk.site.dial('water') / 1000:.3f} m³"),
        )

    def _controller(self) -> Text:
        return Text("\n".join(self._desk.panel) if self._desk is not None else "…")

    def _gateway(self) -> Table | Text:
        if self._desk is None:
            return Text("…")
        reports = self._desk.platform.reports
        return self._facts(
            ("records", str(len(self._desk.slots))),
            ("waiting", str(self._desk.waiting)),
            ("receipts", str(sum(1 for report in reports if report.confirm_bytes))),
            ("reported", f"{reports[-1].volume_m3} m³" if reports else "—"),
        )
