"""The processes that play a fleet's controllers, from outside: started, told, heard, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections import deque
from typing import TYPE_CHECKING, Any

from karez_simulators.fleet import roster

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from karez_simulators.fleet.plan import Plan
    from karez_simulators.fleet.roster import Member

LINE_BYTES_MAX = 1 << 16
WORDS_KEPT = 5
STOP_S = 10


class PlayerFailed(RuntimeError):
    """A process of controllers ended by itself; the text has its last words."""


class Player:
    """One process."""

    def __init__(self, orders: Path, result: Path) -> None:
        self.orders, self.result = orders, result
        self.heard: dict[str, dict[str, Any]] = {}  # event -> the newest facts
        self.failure = ""
        self.pid = 0
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None
        self._words: deque[str] = deque(maxlen=WORDS_KEPT)

    async def start(self) -> None:
        """Start it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "karez_simulators.fleet.worker", str(self.orders),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            start_new_session=True, limit=LINE_BYTES_MAX,
        )  # fmt: skip
        self._process, self.pid = process, process.pid
        if process.stdout is None or process.stderr is None:
            raise PlayerFailed("a process of controllers has no output")
        self._listening = asyncio.create_task(self._listen(process.stdout, process.stderr))

    async def _listen(self, out: asyncio.StreamReader, err: asyncio.StreamReader) -> None:
        """Hear it to its end: then its last words are there."""
        await asyncio.gather(self._hear(out), self._read_words(err))
        if "result" not in self.heard:
            self.failure = f"a process of controllers ended: {self.words}"

    async def _hear(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            facts = json.loads(line)
            self.heard[facts.pop("event")] = facts

    async def _read_words(self, lines: asyncio.StreamReader) -> None:
        async for line in lines:
            self._words.append(line.decode(errors="replace").strip())

    @property
    def words(self) -> str:
        """Its last line on stderr."""
        return self._words[-1] if self._words else "it said nothing"

    def tell(self, command: str) -> None:
        """Send a command; a process that is gone hears nothing."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(command.encode() + b"\n")

    async def stop(self) -> None:
        """End it: its stdin closes, and if that is not enough it is killed. Harmless twice."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            with contextlib.suppress(OSError, TimeoutError):
                if process.stdin is not None:
                    process.stdin.close()
                async with asyncio.timeout(STOP_S):
                    await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await self.ended()

    async def ended(self) -> None:
        """Wait until it has ended and its last words are heard."""
        if self._listening is not None:
            await asyncio.gather(self._listening, return_exceptions=True)


class Players:
    """All of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.all: list[Player] = []

    async def start(self, plan: Plan, members: Sequence[Member], broker: dict[str, Any]) -> None:
        """Start as many as the plan says, each with its share; `broker`: address, tls_name, authority."""
        count = plan.processes
        for number in range(count):
            mine = self._folder / f"members-{number}.jsonl"
            roster.write(mine, members[number::count])
            player = Player(self._folder / f"orders-{number}.json", self._folder / f"result-{number}.json")
            files = {"members": str(mine), "result": str(player.result)}
            orders = {"plan": plan.document(), **files, **broker}
            player.orders.write_text(json.dumps(orders), encoding="utf-8")
            self.all.append(player)
            await player.start()

    def tell(self, command: str) -> None:
        """Tell all of them."""
        for one in self.all:
            one.tell(command)

    def have_said(self, event: str) -> bool:
        """True when each of them has said it."""
        return all(event in one.heard for one in self.all)

    def sum(self, event: str) -> dict[str, int]:
        """Return the sums of the newest facts under an event."""
        total: dict[str, int] = {}
        for one in self.all:
            for name, value in one.heard.get(event, {}).items():
                total[name] = total.get(name, 0) + int(value)
        return total

    def check(self) -> None:
        """Raise PlayerFailed if one of them has ended by itself."""
        for one in self.all:
            if one.failure:
                raise PlayerFailed(one.failure)

    def results(self) -> list[dict[str, Any]]:
        """Return what each wrote at its end."""
        return [json.loads(one.result.read_text(encoding="utf-8")) for one in self.all]

    async def stop(self) -> None:
        """End all of them."""
        await asyncio.gather(*(one.stop() for one in self.all))
