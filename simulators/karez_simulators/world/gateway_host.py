"""The machine the gateway runs on: gathers what comes, runs the stages, dies and comes back.

The gateway itself is found by its entry point; nothing of it is imported (design §2).
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from karez_simulators.world.agenda import Agenda

GROUP, NAME = "karez.world", "gateway"
GATHER_MS = 1_500  # boxes that write at the same minute are stored with one transaction
SOON_MS = 5_000  # after somebody brought something
MEMORY = Path("/dev/shm")  # noqa: S108 - what a run leaves is deleted at its end


class NoGateway(Exception):
    """The gateway's package is not there; the message says what to do."""


def county_class() -> Any:
    """The class behind the entry point. Raises NoGateway."""
    for one in metadata.entry_points(group=GROUP):
        if one.name == NAME:
            return one.load()
    raise NoGateway(
        "no gateway is installed beside the simulators: the world needs its stages. "
        "Run: pip install 'karez[gateway]', or make build/dev.ok in a checkout"
    )


@cache
def _of_process() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="karez-world-", dir=MEMORY if MEMORY.is_dir() else None)


@contextmanager
def folder() -> Iterator[Path]:
    """An empty place for one run's gateway, in memory where there is some; one run at a time in a process.

    It is the same for every run of a process: what the gateway compiles for a database is kept by its path.
    """
    place = Path(_of_process().name) / "gateway"
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


class GatewayHost:
    """One gateway in a world. `deliver(topic, payload)` takes what goes down."""

    def __init__(
        self,
        agenda: Agenda,
        directory: Path,
        keys: tuple[bytes, bytes],
        platforms: Mapping[str, Mapping[str, str]],
        deliver: Callable[[str, bytes], None],
        work_ms: int,
    ) -> None:
        """Make it, with (provisioner, regulator), and start it. `work_ms`: from round to round."""
        county = county_class()
        self.killed: type[BaseException] = county.Killed
        self.phases: tuple[str, ...] = county.phases
        self.county = county.create(directory, *keys, platforms)
        self.county.start()
        self.is_up = True
        self.kills = self.healed = self.frames = 0
        self.up_since_ms = 0
        self._agenda = agenda
        self._deliver = deliver
        self._inbox: list[tuple[str, bytes]] = []
        self._work_due = False
        self.on_killed: Callable[[str], int] = lambda _phase: 60_000  # -> when it is started again
        self._work_ms = work_ms
        agenda.after(work_ms, self._work_regularly)

    # -- the broker's side --------------------------------------------------------------

    def receive(self, topic: str, payload: bytes) -> None:
        """Something arrived over the broker; while nobody is subscribed it is lost."""
        if not self.is_up:
            return
        if not self._inbox:
            self._agenda.after(GATHER_MS, self._take)
        self._inbox.append((topic, payload))

    def _take(self) -> None:
        messages, self._inbox = self._inbox, []
        if messages and self.is_up:
            self.frames += len(messages)
            self.ask(lambda: self._send(self.county.up(self._agenda.utc_s, messages)))

    def _send(self, messages: list[tuple[str, bytes]]) -> None:
        for topic, payload in messages:
            self._deliver(topic, payload)

    # -- the process --------------------------------------------------------------------

    def ask(self, what: Callable[[], Any]) -> Any:
        """Do something with a gateway that may die of it; None then, and while it is down."""
        if not self.is_up:
            return None
        try:
            return what()
        except self.killed as death:
            self.kills += 1
            self.stop()
            self._agenda.after(self.on_killed(str(death)), self.start)
            return None

    def stop(self) -> None:
        """The machine is off."""
        self.is_up = False
        self._inbox = []
        self.county.stop()

    def start(self) -> None:
        """It comes back and goes on from its folder."""
        if not self.is_up:
            self.healed += self.county.start()
            self.is_up = True
            self.up_since_ms = self._agenda.now_ms
            self.work_soon()

    def kill_at(self, phase: str) -> None:
        """It dies when it reaches this phase next; "": it does not."""
        if self.is_up:
            self.county.kill_at(phase)

    def work(self) -> None:
        """Run every stage."""
        self._work_due = False
        self.ask(lambda: self._send(self.county.work(self._agenda.utc_s)))

    def work_soon(self) -> None:
        """Somebody waits for it."""
        if not self._work_due:
            self._work_due = True
            self._agenda.after(SOON_MS, self.work)

    def _work_regularly(self) -> None:
        self.work()
        self._agenda.after(self._work_ms, self._work_regularly)

    def bring(self, kind: str, data: bytes) -> str | None:
        """A person brings something; None: the gateway is down, else why it was refused."""
        answer: str | None = self.ask(lambda: self.county.bring(self._agenda.utc_s, kind, data))
        self.work_soon()
        return answer
