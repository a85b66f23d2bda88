"""An update's roll-out on the store: added by a person, judged every minute, decided by verified records.

What a controller says of itself on the topic *update* is progress; that it runs the new firmware is believed
only from its signed records: *update begun*, *kept*, *given back*.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from karez_gateway.county import acts
from karez_gateway.county.acts import Deed
from karez_gateway.downlink import deciding
from karez_gateway.errors import Refused
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import firmwares
from karez_gateway.store.database import Database
from karez_gateway.store.firmwares import Firmware, Place
from karez_gateway.store.verdicts import Good
from karez_gateway.updates import judging, rollout, watching
from karez_gateway.updates.judging import Judgement, Span, Times
from karez_gateway.updates.package import Package, of
from karez_gateway.updates.watching import Ratio
from karez_gateway.verifier import slots
from karez_protocols import causes, event_details, record

STAGE = "updates"
MOVED = "update-moved"
ITSELF = "karez"  # who stops a roll-out, or lets it go on, without a person
_OUTCOMES = {
    causes.UPDATE_ARMED: rollout.TRYING,
    causes.UPDATE_KEPT: rollout.KEPT,
    causes.UPDATE_RETURNED: rollout.RETURNED,
}
RATIOS_S = 3600  # sums of a month of all wells: no more often
# Three starts of ten minutes (firmware: update/marks.py), and pumps that must stand meanwhile.
TRIAL_S = 2 * 3600
Move = tuple[Firmware, str, str]  # a roll-out, an event of its table, and why
Key = tuple[int, int]  # update, controller's row
_VERBS = {"pause": rollout.PAUSE, "resume": rollout.RESUME, "withdraw": rollout.WITHDRAW}


class Recalled(NamedTuple):
    """A box that may hold an update which stands: what came is to be dropped before it runs."""

    key: Key
    controller: str
    sha256: bytes


class Look(NamedTuple):
    """Whom updates may be sent to; what follows; who is to drop one; whose trial had no end."""

    found: list[tuple[Firmware, list[Place]]]
    moves: list[Move]
    recalls: list[Recalled]
    endless: list[Key]
    own: frozenset[bytes]  # starts of digests of all updates that this gateway has brought


def act(store: Database, number: int, verb: str, deed: Deed) -> Firmware:
    """A person pauses a roll-out, lets it go on, or takes it back. Raises Refused."""
    with store.writing() as connection:
        one = firmwares.get(connection, number)
        if one is None:
            raise Refused(f"there is no update {number}: see `karez gateway update list`")
        return _moved(connection, one, _VERBS[verb], deed)


def _moved(connection: Connection, one: Firmware, event: str, deed: Deed) -> Firmware:
    state = rollout.after(one.state, event, one.stage)
    if state is None:
        raise Refused(f"update {one.id} is {one.state}: {event} cannot be done")
    said = {"update": one.id, "from": one.state, "to": state, "sha256": one.sha256.hex()}
    acts.write(connection, MOVED, deed, said)
    values: dict[str, object] = {"state": state, "why": deed.because}
    if state in rollout.STAGES and state != one.stage:
        values |= {"stage": state, "since_utc_s": deed.now_s}
    if event == rollout.RESUME and one.state == rollout.STOPPED:
        # He has seen why it stopped. Nobody has looked at what happened in a mere pause.
        values["resumed_utc_s"] = deed.now_s
    firmwares.move(connection, one.id, values)
    return one._replace(**values)  # type: ignore[arg-type] # names of its own fields


class Updates:
    """The service's side. One thread at a time."""

    def __init__(self, store: Database, offset_h: int, at: Seam = unharmed) -> None:
        """`offset_h`: the county's hours from UTC, for sums of days."""
        self._store = store
        self._offset_s = offset_h * 3600
        self._at = at
        self._ratios: dict[int, tuple[int, Mapping[str, Ratio]]] = {}  # update -> when they were summed up

    def step(self) -> int:
        """Read the next slice of verdicts; return how many verdicts that was."""
        return deciding.step(self._store, STAGE, (record.EVENT,), _decide, self._at)

    def look(self, now_s: int, deaf: Sequence[Span] = ()) -> Look:
        """Judge each roll-out. `deaf`: spans in which the gateway could hear nobody.

        Reads only, and may do so in a thread of its own: sums of days delay no record.
        """
        found, moves, endless = [], [], []
        with self._store.reading() as connection:
            every = firmwares.everyone(connection)
            for one in every:
                if one.state not in rollout.STAGES:
                    continue
                places = firmwares.places(connection, one.id)
                ratios = self._known_ratios(connection, one, places, now_s)
                said = judged(connection, one, places, ratios, Times(now_s, deaf=deaf))
                if said.event:
                    moves.append((one, said.event, said.why))
                    continue  # the next look sees the next stage
                heard = firmwares.heard(connection)
                endless += [
                    (one.id, each.controller_id) for each in places if _is_endless(each, heard, now_s)
                ]
                targets = set(said.targets)
                due = [each for each in places if each.controller in targets and each.next_try_utc_s <= now_s]
                found.append((one, sorted(due, key=lambda each: each.state != rollout.SENDING)))
            begun = (rollout.SENDING, rollout.WANTED)
            touched = firmwares.touched(connection, rollout.STANDING, begun, rollout.TO_SEND)
        recalls = [Recalled((number, box), name, digest) for number, box, name, digest in touched]
        return Look(found, moves, recalls, endless, frozenset(one.sha256[:8] for one in every))

    def _known_ratios(
        self, connection: Connection, one: Firmware, places: list[Place], now_s: int
    ) -> Mapping[str, Ratio]:
        made_s, known = self._ratios.get(one.id, (0, {}))
        if made_s < one.resumed_utc_s or abs(now_s - made_s) >= RATIOS_S:
            known = watching.ratios(connection, one, places, self._offset_s)
            self._ratios[one.id] = now_s, known
        return known

    def move(self, moves: list[Move], now_s: int) -> None:
        """Do what follows, each an act of the log; one that a person has moved meanwhile is his."""
        with self._store.writing() as connection:
            for one, event, why in moves:
                now = firmwares.get(connection, one.id)
                if now is not None and (now.state, now.since_utc_s) == (one.state, one.since_utc_s):
                    _moved(connection, now, event, Deed(ITSELF, why, now_s))

    def package(self, number: int) -> Package:
        """What is sent."""
        with self._store.reading() as connection:
            return of(*firmwares.content(connection, number), number)

    def ask_again(self, endless: Sequence[Key], now_s: int) -> None:
        """Have boxes asked whose trial has begun and not ended: a power cut may have come before it."""
        values = {"state": rollout.WAITING, "done_utc_s": None, "next_try_utc_s": now_s}
        values["reason"] = "its trial began, and no end was heard: it is asked again"
        with self._store.writing() as connection:
            for number, controller_id in endless:
                firmwares.mark(connection, number, controller_id, values, (rollout.TRYING,))

    def mark(self, changes: Mapping[Key, Mapping[str, object]]) -> None:
        """Keep how far controllers are: (update, controller's row) -> columns.

        What their records have said meanwhile stays: who restarts does not answer the last step.
        """
        with self._store.writing() as connection:
            for (number, controller_id), values in changes.items():
                firmwares.mark(connection, number, controller_id, values, rollout.TO_SEND)


