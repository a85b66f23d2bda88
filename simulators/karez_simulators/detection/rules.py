"""A controller's own rules C1-C6 over intervals of five minutes.

Rules of this file
- The objects are the firmware's: CrossCheck, Watch (C3), Feedback. Nothing here decides.
- A quiet interval, in which no rule that counts seconds can be counting, is told in one step of five
  seconds; the litres and watt-hours of the other 295 go to the ratio at once. After such a step, and
  a whole hour of water that the energy can lift (C5 adds up no more), the next goes to the ratio whole:
  a step would change nothing. All other intervals are told in sixty steps.
  tests/simulators/test_detection.py holds both ways against each other.
- Registers move by whole steps, as real ones do.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from karez_firmware.core.crosscheck import CrossCheck, Seen
from karez_firmware.core.feedback import Feedback
from karez_firmware.core.pumping_hour import BUCKETS
from karez_firmware.core.ratio import LESS, MORE
from karez_firmware.core.settings import check as settings_of
from karez_firmware.core.watch import Watch
from karez_protocols import causes, flags
from karez_simulators.detection.climate import INTERVAL_S
from karez_simulators.detection.shown import Shown

REFERENCE_ML_PER_WH = 2_500  # 367 x 0.545 / 80 m, a well of integrity.md section 4
PHYSICAL_ML_PER_WH = 4_200  # 367 x 0.75 / 65 m, the static level
RATED_FLOW_LPH = 50_000
RATED_POWER_W = 20_000
VOLUME_STEP_L = 10  # 0.01 m3
ENERGY_STEP_WH = 10  # 0.01 kWh
PULSE_L = 100
STEP_S = 5  # CrossCheck takes nothing longer for one step
STEPS = INTERVAL_S // STEP_S
IDLE_MS = 60_000
BEAT_S = 180
RIPPLE = 0.003  # of flow and power from step to step

SITE = {
    "rated_flow_lph": RATED_FLOW_LPH,
    "rated_power_w": RATED_POWER_W,
    "reference_ml_per_wh": REFERENCE_ML_PER_WH,
    "physical_ml_per_wh": PHYSICAL_ML_PER_WH,
}
SETTINGS = settings_of({})
RULES = {
    causes.ENERGY_WITHOUT_WATER: "C1",
    causes.WATER_WITHOUT_ENERGY: "C2",
    causes.FOREIGN_CURRENT: "C3",
    causes.RATIO_OFF: "C4 hour",
    causes.RATIO_DRIFT: "C4 days",
    causes.METER_FROZEN: "C5 held",
    causes.IMPOSSIBLE: "C5",
    causes.CHANNELS_DIFFER: "C6",
}
_UNTOUCHED = Shown()


class Event(NamedTuple):
    """A rule spoke. `side`: LESS or MORE water than the energy should lift, 0 where it has no side."""

    rule: str
    side: int
    at_s: int  # of pumping


class _Notes:
    """Recorder and log of Watch: it raises a bit and notes a cause."""

    def __init__(self) -> None:
        self.alarms = 0
        self.causes: list[int] = []

    def note(self, cause: int, _now_ms: int) -> None:
        self.causes.append(cause)


class Rules:
    """The rules of one well. `events` grows.

    `pumped_s` is the time it has run, `touched_s` what it was when something was first done to it.
    `is_fine`: no interval is told in one step.
    """

    def __init__(self) -> None:
        self.check = CrossCheck(SITE, SETTINGS)
        self.events: list[Event] = []
        self.pumped_s = 0
        self.touched_s: int | None = None
        self.is_fine = False
        self._notes = _Notes()
        self._watch = Watch(SETTINGS, None, self._notes, self._notes)
        self._feedback = Feedback(RATED_POWER_W)
        self._ripple = random.Random(0)
        self._now_ms = 0
        self._day = 0
        # Registers, exact; and what of them has gone to the ratio past the steps.
        self._litres = self._wh = self._second_l = 0.0
        self._told_l = self._told_wh = 0
        self._seen = Seen()
        self._seen.volume_step_l, self._seen.energy_step_wh = VOLUME_STEP_L, ENERGY_STEP_WH
        self._flow_lph = 0
        self._is_settled = False  # the last step was of a quiet interval
        self._possible = 0  # intervals in a row whose water the energy could lift

    @property
    def alarms(self) -> int:
        """What stands, bits of `karez_protocols.flags`."""
        return int(self.check.alarms) | self._notes.alarms

    def begin(self, day: int) -> None:
        """A pumping day begins; the one before is judged."""
        self._day = day
        self._rest()

    def interval(self, litres: float, wh: float, shown: Shown) -> None:
        """Five minutes in which `litres` were pumped with `wh`, and `shown` was seen of them."""
        if self.touched_s is None and shown != _UNTOUCHED:
            self.touched_s = self.pumped_s
        if shown.is_restarted:
            self._restart()
        if shown.reference is not None:
            self.check.take_reference(round(REFERENCE_ML_PER_WH * shown.reference))
        if not self.is_fine and self._is_quiet(litres, wh, shown):
            self._in_one(litres * shown.water, wh * shown.energy, shown)
            return
        self._is_settled, self._possible = False, 0
        seen_l, seen_wh = max(litres * shown.water, 0.0), max(wh * shown.energy, 0.0)
        for step in range(STEPS):
            share = self._share_of_water(shown, step * STEP_S)
            self._litres += seen_l / STEPS * share
            self._wh += seen_wh / STEPS
            if shown.second is not None:
                self._second_l += litres / STEPS * shown.second
            power = shown.energy if shown.power is None else shown.power
            flow_lph = round(
                self._per_hour(litres) * shown.water * share * (1 + self._ripple.gauss(0, RIPPLE))
            )
            power_w = round(self._per_hour(wh) * power * (1 + self._ripple.gauss(0, RIPPLE)))
            self._see(shown, shown.flow_lph if shown.flow_lph is not None else flow_lph, power_w)
            self._step(shown, STEP_S)

    def _restart(self) -> None:
        """The controller loses its power and comes back with what it had kept."""
        kept = self.check.snapshot()
        self.check = CrossCheck(SITE, SETTINGS)
        self.check.restore(kept)
        self._rest()

    # -- one interval

    @staticmethod
    def _per_hour(amount: float) -> float:
        return amount * 3600 / INTERVAL_S

    @staticmethod
    def _share_of_water(shown: Shown, at_s: int) -> int:
        if shown.beat_s and at_s % BEAT_S >= shown.beat_s:
            return 0
        return 0 if at_s < shown.dry_s else 1

    def _is_quiet(self, litres: float, wh: float, shown: Shown) -> bool:
        """True if each rule that counts seconds sees its contrary: water, power, and digits that move."""
        if not shown.water and not shown.energy and not shown.aux and not shown.is_commanded:
            return True  # nothing of it is shown
        is_plain = shown.is_commanded and shown.has_water_meter and shown.has_power_meter
        is_plain = is_plain and not (shown.beat_s or shown.dry_s)
        if not is_plain or shown.power is not None or shown.second is not None or shown.flow_lph is not None:
            return False
        flow_lph = round(self._per_hour(litres) * shown.water)
        power_w = round(self._per_hour(wh) * shown.energy)
        is_moving = flow_lph != self._flow_lph
        return (
            is_moving
            and flow_lph * 50 > RATED_FLOW_LPH
            and flow_lph * 4 <= RATED_FLOW_LPH * 5
            and power_w * 100 > 30 * RATED_POWER_W
        )

    def _in_one(self, litres: float, wh: float, shown: Shown) -> None:
        before_l, before_wh = self._registers()
        self._litres += litres
        self._wh += wh
        moved_l, moved_wh = (
            now - was for now, was in zip(self._registers(), (before_l, before_wh), strict=True)
        )
        is_possible = moved_l * 1000 <= moved_wh * PHYSICAL_ML_PER_WH
        self._possible = self._possible + 1 if is_possible else 0
        if self._is_settled and self._possible > BUCKETS and not self.check.alarms & ~flags.RATIO:
            self._past(moved_l, moved_wh, INTERVAL_S)
            self._flow_lph = round(self._per_hour(litres))
            self.pumped_s += INTERVAL_S
            self._notice()
            return
        self._past(moved_l - moved_l // STEPS, moved_wh - moved_wh // STEPS, INTERVAL_S - STEP_S)
        self._see(shown, round(self._per_hour(litres)), round(self._per_hour(wh)))
        self._step(shown, INTERVAL_S)
        self._is_settled = True

    def _past(self, litres: int, wh: int, seconds: int) -> None:
        """Give the ratio what it is told past the steps."""
        self._told_l += litres
        self._told_wh += wh
        if wh:
            self.check.ratio.add(litres, wh, seconds * 1000, VOLUME_STEP_L, ENERGY_STEP_WH)

    def _registers(self) -> tuple[int, int]:
        """Litres and watt-hours as the registers show them."""
        return (
            int(self._litres) // VOLUME_STEP_L * VOLUME_STEP_L,
            int(self._wh) // ENERGY_STEP_WH * ENERGY_STEP_WH,
        )

    def _see(self, shown: Shown, flow_lph: int, power_w: int) -> None:
        seen = self._seen
        self._flow_lph = flow_lph
        seen.is_closed, seen.aux = shown.is_commanded, shown.aux
        seen.flow_lph = flow_lph if shown.has_water_meter else None
        seen.power_w = power_w if shown.has_power_meter else None
        seen.is_water_good = shown.has_water_meter  # silent: the books hold it
        litres, wh = self._registers()
        if shown.has_water_meter:
            seen.volume_l = litres - self._told_l
        seen.energy_wh = wh - self._told_wh if shown.has_power_meter else None
        if shown.second is not None:
            seen.second_l, seen.second_step_l = int(self._second_l) // PULSE_L * PULSE_L, PULSE_L

    def _rest(self) -> None:
        """A minute without pumping."""
        self._is_settled = False
        self._now_ms += IDLE_MS
        seen = self._seen
        seen.is_closed = seen.aux = False
        seen.flow_lph = seen.power_w = 0
        seen.is_water_good = True
        seen.volume_l, seen.energy_wh = (
            now - told for now, told in zip(self._registers(), (self._told_l, self._told_wh), strict=True)
        )
        self._judge()
        self._notice()

    def _step(self, shown: Shown, passed_s: int) -> None:
        self._now_ms += STEP_S * 1000
        self.pumped_s += passed_s
        self._judge()
        runs = shown.aux or bool(self._feedback.has_power(self._seen.power_w))
        self._watch.foreign(shown.is_commanded, runs, self._now_ms)
        self._notice()

    def _judge(self) -> None:
        seen = self._seen
        seen.flow_at_ms = None if seen.flow_lph is None else self._now_ms
        seen.power_at_ms = None if seen.power_w is None else self._now_ms
        seen.day = self._day
        self.check.step(self._now_ms, seen)

    def _notice(self) -> None:
        for cause in self._notes.causes:
            self.events.append(Event(RULES[cause], 0, self.pumped_s))
        self._notes.causes.clear()
        for events in (self.check.events, self.check.ratio.events):
            for cause, subject, _ in events:
                side = subject & (LESS | MORE) if cause in (causes.RATIO_OFF, causes.RATIO_DRIFT) else 0
                self.events.append(Event(RULES[cause], side, self.pumped_s))
            events.clear()
