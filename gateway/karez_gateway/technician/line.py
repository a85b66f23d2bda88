"""One request at a time over the console's line, sans-I/O: bytes and time in, bytes and answers out.

    ask ──▶ sent ──▶ parts … ──▶ done | refused
             │ garbled, silent        a verb that may be repeated is sent again, with a new tag:
             ▼                        what still comes for the old one is told by its tag
           again ──▶ … ──▶ lost       others are never sent twice: whoever asked must look first

The first line after a silence may find half a line of somebody else's in the box: each sending begins
with a line end. After a silence `json` is sent first, because a box that has restarted answers in text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from karez_protocols import console
from karez_protocols.errors import Malformed, ProtocolError

# Decision 29: an answer, or `more`, within 2 s. A full line each way takes 1.7 s at 9600 baud.
ANSWER_S = 4.0
ATTEMPTS = 8  # of four lines one spoilt: an answer of two lines fails once in a thousand questions
SILENCES = 3  # in a row, and nobody is there
# Bytes that came and were no answer: more than this, and it is another device or another baud rate.
NOISE_BYTES = 64
_SEAL = b'"crc":"'
_TAGS = int(console.TAG_MAX) + 1


@dataclass
class Outcome:
    """How a request ended. `state`: done, refused, garbled (noise came, no answer), silent (nothing did)."""

    state: str
    answer: dict[str, Any] = field(default_factory=dict)
    parts: list[dict[str, Any]] = field(default_factory=list)


class Line:
    """The tool's end. `ask`, then feed `receive` and `tick` until `outcome` is there; send `to_send()`."""

    def __init__(self, first_tag: int = 1) -> None:
        self._tag = first_tag % _TAGS
        self._lines = console.Lines()
        self._out = b""
        self._words: list[str] = []
        self._is_repeatable = self._is_proved = False
        self._left = 0
        self._silences = 0
        self._is_heard = False  # an answer in JSON came for what was sent last
        self._asked = -1  # tag of what was sent last: only answers with it are believed
        self._due_s = self._answer_s = 0.0
        self._spoilt = False
        self._heard_bytes = 0
        self.parts: list[dict[str, Any]] = []
        self.outcome: Outcome | None = None
        self.garbled = 0  # lines that came spoilt, and complaints of the box, since the beginning
        self.repeats = 0

    def ask(
        self,
        words: list[str],
        now_s: float,
        *,
        may_repeat: bool,
        attempts: int = ATTEMPTS,
        is_proved: bool = False,
        answer_s: float | None = None,
    ) -> None:
        """Begin a request. Raises ProtocolError for words that no line can carry.

        `is_proved`: whoever asks proves the whole himself, by its digest; parts that come spoilt are not
        asked for again here. `answer_s`: how long each answer may take, ANSWER_S without it.
        """
        console.request(words, 0)
        self._is_proved = is_proved
        self._answer_s = ANSWER_S if answer_s is None else answer_s
        self._words, self._is_repeatable = list(words), may_repeat
        self._left = attempts if may_repeat else 1
        self._heard_bytes = self._silences = 0
        self.outcome = None
        self._send(now_s)

    def to_send(self) -> bytes:
        """What is to be written now; it is ours no more."""
        out, self._out = self._out, b""
        return out

    @property
    def due_s(self) -> float:
        """When `tick` has something to decide."""
        return self._due_s

    def _next_tag(self) -> int:
        self._tag = (self._tag + 1) % _TAGS
        return self._tag

    def _repeat(self, now_s: float) -> None:
        self.repeats += 1
        if not self._is_heard:
            self._out += console.END + console.request(["json"], self._next_tag())
        self._send(now_s)

    def _send(self, now_s: float) -> None:
        self._left -= 1
        self.parts = []
        self._spoilt = self._is_heard = False
        self._out += console.END
        self._asked = self._next_tag()
        self._out += console.request(self._words, self._asked)
        self._due_s = now_s + self._answer_s

    def receive(self, data: bytes, now_s: float) -> None:
        """Take bytes as they came, in any pieces."""
        self._heard_bytes += len(data)
        for line in self._lines.feed(data):
            self._take(line, now_s)

    def tick(self, now_s: float) -> None:
        """Let time pass: repeat, or give up."""
        if self.outcome is not None or now_s < self._due_s:
            return
        is_silent = self._heard_bytes <= NOISE_BYTES and not self._spoilt and not self._is_heard
        self._silences = self._silences + 1 if is_silent else 0
        self._heard_bytes = 0
        if self._left > 0 and self._silences < SILENCES:
            self._repeat(now_s)
        else:
            self.outcome = Outcome("silent" if is_silent else "garbled", parts=self.parts)

    def _take(self, line: bytes | None, now_s: float) -> None:
        if self.outcome is not None:
            return  # late, for a request that has ended
        if line is None:
            return  # longer than any answer
        try:
            answer = json.loads(console.unsealed(line))
        except Malformed:
            # An echo, a prompt, text for people, noise; or an answer that lost its beginning.
            self._spoilt = self._spoilt or _SEAL in line
            return
        except (ProtocolError, ValueError, RecursionError):
            self.garbled += 1
            self._spoilt = True
            return
        self._answer(answer, now_s)

    def _answer(self, answer: Any, now_s: float) -> None:
        if not isinstance(answer, dict):
            return
        if "tag" not in answer and answer.get("error") == "garbled":
            # Perhaps our line, perhaps the half line before it.
            self.garbled += 1
            if self._is_repeatable and self._left > 0:
                self._repeat(now_s)
            return
        tag = answer.get("tag")
        if isinstance(tag, bool) or tag != self._asked:
            return
        self._is_heard = True
        self._due_s = now_s + self._answer_s
        if answer.get("more"):
            if answer.keys() - {"tag", "more"}:  # else it only says that it is at it
                self.parts.append(answer)
        elif answer.get("ok") is True:
            self._end(answer, now_s)
        elif "error" in answer:
            self.outcome = Outcome("refused", answer, self.parts)

    def _end(self, answer: dict[str, Any], now_s: float) -> None:
        # What came spoilt may have been a part of it.
        is_doubtful = self._spoilt and self._is_repeatable and not self._is_proved
        if is_doubtful and self._left > 0:
            self._repeat(now_s)
        else:
            self.outcome = Outcome("garbled" if is_doubtful else "done", answer, self.parts)
