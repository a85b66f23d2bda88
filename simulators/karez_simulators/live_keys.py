"""Keys at the live page: each is a hand at the desk that is shown, beside what its scenario does.

Only on a terminal, and only while it shows a live page. A key does what a person would do there and
then; a step of the scenario that does not reckon with it fails, and says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
import tty
from typing import TYPE_CHECKING

from karez_simulators.cable import DeskError
from karez_simulators.rude_network import FROZEN, OPEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from karez_simulators.desk import Desk
    from karez_simulators.stage import Stage

READ_BYTES = 64
LEAVE = "q"


class LiveKeys:
    """What the keys do. `pressed` never blocks: what takes time goes on beside the play."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._doing: set[asyncio.Task[None]] = set()
        self._hands: dict[str, Callable[[Desk], Awaitable[str]]] = {
            "s": self._start,
            "x": self._stop,
            "d": self._door,
            "m": self._magnet,
            "c": self._mains,
            "a": self._antenna,
        }

    def pressed(self, key: str) -> None:
        """Take one key; what is no key of ours does nothing."""
        lane = self._stage.shown
        if key == LEAVE:
            self._stage.leave()
        elif key in self._hands and lane.desk is not None and lane.desk.vm is not None:
            task = asyncio.get_running_loop().create_task(self._do(key, lane.desk))
            self._doing.add(task)
            task.add_done_callback(self._doing.discard)

    async def stop(self) -> None:
        """End what is under way."""
        for task in tuple(self._doing):
            task.cancel()
        await asyncio.gather(*self._doing, return_exceptions=True)

    async def _do(self, key: str, desk: Desk) -> None:
        lane = self._stage.shown
        try:
            lane.note(await self._hands[key](desk))
        except (DeskError, OSError) as error:
            lane.note("key refused", str(error))

    @staticmethod
    async def _start(desk: Desk) -> str:
        desk.press("start")
        return "key start"

    @staticmethod
    async def _stop(desk: Desk) -> str:
        desk.press("stop")
        return "key stop"

    @staticmethod
    async def _door(desk: Desk) -> str:
        is_open = not desk.controller().is_door_open
        desk.controller().set_door(is_open)
        return "key door open" if is_open else "key door shut"

    @staticmethod
    async def _magnet(desk: Desk) -> str:
        meter = "water" if "water" in desk.site.meters else "power"
        is_on = "magnet" not in desk.site.meters[meter].active_faults
        desk.site.fault(meter, "magnet", on=is_on)
        return "key magnet on" if is_on else "key magnet off"

    @staticmethod
    async def _mains(desk: Desk) -> str:
        vm = desk.controller()
        if desk.site.well.mains:
            desk.site.set_mains(False)
            desk.site.set_contactor(False)
            await vm.stop()
            return "key mains off"
        desk.site.set_mains(True)
        desk.forget_panel()
        await vm.start()
        return "key mains on"

    @staticmethod
    async def _antenna(desk: Desk) -> str:
        if desk.antenna.manner == OPEN:
            desk.antenna.manner = FROZEN
            return "key antenna off"
        desk.antenna.manner = OPEN
        desk.antenna.cut()
        return "key antenna on"


@contextlib.asynccontextmanager
async def heard(stage: Stage) -> AsyncIterator[None]:
    """Hear the keys of this terminal while the body runs; elsewhere do nothing."""
    if not stage.has_keys:
        yield
        return
    fd, loop, keys = sys.stdin.fileno(), asyncio.get_running_loop(), LiveKeys(stage)
    before = termios.tcgetattr(fd)

    def read() -> None:
        try:
            data = os.read(fd, READ_BYTES)
        except OSError:  # the terminal is gone: SIGHUP ends the play
            data = b""
        if not data:
            loop.remove_reader(fd)
        for key in data.decode("ascii", "ignore"):
            keys.pressed(key)

    tty.setcbreak(fd)  # Ctrl-C stays a signal
    loop.add_reader(fd, read)
    try:
        yield
    finally:
        loop.remove_reader(fd)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
        await keys.stop()
