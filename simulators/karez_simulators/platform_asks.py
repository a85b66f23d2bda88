"""What a platform asks and commands: questions by name, sent as their standard repeats them.

    Ask.parse("top-up=500")

Which names there are is the standard's: platform_szy206_asks, platform_sl651_asks.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ANSWER_S = 10.0  # ours, as karez_protocols.szy206_exchange has it: no source has a figure
M3_MAX = 10**8  # what a person types; the codec refuses what its field cannot hold


class BadAsk(ValueError):
    """A question nobody knows, or a value it cannot have; the text says which there are."""


class NotHere(LookupError):
    """A station that has never been heard."""


@dataclass(frozen=True)
class Ask:
    """A question by its name, and what stands behind `=`."""

    name: str
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> "Ask":
        """Read NAME or NAME=VALUE. Raises nothing: the platform's `check` says if there is one."""
        name, _, value = text.partition("=")
        return cls(name, value)

    def __str__(self) -> str:
        """As a person types it."""
        return f"{self.name}={self.value}" if self.value else self.name


@dataclass
class Question:
    """One under way: the bytes of each attempt, what answers it, what is said last; frame and bytes."""

    attempts: list[bytes]
    is_answer: Callable[[Any], bool]
    last: Callable[[Any], bytes] = lambda _frame: b""
    answer: "asyncio.Future[Any]" = field(default_factory=asyncio.Future)


def find(ask: Ask, known: dict[str, tuple[str, Any]], standard: str) -> Any:
    """What a standard has for a question. Raises BadAsk."""
    usage, found = known.get(ask.name, ("", None))
    if found is None:
        names = ", ".join(name + one[0] for name, one in known.items())
        raise BadAsk(f"{standard} has no question {ask.name!r}; known: {names}")
    if (ask.value and not usage) or (not ask.value and usage and usage[0] != "["):
        raise BadAsk(f"{str(ask)!r}: write {ask.name}{usage}")
    return found


def litres(ask: Ask) -> int:
    """Litres of so many whole cubic metres. Raises BadAsk."""
    try:
        number = int(ask.value)
    except ValueError:
        number = -1
    if not 0 <= number <= M3_MAX:
        raise BadAsk(f"{str(ask)!r}: {ask.name} takes whole cubic metres, 0 to {M3_MAX}")
    return number * 1000


def number(ask: Ask, usual: int, last: int) -> int:
    """A number from 1 to `last`, `usual` where none is given. Raises BadAsk."""
    try:
        found = int(ask.value) if ask.value else usual
    except ValueError:
        found = 0
    if not 1 <= found <= last:
        raise BadAsk(f"{str(ask)!r}: {ask.name} takes a number from 1 to {last}")
    return found


def hours(ask: Ask) -> tuple[datetime, datetime]:
    """Both ends of FROM..TO, as 2026-07-01T00..2026-07-02T00 on the platform's clock. Raises BadAsk."""
    start, dots, end = ask.value.partition("..")
    try:
        ends = datetime.fromisoformat(start), datetime.fromisoformat(end)
        is_good = dots and all(2000 <= one.year <= 2099 and not one.tzinfo for one in ends)
        is_good = is_good and all(not (one.minute or one.second) for one in ends)
        if is_good and ends[0] <= ends[1]:
            return ends
    except (ValueError, TypeError):
        pass
    raise BadAsk(f"{str(ask)!r}: write {ask.name}=2026-07-01T00..2026-07-02T00, in whole hours")
