"""The service's part that tells: a task for each receiver, so that a dead one delays nobody.

What waits for one address goes together: a storm of alarms is one message. An e-mail address gets so many
messages an hour and no more, and in its quiet hours only what is urgent; the rest waits for the next.
What is not taken is tried again after 1, 2, 4 … 600 s, for three days.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import structlog

from karez_gateway.calendars import Calendar
from karez_gateway.config import Config
from karez_gateway.config.alarms import Receiver
from karez_gateway.county.alarms.places import Places
from karez_gateway.county.alarms.signs import URGENT
from karez_gateway.errors import ConfigError
from karez_gateway.notify import message, receivers, smtp
from karez_gateway.notify.webhook import Webhooks
from karez_gateway.store import notices, objects
from karez_gateway.store.database import Database
from karez_gateway.store.notices import Notice, Queue
from karez_gateway.uploads.sender import retry_after_s
from karez_gateway.worker import Worker

_log = structlog.get_logger()

RETRY_S_MAX = 600
GIVE_UP_S = 3 * 86400
HOUR_S = 3600
LOOK_S = 15.0  # alarms that a person acknowledged in another process, quiet hours that end
AT_ONCE = 100  # notices of one message
MAIL_THREADS = 4


class Notifier:
    """`wake` when notices were queued; `run` until cancelled; `step` tells one receiver what is due."""

    def __init__(
        self, config: Config, database: Database, worker: Worker, now: Callable[[], float] = time.time
    ) -> None:
        """Connect to nobody yet."""
        self._config = config
        self._database = database
        self._worker = worker
        self._now = now
        self._calendar = Calendar(config.county.utc_offset_h)
        self._wakes = {one.name: asyncio.Event() for one in config.alarms.notify}
        self._threads: ThreadPoolExecutor | None = None
        self._webhooks: Webhooks | None = None

    def wake(self) -> None:
        """Notices were queued."""
        for one in self._wakes.values():
            one.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        async with self, asyncio.TaskGroup() as tasks:
            for one in self._config.alarms.notify:
                tasks.create_task(self._serve(one))

    async def __aenter__(self) -> Self:
        """Open what is needed to tell anybody."""
        if any(one.kind == "webhook" for one in self._config.alarms.notify):
            self._webhooks = await Webhooks().__aenter__()
        self._threads = ThreadPoolExecutor(max_workers=MAIL_THREADS, thread_name_prefix="karez-mail")
        return self

    async def __aexit__(self, *_raised: object) -> None:
        """Close it; an e-mail that is on its way ends by its own time-out."""
        if self._webhooks is not None:
            await self._webhooks.__aexit__()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    async def _serve(self, receiver: Receiver) -> None:
        wake = self._wakes[receiver.name]
        while True:
            wake.clear()
            if await self.step(receiver):
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await wake.wait()

    async def step(self, receiver: Receiver) -> int:
        """Tell each of its addresses once, if it is due; return how many messages went."""
        done = 0
        for queue in await self._worker.run(self._queues, receiver):
            done += await self._tell(receiver, queue)
        return done

    def _queues(self, receiver: Receiver) -> list[Queue]:
        now_s = int(self._now())
        with self._database.reading() as connection:
            due = []
            for one in notices.queues(connection, receiver.name):
                # A try further ahead than any was set by a clock that has been set back since.
                waits = now_s < one.next_try_utc_s <= now_s + RETRY_S_MAX
                midnight_s = self._calendar.start("day", now_s)
                severity = URGENT if one.has_urgent else ""
                if waits or receivers.is_quiet(receiver, now_s - midnight_s, severity):
                    continue
                if receiver.kind == "email" and self._config.alarms.mail is not None:
                    sent = notices.sent_since(connection, receiver.name, one.address, now_s - HOUR_S)
                    if len(sent) >= self._config.alarms.mail.per_hour:
                        continue
                due.append(one)
        return due

    async def _tell(self, receiver: Receiver, queue: Queue) -> int:
        now_s = int(self._now())
        found, places = await self._worker.run(self._waiting, receiver, queue)
        if not found:
            return 0
        try:
            await self._deliver(receiver, queue, found, places, now_s)
        except Exception as error:  # noqa: BLE001 - an address that a library chokes on must end no service
            dropped = await self._worker.run(self._failed, receiver, queue, str(error), now_s)
            _log.warning("nobody was told", receiver=receiver.name, reason=str(error), dropped=dropped)
            return 0
        await self._worker.run(self._sent, found, now_s)
        return 1

    async def _deliver(
        self, receiver: Receiver, queue: Queue, found: list[Notice], places: Places, now_s: int
    ) -> None:
        gateway = self._config.gateway.name
        if receiver.kind == "webhook":
            await self.post(receiver, found, places, now_s)
            return
        mail = self._config.alarms.mail
        if mail is None:
            raise ConfigError("[alarms.mail] is missing")
        one = message.mail(
            gateway,
            mail.sender,
            queue.address,
            found,
            places,
            self._calendar,
            receiver.language,
            now_s,
            queue.notices,
        )
        await asyncio.get_running_loop().run_in_executor(self._threads, smtp.send, mail, one)

    async def post(self, receiver: Receiver, found: list[Notice], places: Places, now_s: int) -> None:
        """Deliver to a webhook; without notices it is a test. Raises NotDelivered, ConfigError."""
        if self._webhooks is None:
            raise ConfigError("no webhook is open")
        body = message.document(self._config.gateway.name, found, places, now_s)
        secret = receiver.secret(f"alarms.notify {receiver.name}")
        name = message.delivery(found)
        await self._webhooks.post(receiver.to, body, secret, name, now_s, receiver.timeout_s)

    def _waiting(self, receiver: Receiver, queue: Queue) -> tuple[list[Notice], Places]:
        # All that waits goes with one e-mail, which names the first of them.
        most = AT_ONCE if receiver.kind == "webhook" else queue.notices
        with self._database.reading() as connection:
            places = Places(objects.registry(connection))
            return notices.waiting(connection, receiver.name, queue.address, most), places

    def _sent(self, found: list[Notice], now_s: int) -> None:
        with self._database.writing() as connection:
            notices.sent(connection, [one.id for one in found], now_s)

    def _failed(self, receiver: Receiver, queue: Queue, problem: str, now_s: int) -> int:
        again_s = now_s + retry_after_s(queue.attempts, RETRY_S_MAX)
        with self._database.writing() as connection:
            return notices.failed(
                connection, receiver.name, queue.address, problem[:500], again_s, now_s - GIVE_UP_S
            )
