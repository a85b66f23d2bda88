"""One scenario on the stage: what it has told so far, in the order in which people read it.

On a terminal the act that is played stands on a live page, and is told once it is over; elsewhere
it is told step by step.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.text import Text

from karez_simulators import stage_wording, wording
from karez_simulators.physical_site import NO_METER
from karez_simulators.scenario_steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.desk import Desk
    from karez_simulators.scenario import Act, Scenario

BY_HAND = Step("key", is_check=False, values={})  # a step that no scenario asked for


@dataclass
class Line:
    """One step on the stage: None while it runs, then whether it held."""

    step: Step
    text: str
    held: bool | None = None

    @property
    def drawn(self) -> Text:
        """The step with its mark."""
        if self.held is None:
            return Text(f"   … {self.text}", style="dim")
        if not self.step.is_check and self.held:
            return Text(f"   · {self.text}")
        mark, style = ("✓", "green") if self.held else ("✗", "bold red")
        return Text(f"   {mark} {self.text}", style=style)


@dataclass
class ActView:
    """One act on the stage; `number` in the whole play."""

    number: int
    title: str
    speed: int
    began: float
    lines: list[Line] = field(default_factory=list)


class Lane:
    """A scenario with a desk of its own. `changed` is called whenever there is more to see.

    `first`: the number of its first act in the whole play; `is_live`: acts are told once over.
    """

    def __init__(
        self, scenario: Scenario, first: int, lang: str, *, is_live: bool, changed: Callable[[], None]
    ) -> None:
        self.told: list[Text] = []
        self.acts: list[ActView] = []
        self.desk: Desk | None = None
        self.is_over = False  # played to its end
        self.is_retired = True  # its newest act is told in full: not on the live page
        self._scenario = scenario
        self._first = first
        self._lang = lang
        self._words = stage_wording.STAGE[lang]
        self._is_live = is_live
        self._changed = changed

    def _tell(self, *what: Text) -> None:
        self.told.extend(what)
        self._changed()

    def setting_up(self, broker: str) -> None:
        """The desk is about to be set up."""
        title = self._scenario.title_zh if self._lang == "zh" else self._scenario.title
        key = "both meters" if self._scenario.meters.get("water") != NO_METER else "power meter only"
        places = {"broker": broker, "meters": self._words[key]}
        self._tell(Text(title if self._first == 1 else f"\n{title}", style="bold"))
        if self._first > 1:
            self._tell(Text(self._words["meanwhile"]))
        self._tell(*[Text(self._words[key].format(**places)) for key in ("on the desk", "beside it")])

    def shows(self, desk: Desk) -> None:
        """The desk is up: show it from now on."""
        self.desk = desk

    def set_up(self, seconds: float) -> None:
        """The controller is bound to its well and knows its books; that took so many seconds."""
        self._tell(Text(self._words["set up"].format(seconds=seconds)))

    def act(self, act: Act) -> None:
        """A new act begins."""
        title = act.title_zh if self._lang == "zh" else act.title
        number = self._first + len(self.acts)
        self.acts.append(ActView(number, title, act.speed, time.monotonic()))
        self.is_retired = False
        if not self._is_live:
            self._tell(self._head())
        self._changed()

    def _head(self) -> Text:
        act = self.acts[-1]
        speed = f"  ({self._words['speed'].format(speed=act.speed)})" if act.speed > 1 else ""
        return Text.assemble((f"\n{act.number}. {act.title}", "bold"), (speed, "dim"))

    def act_ends(self) -> None:
        """The act was played to its end."""
        self.retire()
        seconds = time.monotonic() - self.acts[-1].began
        self._tell(Text(f"     {self._words['seconds'].format(seconds=seconds)}", style="dim"))

    def retire(self) -> None:
        """Tell the act that stood on the live page, for good."""
        if self._is_live and not self.is_retired:
            self._tell(self._head(), *(line.drawn for line in self.acts[-1].lines))
        self.is_retired = True

    def step(self, step: Step) -> Line:
        """A step begins."""
        if step.is_check:
            line = Line(step, wording.of_question(self._lang, step.name))
        else:
            line = Line(step, wording.of_step(self._lang, step.name, step.values))
        self.acts[-1].lines.append(line)
        self._changed()
        return line

    def note(self, key: str, why: str = "") -> None:
        """A key of the live page was pressed: say what the hand did, beside what the scenario does."""
        text = f"> {self._words[key]}" + (f": {why}" if why else "")
        if self.is_retired:
            self._tell(Text(f"   · {text}"))
        else:
            self.acts[-1].lines.append(Line(BY_HAND, text, held=True))
        self._changed()

    def stays(self) -> None:
        """The play is over and the desk stays up."""
        self.retire()
        self._tell(Text(self._words["stays"], style="bold"))

    def done(self, line: Line, held: bool, figures: dict[str, Any] | None) -> None:
        """A step has ended; `held` False is a check that does not hold."""
        line.held = held
        if figures is not None:
            found = wording.of_finding(self._lang, line.step.name, figures)
            line.text = found if held else self._words["not so"] + found
        self._ended(line)

    def failed(self, line: Line, why: str) -> None:
        """A step could not be done, or a check not be looked at."""
        line.held = False
        line.text = f"{line.text}: {why}"
        self._ended(line)

    def _ended(self, line: Line) -> None:
        if not self._is_live:
            self._tell(line.drawn)
        self._changed()

    def ends(self) -> None:
        """The scenario was played to its end."""
        self.retire()
        self.is_over = True
        self._changed()
