"""Carries updates to controllers, a few at a time, one step under way to each.

It runs beside the carrier of grants and orders and waits for nothing of theirs. A step goes out twice a
second at most: 32 wells together bring 64 frames a second, a small part of what a county's records need.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import structlog

from karez_gateway import hostclock
from karez_gateway.intake.fieldlink import FieldLink
from karez_gateway.updates import rollout, talk
from karez_gateway.updates.ears import Ears
from karez_gateway.updates.recall import GONE, Recall
from karez_gateway.updates.stage import Key, Recalled, Updates
from karez_gateway.updates.talk import Seen, Talk
from karez_gateway.worker import Worker
from karez_protocols.errors import ProtocolError

if TYPE_CHECKING:
    from karez_gateway.store.firmwares import Place
    from karez_gateway.updates.package import Package

_log = structlog.get_logger()

WINDOW = 32
LOOK_S = 60
LATER_S = 300  # a pump that runs, a box that does not answer
WANTED_S = 3600  # a power cut takes the wish for a restart away: it is asked again
UNWILLING_S = 86400
LEFT_S = 3600  # another's update that has not moved for so long is not gone on with
RECALL_S = 60  # what is to be taken back from a box that answers
POLL_S = 0.5
_STATES = {
    talk.WANTED: rollout.WANTED, talk.OTHER_BOARD: rollout.OTHER_BOARD, talk.NEWER: rollout.NEWER,
    talk.REFUSED: rollout.REFUSED, talk.FAILED: rollout.FAILED, talk.LATER: rollout.WAITING,
    talk.OCCUPIED: rollout.WAITING,
}  # fmt: skip
_AGAIN_S = {rollout.WANTED: WANTED_S, rollout.REFUSED: UNWILLING_S, rollout.FAILED: UNWILLING_S}


class UpdateCarrier:
    """`heard` takes each status; `carry` does what is due, once."""

    def __init__(self, updates: Updates, worker: Worker) -> None:
        """Nothing is under way yet; what a process before this one began is begun with a question."""
        self._updates = updates
        self._worker = worker
        self._ears = Ears()
        self._talks: dict[str, tuple[Key, Talk | Recall]] = {}
        self._packages: dict[int, Package] = {}
        self._told: dict[Key, int] = {}  # chunks that the store knows of
        self._looked_s = float("-inf")
        self._due: list[tuple[int, Place]] = []
        self._recalls: list[Recalled] = []
        self._recalled_s: dict[Key, float] = {}  # it is not tried again before
        self._own: frozenset[bytes] = frozenset()
        self._others: dict[str, tuple[Seen, float]] = {}  # another's update at a box, and since when so

    def heard(self, name: str, payload: bytes) -> None:
        """A controller has said how far it is; what cannot be read is passed over."""
        found = self._talks.get(name)
        if found is None:
            return
        try:
            found[1].heard(payload)
        except ProtocolError as error:
            _log.warning("a status of an update cannot be read", controller=name, reason=str(error))

    async def run(self, link: FieldLink) -> None:
        """Carry until cancelled."""
        while True:
            await self.carry(link, time.monotonic())
            await asyncio.sleep(POLL_S)

    async def carry(self, link: FieldLink, mono_s: float) -> None:
        """Look who is due, send each its next step, keep what has changed."""
        self._ears.note(hostclock.utc_s(), is_listening=link.is_connected)
        if mono_s - self._looked_s >= LOOK_S:
            self._looked_s = mono_s
            await self._look()
        if link.is_connected:
            self._begin({name for name, one in link.state.presence.items() if one.state["online"]}, mono_s)
            steps = {name: one.step(mono_s) for name, (_, one) in self._talks.items()}
            sending = [link.publish(name, data) for name, data in steps.items() if data is not None]
            await asyncio.gather(*sending)  # one that did not reach the broker is asked again in 30 s
        changes = self._changes(mono_s)
        if changes:
            await self._worker.run(self._updates.mark, changes)

    async def _look(self) -> None:
        now_s = hostclock.utc_s()
        seen = await asyncio.to_thread(self._updates.look, now_s, self._ears.deaf(now_s))
        if seen.moves:
            await self._worker.run(self._updates.move, seen.moves, now_s)
            for one, event, why in seen.moves:
                _log.warning("a roll-out of firmware moves on", update=one.id, what=event, reason=why)
            self._looked_s = float("-inf")  # one that has stopped is taken back at once
        if seen.endless:
            await self._worker.run(self._updates.ask_again, seen.endless, now_s)
        self._due = [(one.id, place) for one, places in seen.found for place in places]
        self._recalls, self._own = seen.recalls, seen.own
        running = {one.id for one, _ in seen.found}
        self._packages = {number: one for number, one in self._packages.items() if number in running}
        for number in running - self._packages.keys():
            self._packages[number] = await self._worker.run(self._updates.package, number)
        # Paused, stopped, withdrawn: nothing more is sent but that it be dropped.
        allowed = {(number, place.controller_id) for number, place in self._due}
        recalled = {one.key for one in self._recalls}
        self._talks = {
            name: (key, one)
            for name, (key, one) in self._talks.items()
            if key in (recalled if isinstance(one, Recall) else allowed)
        }

    def _begin(self, online: set[str], mono_s: float) -> None:
        """Take up boxes that are free: first what is to be taken back, then what is to be brought."""
        for recalled in self._recalls:
            if len(self._talks) >= WINDOW:
                return
            is_due = self._recalled_s.get(recalled.key, mono_s) <= mono_s
            if is_due and recalled.controller in online and recalled.controller not in self._talks:
                self._talks[recalled.controller] = recalled.key, Recall(recalled.sha256)
        for number, place in self._due:
            if len(self._talks) >= WINDOW:
                return
            if place.controller in online and place.controller not in self._talks:
                key, left = (number, place.controller_id), self._left(place.controller, mono_s)
                self._talks[place.controller] = key, Talk(self._packages[number], self._own, left)
                self._told[key] = -1

    def _left(self, name: str, mono_s: float) -> Seen | None:
        seen, since_s = self._others.get(name, (None, mono_s))
        return seen if mono_s - since_s >= LEFT_S else None

    def _changes(self, mono_s: float) -> Mapping[Key, Mapping[str, Any]]:
        changes: dict[Key, Mapping[str, Any]] = {}
        for name, (key, one) in list(self._talks.items()):
            if isinstance(one, Recall):
                changes |= self._recalled(name, key, one, mono_s)
            elif one.end != talk.TALKING:
                changes[key] = _ended(one)
                self._note_other(name, one, mono_s)
                del self._talks[name], self._told[key]
                self._due = [each for each in self._due if each[1].controller != name]
            elif one.index != self._told[key]:
                changes[key] = {"state": rollout.SENDING, "reason": one.reason} | _chunks(one)
                self._told[key] = one.index
        return changes

    def _recalled(self, name: str, key: Key, one: Recall, mono_s: float) -> Mapping[Key, Mapping[str, Any]]:
        if one.end == talk.TALKING:
            return {}
        del self._talks[name]
        if one.end != GONE:
            self._recalled_s[key] = mono_s + (RECALL_S if one.is_heard else LATER_S)
            return {}
        self._recalls = [each for each in self._recalls if each.key != key]
        self._recalled_s.pop(key, None)
        return {key: {"state": rollout.WAITING, "chunks": 0, "reason": "", "next_try_utc_s": 0}}

    def _note_other(self, name: str, one: Talk, mono_s: float) -> None:
        if one.seen is None:
            self._others.pop(name, None)
        elif self._others.get(name, (None,))[0] != one.seen:
            self._others[name] = one.seen, mono_s


def _chunks(one: Talk) -> dict[str, Any]:
    """What the box has, if it has said so: silence takes nothing away from what is known."""
    return {"chunks": one.index} if one.is_heard else {}


def _ended(one: Talk) -> Mapping[str, Any]:
    now_s = hostclock.utc_s()
    state = _STATES[one.end]
    values: dict[str, Any] = {
        "state": state,
        "reason": one.reason,
        "next_try_utc_s": now_s + _AGAIN_S.get(state, LATER_S),
    }
    if state in rollout.UNWILLING:
        values["done_utc_s"] = now_s
    return values | _chunks(one)
