"""What a platform asks, answered: the rules of downlink_rules over the store and the commands.

    requests = of_destination(destination, config, store, worker, permissions)
    Szy206Client(..., on_request=requests)

Every request ends in one log line and one counter, whatever came of it. A stop or start is a wish
to the controller like an operator's (commands.queue), in the name of the destination; the platform
is told that it is done when a verified record says so, and otherwise what is so.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from karez_gateway import data
from karez_gateway.config import Commands, Config, Destination
from karez_gateway.downlink import commands
from karez_gateway.errors import Refused
from karez_gateway.service import servicestate
from karez_gateway.store import commands as table
from karez_gateway.store import stations
from karez_gateway.store.database import Database
from karez_gateway.worker import Worker
from karez_protocols.sl651_stations import station_text

from . import dialects
from .downlink_rules import Outcome, Permissions, Verdict, forbids
from .sl651_downlink import Sl651Downlink
from .sl651_events import SessionSettings
from .station_view import StationView, StoredStation, enrolled
from .stream_client import utc_s
from .stream_events import PlatformAsked
from .szy206_downlink import Szy206Downlink

_log = structlog.get_logger()

# Platforms repeat after some ten seconds: what is not proved by then is answered as it is.
FOLLOW_S = 8.0
POLL_S = 0.5
# A platform that floods us must not fill the disk with what we say about it.
LINES_PER_MINUTE = 60


@dataclass(frozen=True)
class Station:
    """One well of a destination."""

    view: StationView
    wish: Callable[[str], int]  # start or stop -> number of the wish. Raises Refused
    state_of: Callable[[int], str]  # number -> store.commands state


class Downlink(Protocol):
    """One standard: what a frame asks, and the bytes or message that answers it."""

    def station_of(self, frame: Any) -> bytes:
        """Whose frame it is."""

    def function_of(self, frame: Any) -> int:
        """Its function."""

    def judge(self, frame: Any, view: StationView, now_utc_s: int) -> Outcome:
        """What comes of it; a command is named by its verb and not carried out here."""

    def told(self, frame: Any, view: StationView, now_utc_s: int, *, is_done: bool) -> Any:
        """Answer to a command: done, or what is so. None for silence."""


@dataclass
class Desk:
    """Where a destination's requests are dealt with.

    `wells`: station address -> name of its controller or site, "" = the only one enrolled.
    `service`: what the running service knows of its controllers (servicestate.read).
    """

    store: Database
    worker: Worker
    destination: str
    wells: Mapping[bytes, str]
    permissions: Permissions
    commands: Commands
    service: Callable[[], Mapping[str, Any]]
    utc_s: Callable[[], int] = utc_s
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)

    def station(self, address: bytes) -> Station | None:
        """The well of an address, None for one that does not report here."""
        name = self.wells.get(address)
        if name is None:
            return None
        view = StoredStation(self.store, name, self.destination)
        return Station(view, lambda verb: self._wish(name, verb), self._state)

    def _wish(self, name: str, verb: str) -> int:
        """Queue a command. This destination's permission counts, the rate over all wells and wishers."""
        allowed = {
            "remote_stop": self.permissions.remote_stop,
            "remote_start": self.permissions.remote_start,
        }
        with self.store.reading() as connection:
            well = enrolled(connection, name).name
        return commands.queue(
            self.store,
            self.commands.model_copy(update=allowed),
            self.service(),
            well=well,
            verb=verb,
            account=0,
            wished_by=self.destination,
            now_s=self.utc_s(),
        ).id

    def _state(self, number: int) -> str:
        with self.store.reading() as connection:
            return stations.command_state(connection, number)


