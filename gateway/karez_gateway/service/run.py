"""The service: one process, one event loop, one thread for transactions.

Stages wake one another: a stored batch wakes verify, a slice of verdicts wakes ledger,
downlink, commands and every outbox. All of them are cursors, so being woken once too often or killed
at any moment changes nothing.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import structlog

from karez_gateway import data, hostclock
from karez_gateway.alarms import records
from karez_gateway.alarms.records import AlarmRecords
from karez_gateway.alarms.rules import AlarmRules, LinkWatch
from karez_gateway.config import Config, Destination
from karez_gateway.county.alarms.facts import Live
from karez_gateway.downlink import deciding
from karez_gateway.downlink.carrier import Carrier
from karez_gateway.errors import GatewayError
from karez_gateway.exports.exporter import Exporter
from karez_gateway.intake import heard, verification
from karez_gateway.intake.fieldlink import FieldLink, tls_context
from karez_gateway.intake.heard import Heard
from karez_gateway.intake.ingest import Ingest
from karez_gateway.intake.verification import Verification
from karez_gateway.ledger import stage as ledger
from karez_gateway.ledger.stage import Ledger
from karez_gateway.notify.notifier import Notifier
from karez_gateway.service import failure, supervision
from karez_gateway.service.servicestate import ServiceState
from karez_gateway.store import uploadactions
from karez_gateway.updates.carrier import UpdateCarrier
from karez_gateway.updates.stage import Updates
from karez_gateway.uploads.downlink_rules import Permissions
from karez_gateway.uploads.outbox import Outbox, place_in
from karez_gateway.uploads.platform_requests import of_destination
from karez_gateway.uploads.sender import Sender
from karez_gateway.uploads.stream_client import OnRequest
from karez_gateway.witnesses.cosigning import Cosigning
from karez_gateway.worker import Worker
from karez_protocols import quick_fields

_log = structlog.get_logger()

# Grants, orders, commands, pauses come from another process, the CLI: none waits longer than this.
POLL_S = 0.5

EXIT_FAILED = 1


class Stage:
    """One cursor: steps until there is nothing left, then waits to be woken."""

    def __init__(
        self,
        worker: Worker,
        step: Callable[[], int],
        then: Callable[[], None] | None = None,
        *,
        most: int = 1,
    ) -> None:
        """`then` is called after every step that did something; after less than `most` nothing is left."""
        self._worker = worker
        self._step = step
        self._then = then
        self._most = most
        self.wake = asyncio.Event()

    async def run(self) -> None:
        """Step until cancelled; at start whatever is left from before."""
        while True:
            self.wake.clear()
            while done := await self._worker.run(self._step):
                if self._then is not None:
                    self._then()
                if done < self._most:
                    break
            await self.wake.wait()


class Service:
    """Everything of one data directory, wired together."""

    def __init__(self, config: Config, opened: data.OpenData, worker: Worker) -> None:
        """Take open, healed data."""
        sequencer = opened.sequencer
        self._worker = worker
        self._sequencer = sequencer
        self._carrier = Carrier(sequencer, worker, sends_time=config.gateway.send_time)
        self.ingest = Ingest(sequencer)
        place = place_in(config, sequencer)
        self._senders = [
            Sender(Outbox(sequencer, one, place=place), worker, self._answers(config, one))
            for one in config.destination
        ]
        self._outboxes = [Stage(worker, one.outbox.step, one.wake.set) for one in self._senders]
        self._action = 0  # the newest upload_action that was looked at
        self._ledger = Stage(worker, Ledger(sequencer.database).step, most=ledger.SLICE)
        self._heard = Stage(worker, Heard(sequencer.database).step, most=heard.SLICE)
        self._notifier = Notifier(config, sequencer.database, worker)
        alarms = AlarmRecords(config, sequencer.database)
        self._alarms = Stage(worker, alarms.step, self._notifier.wake, most=records.SLICE)
        self._rules = AlarmRules(config, sequencer.database, self._live)
        self._links = LinkWatch(hostclock.utc_s())
        self._downlink = Stage(worker, self._carrier.downlinks.step, most=deciding.SLICE)
        self._command = Stage(worker, self._carrier.commands.step, most=deciding.SLICE)
        updates = Updates(sequencer.database, config.county.utc_offset_h)
        self._updates = UpdateCarrier(updates, worker)
        self._update = Stage(worker, updates.step, most=deciding.SLICE)
        self._after_verify = (
            self._ledger,
            self._heard,
            self._alarms,
            self._downlink,
            self._command,
            self._update,
            *self._outboxes,
        )
        verify = Verification(sequencer.database)
        self._verify = Stage(worker, verify.step, self._verified, most=verification.SLICE)
        self._link = FieldLink(
            config.broker,
            self.ingest,
            worker,
            on_stored=self._verify.wake.set,
            on_change=self._changed,
            on_state=self._carrier.heard,
            on_update=self._updates.heard,
        )
        self._state = ServiceState(config.data / data.SERVICE)
        self._data = config.data
        self._cosigning = Cosigning(config, sequencer, worker, self._states)
        self._exporter = Exporter(config, sequencer.database, worker)

    def _answers(self, config: Config, one: Destination) -> OnRequest | None:
        """What a platform may ask, and of a pump only what its destination allows."""
        password = bytes.fromhex(one.password) or None
        permissions = Permissions(password, one.remote_stop, one.remote_start)
        return of_destination(one, config, self._sequencer.database, self._worker, permissions)

    def _states(self) -> dict[str, dict[str, int | None]]:
        return {name: one.state for name, one in self._link.state.presence.items()}

    def _live(self) -> Live:
        return self._links.live({name: bool(one["online"]) for name, one in self._states().items()})

    def _verified(self) -> None:
        for stage in self._after_verify:
            stage.wake.set()

    def _changed(self) -> None:
        """The link went up or down: tell those who wait for it, and `status`."""
        self._report()
        _tell("connected" if self._link.is_connected else "disconnected", broker=self._link.state.broker)

    def _report(self) -> None:
        senders = {one.outbox.destination.name: one.facts for one in self._senders}
        self._state.write(self._link.state, self.ingest.counters, senders, self._carrier.time_held)

    async def run(self) -> None:
        """Run until cancelled; an error in any part ends all of them."""
        self._report()
        try:
            async with self._cosigning:
                await self._cosigning.begin()  # a restored log is found out before anything is added to it
                await self._run()
        finally:
            supervision.tell(supervision.STOPPING)
            self._state.remove()

    async def _run(self) -> None:
        stages = [self._verify, *self._after_verify]
        runners: list[Stage | Sender | FieldLink | Cosigning | Notifier] = [*stages, *self._senders]
        runners += [self._link, self._cosigning, self._notifier]
        async with asyncio.TaskGroup() as tasks:
            for runner in runners:
                tasks.create_task(runner.run())
            tasks.create_task(self._exporter.run())
            tasks.create_task(self._rules.run(self._worker, self._notifier.wake))
            tasks.create_task(self._poll())
            tasks.create_task(self._revoke())
            tasks.create_task(self._updates.run(self._link))
            _tell(
                "ready", pid=os.getpid(), origin=self._sequencer.log.origin, entries=self._sequencer.log.size
            )
            supervision.tell(supervision.READY)
            failure.forget(self._data)

    async def _revoke(self) -> None:
        while True:
            await self._carrier.revoke()
            await asyncio.sleep(POLL_S)

    async def _poll(self) -> None:
        """Carry what is due, and keep `status` fresh."""
        while True:
            await self._carrier.carry(self._link)
            await self._look_for_actions()
            self._links.note(
                is_connected=self._link.is_connected,
                platforms={one.outbox.destination.name: one.is_up for one in self._senders},
                now_s=hostclock.utc_s(),
            )
            self._report()
            await asyncio.sleep(POLL_S)

    async def _look_for_actions(self) -> None:
        """What a person did to a platform's queue: pause, resume, resend."""
        newest = await self._worker.run(self._newest_action)
        if newest == self._action:
            return
        self._action = newest
        for stage, sender in zip(self._outboxes, self._senders, strict=True):
            stage.wake.set()
            sender.poke()

    def _newest_action(self) -> int:
        with self._sequencer.database.reading() as connection:
            return uploadactions.newest(connection)


