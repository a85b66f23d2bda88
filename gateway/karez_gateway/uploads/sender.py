"""Sends one destination's reports; a dead platform delays nobody else, a station it does not know no other.

paused        no connection, no report; the queue is filled all the same
link down     the whole destination waits: 1, 2, 4 … 60 s
no confirm    the well is put aside: 1, 2, 4 … 60 s, and up to 600 s while others get theirs
not taken     the report is passed over and shown
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from karez_gateway.store.outboxes import Waiting
from karez_gateway.uploads import LinkDown, NoConfirm, NotTaken, Receipt, UploadError
from karez_gateway.uploads.adapters import Connection, adapter_of
from karez_gateway.uploads.outbox import Outbox, Turn
from karez_gateway.uploads.stream_client import OnRequest
from karez_gateway.uploads.subject import Subject
from karez_gateway.worker import Worker
from karez_protocols.errors import ProtocolError

_log = structlog.get_logger()

RETRY_S_MAX = 60  # a county platform that is back should not wait longer for its reports
# A station that a platform does not know costs each attempt its time-out: two in a hundred at most.
ASIDE_S_MAX = 600
# Receipts wait this long for others to become durable with them: a crash sends so much again.
KEPT_AFTER_S = 0.2

QUIET_S = 60.0  # between two lines about refused reports; status counts them all
# A connection that was lost with nothing to send is noticed after so long.
LOOK_S = 5.0

Item = tuple[Waiting, Subject]


def retry_after_s(attempts: int, most_s: int = RETRY_S_MAX) -> int:
    """Seconds to wait after so many failed attempts: 1, 2, 4 … 60."""
    return min(1 << min(attempts, 16), most_s)


@dataclass(slots=True)
class _Aside:
    """A well whose report got no confirm."""

    until: float = 0.0  # of the loop's clock
    times: int = 0
    confirms: int = 0  # of the destination, when it failed last


class Sender:
    """The task of one destination; `wake` it when reports were queued, `poke` it on a person's act."""

    def __init__(self, outbox: Outbox, worker: Worker, on_request: OnRequest | None = None) -> None:
        """Take the destination's outbox and the thread that its transactions run on.

        `on_request` answers what the platform asks; a standard that has that keeps its connection.
        """
        self.outbox = outbox
        self._on_request = on_request
        self._worker = worker
        self._adapter = adapter_of(outbox.destination)
        self._connection: Connection | None = None
        self._failures = 0
        self._confirms = 0
        self._confirms_before = -1  # when something failed last
        self._aside: dict[int, _Aside] = {}
        self._receipts: list[tuple[Waiting, Receipt]] = []
        self._kept_at = self._quiet_until = 0.0
        self._poked = asyncio.Event()
        self.wake = asyncio.Event()
        self.is_up = False
        self.is_paused = False

    @property
    def facts(self) -> dict[str, object]:
        """What only the running service knows."""
        aside = sum(1 for one in self._aside.values() if one.times)
        return {"up": self.is_up, "held": self.outbox.held, "paused": self.is_paused, "aside": aside}

    def poke(self) -> None:
        """Look at once whether it is paused, and try again without waiting."""
        self._poked.set()
        self.wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                self.wake.clear()
                self._poked.clear()
                await self._turn()
        finally:
            try:
                await self._keep()
            finally:
                await self._hang_up()

    async def _turn(self) -> None:
        now = asyncio.get_running_loop().time()
        aside = [number for number, one in self._aside.items() if one.until > now]
        turn = await self._worker.run(self.outbox.following, aside)
        self.is_paused = turn.is_paused
        if turn.is_paused:
            self.is_up = False
            await self._hang_up()
        if not turn.reports:
            untils = [self._aside[number].until for number in aside]
            await self._rest(turn, min(untils) - now if untils else None)
            return
        self._kept_at = now
        at_once = self._adapter.at_once
        for first in range(0, len(turn.reports), at_once):
            is_well = await self._send(turn.reports[first : first + at_once], turn.link_address)
            if not is_well or self._poked.is_set():
                break
            if asyncio.get_running_loop().time() - self._kept_at > KEPT_AFTER_S:
                await self._keep()
        await self._keep()

    async def _rest(self, turn: Turn, most_s: float | None) -> None:
        """Until there is something to send; on the line, where the platform expects that."""
        if self._adapter.stays and turn.link_address and not turn.is_paused:
            try:
                await self._connected(turn.link_address)
            except UploadError as error:
                await self._link_down([], error)
                return
            most_s = min(most_s or LOOK_S, LOOK_S)
        await _wait(self.wake, most_s)

    async def _send(self, items: Sequence[Item], link_address: str) -> bool:
        """Send some reports together; False when one of them failed for the lack of a confirm."""
        try:
            connection = await self._connected(link_address)
        except UploadError as error:
            await self._link_down(items, error)
            return False
        tries = [self._try(connection, subject) for _, subject in items]
        failed = []
        for (one, subject), outcome in zip(items, await asyncio.gather(*tries), strict=True):
            if isinstance(outcome, Receipt):
                self._confirmed(one, outcome)
            elif isinstance(outcome, ProtocolError | NotTaken):
                await self._pass_over(one, str(outcome))
            else:
                failed.append(((one, subject), outcome))
        for item, why in failed:
            if isinstance(why, NoConfirm):
                await self._put_aside(item, why)
        down = [(item, why) for item, why in failed if not isinstance(why, NoConfirm)]
        if down:
            await self._link_down([item for item, _ in down], down[0][1])
        return not failed

    async def _try(self, connection: Connection, subject: Subject) -> Receipt | ProtocolError | UploadError:
        """What came of one report. An error of ours must not end the other platforms with it."""
        name = self.outbox.destination.name
        try:
            report = self._adapter.report_of(subject)
        except ProtocolError as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about this record
            if self._is_to_be_told():
                _log.exception("a report could not be made", destination=name, log_index=subject.log_index)
            return NotTaken(f"it could not be made: {error!r}")
        try:
            return await connection.send(report)
        except (ProtocolError, UploadError) as error:
            return error
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about this platform
            _log.exception("a report could not be sent", destination=name)
            return LinkDown(f"an error of the gateway's own: {error!r}")

    async def _connected(self, link_address: str) -> Connection:
        if self._connection is not None and not self._connection.is_over:
            return self._connection
        await self._hang_up()
        try:
            self._connection = await self._adapter.connection(link_address, self._on_request).__aenter__()
        except UploadError:
            raise
        except Exception as error:  # an error of ours in one destination must not end the others
            _log.exception("a connection could not be made", destination=self.outbox.destination.name)
            raise LinkDown(f"an error of the gateway's own: {error!r}") from error
        return self._connection

    def _confirmed(self, one: Waiting, receipt: Receipt) -> None:
        if not self.is_up:
            _log.info("platform confirms", destination=self.outbox.destination.name)
        self._failures, self.is_up = 0, True
        self._confirms += 1
        self._aside.pop(one.well.id, None)
        self._receipts.append((one, receipt))

    async def _pass_over(self, one: Waiting, reason: str) -> None:
        if self._is_to_be_told():
            name = self.outbox.destination.name
            _log.error("report refused", destination=name, position=one.key.position, reason=reason)
        await self._worker.run(self.outbox.refused, one, reason)

    def _is_to_be_told(self) -> bool:
        """A platform that refuses all there is must not fill the log."""
        now = asyncio.get_running_loop().time()
        if now < self._quiet_until:
            return False
        self._quiet_until = now + QUIET_S
        return True

    async def _put_aside(self, item: Item, error: UploadError) -> None:
        """Its well waits, the others go on."""
        one, subject = item
        aside = self._aside.setdefault(one.well.id, _Aside(confirms=self._confirms))
        now = asyncio.get_running_loop().time()
        if aside.until > now:  # several of its reports were under way together
            return
        others_go = self._confirms > aside.confirms
        aside.until = now + retry_after_s(aside.times, ASIDE_S_MAX if others_go else RETRY_S_MAX)
        if not aside.times:
            self._warn("platform does not confirm a station", error, station=subject.address)
        aside.times, aside.confirms = aside.times + 1, self._confirms
        self._failed()
        await self._worker.run(self.outbox.failed, [one], str(error))

    async def _link_down(self, items: Sequence[Item], error: UploadError) -> None:
        """The whole destination waits."""
        await self._hang_up()
        if self.is_up or self._failures == 0:  # once, not every minute of an outage
            self._warn("platform does not confirm", error)
        self.is_up = False
        if items:
            await self._worker.run(self.outbox.failed, [one for one, _ in items], str(error))
        await self._keep()
        delay_s = retry_after_s(self._failures)
        self._failures += 1
        await _wait(self._poked, delay_s)

    def _failed(self) -> None:
        """Nobody confirmed since the last failure: then it is not up."""
        self.is_up = self.is_up and self._confirms > self._confirms_before
        self._confirms_before = self._confirms

    def _warn(self, event: str, error: UploadError, **facts: str) -> None:
        _log.warning(event, destination=self.outbox.destination.name, reason=str(error), **facts)

    async def _keep(self) -> None:
        """Make the receipts so far durable."""
        receipts, self._receipts = self._receipts, []
        self._kept_at = asyncio.get_running_loop().time()
        if receipts:
            await self._worker.run(self.outbox.confirmed, receipts)

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.__aexit__(None, None, None)
        except Exception:  # noqa: BLE001 - what went wrong while a question of the platform was answered
            _log.exception("a connection ended with an error", destination=self.outbox.destination.name)


async def _wait(event: asyncio.Event, most_s: float | None) -> None:
    """Until the event, or so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(most_s):
            await event.wait()
