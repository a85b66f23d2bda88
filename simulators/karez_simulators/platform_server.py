"""A platform on a TCP port: connections, manners, questions, and the books of what came.

A standard's platform (platform_szy206, platform_sl651) takes the frames and says what is confirmed how;
all that is about time, bytes and connections is here, once.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable
from typing import Any

from karez_simulators.platform_asks import ANSWER_S, Ask, NotHere, Question
from karez_simulators.platform_books import LOOPBACK, Platform
from karez_simulators.platform_kept import ASKED_MAX, LINKS_MAX, Asked, Journal, Kept
from karez_simulators.platform_link import Link, Reader
from karez_simulators.platform_manners import POLITE, Manners

STATIONS_MAX = 100_000  # that can be asked; a county has 7,000
BACKLOG = 1024  # a thousand stations connect at once after a power cut


class PlatformServer(Platform):
    """The centre. `start` and `stop` may alternate: the port stays the same once it is known.

    A standard gives `standard`, `new_reader`, `raws_of`, `take`, `check`, `question` and `read_answer`.
    """

    def __init__(
        self,
        manners: Manners = POLITE,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        utc_s: Callable[[], float] = time.time,
        journal: Journal | None = None,
        script: Iterable[Ask] = (),
    ) -> None:
        """`script` is asked of each station when it is first heard. Raises BadAsk."""
        super().__init__(manners, host=host, port=port, utc_s=utc_s, journal=journal)
        self.links: list[Any] = []
        self.script = tuple(script)
        self._server: asyncio.Server | None = None
        self._connections: set[Link] = set()
        self._routes: dict[bytes, Link] = {}  # where a station was last heard; that may be gone
        self._turns: dict[bytes, asyncio.Lock] = {}
        self._open: dict[bytes, Question] = {}
        self._scripted: dict[bytes, int] = {}  # station -> questions still to ask
        self._tasks: set[asyncio.Task[None]] = set()
        for ask in self.script:
            self.check(ask)

    # -- what a standard gives -------------------------------------------------------------

    def new_reader(self) -> Reader:
        """A reader for one connection's bytes."""
        raise NotImplementedError

    def raws_of(self, reader: Any, frames: list[Any]) -> list[bytes]:
        """The bytes of the frames that the reader has just found."""
        raise NotImplementedError

    def take(self, frame: Any, raw: bytes, link: Link) -> None:
        """Store what a frame brings, and answer it."""
        raise NotImplementedError

    def check(self, ask: Ask) -> None:
        """Raise BadAsk if this standard has no such question."""
        raise NotImplementedError

    def question(self, station: bytes, ask: Ask) -> Question:
        """The frames of a question. Raises BadAsk."""
        raise NotImplementedError

    def read_answer(self, frame: Any) -> dict[str, Any]:
        """What an answer says, as JSON can hold it."""
        raise NotImplementedError

    # -- life ------------------------------------------------------------------------------

    @property
    def is_serving(self) -> bool:
        """True between start and stop."""
        return self._server is not None and self._server.is_serving()

    async def start(self) -> None:
        """Listen. Raises OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Link(self), self.host, self.port, backlog=BACKLOG)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening, drop every connection and open question; what was received stays."""
        if self._server is None:
            return
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for link in list(self._connections):
            link.abort()
            await link.lost
        await self._server.wait_closed()
        self._server = None

    def push(self, data: bytes) -> None:
        """Send bytes of your own down every connection: a command, or rubbish."""
        for link in self._connections:
            link.write(data)

    # -- connections -----------------------------------------------------------------------

    def joined(self, link: Link) -> None:
        """Count a connection in."""
        self.counters.connections += 1
        self._connections.add(link)
        self._note_or_fail("connected", peer=link.peer)

    def left(self, link: Link) -> None:
        """Let a connection go."""
        self._connections.discard(link)
        self._note_or_fail("closed", peer=link.peer)
        self._arrived.set()

    def feed(self, data: bytes, link: Link) -> None:
        """Deal with what a connection brought."""
        reader = link.reader
        noise, bad = reader.noise_bytes, reader.bad_checksums
        frames = reader.feed(data)
        noise, bad = reader.noise_bytes - noise, reader.bad_checksums - bad
        self.counters.noise_bytes += noise
        self.counters.bad_checksums += bad
        try:
            if noise:
                self.note("noise", bytes=noise, bad_checksums=bad)
            for frame, raw in zip(frames, self.raws_of(reader, frames), strict=True):
                if self.manners.is_silent or not frame.is_up:
                    self.counters.frames_ignored += 1
                else:
                    self.take(frame, raw, link)
        except OSError as error:  # the journal's: what is not kept must not be confirmed
            self.failed(error)
            link.abort()
        self._arrived.set()

    def linked(self, station: str, what: str, message: Any) -> None:
        """Keep a log-in, log-out or keep-alive."""
        if len(self.links) < LINKS_MAX:
            self.links.append(message)
        self.note("link", station=station, what=what)

    # -- confirms --------------------------------------------------------------------------

    def confirm(self, link: Link, build: Callable[[], bytes], reports: list[Kept]) -> None:
        """Send the confirm of a report, unless the manners are against it."""
        manners = self.manners
        if self.confirms_to_lose > 0:
            self.confirms_to_lose -= 1
            return
        if manners.hangs_up and link.confirms >= manners.hangs_up_after:
            link.close()
            return
        data = build()
        link.confirms += 1
        if manners.is_cut:
            data = data[: len(data) // 2]
        for report in reports:
            report.confirm_bytes = data
        link.say(data * (2 if manners.confirms_twice else 1), then_close=manners.is_cut)

    # -- questions -------------------------------------------------------------------------

    def heard(self, station: bytes, link: Link) -> bool:
        """A station speaks on this connection; new ones are asked what the script has. False: too many."""
        if station not in self._routes and len(self._routes) >= STATIONS_MAX:
            return False
        self._routes[station] = link
        if self.script and station not in self._scripted:
            self._scripted[station] = len(self.script)
            task = asyncio.get_running_loop().create_task(self._ask_all(station))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return True

    def has_questions(self, station: bytes) -> bool:
        """True while the script is not through with a station."""
        return self._scripted.get(station, 0) > 0

    async def _ask_all(self, station: bytes) -> None:
        with contextlib.suppress(OSError):  # the journal's, `failure` has it
            for ask in self.script:
                self._scripted[station] -= 1
                await self.ask(station, ask)

    def is_answered(self, station: bytes, frame: Any, raw: bytes) -> bool:
        """True if a frame answers the question that is open at its station."""
        question = self._open.get(station)
        if question is None or question.answer.done() or not question.is_answer(frame):
            return False
        question.answer.set_result((frame, raw))
        return True

    async def ask(self, station: bytes, ask: Ask, answer_s: float = ANSWER_S) -> Asked:
        """Ask a station that was heard, as often as its standard repeats; one question at a time.

        Raises NotHere, BadAsk; OSError as the journal does.
        """
        if station not in self._routes:
            raise NotHere(station.hex().upper())
        async with self._turns.setdefault(station, asyncio.Lock()):
            question = self._open[station] = self.question(station, ask)
            try:
                asked = await self._exchange(station, ask, question, answer_s)
            finally:
                del self._open[station]
        if len(self.asked) < ASKED_MAX:
            self.asked.append(asked)
        facts = {"station": asked.station, "ask": asked.ask, "attempts": asked.attempts}
        try:
            self.note("answer", **facts, answer=asked.answer, raw=asked.raw.hex())
        except OSError as error:
            self.failed(error)
            raise
        self._arrived.set()
        return asked

    async def _exchange(self, station: bytes, ask: Ask, question: Question, answer_s: float) -> Asked:
        name = station.hex().upper()
        attempts = 0
        for request in question.attempts:
            attempts += 1
            self._routes[station].say(request * (2 if self.manners.asks_twice else 1))
            await asyncio.wait([question.answer], timeout=answer_s)
            if question.answer.done():
                frame, raw = question.answer.result()
                if last := question.last(frame):
                    self._routes[station].say(last)
                return Asked(name, str(ask), attempts, self.read_answer(frame), raw)
        return Asked(name, str(ask), attempts, None, b"")