def _tell(event: str, **facts: Any) -> None:
    """One JSON line on stdout, for whoever started the service."""
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()


def _configure_logging() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


@contextmanager
def _stopped_by_signals(stop: Callable[[], object]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _serve(config: Config, opened: data.OpenData, worker: Worker) -> None:
    service = asyncio.create_task(Service(config, opened, worker).run())
    with _stopped_by_signals(service.cancel):
        try:
            await service
        except asyncio.CancelledError:
            if not service.cancelled():
                raise
    _tell("stopped")


def _metrics(config: Config, port: int, opened: data.OpenData) -> AbstractContextManager[int]:
    from karez_gateway.service import metrics  # noqa: PLC0415 - who wants none needs none of it

    store = opened.sequencer.database
    return metrics.served(store, config.data / data.SERVICE, config.metrics.host, port)


def run(config: Config) -> None:
    """Run the service until SIGTERM or SIGINT. Raises GatewayError when it cannot start."""
    _configure_logging()
    tls_context(config.broker)  # a certificate that cannot be used ends it here, not in a retry loop
    with ExitStack() as stack:
        stack.enter_context(
            quick_fields.Quickened()
        )  # a county's frames: the controller's codec is for small heaps
        try:
            opened = stack.enter_context(data.opened(config))
        except GatewayError as error:
            failure.keep(config.data, str(error))
            raise
        worker = Worker()
        stack.callback(worker.close)
        if config.metrics.port is not None:
            stack.enter_context(_metrics(config, config.metrics.port, opened))
        if opened.healed:
            _log.warning("the log has caught up with the table", entries=opened.healed)
        try:
            asyncio.run(_serve(config, opened, worker))
            failure.forget(config.data)
        except BaseExceptionGroup as group:
            # A full disk, a log that cannot be written: nothing was acknowledged that is not durable,
            # and a restart goes on from there.
            for one in group.exceptions:
                _log.error("stopped by an error", reason=failure.explained(one), exc_info=one)
            failure.keep(config.data, failure.explained(group))
            raise SystemExit(EXIT_FAILED) from None
