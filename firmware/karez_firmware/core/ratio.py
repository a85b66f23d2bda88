"""C4: litres pumped for each watt-hour, against this well's reference (integrity §4, field F3, F5).

x = ln(k / reference), in ppm. Three looks at it, quick ones for large losses, slow ones for small:
- the last pumping hour, whenever it is off by more than 0.25;
- the day against the *recent* past (some 20 pumping days): a sudden change;
- the day against the *reference*, which follows by at most 2 % a month and never leaves 15 % around
  the step test: a change too slow for the second look.
The last two are one-sided CUSUMs. While anything is off nothing follows: what raised an alarm must
not become the measure. It flags; it never punishes and never changes the books.

k is summed over the whole running time, its starts included: a short run of a domestic well counts.
"""

from karez_protocols import causes
from karez_protocols.constant import const

from .pumping_hour import BUCKETS, PumpingHour

# What stands in `alarms`, and (the first two) in the subject of an event.
LESS = 1  # less water than the energy should lift
MORE = 2
PROVISIONAL = 4  # in a subject: the reference is no signed one
# `alarms` holds the two sides of each look: hour << 0, slow << 2, recent << 4.
_SLOW_AT = const(2)
_RECENT_AT = const(4)

# Where the reference comes from.
UNKNOWN = 0
LEARNED = 1  # median of the first pumping days: of a well that may have been bypassed already
TESTED = 2  # a step test that no binding carries yet
SIGNED = 3

_HOUR_PPM = const(250_000)
_HOUR_OVER_PPM = const(200_000)  # the suspicion ends below this: no flapping at its line

_DAY_MS = const(86_400_000)
_DAY_S = const(1_800)  # less pumping is merged into the next day: starts would weigh too much
_STEPS = const(100)  # of a register: 1 % at the least, against an allowance of 3 %

# Tuned with simulations of this class, tests/simulators/test_detection_short.py.
_ALLOWANCE_PPM = const(30_000)
_CLIP_PPM = const(250_000)  # one wild day (a shut valve) is the hour's business, and never a drift
_SLOW_LIMIT_PPM = const(1_000_000)
_SLOW_STEP_PPM = const(666)  # a day: 2 % in 30
_SLOW_GAIN = const(10)
_BAND_PPM = const(150_000)  # a well's season is +-5 %; beyond this only a visit moves the reference
_RECENT_LIMIT_PPM = const(250_000)
_RECENT_STEP_PPM = const(2_000)
_RECENT_GAIN = const(20)
_LEARN_DAYS = const(5)

_ML_PER_WH_MAX = const(65_534)  # 65 m3/kWh: a lift of 4 m; drains beyond it learn no reference
REFERENCE_MAX = const(4_000_000)

# Names begin with ratio_ so that this may stand in a larger layout. 60 bytes.
LAYOUT = """
ratio_kind u1
ratio_alarms u1
ratio_signed u4
ratio_origin u4
ratio_slow s4
ratio_recent s4
ratio_day u4
ratio_volume_l u5
ratio_energy_wh u5
ratio_seconds u4
ratio_sum0 u4
ratio_sum1 u4
ratio_sum2 u4
ratio_sum3 u4
ratio_learned0 u2
ratio_learned1 u2
ratio_learned2 u2
ratio_learned3 u2
"""


def ln_ppm(numerator, denominator):
    """Return ln(numerator / denominator) in ppm, both above 0; off by 1 ppm at the most.

    Halved into 1..2, then 2 artanh(z) with z = (q - 1) / (q + 1) below 1/3, in parts of 10^9.
    """
    halvings = 0
    while numerator >= 2 * denominator:
        denominator *= 2
        halvings += 1
    while numerator < denominator:
        numerator *= 2
        halvings -= 1
    z = power = (numerator - denominator) * 1_000_000_000 // (numerator + denominator)
    total = 0
    odd = 1
    while power:
        total += power // odd
        power = power * z // 1_000_000_000 * z // 1_000_000_000
        odd += 2
    return (2 * total + halvings * 693_147_181 + 500) // 1000


