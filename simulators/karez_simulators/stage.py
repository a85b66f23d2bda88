"""What the audience sees: the acts with their checks, and the desk live beneath them.

Several scenarios are played at the same time, each in a lane of its own, and are shown one after
the other: what a later one has done meanwhile is told when its turn comes. The same sentences on a
terminal and elsewhere, from `wording`.
"""

from __future__ import annotations

import asyncio
import io
import re
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from karez_simulators import stage_wording
from karez_simulators.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from karez_simulators.desk import Desk
    from karez_simulators.physical_site import PhysicalSite
    from karez_simulators.scenario import Scenario

FRAME_LINES = 11  # of the live page: title, the act's frame, the desk, the keys, and one to spare
LINES_LEAST = 3
PICTURE_COLUMNS = 100
# The picture brings no font from elsewhere: it must open without a network.
FONT_FACE = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class Stage:
    """Shows scenarios while they are played. `lanes`: one for each, in their order."""

    def __init__(self, scenarios: Sequence[Scenario], lang: str, console: Console) -> None:
        self._words = stage_wording.STAGE[lang]
        self._console = console
        self._began = time.monotonic()
        self.lanes: list[Lane] = []
        self._count = 0
        for scenario in scenarios:
            first = self._count + 1
            self.lanes.append(Lane(scenario, first, lang, is_live=console.is_terminal, changed=self.refresh))
            self._count += len(scenario.acts)
        self._said = [0] * len(self.lanes)  # texts of each lane that the console has
        self._live: Live | None = None
        self.is_staying = False
        self._left = asyncio.Event()
        if console.is_terminal:
            self._live = Live(console=console, auto_refresh=False, get_renderable=self.page)

    def __enter__(self) -> Stage:  # noqa: PYI034 - Self would hide the name of what it shows
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.shown.retire()
        if self._live is not None:
            self._live.stop()

    @property
    def has_keys(self) -> bool:
        """True on a terminal with a keyboard."""
        return self._live is not None and sys.stdin.isatty()

    async def stay(self, lane: Lane) -> None:
        """Keep the desk and the page up until somebody leaves."""
        lane.stays()
        self.is_staying = True
        await self._left.wait()

    def leave(self) -> None:
        """End the stay; before it nothing is left to end."""
        if self.is_staying:
            self._left.set()

    @property
    def shown(self) -> Lane:
        """The lane that the audience looks at: the first that is not over, else the last."""
        return next((lane for lane in self.lanes if not lane.is_over), self.lanes[-1])

    def _say(self, *what: Text) -> None:
        for text in what:
            self._console.print(text, soft_wrap=self._live is None)  # one line each for a program that reads

    def _say_told(self, lane: Lane) -> None:
        number = self.lanes.index(lane)
        news, self._said[number] = lane.told[self._said[number] :], len(lane.told)
        self._say(*news)

    def refresh(self) -> None:
        """Say what is new in the lane that is shown, and draw the live page again, if there is one."""
        for lane in self.lanes:
            self._say_told(lane)
            if lane is self.shown:
                break
        if self._live is not None:
            self._live.refresh()

    def close(self) -> None:
        """Say what is left in the lanes that were not shown, and the verdict."""
        for lane in self.lanes:
            lane.retire()
            self._say_told(lane)
        self._say(self._verdict())

    def _verdict(self) -> Text:
        lines = [line for lane in self.lanes for act in lane.acts for line in act.lines]
        wrong = [line for line in lines if line.held is False]
        key = "held" if not wrong else "failed" if wrong[0].step.is_check else "broken"
        figures = {
            "count": sum(1 for line in lines if line.step.is_check and line.held is not None),
            "seconds": time.monotonic() - self._began,
        }
        return Text("\n" + self._words[key].format(**figures), style="bold red" if wrong else "bold green")

    # -- drawing --------------------------------------------------------------------------

    def page(self) -> Group:
        """The live page: the act that is played, and its desk. It fits the terminal."""
        lane = self.shown
        keys = [Text(self._words["keys"], style="dim", no_wrap=True)] if self.has_keys else []
        if lane.is_retired:
            return Group(self._desk_row(), *keys)
        act = lane.acts[-1]
        room = max(LINES_LEAST, self._console.size.height - FRAME_LINES)
        lines = [line.drawn for line in act.lines[-room:]]
        for line in lines:
            line.no_wrap, line.overflow = True, "ellipsis"  # in full once the act is over
        where = self._words["act"].format(number=act.number, count=self._count)
        panel = Panel(Group(*lines), title=act.title, title_align="left", subtitle=where)
        return Group(panel, self._desk_row(), *keys)

    def save_picture(self, path: Path, command: str) -> None:
        """Write everything that was said, and the desk as it was last, as an SVG. Raises OSError.

        `command`: what a person typed to see it.
        """
        paper = Console(record=True, width=PICTURE_COLUMNS, file=io.StringIO(), force_terminal=True)
        for lane in self.lanes:
            for text in lane.told:
                paper.print(text)
        paper.print(self._verdict())
        paper.print(self._desk_row())
        svg = FONT_FACE.sub("", paper.export_svg(title=command))
        path.write_text(svg, encoding="utf-8")

    def _desk_row(self) -> Table:
        desk = self.shown.desk
        row = Table.grid(expand=True)
        for _ in range(3):
            row.add_column(ratio=1)
        row.add_row(
            Panel(self._well(desk) if desk else Text("…"), title=self._words["well"]),
            Panel(Text("\n".join(desk.panel) if desk else "…"), title=self._words["controller"]),
            Panel(self._gateway(desk) if desk else Text("…"), title=self._words["gateway"]),
        )
        return row

    def _facts(self, *facts: tuple[str, str]) -> Table:
        table = Table.grid(padding=(0, 1))
        for name, value in facts:
            table.add_row(Text(self._words[name], style="dim"), value)
        return table

    def _well(self, desk: Desk) -> Table:
        well = desk.site.settle()
        return self._facts(
            ("contactor", self._words["closed" if well.is_powered else "open"]),
            ("flow", f"{well.flow_lph / 1000:.1f} m³/h"),
            ("power", f"{well.power_w / 1000:.1f} kW"),
            self._dial(desk.site),
        )

    @staticmethod
    def _dial(site: PhysicalSite) -> tuple[str, str]:
        """The register that the books follow."""
        if "water" in site.meters:
            return "water", f"{site.dial('water') / 1000:.3f} m³"
        return "energy", f"{site.dial('power') / 1000:.2f} kWh"

    def _gateway(self, desk: Desk) -> Table:
        reports = desk.platforms.county.reports
        return self._facts(
            ("records", str(len(desk.slots))),
            ("waiting", str(desk.waiting)),
            ("receipts", str(desk.platforms.receipts)),
            ("reported", f"{reports[-1].volume_m3} m³" if reports else "—"),
        )
