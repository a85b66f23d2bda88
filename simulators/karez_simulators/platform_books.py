"""What every simulated platform has: manners, a clock, books of what came, a journal, and who waits."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from karez_simulators.platform_kept import Asked, Books, Counters, Journal, Kept, report_entry
from karez_simulators.platform_manners import POLITE, Manners

LOOPBACK = "127.0.0.1"


class Platform:
    """A platform of any standard; how bytes come and go is its children's."""

    standard = ""

    def __init__(
        self,
        manners: Manners = POLITE,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        utc_s: Callable[[], float] = time.time,
        journal: Journal | None = None,
    ) -> None:
        self.host = host
        self.port = port  # 0 = any free one, known after start
        self.counters = Counters()
        self.asked: list[Asked] = []
        self.books = Books()
        self.failure: OSError | None = None  # the journal's: it cannot be written
        self.on_failure: Callable[[], None] = lambda: None
        self._utc_s = utc_s
        self._journal = journal
        self._arrived = asyncio.Event()
        self.behave(manners)

    async def start(self) -> None:
        """Serve. Raises OSError if that cannot be."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Serve no more; what was received stays."""
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def behave(self, manners: Manners) -> None:
        """Change the manners now; lost confirms are counted anew."""
        self.manners = manners
        self.confirms_to_lose = manners.confirms_lost

    def now_s(self) -> int:
        """What this platform's clock shows, UTC; off as its manners want it."""
        return int(self._utc_s()) + self.manners.clock_off_s

    async def received(self, count: int) -> None:
        """Return when at least `count` different reports are there."""
        await self.until(lambda: len(self.books.reports) >= count)

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Return when `is_true`; asked again whenever bytes have been dealt with."""
        while not is_true():
            self._arrived.clear()
            await self._arrived.wait()

    def note(self, kind: str, **facts: Any) -> None:
        """Write into the journal, if there is one. Raises OSError as the journal does."""
        if self._journal is not None:
            self._journal({"kind": kind, "received_utc_s": int(self._utc_s()), **facts})

    def _note_or_fail(self, kind: str, **facts: Any) -> None:
        try:
            self.note(kind, **facts)
        except OSError as error:
            self.failed(error)

    def store(self, report: Kept) -> Kept | None:
        """Keep a report; None if it is not to be confirmed, for there are too many.

        What comes back takes the confirm's bytes; of a report that is forgotten nobody reads them.
        """
        kept = self.books.take(report, self.manners.forgets_each)
        if kept is None and self.books.has_forgotten(report):
            self.counters.reports_forgotten += 1
            return report
        if kept is None:
            self.counters.reports_refused += 1
            return None
        entry = report_entry(kept, report)
        self.note(entry.pop("kind"), **entry)
        return kept

    def not_understood(self, raw: bytes, why: str, kind: str = "not-understood") -> None:
        """Count a frame that nothing is done with."""
        self.counters.frames_not_understood += 1
        self.note(kind, why=why, raw=raw.hex())

    def failed(self, error: OSError) -> None:
        """The journal cannot be written: tell who runs this platform."""
        self.failure = self.failure or error
        self.on_failure()
