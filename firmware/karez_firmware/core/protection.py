"""The motor's protection from the power meter, and the lock-out after it (design §6, domain §11).

Phase loss, over-current, under- and over-voltage and a dry run stop at the end of their delay,
lock out, and say why: never an endless restart. What the meter does not say is unknown, and the
unknown neither trips nor clears: None is never zero. The lock-out doubles with every trip and in
the end stays until a technician resets it; it runs down with uptime only, for the clock may be
wrong, and power-cycling shortens nothing.
"""

from karez_protocols import causes
from karez_protocols.constant import const

# What survives a power cut, as rows of a layout (karez_protocols.fields).
LAYOUT = """
lockout_cause u1
lockout_trips u1
lockout_left_s u4
is_latched u1
"""

_BLIND_MS = const(2_000)  # after a switching the contactor's arc disturbs line and meter
_GAP_MS = const(5_000)  # readings further apart than this do not make one condition (slow lines: 2 s)
_OLD_MS = const(30_000)  # three polls at rest: an older reading says nothing about a start
_PHASE_MS = const(2_000)  # a motor on two phases burns within half a minute; a dip passes within one poll
_RUN_UP_MS = const(15_000)  # a pump fills its riser before it draws its power
_DEAD_PERCENT = const(10)  # of the nominal voltage on every phase: the mains are gone, or not measured here
_LOST_PERCENT = const(10)  # of the other phases' mean current: a fuse has blown
_LOADED_PERCENT = const(20)  # of the rated current: below it phases differ for no reason
_LONGEST_S = const(14_400)  # 4 h: a farmer who has cleared the fault does not wait for tomorrow
_WINDOW_MS = const(86_400_000)  # trips within a day count together
_TRIPS_MAX = const(100)  # a field of one byte counts them; the latch comes long before
_GOOD_RUN_MS = const(1_800_000)  # a motor that ran half an hour is warm, primed and sound


class Lockout:
    """The trips of one motor and the time until it may start again."""

    def __init__(self, settings):
        self._settings = settings
        self.cause = causes.NONE  # of the lock-out that stands
        self.is_latched = False  # until a technician resets it
        self.events = []  # (cause, values of event_details.LOCKOUT) to be recorded; the caller empties it
        self._trips_ms = []  # when each trip of the last day was
        self._until_ms = 0

    @property
    def trips(self):
        """Trips that count towards the latch."""
        return len(self._trips_ms)

    def begin(self, cause, now_ms):
        """A protection has stopped the pump: lock it out."""
        self.tick(now_ms, 0)
        self.cause = cause
        if self.trips >= _TRIPS_MAX:
            self._trips_ms.pop(0)
        self._trips_ms.append(now_ms)
        wait_s = min(self._settings["lockout_s"] << (self.trips - 1), _LONGEST_S)
        self._until_ms = now_ms + wait_s * 1000
        self.is_latched = self.is_latched or self.trips >= self._settings["lockout_trips"]
        self._say(causes.LOCKOUT_BEGAN, None if self.is_latched else wait_s)

    def tick(self, now_ms, run_ms):
        """Let time pass. `run_ms`: how long the pump has run without a pause, 0 at rest."""
        if self.cause and not self.is_latched and now_ms >= self._until_ms:
            self._say(causes.LOCKOUT_ENDED, 0)
            self.cause = causes.NONE
        while self._trips_ms and (now_ms - self._trips_ms[0] >= _WINDOW_MS or self._is_sound(run_ms)):
            self._trips_ms.pop(0)

    def _is_sound(self, run_ms):
        return run_ms >= _GOOD_RUN_MS and not self.cause

    def refusal(self, now_ms):
        """Return causes.LOCKED_OUT while no start is allowed, else causes.NONE."""
        self.tick(now_ms, 0)
        return causes.LOCKED_OUT if self.cause else causes.NONE

    def left_s(self, now_ms):
        """Seconds until a start is allowed, rounded up; 0 without a lock-out, None until a reset."""
        self.tick(now_ms, 0)
        if self.is_latched:
            return None
        return (self._until_ms - now_ms + 999) // 1000 if self.cause else 0

    def reset(self):
        """A technician has cleared the fault: end the lock-out and forget the trips."""
        if self.cause:
            self._say(causes.LOCKOUT_ENDED, 0)
        self.cause = causes.NONE
        self.is_latched = False
        self._trips_ms = []

    def snapshot(self, now_ms):
        """The fields of LAYOUT. Keep them at every event, and each minute while locked out."""
        return {
            "lockout_left_s": self.left_s(now_ms) or 0,
            "lockout_cause": self.cause,
            "lockout_trips": self.trips,
            "is_latched": int(self.is_latched),
        }

    def restore(self, values, now_ms):
        """Take up what snapshot() gave before the power cut; fields never written are unknown."""
        self.cause = values["lockout_cause"] or causes.NONE
        self.is_latched = bool(self.cause and values["is_latched"])
        self._until_ms = now_ms + (values["lockout_left_s"] or 0) * 1000
        # Nobody knows how long the power was away: the day of each trip begins again.
        self._trips_ms = [now_ms] * (values["lockout_trips"] or 0)

    def _say(self, cause, seconds):
        self.events.append((cause, {"cause": self.cause, "trips": self.trips, "seconds": seconds}))


def _known(values, prefix, suffix):
    found = [values.get(prefix + phase + suffix) for phase in "abc"]
    return [abs(one) for one in found if one is not None]  # a reversed transformer counts backwards


def is_mains_present(values, voltage_dv):
    """True or False by the voltages of one reading, None when they are not known."""
    found = _known(values, "voltage_", "_dv")
    if not found or not voltage_dv:
        return None
    if max(found) * 100 >= voltage_dv * _DEAD_PERCENT:
        return True
    # Power without voltage is a meter whose voltage inputs are not wired: it says nothing of the mains.
    return None if values.get("power_w") else False