def clip(value, limit):
    """Return the value held within +-limit."""
    return max(-limit, min(limit, value))


class Ratio:
    """Rule C4 of one well. `events`: (cause, subject, detail of event_details.RATIO), for the caller."""

    def __init__(self, reference_ml_per_wh):
        self._signed = reference_ml_per_wh
        self.events = []
        self._day = None
        self._day_ms = 0
        self._begin(reference_ml_per_wh, SIGNED if reference_ml_per_wh else UNKNOWN)

    def _begin(self, origin, kind):
        self.kind = kind
        self._origin = origin or None  # mL/Wh
        self.alarms = 0
        self._slow = self._recent = 0  # ln of each against the origin, ppm
        self._sums = [0, 0, 0, 0]  # slow less, slow more, recent less, recent more
        self._learned = []
        self.restart()

    def restart(self):
        """Begin the hour and the day anew: another segment counts from now on."""
        self.hour = PumpingHour()
        self._litres = self._wh = self._ms = 0

    @property
    def reference_ml_per_wh(self):
        """The reference as it stands now; None until one is known."""
        if self._origin is None:
            return None
        s = self._slow  # exp(s) up to its cube: 20 ppm off at 15 %
        return (
            self._origin * (1_000_000 + s + s * s // 2_000_000 + s * s * s // 6_000_000_000_000) // 1_000_000
        )

    @property
    def is_provisional(self):
        """True while no signed reference stands behind the verdicts."""
        return self.kind != SIGNED

    def take_reference(self, ml_per_wh):
        """Compare with a step test from now on; the next binding makes it the signed one."""
        if ml_per_wh and 0 < ml_per_wh <= REFERENCE_MAX:
            self._begin(ml_per_wh, TESTED)

    # -- sums ---------------------------------------------------------------------------

    def add(self, litres, wh, ms, volume_step_l, energy_step_wh):
        """Count what was pumped in `ms` of running; True when a bucket of the hour is full."""
        self._litres += litres
        self._wh += wh
        self._ms += ms
        is_full = self.hour.add(litres, wh, ms)
        if is_full and self._origin is not None:
            self._judge_hour(volume_step_l, energy_step_wh)
        return is_full

    def date(self, day, now_ms, volume_step_l, energy_step_wh):
        """Say which whole local day it is, None when time is not trusted: then 24 h of uptime are one."""
        if day is None:
            if now_ms - self._day_ms < _DAY_MS:
                return
        elif day == self._day:
            return
        else:
            is_first = self._day is None
            self._day = day
            if is_first:
                return
        self._day_ms = now_ms
        if self._is_enough(volume_step_l, energy_step_wh):
            self._close_day()

    def _is_enough(self, volume_step_l, energy_step_wh):
        if self._ms < _DAY_S * 1000 or self._wh < _STEPS * energy_step_wh:
            return False
        if self._origin is None and not self._litres:
            return True  # to be dropped: merged, it would teach a false ratio
        # What the energy should have lifted: a day without any water is enough, too.
        expected_l = self._wh * (self.reference_ml_per_wh or 0) // 1000
        return max(self._litres, expected_l) >= _STEPS * volume_step_l

    # -- verdicts -----------------------------------------------------------------------

    def _off_ppm(self, litres, wh):
        """ln(k / origin); a register that stood still counts as one step."""
        return ln_ppm(max(litres, 1) * 1000, max(wh, 1) * self._origin)

    def _judge_hour(self, volume_step_l, energy_step_wh):
        sums = self.hour.sums(BUCKETS)
        if sums is None:
            return
        litres, wh, ms = sums
        # Each register may be one step off, to the well's favour.
        most = self._off_ppm(litres + volume_step_l, wh - energy_step_wh) - self._slow
        least = self._off_ppm(litres - volume_step_l, wh + energy_step_wh) - self._slow
        for side, off in ((LESS, -most), (MORE, least)):
            if off > _HOUR_PPM:
                if not self.alarms & side:
                    self.alarms |= side
                    self._event(causes.RATIO_OFF, side, litres, wh, ms)
            elif off < _HOUR_OVER_PPM:
                self.alarms &= ~side

    def _close_day(self):
        litres, wh, ms = self._litres, self._wh, self._ms
        self._litres = self._wh = self._ms = 0
        if self._origin is None:
            self._learn(litres, wh)
            return
        off = self._off_ppm(litres, wh)
        slow = clip(off - self._slow, _CLIP_PPM)
        recent = clip(off - self._recent, _CLIP_PPM)
        before = self.alarms
        self._cusum(0, slow, _SLOW_LIMIT_PPM, _SLOW_AT)
        self._cusum(2, recent, _RECENT_LIMIT_PPM, _RECENT_AT)
        for side in (LESS, MORE):
            bits = side << _SLOW_AT | side << _RECENT_AT
            if self.alarms & bits and not before & bits:
                self._event(causes.RATIO_DRIFT, side, litres, wh, ms)
        if not self.alarms:
            self._slow = clip(self._slow + clip(slow // _SLOW_GAIN, _SLOW_STEP_PPM), _BAND_PPM)
            self._recent += clip(recent // _RECENT_GAIN, _RECENT_STEP_PPM)

    def _cusum(self, at, off, limit, alarms_at):
        """Two one-sided sums; full raises, half full clears."""
        for more in (0, 1):
            excess = (off if more else -off) - _ALLOWANCE_PPM
            total = self._sums[at + more] = max(0, min(limit, self._sums[at + more] + excess))
            bit = (MORE if more else LESS) << alarms_at
            if total == limit:
                self.alarms |= bit
            elif total * 2 <= limit:
                self.alarms &= ~bit

    def _learn(self, litres, wh):
        ml_per_wh = litres * 1000 // wh
        if not 0 < ml_per_wh <= _ML_PER_WH_MAX:
            return
        self._learned.append(ml_per_wh)
        if len(self._learned) == _LEARN_DAYS:
            self._begin(sorted(self._learned)[_LEARN_DAYS // 2], LEARNED)

    def _event(self, cause, side, litres, wh, ms):
        detail = {
            "volume_l": litres,
            "energy_wh": wh,
            "ratio_ml_per_wh": litres * 1000 // max(wh, 1),
            "reference_ml_per_wh": self.reference_ml_per_wh,
            "seconds": ms // 1000,
            "spread_permille": None,
        }
        self.events.append((cause, side | PROVISIONAL if self.is_provisional else side, detail))

    # -- over a loss of power -----------------------------------------------------------

    def snapshot(self):
        """Return the values of LAYOUT. The hour begins anew after a restart, the day goes on."""
        values = {
            "ratio_kind": self.kind,
            "ratio_alarms": self.alarms,
            "ratio_signed": self._signed,
            "ratio_origin": self._origin,
            "ratio_slow": self._slow,
            "ratio_recent": self._recent,
            "ratio_day": self._day,
            "ratio_volume_l": self._litres,
            "ratio_energy_wh": self._wh,
            "ratio_seconds": self._ms // 1000,
        }
        for at in range(4):
            values["ratio_sum%d" % at] = self._sums[at]
            values["ratio_learned%d" % at] = self._learned[at] if at < len(self._learned) else None
        return values

    def restore(self, values):
        """Take a snapshot; a binding with another reference than then begins anew."""
        if values["ratio_signed"] != self._signed:
            return
        self._begin(values["ratio_origin"], values["ratio_kind"])
        self.alarms = values["ratio_alarms"]
        self._slow = values["ratio_slow"]
        self._recent = values["ratio_recent"]
        self._day = values["ratio_day"]
        self._litres = values["ratio_volume_l"]
        self._wh = values["ratio_energy_wh"]
        self._ms = values["ratio_seconds"] * 1000
        self._sums = [values["ratio_sum%d" % at] for at in range(4)]
        learned = [values["ratio_learned%d" % at] for at in range(4)]
        self._learned = [one for one in learned if one is not None]
