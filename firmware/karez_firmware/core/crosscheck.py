"""Water against energy, step by step: C1, C2 and C5; C4 is ratio.py, C6 second_channel.py (integrity §4).

Rules of this file
- Unknown is never zero: a silent meter raises nothing here, and it does not clear what stands.
- An alarm stands until the contrary was seen, not until the pump stops: a dry well that was
  switched off is still a dry well.
- It flags. The one stop it asks for is that of a pump that lifts no water (C1).
"""

from karez_protocols import causes, flags
from karez_protocols.constant import const

from . import second_channel
from .frozen import Frozen
from .ratio import Ratio

_STALL_MS = const(5_000)  # longer between two steps: what happened meanwhile is not known
_TAIL_MS = const(15_000)  # after a run the meters' last litres and watt-hours still come in

# C1. Filling the riser is priming, at most 3 minutes; yet a total loss is found within 5 minutes
# (design §13), so a run that never saw water is judged 10 s before that.
_DRY_MS = const(180_000)
_PRIMED_MS = const(290_000)
_UNPOWERED_MS = const(120_000)  # C2
_FAST_MS = const(60_000)  # C5
# How fast a sum drains, in thirtieths: nobody shall hide behind a moment's contrary, or flap at a line.
_PAUSE = const(1)  # C2: two minutes need an hour's rest; spurious flow of an empty pipe is less
_SLOWER = const(60)  # C5: a flow just below its line most of the time is none above it
_LEARN_MS = const(600_000)  # of running: what this pump's power is when no binding says it

# C5: ten minutes, and the hour for registers with coarse steps.
_WINDOWS = (2, 12)

# Subjects of IMPOSSIBLE events (those of CHANNELS_DIFFER are in second_channel.py, of RATIO_* in ratio.py).
RATIO = 1  # more water than the energy could lift from this depth
FLOW = 2  # more than 1.25 x rated


class Seen:
    """What one step sees of a site: None is unknown.

    `flow_at_ms`, `power_at_ms`: when they were read. `volume_l`, `energy_wh`: the books' W and E.
    `is_water_good`: W comes from a water meter (no conversion), and its last reading was believed.
    `day`: whole local days, None while time is not trusted. `segment`: changes when a segment of
    water or of energy does. `second_l`: litres by a second channel; the steps are the least by
    which each counter can move.
    """

    def __init__(self):
        self.is_closed = self.aux = self.is_water_good = False
        self.flow_lph = self.power_w = self.flow_at_ms = self.power_at_ms = None
        self.volume_l = self.energy_wh = self.day = self.second_l = None
        self.segment = 0
        self.volume_step_l = self.energy_step_wh = self.second_step_l = 1


def both(one, other):
    """And, of True, False and None: false as soon as one is, else unknown as soon as one is."""
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


