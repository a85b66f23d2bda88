"""The service's exports: looks what is due, makes it in a thread of its own, and keeps in mind what was made.

A file that cannot be written waits, ever longer, and delays neither the other exports nor any stage: reading
goes on a connection of its own that can write nothing, and only the note of what was made is a transaction
of the service. `exports.json` says what fails.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog

from karez_gateway.config import Config
from karez_gateway.config.api import Export
from karez_gateway.exports import due, making
from karez_gateway.exports.due import Period
from karez_gateway.exports.making import Done
from karez_gateway.service import failure
from karez_gateway.store import exports
from karez_gateway.store.database import Database
from karez_gateway.store.readonly import ReadOnlyDatabase
from karez_gateway.worker import Worker

_log = structlog.get_logger()

FILE = "exports.json"
POLL_S = 20.0
RETRY_FIRST_S, RETRY_LAST_S = 60, 3600
# A file whose period ends further ahead was made while this machine's clock was wrong: it does not count.
CLOCK_SLACK_S = 36 * 3600


class _Stopped(Exception):
    """The service ends; what was begun is given up."""


class Exporter:
    """All exports of gateway.toml. `step` makes what is due now; `run` does so until it is cancelled."""

    def __init__(
        self,
        config: Config,
        database: Database,
        worker: Worker,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open nothing yet."""
        self._config = config
        self._database = database
        self._worker = worker
        self._now = now
        self._store: ReadOnlyDatabase | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="karez-export")
        self._stopping = threading.Event()
        self._problems: dict[str, dict[str, Any]] = {}

    async def run(self) -> None:
        """Make files until cancelled."""
        if not self._config.export:
            (self._config.data / FILE).unlink(missing_ok=True)
            return
        self._tell()
        try:
            while True:
                made = await self.step()
                if not made:
                    await asyncio.sleep(POLL_S)
        finally:
            self._close()

    def _close(self) -> None:
        """Give up what is being made; its thread looks for that every few rows."""
        self._stopping.set()
        self._thread.shutdown(wait=True)
        if self._store is not None:
            self._store.close()

    async def step(self) -> int:
        """Make at most one file of each export; return how many were made."""
        made = 0
        for export in self._config.export:
            problem = self._problems.get(export.name)
            if problem is not None and self._now() < problem["next_utc_s"]:
                continue
            try:
                made += await self._one(export)
            except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the service
                self._failed(export, error)
            else:
                self._well(export)
        return made

    async def _one(self, export: Export) -> int:
        period = await self._worker.run(self._due, export)
        if period is None:
            return 0
        future = self._thread.submit(self._make, export, period)
        done = await asyncio.wrap_future(future)
        await self._worker.run(self._note, done)
        _log.info("exported", export=export.name, file=done.file.file, rows=done.file.records)
        for name in done.removed:
            _log.info("an old export was removed", export=export.name, file=name)
        return 1

    def _due(self, export: Export) -> Period | None:
        now_s = self._now()
        with self._database.reading() as connection:
            last = exports.last(connection, export.name, int(now_s) + CLOCK_SLACK_S)
        return due.next_due(export, None if last is None else last.to_utc_s, now_s)

    def _make(self, export: Export, period: Period) -> Done:
        if self._store is None:
            self._store = ReadOnlyDatabase.open(self._config.store_url)
        return making.scheduled(self._store, self._config, export, period, self._now(), self._look)

    def _look(self) -> None:
        if self._stopping.is_set():
            raise _Stopped

    def _note(self, done: Done) -> None:
        with self._database.writing() as connection:
            exports.note(connection, done.file, done.litres)

    def _failed(self, export: Export, error: Exception) -> None:
        known = self._problems.get(export.name)
        wait_s = RETRY_FIRST_S if known is None else min(2 * known["wait_s"], RETRY_LAST_S)
        now_s = int(self._now())
        reason = failure.explained(error)
        self._problems[export.name] = {
            "problem": reason,
            "since_utc_s": now_s if known is None else known["since_utc_s"],
            "wait_s": wait_s,
            "next_utc_s": now_s + wait_s,
        }
        _log.warning("an export failed", export=export.name, reason=reason, again_in_s=wait_s)
        self._tell()

    def _well(self, export: Export) -> None:
        if self._problems.pop(export.name, None) is not None:
            self._tell()

    def _tell(self) -> None:
        """Replace exports.json; a disk that has no room for it has been told of already."""
        path = self._config.data / FILE
        unfinished = path.with_suffix(".tmp")
        try:
            unfinished.write_text(json.dumps(self._problems, ensure_ascii=False))
            unfinished.replace(path)
        except OSError as error:
            _log.warning("exports.json cannot be written", reason=str(error))
