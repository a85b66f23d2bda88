"""One run: a county of some wells from one seed, its days in virtual time, and whether everything held."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from karez_protocols import causes, record, site_class
from karez_simulators.world import ending, gateway_host, invariants, native, quick_fields, sometimes, troubles
from karez_simulators.world.agenda import Agenda
from karez_simulators.world.box import Box
from karez_simulators.world.chance import Chance
from karez_simulators.world.farm import Farm
from karez_simulators.world.gateway_host import GatewayHost
from karez_simulators.world.offices import Offices, upper_ml_per_wh
from karez_simulators.world.operator import Operator
from karez_simulators.world.people import DAY_MS, HOUR_MS, LONG_DAYS, MINUTE_MS, Farmer, Officer
from karez_simulators.world.platform import DOWN, POLITE, RUDE, Platform
from karez_simulators.world.radio import Radio
from karez_simulators.world.site import Site
from karez_simulators.world.story import Event, Story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BEGAN_UTC_S = 1_790_035_200  # 2026-09-22 00:00 UTC
SECTORS = 24  # of the ring: 744 records, so that a month goes round it
# One run in so many has a ring of three sectors and a record every 90 s: it goes round in two hours or three,
# and what the network keeps back for longer is lost, and must be declared.
SMALL_EVERY, SMALL_SECTORS, SMALL_INTERVAL_S, SMALL_HOURS = 16, 3, 90, 4
# Water that moves with the coil off, or with no energy to be seen, is held and then converted.
BLINDING = ("bridge", "ct_off", "welded")
EASE_MS = 4 * HOUR_MS  # at the end: everything is put right, and has so long
# Mean time between two mischiefs at a well: so many a short run, else a season would be nothing else.
GAP_LONG_MS, PER_RUN = 60 * HOUR_MS, 8


class Violation(NamedTuple):
    """What did not hold, at which well, and when."""

    invariant: str
    site: str
    utc_s: int
    what: str


@dataclass
class Result:
    """What became of a run."""

    seed: int
    days: float
    wells: int
    story: Story
    violations: list[Violation] = field(default_factory=list)

    @property
    def met(self) -> set[str]:
        """Of sometimes.every, what happened."""
        return {sometimes.EVENTS[key] for key in self.story.met if key in sometimes.EVENTS} | (
            self.story.met & set(sometimes.every())
        )


class World:
    """A county in one process. Make it inside `ready()`, then `run()` once."""

    def __init__(
        self,
        seed: int,
        days: float,
        wells: int,
        directory: Path,
        only: tuple[str, ...] = (),
        hear: Callable[[Event], None] | None = None,
    ) -> None:
        """Build everything that the seed says.

        `only`: names of the troubles that there are; none: all. `hear` is told of events as they happen.
        """
        self.seed, self.days = seed, days
        self.has_small_rings = seed % SMALL_EVERY == 0 and days <= LONG_DAYS
        self._sectors = SMALL_SECTORS if self.has_small_rings else SECTORS
        self.agenda = Agenda(BEGAN_UTC_S)
        self.chance = Chance(seed, "world")
        self._round_ms = (
            12 if days > LONG_DAYS else 3
        ) * HOUR_MS  # of the gateway's stages, and of platforms
        self.story = Story(self.agenda, hear)
        self.violations: list[Violation] = []
        self.is_ending = False
        self.facts: dict[str, Any] = {}
        self._bundles: dict[str, tuple[bytes, str]] = {}
        self.offices = Offices(seed)
        self.operator = Operator(Chance(seed, "operator"))
        self.farms: list[Farm] = []
        names = [f"well-{number}" for number in range(1, wells + 1)]
        stations = {name: f"code-{name}" for name in names}
        keys = self.offices.provisioner.public, self.offices.regulator.public
        self.host = GatewayHost(
            self.agenda,
            directory,
            keys,
            {"county": stations, "province": stations},
            self._down,
            self._round_ms,
        )
        self.host.on_killed = self._gateway_killed
        self.platforms = [
            Platform(name, self.agenda, Chance(seed, f"platform {name}"), self.host, self._round_ms)
            for name in ("county", "province")
        ]
        for at, name in enumerate(names):
            self.farms.append(self._farm(name, self._use(at)))
        self._by_controller = {farm.box.name: farm for farm in self.farms}
        self._people(troubles.named(only))

    # -- building -----------------------------------------------------------------------

    def _use(self, at: int) -> int:
        return site_class.DOMESTIC if at % 5 == 1 else site_class.IRRIGATION

    def _farm(self, name: str, use: int) -> Farm:
        chance = Chance(self.seed, name)
        site = Site(name, self.agenda, chance)
        radio = Radio(self.agenda, Chance(self.seed, f"radio {name}"), self.host.receive)
        box = Box(site, self.agenda, Chance(self.seed, f"box {name}"), radio, self._sectors)
        farm = Farm(site, box, radio, use)
        radio.name(box.name)
        radio.wake = box.wake
        box.on_record = farm.fresh.append
        box.after_turn = lambda: self._after_turn(farm)
        box.on_cut = lambda: self._cut(farm)
        ratio = site.well.parameters.litres_per_kwh
        tested = ratio, upper_ml_per_wh(site.well.parameters)
        binding = self.offices.binding(site, box.name, box.public, use, self.agenda.utc_s, tested)
        box.provision(binding, self._settings())
        self.host.bring("binding", binding)
        self.agenda.after(chance.randrange(MINUTE_MS), lambda: self.power_on(farm))
        return farm

    def _settings(self) -> dict[str, int]:
        if self.has_small_rings:
            return {
                "restart_delay_s": 60,
                "interval_idle_s": SMALL_INTERVAL_S,
                "interval_pumping_s": SMALL_INTERVAL_S,
            }
        if self.days > LONG_DAYS:
            return {"restart_delay_s": 60, "interval_idle_s": 3600, "interval_pumping_s": 900}
        return {"restart_delay_s": 60, "interval_idle_s": 900, "interval_pumping_s": 300}

    def _people(self, table: tuple[troubles.Kind, ...]) -> None:
        self.officer = Officer(self, Chance(self.seed, "officer"))
        gap_ms = min(GAP_LONG_MS, int(self.days * DAY_MS) // PER_RUN)
        for farm in self.farms:
            Farmer(self, farm, Chance(self.seed, f"farmer {farm.name}"))
            troubles.Mischief(self, farm, Chance(self.seed, f"mischief {farm.name}"), gap_ms, table)
        if self.has_small_rings:
            self.agenda.after(HOUR_MS, lambda: troubles.network_gone(self, self.farms[0], SMALL_HOURS))
        self.agenda.after(HOUR_MS, self._each_hour)
        self._machine_chance = Chance(self.seed, "machines")
        self.agenda.after(self._machine_gap_ms(), self._machines)

    # -- machines of the county ---------------------------------------------------------

    def _machine_gap_ms(self) -> int:
        mean_ms = int(self.days * DAY_MS) // (12 if self.days > LONG_DAYS else 4)
        return self._machine_chance.randrange(mean_ms // 4, mean_ms * 2)

    def _machines(self) -> None:
        """Now and then the gateway is killed at one of its phases, or a platform misbehaves."""
        if self.is_ending:
            return
        chance = self._machine_chance
        if chance.happens(650):
            self.host.kill_at(chance.choice(self.host.phases))
        else:
            one, manner = chance.choice(self.platforms), chance.choice((RUDE, DOWN))
            hours = chance.randrange(2, 40)
            one.manner = manner
            self.story.tell("county", "platform_down", name=one.name, manner=manner, hours=hours)
            self.agenda.after(hours * HOUR_MS, lambda: self._polite(one))
        self.agenda.after(self._machine_gap_ms(), self._machines)

    def _polite(self, one: Platform) -> None:
        if one.manner != POLITE:
            one.manner = POLITE
            self.story.tell("county", "platform_up", name=one.name)

    def _gateway_killed(self, phase: str) -> int:
        self.story.tell("county", "gateway_killed", phase=phase)
        return self._machine_chance.choice((2_000, 60_000, 1_800_000))

    def _down(self, topic: str, payload: bytes) -> None:
        self._by_controller[topic.split("/")[2]].radio.down(payload)

    # -- power --------------------------------------------------------------------------

    def power_on(self, farm: Farm) -> None:
        """The mains are back at a well."""
        if farm.box.is_on:
            return
        farm.site.set_mains(True)
        farm.booted_ms = self.agenda.now_ms
        farm.box.power_on()
        self.story.tell(farm.name, "power_on", boots=farm.box.boots)
        self._take_records(farm)

    def power_off(self, farm: Farm) -> None:
        """The mains go."""
        farm.box.power_off()
        farm.site.set_mains(False)
        self._take_records(farm)

    def _cut(self, farm: Farm) -> None:
        self._take_records(farm)
        troubles.after_cut(self, farm)

    def radio_back(self, farm: Farm) -> None:
        """The network is back at a well."""
        farm.radio_back_ms = self.agenda.now_ms
        farm.radio.set_up(True)
        head = farm.box.app.journal.head if farm.box.app else None
        waiting = head["seq"] - head["acknowledged_seq"] if head else 0
        self.story.tell(farm.name, "radio_back", waiting=waiting)

    # -- watching -----------------------------------------------------------------------

    def _check(self, when: str, farm: Farm, *values: Any) -> None:
        for one in invariants.TABLE:
            if one.when == when:
                what = one.check(self, farm, *values)
                if what:
                    self._violate(one.name, farm, what)

    def _violate(self, invariant: str, farm: Farm, what: str) -> None:
        if not self.violations:
            self.story.tell(farm.name, "violated", invariant=invariant, what=what)
        self.violations.append(Violation(invariant, farm.name, self.agenda.utc_s, what))
        self.agenda.stop()

    def _after_turn(self, farm: Farm) -> None:
        self._take_records(farm)
        self._check(invariants.TURN, farm)

    def _take_records(self, farm: Farm) -> None:
        """Everything that this controller has committed since the last call."""
        fresh, farm.fresh[:] = list(farm.fresh), []
        app = farm.box.app
        for slot in fresh:
            if app is not None and int.from_bytes(slot[4:8], "little") > farm.history.last_seq + 1:
                for unsaid in farm.history.unsaid(app.journal, int.from_bytes(slot[4:8], "little")):
                    self.story.met.add("a cut record was taken up again")
                    self._record(farm, unsaid)
            self._record(farm, slot)

    def _record(self, farm: Farm, slot: bytes) -> None:
        self.story.record(farm.name, slot)
        values = dict(record.decode(slot))
        self._check(invariants.RECORD, farm, values)
        before = farm.history.right
        values = farm.history.add(slot)
        farm.lost.update(ending.losses(slot))
        if values["cause"] == causes.SEGMENT_OPENED and farm.felt(self.agenda.now_ms, *BLINDING):
            farm.is_exact = False  # what passed meanwhile was converted from an energy that was cheated, too
        known = sometimes.RECORDS.get((values["kind"], values["cause"]))
        if known:
            self.story.met.add(known)
        self._tell_record(farm, values)
        right = farm.history.right
        if right is not before and right is not None:
            farm.metered_at_grant_l = farm.site.metered_l
            if before is not None and right.ceiling_l < before.ceiling_l:
                self.story.met.add("a ceiling was lowered")
            self.story.tell(farm.name, "grant_in_force", seq=right.seq, ceiling_l=right.ceiling_l)

    def _tell_record(self, farm: Farm, values: dict[str, Any]) -> None:
        kind, cause = values["kind"], values["cause"]
        if kind == record.START:
            farm.start_volume_l, farm.started_ms = values["volume_l"] or 0, self.agenda.now_ms
            self.story.tell(farm.name, "started", volume_l=values["volume_l"])
        elif kind == record.STOP:
            litres = (values["volume_l"] or 0) - farm.start_volume_l
            self.story.tell(farm.name, "stopped", litres=litres, cause=causes.name(cause))
        elif kind == record.EVENT and cause == causes.START_REFUSED:
            self.story.tell(farm.name, "refused", cause=causes.name(values["subject"]))
        elif kind == record.EVENT:
            self.story.tell(farm.name, "event", cause=causes.name(cause))

    def _each_hour(self) -> None:
        for farm in self.farms:
            self._check(invariants.HOUR, farm)
            app = farm.box.app
            if app is not None and app.journal.oldest() > 1:
                self.story.met.add("the ring went round")
        self.agenda.after(HOUR_MS, self._each_hour)

    # -- running ------------------------------------------------------------------------

    def run(self) -> Result:
        """Live the days, put everything right, look once more."""
        last_ms = int(self.days * DAY_MS)
        self.agenda.run(last_ms)
        if not self.violations:
            self._put_right()
            self.agenda.run(last_ms + EASE_MS)
        if not self.violations:
            self._last_look()
        for farm in self.farms:
            self.story.note(farm.site.facts(), farm.history.volume_l)
        if self.host.healed:
            self.story.met.add("the gateway's log caught up after a kill")
        self.host.stop()
        return Result(self.seed, self.days, len(self.farms), self.story, self.violations)

    def _put_right(self) -> None:
        """Mains, networks, machines and meters are well; every pump is stopped."""
        self.is_ending = True
        self.story.tell("county", "quiesced")
        self.host.kill_at("")
        self.host.start()
        for one in self.platforms:
            self._polite(one)
        for farm in self.farms:
            farm.radio.lost_permille = farm.radio.doubled_permille = 0
            farm.wants_until_ms = 0
            farm.radio_back_ms = self.agenda.now_ms
            farm.radio.set_up(True)
            self.power_on(farm)
            farm.press("stop", self.agenda.now_ms)

    def _last_look(self) -> None:
        self.host.kill_at("")
        for one in self.platforms:
            one.manner = POLITE
        for farm in self.farms:
            self.power_on(farm)
        self.host.start()
        self.host.work()
        for one in self.platforms:
            one.exchange()
        self.facts = self.host.county.facts()
        for farm in self.farms:
            self._check(invariants.END, farm)
        quarantined = [
            chain["quarantined"] for one in self.facts["controllers"].values() for chain in one["chains"]
        ]
        if any(quarantined):
            self.story.met.add("a record was quarantined")
        self.story.note(quarantined)

    def bundle_of(self, farm: Farm) -> tuple[bytes, str]:
        """The evidence of a well, exported once."""
        if farm.name not in self._bundles:
            self._bundles[farm.name] = self.host.county.bundle(farm.box.name)
        return self._bundles[farm.name]


def play(
    seed: int,
    days: float,
    wells: int,
    only: tuple[str, ...] = (),
    hear: Callable[[Event], None] | None = None,
) -> Result:
    """Run one seed and return what became of it. Raises NoGateway, KeyError for a trouble that is none."""
    with native.signer(), quick_fields.quickened(), gateway_host.folder() as place:
        return World(seed, days, wells, place, only, hear).run()