class Protection:
    """Judges the readings of one motor. `rated_power_w`: None when it is not known.

    `lockout` holds its trips: begin, refusal, left_s, reset, snapshot, restore, events.
    """

    def __init__(self, settings, rated_power_w):
        self._settings = settings
        self._rated_power_w = rated_power_w
        self.lockout = Lockout(settings)
        self._delays_ms = (
            (causes.MAINS_LOST, _PHASE_MS),
            (causes.PHASE_LOSS, _PHASE_MS),
            (causes.OVER_CURRENT, settings["current_delay_s"] * 1000),
            (causes.UNDER_VOLTAGE, settings["voltage_delay_s"] * 1000),
            (causes.OVER_VOLTAGE, settings["voltage_delay_s"] * 1000),
            (causes.DRY_RUN, settings["dry_delay_s"] * 1000),
        )
        self._spans: dict = {}  # cause -> (first reading that showed it, last one), ms
        self._at_ms = -1
        self._since_ms = None
        self._cause = causes.NONE

    def check(self, values, at_ms, since_ms, is_running, now_ms):
        """Return the cause for which the pump must not run now, causes.NONE without one.

        Call at every step with the energy meter's last known values, read at `at_ms` (None: never).
        `since_ms`: when the contactor was last switched, either way. While it runs a cause comes at
        the end of its delay and begins the lock-out (MAINS_LOST does not); at rest it stands as
        long as the last reading shows it.
        """
        if since_ms != self._since_ms:
            self._since_ms = since_ms
            self._spans = {}
            self._cause = causes.NONE
        self.lockout.tick(now_ms, now_ms - since_ms if is_running and not self._cause else 0)
        is_new = at_ms is not None and at_ms != self._at_ms and at_ms >= since_ms + _BLIND_MS
        if is_running:
            if is_new and not self._cause:
                self._at_ms = at_ms
                self._cause = self._tripped(values, at_ms, at_ms - since_ms)
                if self._cause not in (causes.NONE, causes.MAINS_LOST):
                    self.lockout.begin(self._cause, now_ms)
        elif is_new:
            self._at_ms = at_ms
            self._cause = self._standing(values)
        elif now_ms - self._at_ms > _OLD_MS:
            self._cause = causes.NONE
        return self._cause

    def is_pending(self, now_ms):
        """True while a condition is shown whose delay may end at the next reading."""
        for _, last_ms in self._spans.values():  # noqa: SIM110 - a generator is a function more on the heap
            if now_ms - last_ms <= _GAP_MS:
                return True
        return False

    def _tripped(self, values, at_ms, run_ms):
        """Extend the span of every condition this reading shows; return the first that lasted."""
        shown = self._shown(values, run_ms)
        for cause, delay_ms in self._delays_ms:
            is_shown = shown.get(cause)
            if is_shown is None:
                continue
            if not is_shown:
                self._spans.pop(cause, None)
                continue
            first_ms, last_ms = self._spans.get(cause, (at_ms, at_ms))
            if at_ms - last_ms > _GAP_MS:
                first_ms = at_ms
            self._spans[cause] = first_ms, at_ms
            if at_ms - first_ms >= delay_ms:
                return cause
        return causes.NONE

    def _standing(self, values):
        """The cause that forbids a start: only the voltages can say it before there is current."""
        # No voltage on any phase is a meter behind the contactor, or no mains: then the
        # contactor does not close anyway, and its feedback says so.
        shown = self._of_voltage(values)
        for cause in (causes.PHASE_LOSS, causes.UNDER_VOLTAGE, causes.OVER_VOLTAGE):
            if shown.get(cause):
                return cause
        return causes.NONE

    def _shown(self, values, run_ms):
        """{cause: True or False} of what one reading can say; what is missing is unknown."""
        shown = self._of_voltage(values)
        self._add_currents(shown, _known(values, "current_", "_ca"))
        power_w = values.get("power_w")
        dry_percent = self._settings["dry_percent"]
        if dry_percent and self._rated_power_w and power_w is not None and run_ms >= _RUN_UP_MS:
            shown[causes.DRY_RUN] = abs(power_w) * 100 < self._rated_power_w * dry_percent
        return shown

    def _of_voltage(self, values):
        settings = self._settings
        nominal_dv = settings["voltage_dv"]
        is_present = is_mains_present(values, nominal_dv)
        if is_present is None:
            return {}
        if not is_present:
            return {causes.MAINS_LOST: True}
        found = _known(values, "voltage_", "_dv")
        low, high = min(found) * 100, max(found) * 100
        lost = nominal_dv * settings["phase_loss_percent"]
        return {
            causes.MAINS_LOST: False,
            # One phase missing beside another; all of them low is a brown-out.
            causes.PHASE_LOSS: low < lost <= high,
            causes.UNDER_VOLTAGE: low < nominal_dv * settings["voltage_low_percent"],
            causes.OVER_VOLTAGE: high > nominal_dv * settings["voltage_high_percent"],
        }

    def _add_currents(self, shown, found):
        rated_ca = self._settings["current_ca"]
        if not rated_ca or not found:
            return
        shown[causes.OVER_CURRENT] = max(found) * 100 > rated_ca * self._settings["current_percent"]
        others = len(found) - 1
        if others and not shown.get(causes.PHASE_LOSS):
            # A running motor feeds its lost phase with voltage; the current betrays it.
            least, rest = min(found), sum(found) - min(found)
            is_loaded = rest * 100 > rated_ca * _LOADED_PERCENT * others
            shown[causes.PHASE_LOSS] = is_loaded and least * others * 100 < rest * _LOST_PERCENT
