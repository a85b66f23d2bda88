"""Stations that make up their answers: the bench's own work takes none of a meter's time.

A meter that a library serves answers some turns of the event loop after it was asked
(modbus_server.py). On a busy machine each turn may last for milliseconds, which at speed 20 are
tenths of a simulated second: answers came later than a master waits. So simulated time goes no
further than to the instant at which a meter would begin to answer, until it has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karez_simulators.clock import Clock

# pymodbus 3.16 takes four. Who has not answered by then says nothing, or later, by its own clock.
TURNS_MAX = 12


class Thinking:
    """Which stations of a line have been asked and have not answered yet. Needs a running loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked: dict[int | str, object] = {}  # station -> one question's mark

    def begin(self, key: int | str, answer_ns: int) -> None:
        """A station was asked; it would begin to answer at this simulated instant."""
        mark = self._asked[key] = object()
        self._clock.expect((self, key), answer_ns)
        self._look(key, mark, TURNS_MAX)

    def end(self, key: int | str) -> None:
        """It has answered, or is asked no more. Harmless twice."""
        if self._asked.pop(key, None) is not None:
            self._clock.expect((self, key), None)

    def clear(self) -> None:
        """Nobody is asked any more."""
        for key in tuple(self._asked):
            self.end(key)

    def _look(self, key: int | str, mark: object, turns: int) -> None:
        if self._asked.get(key) is not mark:
            return
        if turns:
            asyncio.get_running_loop().call_soon(self._look, key, mark, turns - 1)
        else:
            self.end(key)