class Lasting:
    """How long something has been so. Unknown pauses: lost answers hide nothing."""

    def __init__(self):
        self.ms = 0

    def feed(self, is_so, elapsed_ms, drain=0):
        """Count on while it is so, begin anew (or drain) when it is not; return the milliseconds."""
        if is_so is False:
            self.ms = max(0, self.ms - elapsed_ms * drain // 30) if drain else 0
        elif is_so:
            self.ms += elapsed_ms
        return self.ms


class CrossCheck:
    """The rules of one site. After each step: `alarms`, `stop_cause`, and `events` for the caller.

    `events`: (cause, subject, detail of event_details.RATIO or {}), which the caller takes and clears.
    `site`: rated_flow_lph, rated_power_w, reference_ml_per_wh, physical_ml_per_wh of the binding (all
    but the first may be None). `settings`: no_water_stop_s, artesian.
    """

    def __init__(self, site, settings):
        self._rated_flow_lph = site["rated_flow_lph"]
        self._normal_w = site["rated_power_w"]
        self._physical_ml_per_wh = site["physical_ml_per_wh"]
        self._no_water_stop_ms = settings["no_water_stop_s"] * 1000
        self._is_artesian = bool(settings["artesian"])
        # Of `poll_idle_ms`: a value older than two polls is unknown.
        self._fresh_ms = 2 * settings["poll_idle_ms"] + 1000
        self.ratio = Ratio(site["reference_ml_per_wh"])
        self.alarms = 0
        self.events: list = []
        self.stop_cause = causes.NONE
        self._last_ms = self._running_ms = None
        self._dry = Lasting()
        self._run = Lasting()
        self._is_primed = False
        self._unpowered = Lasting()
        self._fast = Lasting()
        self._frozen = Frozen()
        self._learn_ms = self._learn_mj = 0
        self._segment = self._anchor = None
        self._impossible = 0
        self._channels = second_channel.Channels()

    def take_reference(self, ml_per_wh):
        """Use a step test's result until the next binding carries it. Out of range: ignored."""
        self.ratio.take_reference(ml_per_wh)

    def snapshot(self):
        """Return the values of ratio.LAYOUT, which a loss of power must not lose."""
        return self.ratio.snapshot()

    def restore(self, values):
        """Take the snapshot of the last run, before the first step."""
        self.ratio.restore(values)

    def step(self, now_ms, seen):
        """Look at what is so now. Call at least every 500 ms."""
        elapsed_ms = 0 if self._last_ms is None else now_ms - self._last_ms
        self._last_ms = now_ms
        flow_lph = self._fresh(seen.flow_lph, seen.flow_at_ms, now_ms)
        power_w = self._fresh(seen.power_w, seen.power_at_ms, now_ms)
        self._segments(seen.segment)
        self._compare(seen, flow_lph, power_w, elapsed_ms)
        elapsed_ms = min(elapsed_ms, _STALL_MS)
        self._learn(power_w, seen.is_closed, elapsed_ms)
        has_power = self._is_above(power_w, 30)
        self._no_water(flow_lph, has_power, elapsed_ms)
        self._no_energy(flow_lph, power_w, elapsed_ms)
        is_running = has_power or self._runs_blind(seen, has_power, flow_lph)
        self._too_fast(flow_lph, elapsed_ms)
        self._freeze(self._frozen.feed(flow_lph, power_w, is_running, elapsed_ms))
        self._span(now_ms, seen, is_running, elapsed_ms)
        self.ratio.date(seen.day, now_ms, seen.volume_step_l, seen.energy_step_wh)
        self._take_ratio()

    def _fresh(self, value, at_ms, now_ms):
        return None if at_ms is None or now_ms - at_ms > self._fresh_ms else value

    def _is_above(self, power_w, percent):
        """True if power is above this part of normal; None when either is not known."""
        if power_w is not None and power_w <= 0:
            return False
        if power_w is None or not self._normal_w:
            return None
        return power_w * 100 > percent * self._normal_w

    def _runs_blind(self, seen, has_power, flow_lph):
        """True when a closed contactor says so, and a silent power meter or flowing water with it.

        Else a shunted current transformer would take its water out of the ratio, too.
        """
        if not (seen.is_closed or seen.aux):
            return False
        if has_power is None:
            return True
        return not self._is_artesian and flow_lph is not None and flow_lph * 10 > self._rated_flow_lph

    def _learn(self, power_w, is_closed, elapsed_ms):
        if self._normal_w or not is_closed or power_w is None or power_w <= 0:
            return
        self._learn_ms += elapsed_ms
        self._learn_mj += power_w * elapsed_ms
        if self._learn_ms >= _LEARN_MS:
            self._normal_w = self._learn_mj // self._learn_ms

    def _raise(self, bit, cause, subject=0):
        if not self.alarms & bit:
            self.alarms |= bit
            self.events.append((cause, subject, {}))

    # -- C1, C2 -------------------------------------------------------------------------

    def _no_water(self, flow_lph, has_power, elapsed_ms):
        is_dry = None if flow_lph is None else flow_lph * 50 < self._rated_flow_lph
        dry_ms = self._dry.feed(both(has_power, is_dry), elapsed_ms)
        run_ms = self._run.feed(has_power, elapsed_ms)
        if has_power is False:
            self._is_primed = False
        if has_power and is_dry is False:
            self._is_primed = True
            self.alarms &= ~flags.NO_WATER
        self.stop_cause = causes.NONE
        if dry_ms > _DRY_MS and (self._is_primed or run_ms >= _PRIMED_MS):
            self._raise(flags.NO_WATER, causes.ENERGY_WITHOUT_WATER)
            if self._no_water_stop_ms and dry_ms >= self._no_water_stop_ms:
                self.stop_cause = causes.NO_WATER

    def _no_energy(self, flow_lph, power_w, elapsed_ms):
        if self._is_artesian:
            return
        has_water = None if flow_lph is None else flow_lph * 10 > self._rated_flow_lph
        has_power = self._is_above(power_w, 5)
        is_off = None if has_power is None else not has_power
        # Only work clears it at once: a flow that pauses has still had none.
        drain = 0 if has_power else _PAUSE
        if self._unpowered.feed(both(has_water, is_off), elapsed_ms, drain) > _UNPOWERED_MS:
            self._raise(flags.NO_ENERGY, causes.WATER_WITHOUT_ENERGY)
        elif has_water and has_power:
            self.alarms &= ~flags.NO_ENERGY

    # -- C5 -----------------------------------------------------------------------------

    def _too_fast(self, flow_lph, elapsed_ms):
        is_fast = None if flow_lph is None else flow_lph * 4 > 5 * self._rated_flow_lph
        if self._fast.feed(is_fast, elapsed_ms, _SLOWER) > _FAST_MS:
            self._fast.ms = _FAST_MS
            self._impossible_now(FLOW)
        elif not self._fast.ms and is_fast is False and flow_lph * 10 > self._rated_flow_lph:
            self._possible_again(FLOW)

    def _freeze(self, is_frozen):
        if is_frozen:
            self._raise(flags.FROZEN, causes.METER_FROZEN)
        elif is_frozen is False:
            self.alarms &= ~flags.FROZEN

    def _too_much(self, volume_step_l, energy_step_wh):
        """Judge k: above what the pump's work could lift, each register one step in the well's favour."""
        if self._physical_ml_per_wh is None:
            return
        is_above = False
        for buckets in _WINDOWS:
            sums = self.ratio.hour.sums(buckets)
            if sums:
                bound_ml = (sums[1] + energy_step_wh) * self._physical_ml_per_wh
                if self._impossible & RATIO:
                    bound_ml -= bound_ml // 20  # it ends below its line: no flapping
                is_above = is_above or (sums[0] - volume_step_l) * 1000 > bound_ml
        if is_above:
            self._impossible_now(RATIO)
        elif self.ratio.hour.sums(_WINDOWS[0]):
            self._possible_again(RATIO)

    def _impossible_now(self, subject):
        if not self._impossible & subject:
            self._impossible |= subject
            self.alarms |= flags.IMPOSSIBLE
            self.events.append((causes.IMPOSSIBLE, subject, {}))

    def _possible_again(self, subject):
        self._impossible &= ~subject
        self._set(flags.IMPOSSIBLE, self._impossible)

    # -- C4, C6 -------------------------------------------------------------------------

    def _segments(self, segment):
        before, self._segment = self._segment, segment
        # The first step after a restart goes on with the day as it was restored.
        if before is not None and before != segment:
            self._anchor = None
            self.ratio.restart()
            self._channels.restart()

    def _span(self, now_ms, seen, is_running, elapsed_ms):
        """Give the ratio what W and E moved by. While W is held, the span stays open: both count on."""
        if is_running:
            self._running_ms = now_ms
        if not seen.is_water_good or seen.volume_l is None or seen.energy_wh is None:
            return
        before, self._anchor = self._anchor, (seen.volume_l, seen.energy_wh)
        if before is None or self._running_ms is None or now_ms - self._running_ms > _TAIL_MS:
            return
        litres = seen.volume_l - before[0]
        wh = seen.energy_wh - before[1]
        if litres < 0 or wh < 0:
            return
        ms = elapsed_ms if is_running else 0
        if self.ratio.add(litres, wh, ms, seen.volume_step_l, seen.energy_step_wh):
            self._too_much(seen.volume_step_l, seen.energy_step_wh)

    def _compare(self, seen, flow_lph, power_w, elapsed_ms):
        pair = self._channels
        volume_l = seen.volume_l if seen.is_water_good else None
        steps_l = seen.volume_step_l + seen.second_step_l
        flow_lph = self._rated_flow_lph if flow_lph is None else flow_lph
        if pair.water(volume_l, seen.second_l, steps_l, seen.second_step_l, flow_lph):
            self.events.append((causes.CHANNELS_DIFFER, second_channel.WATER, {}))
        if pair.energy(seen.energy_wh, seen.energy_step_wh, power_w, elapsed_ms):
            self.events.append((causes.CHANNELS_DIFFER, second_channel.ENERGY, {}))
        self._set(flags.CHANNELS, pair.differing)

    def _set(self, bit, is_so):
        self.alarms = self.alarms | bit if is_so else self.alarms & ~bit

    def _take_ratio(self):
        if self.ratio.events:
            self.events.extend(self.ratio.events)
            self.ratio.events = []
        self._set(flags.RATIO, self.ratio.alarms)
