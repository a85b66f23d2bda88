"""A controller on the bench: the real firmware in the real MicroPython VM, with its wires.

The bench is the mains, the relay board and the watchdog: when the process dies, or its
heartbeat stops for five seconds, the coil loses its supply and the contactor drops.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from typing import TYPE_CHECKING

from karez_simulators import clock_page
from karez_simulators.gateway_process import last_line
from karez_simulators.vm_start import CLOCK_FD, Start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from karez_simulators.clock import Clock
    from karez_simulators.physical_site import PhysicalSite

CONTACTOR_MS = 60  # from coil to contacts, and to the auxiliary contact
DEAD_MAN_MS = 5_000  # the coil's hardware dead-man (design §4)
LOOK_MS = 100  # how often a dead coil is looked at
LINE_BYTES_MAX = 65_536


class ControllerVm:
    """One controller process. What it says goes to `on_line`, line by line; wires go to the site.

    `how` says how the VM is started; both may be changed before `start`.
    """

    def __init__(
        self,
        folder: Path,
        image: Path,
        site: PhysicalSite,
        clock: Clock,
        on_line: Callable[[list[str]], None],
    ) -> None:
        self.folder = folder  # its flash
        self._image = image
        self._site = site
        self._clock = clock
        self.on_line = on_line
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._page: clock_page.ClockPage | None = None
        self._coil = False
        self._beat_ms = 0
        self._is_ended_by_us = False
        self._again: asyncio.Task[None] | None = None  # its restart, when it said that it would
        self.how = Start()
        self._clock_wrong_s = 0
        self._is_door_open: bool | None = None  # None: its contact has said nothing yet
        self.errors = folder / "controller.log"

    @property
    def is_running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def obituary(self) -> str:
        """How the process ended, if nobody killed it and all it said has been heard; else empty."""
        if self._process is None or self.is_running or self._is_ended_by_us or self._again is not None:
            return ""
        if not all(task.done() for task in self._tasks[:1]):
            return ""
        return f"the controller ended: {last_line(self.errors)}"

    async def start(self) -> None:
        """Start the process. Raises VmMissingError when there is no VM."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.setblocking(False)
            try:
                await self._run(theirs.fileno())
                reader, self._writer = await asyncio.open_connection(sock=ours, limit=LINE_BYTES_MAX)
            except BaseException:  # cancelled, too: nobody else knows of this end
                ours.close()
                self._close_page()
                raise
        self._beat_ms = self._clock.now_ms()
        self._clock.watch(self._tell_clock)
        self._tell_clock()
        self._tell_door()
        self._site.on_contactor = self._tell_aux
        if self._site.well.contactor:  # welded: it was closed before this process was
            self._tell_aux(True)
        self._tasks = [
            asyncio.create_task(self._read(reader)),
            asyncio.create_task(self._watch_heart()),
        ]

    async def _run(self, bench_fd: int) -> None:
        self._is_ended_by_us = False
        words = (str(self.folder), self._site.port_path, str(bench_fd))
        environment, fds = {**os.environ, **self.how.environment()}, [bench_fd]
        if self.how.is_in_place and clock_page.can_share():
            self._page = clock_page.ClockPage(self._clock)
            environment[CLOCK_FD] = str(self._page.fd)
            fds.append(self._page.fd)
        with self.errors.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.how.command(self._image, *words), env=environment, cwd=self._image, pass_fds=fds,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        if self._page is not None:
            self._page.watch(self._process.pid)

    def send(self, line: str) -> None:
        """Send one line to the controller; a dead one hears nothing."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(line.encode() + b"\n")

    def press(self, button: str, credential: bytes) -> None:
        """Press "start" or "stop" with a card at the reader."""
        self.send(f"{button} {credential.hex()}")

    def kill(self) -> None:
        """SIGKILL: what the process had in memory is gone."""
        if self._process is not None and self._process.returncode is None:
            self._is_ended_by_us = True
            self._process.kill()

    async def _restart(self) -> None:
        """Start it anew, as a board does that resets itself."""
        try:
            await self._end()
            await self.start()
        finally:
            self._again = None

    async def stop(self) -> None:
        """End the process and take its wires away. Harmless twice."""
        if self._again is not None:
            self._again.cancel()
            await asyncio.gather(self._again, return_exceptions=True)
            self._again = None
        await self._end()

    async def _end(self) -> None:
        self._clock.unwatch(self._tell_clock)
        self.kill()
        if self._process is not None:
            await self._process.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError):
                await self._writer.wait_closed()
            self._writer = None
        self._drop()
        self._close_page()

    def _close_page(self) -> None:
        """Time waits for nobody who is gone."""
        if self._page is not None:
            self._page.close()
            self._page = None

    def set_clock_wrong(self, seconds: int) -> None:
        """Its clock is off by so much from now on, also after a restart."""
        self._clock_wrong_s = seconds
        self._tell_clock()

    def set_door(self, is_open: bool) -> None:
        """The door of its cabinet is open or shut, also after a restart."""
        self._is_door_open = is_open
        self._tell_door()

    @property
    def is_door_open(self) -> bool:
        """True while the door stands open."""
        return bool(self._is_door_open)

    def _tell_door(self) -> None:
        if self._is_door_open is not None:
            self.send(f"door {int(self._is_door_open)}")

    def _tell_clock(self) -> None:
        utc_ms = (self._clock.utc() + self._clock_wrong_s) * 1000 + self._clock.now_ms() % 1000
        self.send(f"clock {self._clock.speed} {utc_ms}")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        is_restarting = False
        try:
            while line := await self._line(reader):
                words = line.decode(errors="replace").rstrip("\n").split(" ")
                if words[0] == "coil":
                    await self._switch(words[1:] == ["1"])
                elif words[0] == "trip":
                    self._site.set_trip(words[1:] == ["1"])
                elif words[0] == "beat":
                    self._beat_ms = self._clock.now_ms()
                elif words[0] == "restarting":
                    is_restarting = True
                self.on_line(words)
            if is_restarting:
                self._again = asyncio.create_task(self._restart())
        finally:  # whatever ended it, the coil has no supply any more
            self._drop()
            self._close_page()

    @staticmethod
    async def _line(reader: asyncio.StreamReader) -> bytes:
        try:
            return await reader.readline()
        except ConnectionResetError:  # it died with lines of ours unread
            return b""

    async def _switch(self, on: bool) -> None:
        self._coil = on
        if on:  # who closes it lives: its boot, in which nobody beat, is no standstill
            self._beat_ms = self._clock.now_ms()
        await self._clock.sleep_ms(CONTACTOR_MS)
        self._site.set_contactor(self._coil)  # the dead-man may have opened it meanwhile
        self._tell_aux(self._site.well.contactor)

    def _tell_aux(self, is_closed: bool) -> None:
        """What the auxiliary contact says: welded or in a brown-out, it is not what the coil wants."""
        self.send(f"aux {int(is_closed)}")

    def _drop(self) -> None:
        self._coil = False
        self._site.set_contactor(False)

    async def _watch_heart(self) -> None:
        while True:
            left_ms = self._beat_ms + DEAD_MAN_MS - self._clock.now_ms()
            if left_ms > 0:
                await self._clock.sleep_ms(left_ms)
                continue
            if self._coil:
                self._drop()
                self._tell_aux(self._site.well.contactor)
            await self._clock.sleep_ms(LOOK_MS)
