"""The service's part that looks at rules: some every minute, the sums of the year every hour.

Reading goes on a connection of its own in a thread of its own, and only what happened to alarms is a
transaction of the service: a sum over a year delays no record.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

import structlog

from karez_gateway.alarms import facts as alarmfacts
from karez_gateway.config import Config
from karez_gateway.county.alarms import engine
from karez_gateway.county.alarms.facts import Live
from karez_gateway.county.alarms.signs import Sign
from karez_gateway.notify import queueing
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store.database import Database
from karez_gateway.store.readonly import ReadOnlyDatabase
from karez_gateway.worker import Worker

_log = structlog.get_logger()

STAGE = "alarm rules"
OFTEN_S, SELDOM_S = 60, 3600


class LinkWatch:
    """Since when broker and platforms are down, as the service sees it."""

    def __init__(self, now_s: int) -> None:
        """All is down until it is seen up."""
        self._since_s = now_s
        self._down_s: int | None = now_s
        self._platforms: dict[str, int] = {}

    def note(self, *, is_connected: bool, platforms: Mapping[str, bool], now_s: int) -> None:
        """What is so now."""
        if is_connected and self._down_s is not None:
            self._since_s, self._down_s = now_s, None
        elif not is_connected and self._down_s is None:
            self._down_s = now_s
        for name, is_up in platforms.items():
            if is_up:
                self._platforms.pop(name, None)
            else:
                self._platforms.setdefault(name, now_s)

    def live(self, online: Mapping[str, bool]) -> Live:
        """For the rules."""
        return Live(self._since_s, self._down_s, dict(online), dict(self._platforms))


class AlarmRules:
    """`look` once, or `run` until cancelled."""

    def __init__(
        self,
        config: Config,
        database: Database,
        live: Callable[[], Live | None],
        at: Seam = unharmed,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`live`: what only the running service knows."""
        self._config = config
        self._database = database
        self._live = live
        self._at = at
        self._now = now
        self._settings = config.alarms.settings
        self._store: ReadOnlyDatabase | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="karez-alarms")

    async def run(self, worker: Worker, told: Callable[[], None]) -> None:
        """Look at all rules now and then often; `told` when something happened."""
        next_whole_s = 0.0
        try:
            while True:
                is_whole = self._now() >= next_whole_s or next_whole_s > self._now() + SELDOM_S
                try:
                    if await self._once(worker, is_whole=is_whole):
                        told()
                    if is_whole:
                        next_whole_s = self._now() + SELDOM_S
                except Exception as error:  # noqa: BLE001 - a rule that fails must not end the service
                    _log.error("alarms cannot be looked at", reason=str(error), exc_info=error)
                await asyncio.sleep(OFTEN_S)
        finally:
            self._thread.shutdown(wait=True)
            if self._store is not None:
                self._store.close()

    async def _once(self, worker: Worker, *, is_whole: bool) -> int:
        now_s, live = int(self._now()), self._live()
        names = (*engine.OFTEN, *engine.SELDOM) if is_whole else engine.OFTEN
        signs = await asyncio.wrap_future(self._thread.submit(self._signs, names, live, now_s))
        return await worker.run(self.take, signs, names, now_s)

    def _signs(self, names: Collection[str], live: Live | None, now_s: int) -> list[Sign]:
        if self._store is None:
            self._store = ReadOnlyDatabase.open(self._config.store_url)
        return self.signs(self._store, names, live, now_s)

    def signs(self, store: Database, names: Collection[str], live: Live | None, now_s: int) -> list[Sign]:
        """What some rules say at a moment."""
        gather = alarmfacts.often if set(names) <= set(engine.OFTEN) else alarmfacts.whole
        with store.reading() as connection:
            facts = gather(connection, self._config, self._settings, live, now_s)
        return engine.look(facts, names)

    def take(self, signs: list[Sign], names: Collection[str], now_s: int) -> int:
        """Write what they do to alarms, and go a step up where nobody answers; return how much happened."""
        with self._database.writing() as connection:
            found = queueing.happenings(connection, signs, names, whole=names)
            done = len(queueing.take(connection, self._config, found, now_s))
            done += queueing.escalate(connection, self._config, now_s)
            self._at(STAGE)
        return done

    def look(self, names: Collection[str], now_s: int) -> int:
        """Both, at once: for a command, and where no loop runs."""
        return self.take(self.signs(self._database, names, self._live(), now_s), names, now_s)
