"""A controller at the other end of a port: ask it, and get an answer or a Trouble that says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import console

from .errors import LineTrouble, Refused
from .line import ATTEMPTS, Line, Outcome
from .port import now_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from .port import Port

_BACK_S = 1.0  # between two looks whether a box is back
# What may be asked twice: it reads, or it says the same thing again. `prove` uses its challenge up,
# `config apply` restarts, the rest acts on the well: those are looked after, not sent again.
_ONCE = (
    "prove",
    "config apply",
    "technicians apply",
    "swap",
    "confirm",
    "convert",
    "takeover",
    "reset",
    "steptest",
    "ask",
    "scan",
    "relay",
    "update apply",
    "update drop",
)


def may_repeat(words: list[str]) -> bool:
    """True for a request that does no harm when it is done twice."""
    line = " ".join(words) + " "
    return not any(line.startswith(verb + " ") for verb in _ONCE)


class Controller:
    """Asks over a port. Raises Refused and LineTrouble."""

    def __init__(self, port: Port, clock: Callable[[], float] = now_s) -> None:
        self._port = port
        self._clock = clock
        self.line = Line(int(clock() * 1000))  # another tag than that of the tool that was here before

    def greet(self, attempts: int = ATTEMPTS, answer_s: float | None = None) -> None:
        """Change to JSON. Raises LineTrouble when no controller answers."""
        self.ask("json", attempts=attempts, answer_s=answer_s)

    def ask(
        self,
        *words: str,
        attempts: int = ATTEMPTS,
        is_proved: bool = False,
        answer_s: float | None = None,
        on_part: Callable[[dict[str, Any]], None] | None = None,
    ) -> Outcome:
        """Ask once and wait for the end of the answer, which is `done`.

        `on_part(part)` hears parts as they come, after a repeat from the first on again. `is_proved`: as
        Line.ask has it, and `answer_s`.
        """
        asked = list(words)
        self.line.ask(
            asked,
            self._clock(),
            may_repeat=may_repeat(asked),
            attempts=attempts,
            is_proved=is_proved,
            answer_s=answer_s,
        )
        heard: list[dict[str, Any]] = []
        outcome = None
        while outcome is None:
            data = self.line.to_send()
            if data:
                self._port.write(data)
            self.line.receive(self._port.read(), self._clock())
            self.line.tick(self._clock())
            outcome = self.line.outcome
            if on_part is not None:
                if self.line.parts is not heard:
                    heard, told = self.line.parts, 0
                for index in range(told, len(heard)):
                    on_part(heard[index])
                told = len(heard)
        return self._judge(asked, outcome)

    def say(self, word: str) -> None:
        """Send a word and wait for nothing: its answer is for others."""
        self._port.write(console.END + console.request([word]))

    def _judge(self, words: list[str], outcome: Outcome) -> Outcome:
        if outcome.state == "done":
            return outcome
        if outcome.state == "refused":
            raise Refused(str(outcome.answer["error"]), str(outcome.answer.get("text", "")))
        name = outcome.state if may_repeat(words) else "unknown-outcome"
        raise LineTrouble(name, port=self._port.name, verb=" ".join(words[:2]))

    def now_s(self) -> float:
        """The clock of the line."""
        return self._clock()

    def rest(self, seconds: float) -> None:
        """Let time pass; what comes meanwhile is nobody's."""
        until_s = self._clock() + seconds
        while self._clock() < until_s:
            self._port.read()

    def come_back(self, until_s: float) -> None:
        """Wait until a controller that restarts answers again. Raises LineTrouble when it does not."""
        while True:
            try:
                return self.greet(attempts=1, answer_s=_BACK_S)
            except LineTrouble:
                if self._clock() >= until_s:
                    raise
                self._port.reopen()  # a board with its own USB goes away while it restarts
