"""Bytes under way to the master's port, each with the instant at which its stop bit has passed."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Arrivals:
    """Booked bytes by instant. `last_ns`: when the last byte ever booked arrives."""

    def __init__(self) -> None:
        self.last_ns = 0
        self._order = 0
        self._heap: list[list[int]] = []  # [instant, order, byte, character_ns]

    def __bool__(self) -> bool:
        return bool(self._heap)

    @property
    def next_ns(self) -> int:
        """When the next byte is there. IndexError if nothing is under way."""
        return self._heap[0][0]

    def book(self, data: bytes, start_ns: int, character_ns: int) -> None:
        """Bytes whose first start bit falls at `start_ns`, one after the other."""
        for byte in data:
            start_ns += character_ns
            self._order += 1
            heapq.heappush(self._heap, [start_ns, self._order, byte, character_ns])
        self.last_ns = max(self.last_ns, start_ns)

    def take(self, now_ns: int) -> bytearray:
        """What has arrived by now."""
        arrived = bytearray()
        while self._heap and self._heap[0][0] <= now_ns:
            arrived.append(heapq.heappop(self._heap)[2])
        return arrived

    def spoil(self, start_ns: int, end_ns: int, spoil: Callable[[int], int]) -> None:
        """Change every byte that was on the wire between these instants and has not arrived yet."""
        for entry in self._heap:
            if entry[0] > start_ns and entry[0] - entry[3] < end_ns:
                entry[2] = spoil(entry[2])

    def clear(self) -> None:
        """Nothing is under way any more."""
        self._heap.clear()
