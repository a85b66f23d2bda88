"""Who looks on: takes every record that a controller commits, asks the invariants, tells the story.

A new rule is a row of invariants.TABLE, a new thing to have met a row of sometimes.py; nothing here changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from karez_protocols import causes, record
from karez_simulators.world import ending, invariants, sometimes
from karez_simulators.world.people import HOUR_MS

if TYPE_CHECKING:
    from karez_simulators.world.farm import Farm
    from karez_simulators.world.run import World


class Violation(NamedTuple):
    """What did not hold, at which well, and when."""

    invariant: str
    site: str
    utc_s: int
    what: str


class Watch:
    """Looks at a world's wells. `violations` ends the run with its first."""

    def __init__(self, world: World) -> None:
        """Look from now on."""
        self._world = world
        self.violations: list[Violation] = []

    def begin(self) -> None:
        """Look each hour, too."""
        self._world.agenda.after(HOUR_MS, self._each_hour)

    # -- what holds ---------------------------------------------------------------------

    def check(self, when: str, farm: Farm, *values: Any) -> None:
        """Ask every row of this moment."""
        for name, holds in invariants.AT[when]:
            what = holds(self._world, farm, *values)
            if what:
                self._violate(name, farm, what)

    def _violate(self, invariant: str, farm: Farm, what: str) -> None:
        world = self._world
        if not self.violations:
            world.story.tell(farm.name, "violated", invariant=invariant, what=what)
        self.violations.append(Violation(invariant, farm.name, world.agenda.utc_s, what))
        world.agenda.stop()

    def after_turn(self, farm: Farm) -> None:
        """A controller has had a turn."""
        if farm.fresh:
            self.take_records(farm)
        self.check(invariants.TURN, farm)

    def _each_hour(self) -> None:
        for farm in self._world.farms:
            self.check(invariants.HOUR, farm)
            app = farm.box.app
            if app is not None and app.journal.oldest() > 1:
                self._world.story.met.add("the ring went round")
        self._world.agenda.after(HOUR_MS, self._each_hour)

    # -- records ------------------------------------------------------------------------

    def take_records(self, farm: Farm) -> None:
        """Everything that this controller has committed since the last call."""
        fresh, farm.fresh[:] = list(farm.fresh), []
        app = farm.box.app
        for slot in fresh:
            seq = int.from_bytes(slot[4:8], "little")
            if app is not None and seq > farm.history.last_seq + 1:
                for unsaid in farm.history.unsaid(app.journal, seq):
                    self._world.story.met.add("a cut record was taken up again")
                    self._record(farm, unsaid)
            self._record(farm, slot)

    def _record(self, farm: Farm, slot: bytes) -> None:
        world = self._world
        world.story.record(farm.name, slot)
        values = dict(record.decode(slot))
        self.check(invariants.RECORD, farm, values)
        before = farm.history.right
        farm.history.add(slot, values)
        farm.orders.take(values, world.agenda.now_ms)
        farm.households.take(values, farm.history.chain, farm.site.metered_l)
        farm.lost.update(ending.losses(values))
        known = sometimes.RECORDS.get((values["kind"], values["cause"]))
        if known:
            world.story.met.add(known)
        self._tell(farm, values)
        right = farm.history.right
        if right is not before and right is not None:
            farm.metered_at_grant_l = farm.site.metered_l
            if before is not None and right.ceiling_l < before.ceiling_l:
                world.story.met.add("a ceiling was lowered")
            world.story.tell(farm.name, "grant_in_force", seq=right.seq, ceiling_l=right.ceiling_l)

    def _tell(self, farm: Farm, values: dict[str, Any]) -> None:
        kind, cause, story = values["kind"], values["cause"], self._world.story
        if kind == record.START:
            farm.start_volume_l, farm.started_ms = values["volume_l"] or 0, self._world.agenda.now_ms
            story.tell(farm.name, "started", volume_l=values["volume_l"])
        elif kind == record.STOP:
            litres = (values["volume_l"] or 0) - farm.start_volume_l
            story.tell(farm.name, "stopped", litres=litres, cause=causes.name(cause))
        elif kind == record.EVENT and cause == causes.START_REFUSED:
            story.tell(farm.name, "refused", cause=causes.name(values["subject"]))
        elif kind == record.EVENT:
            story.tell(farm.name, "event", cause=causes.name(cause))
