"""One process's controllers: one loop over their sockets and their times.

Each box has one place in a queue by time: its uplink's next deadline or its own next deed, whichever is
sooner.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from karez_simulators.fleet import timetable
from karez_simulators.fleet.box import Box
from karez_simulators.fleet.port import Port, Sockets
from karez_simulators.fleet.tally import Tally, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from karez_simulators.fleet.plan import Plan
    from karez_simulators.fleet.port import BrokerAddress
    from karez_simulators.fleet.roster import Member
    from karez_simulators.fleet.timetable import Timetable

POLL_S_MAX = 0.2
# Boxes of a process that connect at once while the fleet comes up: as fast as the machine goes, and no
# handshake waits so long that it is given up. A storm has no such limit.
COMING_MAX = 24
NEVER_S = float("inf")


class Playing:
    """A box with its timetable: what it does next, and when (UTC seconds)."""

    def __init__(self, box: Box, times: Timetable) -> None:
        self.box = box
        self.times = times
        self.interval_s = NEVER_S
        self.start_s = NEVER_S
        self.due_ms = 0  # its place in the queue
        self.has_come = False  # it was on the link once

    @property
    def next_s(self) -> float:
        """When it does its next deed."""
        return min(self.interval_s, self.start_s)

    def act(self, utc_s: float, length_s: int, until_s: float) -> None:
        """Do what is due by `utc_s`; intervals end until `until_s`."""
        life = self.box.life
        if self.start_s <= utc_s:
            life.start(int(self.start_s))
            self.start_s = NEVER_S
        if self.interval_s <= utc_s:
            life.interval(round(self.interval_s - self.times.late_s), length_s)
            self.interval_s += length_s
            if self.interval_s > until_s:
                self.interval_s = NEVER_S


class Engine:
    """Plays some members of a fleet."""

    def __init__(self, plan: Plan, members: Iterable[Member], broker: BrokerAddress) -> None:
        self.plan = plan
        self.tally = Tally()
        self.sockets = Sockets()
        self._queue: list[tuple[int, int]] = []
        self._away: deque[int] = deque()  # boxes that were told to come and wait for room
        self._coming = 0
        self._until_s = 0.0
        # UTC of this process's millisecond 0; time itself must not jump while a fleet plays.
        self._utc_0_s = time.time() - self.sockets.now_ms() / 1000
        self.playing = [self._playing(at, one, broker) for at, one in enumerate(members)]

    def _playing(self, at: int, member: Member, broker: BrokerAddress) -> Playing:
        port = Port(self.sockets, broker, f"{self.plan.seed} {member.number}", at)
        times = timetable.of(self.plan, member.number)
        return Playing(Box(member, port, self.tally, times.checkpoint_phase_s), times)

    def utc_s(self) -> float:
        """UTC now, to the millisecond."""
        return self._utc_0_s + self.sockets.now_ms() / 1000

    # -- before it is measured ------------------------------------------------------------

    def prepare(self, say: Callable[[int], None]) -> None:
        """Let every box write its boot record, and its backlog if it has one.

        `say(records)` is called as it goes on.
        """
        for one in self.playing:
            now_s, minutes = int(self.utc_s()), one.times.backlog_minutes
            life = one.box.life
            life.boot(now_s - 60 * minutes)
            if one.times.start_s is None and not minutes:
                life.start(now_s)
            if minutes:
                life.live_through(minutes, now_s, one.times.irrigation_phase)
                life.start(now_s)
                say(self.made)

    def connect(self, *, draining: bool) -> None:
        """Bring boxes to the link: those with a backlog, or all the others, a few at once."""
        self._away += (
            at for at, one in enumerate(self.playing) if bool(one.times.backlog_minutes) == draining
        )
        self._fetch()

    def _fetch(self) -> None:
        """Let the next boxes come, if there is room for them."""
        while self._away and self._coming < COMING_MAX:
            self._coming += 1
            self._put(self._away.popleft(), self.sockets.now_ms())

    def begin(self, begin_s: float) -> None:
        """Measure from this moment (UTC) on, as long as the plan says."""
        self._until_s = begin_s + self.plan.seconds
        for at, one in enumerate(self.playing):
            one.box.begin_measuring()
            one.interval_s = one.times.next_interval_s(begin_s, self.plan.interval_s)
            if one.interval_s > self._until_s:
                one.interval_s = NEVER_S
            if one.times.start_s is not None:
                one.start_s = begin_s + one.times.start_s
            if one.box.uplink is not None:
                self._put(at, self.sockets.now_ms())
        self.connect(draining=True)

    # -- the loop -------------------------------------------------------------------------

    def _put(self, at: int, due_ms: int) -> None:
        self.playing[at].due_ms = due_ms
        heapq.heappush(self._queue, (due_ms, at))

    def step(self, timeout_s: float = POLL_S_MAX) -> set[int]:
        """Wait for what comes next and do it; return file numbers that are no box's."""
        now_ms = self.sockets.now_ms()
        if self._queue:
            timeout_s = min(timeout_s, max(self._queue[0][0] - now_ms, 0) / 1000)
        others = set()
        for number, _ in self.sockets.poll.poll(timeout_s):
            owner = self.sockets.owners.get(number)
            if isinstance(owner, int):
                self._turn(owner)
            else:
                others.add(number)
        now_ms = self.sockets.now_ms()
        while self._queue and self._queue[0][0] <= now_ms:
            due_ms, at = heapq.heappop(self._queue)
            if due_ms == self.playing[at].due_ms:  # else it has been given another place since
                self._turn(at)
        return others

    def _turn(self, at: int) -> None:
        one = self.playing[at]
        now_ms = self.sockets.now_ms()
        utc_s = self._utc_0_s + now_ms / 1000
        if one.box.uplink is None:
            one.box.start(self.plan.uplink_kbps if one.times.backlog_minutes else 0)
        one.box.journal.now_ms = now_ms
        if one.next_s <= utc_s:
            self.tally.late_ms[rounded(int((utc_s - one.next_s) * 1000))] += 1
            one.act(utc_s, self.plan.interval_s, self._until_s)
        due_ms = one.box.turn(now_ms)
        if not one.has_come and one.box.is_up:
            one.has_come = True
            self._coming -= 1
            self._fetch()
        if one.next_s != NEVER_S:
            due_ms = min(due_ms, int((one.next_s - self._utc_0_s) * 1000) + 1)
        self._put(at, max(due_ms, now_ms + 1))

    # -- how it stands --------------------------------------------------------------------

    @property
    def made(self) -> int:
        """Records written so far."""
        return sum(one.box.scribe.seq for one in self.playing)

    @property
    def is_making(self) -> bool:
        """True while some box has something left to write."""
        return any(one.next_s != NEVER_S for one in self.playing)

    def standing(self) -> dict[str, int]:
        """Return how the fleet stands: boxes on the link; records that wait, of them of boxes still away."""
        waiting = [(one.box.waiting, one.box.uplink is None) for one in self.playing]
        return {
            "connected": sum(one.box.is_up for one in self.playing),
            "made": self.made,
            "acknowledged": self.tally.acknowledged,
            "waiting": sum(count for count, _ in waiting),
            "away": sum(count for count, is_away in waiting if is_away),
            "draining": sum(one.times.backlog_minutes > 0 and not one.box.drained_ms for one in self.playing),
        }

    def document(self, begin_ms: int) -> dict[str, Any]:
        """Return what was counted; `begin_ms`: the process's time when it was begun to be measured."""
        tally = self.tally
        tally.records_made = self.made
        for one in self.playing:
            box = one.box
            tally.records_live += box.scribe.seq - box.facts()["live_from"] + 1
            if box.uplink is not None:
                tally.sessions += box.uplink.client.sessions
                tally.losses += box.uplink.client.losses
                tally.resent += box.uplink.courier.resent
                tally.malformed += box.uplink.malformed
        drained = [one.box.drained_ms - begin_ms for one in self.playing if one.box.drained_ms > begin_ms]
        return {"tally": tally.document(), "drained_ms": max(drained, default=0)}

    def close(self) -> None:
        """Close every connection, politely."""
        for one in self.playing:
            if one.box.uplink is not None:
                one.box.uplink.client.stop()
        self.sockets.close()
