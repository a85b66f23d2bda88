"""Carries what is due to controllers, half a second at a time: objects, commands, the time.

What is due and what became of it is decided elsewhere (downlink.py, commands.py, timesignal.py);
here it is handed to the broker, and the states that controllers sent meanwhile are handed on.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import structlog

from karez_gateway import hostclock
from karez_gateway.controllers.revocation import Revocations
from karez_gateway.county.acts import Acts
from karez_gateway.downlink import commands, timesignal
from karez_gateway.downlink import stage as downlink
from karez_gateway.downlink.commands import Commands
from karez_gateway.downlink.stage import Downlinks
from karez_gateway.downlink.timesignal import TimeSignal
from karez_gateway.entries.sequence import Sequencer
from karez_gateway.intake.fieldlink import FieldLink
from karez_gateway.store import entries
from karez_gateway.worker import Worker
from karez_protocols import link_gateway

_log = structlog.get_logger()

TOLD_MAX = 256  # at once: a county that comes online is not told the time one by one


class Carrier:
    """`heard` takes each state; `carry` does what is due, once."""

    def __init__(self, sequencer: Sequencer, worker: Worker, *, sends_time: bool) -> None:
        """Take the healed sequencer."""
        self.downlinks = Downlinks(sequencer)
        self.commands = Commands(sequencer)
        self.revocations = Revocations(sequencer)
        self.acts = Acts(sequencer)
        self.time_held = ""  # why no time is sent
        self._sequencer = sequencer
        self._worker = worker
        self._signal = TimeSignal() if sends_time else None
        self._heard: set[str] = set()
        self._came_online: set[str] = set()

    def heard(self, name: str, has_come_online: bool) -> None:
        """A controller has sent its state; the link holds it."""
        self._heard.add(name)
        if has_come_online:
            self._came_online.add(name)

    async def revoke(self) -> None:
        """Let revocations and people's acts take effect; apart from `carry`, which waits for the broker."""
        for name in await self._worker.run(self.revocations.log_queued, hostclock.utc_s()):
            _log.warning("a controller is revoked", controller=name)
        await self._worker.run(self.acts.log_queued, hostclock.utc_s())

    async def carry(self, link: FieldLink) -> None:
        """Log what is queued, look at the states that came, publish what is due."""
        now_s = hostclock.utc_s()
        states = {name: one.state for name, one in link.state.presence.items()}
        heard = {name: states[name] for name in self._heard}
        online = sorted(self._came_online)
        self._heard, self._came_online = set(), set()
        if heard:
            lost = await self._worker.run(self.downlinks.heard, heard, online, now_s)
            for name in lost:
                _log.warning("a controller has lost what it had accepted: it is sent again", controller=name)
        await self._worker.run(self.downlinks.log_queued, now_s)
        await self._worker.run(self.commands.log_queued, now_s)
        if not link.is_connected:
            return
        await self._publish_commands(link, now_s)
        due = await self._worker.run(self.downlinks.due, now_s, states)
        sent = [one for one in due if await link.publish(one.controller, downlink.payload(one))]
        if sent:
            await self._worker.run(self.downlinks.sent, sent, now_s)
        if self._signal is not None:
            await self._publish_time(link, self._signal, heard, online)

    async def _publish_commands(self, link: FieldLink, now_s: int) -> None:
        for one in await self._worker.run(self.commands.due, now_s):
            # Before, not after: a process that dies in between must not send a start twice.
            await self._worker.run(self.commands.sent, one, now_s)
            await link.publish(one.controller, commands.payload(one))

    async def _publish_time(
        self, link: FieldLink, signal: TimeSignal, heard: Mapping[str, Mapping[str, Any]], online: list[str]
    ) -> None:
        mono_s = time.monotonic()
        wanted = [
            name
            for name, state in heard.items()
            if signal.wanted(name, state, mono_s, is_connect=name in online)
        ]
        if not wanted:
            return
        self._say_held(timesignal.why_not(hostclock.utc_s(), await self._worker.run(self._newest_entry_s)))
        if self.time_held:
            return
        for at in range(0, len(wanted), TOLD_MAX):
            part = wanted[at : at + TOLD_MAX]
            time_now = link_gateway.encode_time(hostclock.utc_s())
            told = await asyncio.gather(*[link.publish(name, time_now) for name in part])
            for name, is_told in zip(part, told, strict=True):
                if is_told:
                    signal.told(name, mono_s)

    def _newest_entry_s(self) -> int | None:
        with self._sequencer.database.reading() as connection:
            return entries.newest_received_utc_s(connection)

    def _say_held(self, why: str) -> None:
        if why and why != self.time_held:
            _log.warning("no time is sent", reason=why)
        self.time_held = why