def judged(
    connection: Connection, one: Firmware, places: Sequence[Place], ratios: Mapping[str, Ratio], times: Times
) -> Judgement:
    """Judge a roll-out by what the store knows. `times`: the moment, and when nobody could be heard."""
    own = Times(times.now_s, one.since_utc_s, one.resumed_utc_s, times.deaf)
    found = watching.sites(connection, places, ratios)
    return judging.judge(one.stage, found, rollout.Settings(**one.settings), own)


def waits(connection: Connection, one: Firmware, places: Sequence[Place], now_s: int) -> str:
    """Return what a roll-out waits for, and what a person can do."""
    if one.state in (rollout.PAUSED, rollout.STOPPED):
        return f"it waits for a person: karez gateway update resume {one.id}, or withdraw {one.id}"
    if one.state not in rollout.STAGES:
        return "it is over"
    return judged(connection, one, places, {}, Times(now_s)).why


def _is_endless(place: Place, heard: Mapping[str, int], now_s: int) -> bool:
    """True of a trial without end at a box that is alive; one that is silent stops the roll-out instead."""
    begun_s = place.done_utc_s or 0
    is_over = place.state == rollout.TRYING and now_s - begun_s >= TRIAL_S
    return is_over and heard.get(place.site, 0) > begun_s


def _decide(connection: Connection, one: Good) -> None:
    """A verified record says that a controller has begun, kept or given back an update."""
    slot = one.record.slot
    head = slots.head(slot)
    state = _OUTCOMES.get(head.cause)
    if state is None:
        return
    detail = event_details.decode(head.cause, slots.raw(slot, record.EVENT, "detail"))
    number = firmwares.by_digest(connection, detail["digest"])
    if number is not None:
        values = {"state": state, "done_utc_s": one.record.received_utc_s, "reason": ""}
        firmwares.mark(connection, number, one.record.controller_id, values)
