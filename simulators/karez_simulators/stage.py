"""What the audience sees: the acts with their checks, and the desk live beside them.

On a terminal a live page, elsewhere one line per step; the same facts in both.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from karez_simulators.desk import Desk
    from karez_simulators.scenario import Act, Scenario

REFRESH_PER_S = 5

TEXTS = {
    "en": {
        "well": "Well",
        "controller": "Controller (MicroPython)",
        "gateway": "Gateway and platform",
        "contactor": "contactor",
        "closed": "closed",
        "open": "open",
        "flow": "flow",
        "power": "power",
        "meter": "water meter",
        "records": "records",
        "waiting": "not yet acknowledged",
        "receipts": "platform receipts",
        "reported": "last reported",
        "speed": "speed",
        "held": "every check held",
        "failed": "not every check held",
        "checks": "checks",
    },
    "zh": {
        "well": "机井",
        "controller": "控制器 (MicroPython)",
        "gateway": "网关与平台",
        "contactor": "接触器",
        "closed": "闭合",
        "open": "断开",
        "flow": "流量",
        "power": "功率",
        "meter": "水表",
        "records": "记录",
        "waiting": "尚未确认",
        "receipts": "平台回执",
        "reported": "最近上报",
        "speed": "倍速",
        "held": "全部检查成立",
        "failed": "有检查不成立",
        "checks": "项检查",
    },
}


@dataclass
class Line:
    """One step on the stage: None while it runs, then whether it held."""

    text: str
    held: bool | None = None
    is_check: bool = False


@dataclass
class ActView:
    """One act on the stage."""

    title: str
    speed: int
    lines: list[Line] = field(default_factory=list)
    seconds: float = 0.0


class Stage:
    """Shows a scenario while it is played."""

    def __init__(self, scenario: Scenario, lang: str, console: Console) -> None:
        self._scenario = scenario
        self._words = TEXTS[lang]
        self._lang = lang
        self._console = console
        self._desk: Desk | None = None
        self._began = time.monotonic()
        self.acts: list[ActView] = []
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(get_renderable=self.page, console=console, refresh_per_second=REFRESH_PER_S)

    def __enter__(self) -> Stage:  # noqa: PYI034 - Self would hide the name of what it shows
        self._say(Text(self._title, style="bold"))
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def _title(self) -> str:
        return self._scenario.title_zh if self._lang == "zh" else self._scenario.title

    def _say(self, what: Text) -> None:
        if self._live is None:
            self._console.print(what)

    def title_of(self, act: Act) -> str:
        """An act's title in the language of the stage."""
        return act.title_zh if self._lang == "zh" else act.title

    def shows(self, desk: Desk) -> None:
        """The desk is up: show it from now on."""
        self._desk = desk

    # -- the play -------------------------------------------------------------------------

    def act(self, title: str, speed: int) -> None:
        """A new act begins."""
        self.acts.append(ActView(title, speed))
        self._say(Text(f"\n{len(self.acts)}. {title}  ({self._words['speed']} {speed})", style="bold"))

    def step(self, text: str, *, is_check: bool) -> Line:
        """A step begins."""
        line = Line(text, is_check=is_check)
        self.acts[-1].lines.append(line)
        return line

    def done(self, line: Line, held: bool, text: str = "") -> None:
        """A step has ended; `held` False is a check that failed."""
        line.held = held
        line.text = text or line.text
        self._say(self._line(line))

    @property
    def verdict(self) -> tuple[bool, int]:
        """Whether every check so far held, and how many there were."""
        checks = [line for act in self.acts for line in act.lines if line.is_check]
        return all(line.held for act in self.acts for line in act.lines), len(checks)

    def close(self) -> None:
        """Print the verdict."""
        held, count = self.verdict
        seconds = time.monotonic() - self._began
        words = self._words["held"] if held else self._words["failed"]
        text = Text(f"{words}: {count} {self._words['checks']}, {seconds:.0f} s", style="bold")
        text.stylize("green" if held else "red")
        self._console.print(text)

    # -- drawing --------------------------------------------------------------------------

    @staticmethod
    def _line(line: Line) -> Text:
        if line.held is None:
            return Text(f"   … {line.text}", style="dim")
        if not line.is_check and line.held:
            return Text(f"   · {line.text}", style="dim")
        mark, style = ("✓", "green") if line.held else ("✗", "bold red")
        return Text.assemble(f"   {mark} ", line.text, style=style)

    def page(self) -> Group:
        """The whole live page."""
        lines: list[Text] = []
        for number, act in enumerate(self.acts, 1):
            is_now = number == len(self.acts)
            style = "bold" if is_now else "bold dim"
            lines.append(Text(f"{number}. {act.title}  ({self._words['speed']} {act.speed})", style=style))
            shown = act.lines if is_now else [line for line in act.lines if line.is_check]
            lines += [self._line(line) for line in shown]
        return Group(
            Panel(Group(*lines) if lines else Text("…"), title=self._title, title_align="left"), self._desk_row()
        )

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
            ("meter", f"{self._desk.site.water.positive_total_ul / 1e9:.3f} m³"),
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