class PlatformRequests:
    """`on_request` of a destination's client; lives longer than one connection."""

    def __init__(self, desk: Desk, downlink: Downlink) -> None:
        """Take the desk and one standard."""
        self._desk = desk
        self._downlink = downlink
        self.counts: Counter[str] = Counter()  # by verdict, and "unlogged"
        self._minute = 0
        self._lines = 0

    async def __call__(self, asked: PlatformAsked) -> Any:
        """What the session's `reply` sends, None for silence."""
        outcome = Outcome(Verdict.DROPPED, "", "the connection ended while it was judged")
        try:
            outcome, number = await self._desk.worker.run(self._judge, asked.frame)
            if number is not None:
                outcome = replace(outcome, reason=f"wish {number} is queued")
                outcome = await self._followed(asked.frame, outcome, number)
        finally:
            self._tell(asked.frame, outcome)
        return outcome.reply

    def _judge(self, frame: Any) -> tuple[Outcome, int | None]:
        """What comes of a request, and the number of the wish that it became."""
        downlink, now_utc_s = self._downlink, self._desk.utc_s()
        station = self._desk.station(downlink.station_of(frame))
        if station is None:
            return Outcome(Verdict.DROPPED, "foreign station", "no well reports under this address"), None
        outcome = downlink.judge(frame, station.view, now_utc_s)
        if not outcome.verb:
            return outcome, None
        reason = forbids(outcome.verb, self._desk.permissions)
        if not reason:
            try:
                return outcome, station.wish(outcome.verb)
            except Refused as error:
                reason = str(error)
        reply = downlink.told(frame, station.view, now_utc_s, is_done=False)
        return replace(outcome, verdict=Verdict.REFUSED, reason=reason, reply=reply), None

    async def _followed(self, frame: Any, outcome: Outcome, number: int) -> Outcome:
        """Wait a while for the record that says the command is done."""
        desk = self._desk
        station = desk.station(self._downlink.station_of(frame))
        if station is None:
            return outcome
        state = table.QUEUED
        for _ in range(int(FOLLOW_S / POLL_S)):
            await desk.sleep(POLL_S)
            state = await desk.worker.run(station.state_of, number)
            if state in (table.DONE, table.REFUSED, table.DEAD):
                break
        reply = await desk.worker.run(
            self._downlink.told, frame, station.view, desk.utc_s(), is_done=state == table.DONE
        )
        return replace(outcome, reason=f"wish {number} is {state}", reply=reply)

    def _tell(self, frame: Any, outcome: Outcome) -> None:
        """One line and one counter. The frame's bytes are not told: they hold the password."""
        self.counts[outcome.verdict.value] += 1
        minute = self._desk.utc_s() // 60
        if minute != self._minute:
            self._minute, self._lines = minute, 0
        self._lines += 1
        if self._lines > LINES_PER_MINUTE and outcome.verdict is not Verdict.COMMAND:
            self.counts["unlogged"] += 1
            return
        is_usual = outcome.verdict is Verdict.ANSWERED
        (_log.info if is_usual else _log.warning)(
            "platform request",
            destination=self._desk.destination,
            station=station_text(self._downlink.station_of(frame)),
            function=f"{self._downlink.function_of(frame):02X}",
            what=outcome.what,
            verdict=outcome.verdict.value,
            reason=outcome.reason,
            answered=outcome.reply is not None,
        )


def of_destination(
    to: Destination, config: Config, store: Database, worker: Worker, permissions: Permissions
) -> PlatformRequests | None:
    """What answers a destination's platform; None for a kind that asks nothing."""
    wells = {bytes.fromhex(address): well for well, address in to.stations.items()}
    if to.facts.has_addresses and not wells:
        wells[bytes.fromhex(to.address)] = to.controller

    def service() -> Mapping[str, Any]:
        return servicestate.read(config.data / data.SERVICE)

    desk = Desk(store, worker, to.name, wells, permissions, config.commands, service)
    if to.kind == "szy206":
        return szy206_requests(desk, dialects.szy206(to.spoken, to.switches))
    if to.kind == "sl651":
        form = dialects.sl651(to.spoken, to.switches)
        return sl651_requests(desk, SessionSettings(form=form, centre=to.centre))
    return None


def szy206_requests(desk: Desk, dialect: Any) -> PlatformRequests:
    """Requests of an SZY 206 or SL/T 427 platform."""
    return PlatformRequests(desk, Szy206Downlink(dialect, desk.permissions))


def sl651_requests(desk: Desk, settings: SessionSettings) -> PlatformRequests:
    """Requests of an SL 651 platform."""
    return PlatformRequests(desk, Sl651Downlink(settings, desk.permissions))
