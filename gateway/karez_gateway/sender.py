"""Sends one destination's reports, one after another; a dead platform delays nobody else."""

import asyncio
import time

import structlog

from karez_gateway.config import Destination
from karez_gateway.outbox import Outbox, retry_after_s
from karez_gateway.store.outboxes import Waiting
from karez_gateway.uploads import UploadError, szy206
from karez_gateway.uploads.szy206_client import Szy206Client
from karez_gateway.uploads.szy206_events import SessionSettings
from karez_gateway.uploads.szy206_session import State
from karez_gateway.worker import Worker
from karez_protocols.errors import ProtocolError

_log = structlog.get_logger()


class Sender:
    """The task of one destination; `wake` it when reports were queued."""

    def __init__(self, outbox: Outbox, worker: Worker) -> None:
        """Take the destination's outbox and the thread that its transactions run on."""
        self.outbox = outbox
        self._worker = worker
        self._client: Szy206Client | None = None
        self._failures = 0
        self.wake = asyncio.Event()
        self.is_up = False

    async def run(self) -> None:
        """Send until cancelled."""
        try:
            while True:
                self.wake.clear()
                one = await self._worker.run(self.outbox.first)
                if one is None:
                    await self.wake.wait()
                else:
                    await self._send(one)
        finally:
            await self._hang_up()

    async def _send(self, one: Waiting) -> None:
        try:
            report = szy206.from_body(one.body)
            client = await self._connected(self.outbox.destination)
            receipt = await client.send(report)
        except UploadError as error:
            await self._failed(one, str(error))
        except ProtocolError as error:
            name = self.outbox.destination.name
            _log.error("report refused", destination=name, position=one.position, reason=str(error))
            await self._worker.run(self.outbox.refused, one, str(error))
        else:
            if not self.is_up:
                _log.info("platform confirms", destination=self.outbox.destination.name)
            self._failures, self.is_up = 0, True
            await self._worker.run(self.outbox.confirmed, one, receipt)

    async def _connected(self, destination: Destination) -> Szy206Client:
        if self._client is not None and self._client.session.state is not State.ENDED:
            return self._client
        await self._hang_up()
        settings = SessionSettings(
            dialect=szy206.DIALECTS[destination.dialect], answer_ms=int(destination.timeout_s * 1000)
        )
        client = Szy206Client(
            destination.host,
            destination.port,
            destination.address_bytes,
            settings,
            connect_s=destination.timeout_s,
        )
        self._client = await client.__aenter__()
        return self._client

    async def _failed(self, one: Waiting, reason: str) -> None:
        await self._hang_up()
        if self.is_up or self._failures == 0:  # once, not every minute of an outage
            _log.warning("platform does not confirm", destination=self.outbox.destination.name, reason=reason)
        self.is_up = False
        await self._worker.run(self.outbox.failed, one, int(time.time()), reason)
        delay_s = retry_after_s(self._failures)
        self._failures += 1
        await asyncio.sleep(delay_s)

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.__aexit__(None, None, None)
