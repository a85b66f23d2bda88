"""The step test of commissioning: litres per watt-hour of a well that runs steadily (integrity §4, 5.7).

The technician lets the pump run until level and flow stand still (domain §8; about half an hour),
then begins. Three thirds are measured one after another; they must agree within 3 %. The result is
proposed to the regulator, who signs it as the reference of rule C4 with the next binding.
"""

from karez_protocols.constant import const

# States.
RUNNING = 0
DONE = 1
REFUSED = 2

# Why it was refused.
NO_METER = 1  # W or E unknown, not believed, or fallen
STOPPED = 2  # no flow or no power any more
UNSTEADY = 3  # flow, power or the thirds differ too much
TOO_SHORT = 4  # ended by hand, or the registers are too coarse for the time

_THIRDS = const(3)
_STEPS = const(100)  # of each register in each third: a third of the 3 % that the thirds may differ by
_SPREAD_PERMILLE = const(30)
_SWING_PERCENT = const(20)  # of the greatest: noise of a flow reading is 5 %, a valve is more
_LONGEST = const(3)  # times the least duration; then its steps are too coarse


class Range:
    """Least and greatest of what was seen; unknown readings are left out."""

    def __init__(self):
        self.least = self.most = None

    def add(self, value):
        """Take a value; False when they differ by more than a steady pump's."""
        if value is None:
            return True
        self.least = value if self.least is None else min(self.least, value)
        self.most = value if self.most is None else max(self.most, value)
        return (self.most - self.least) * 100 <= self.most * _SWING_PERCENT


class StepTest:
    """One test. `state`, `refusal`; when DONE `result`, the detail of a STEP_TEST event.

    `least_s`, `least_wh`: the whole test lasts at least so long and takes at least so much energy.
    The steps are the least by which each register can move. `reference_ml_per_wh`: the one in force.
    """

    def __init__(self, least_s, least_wh, volume_step_l=1, energy_step_wh=1, reference_ml_per_wh=None):
        self._third_ms = least_s * 1000 // _THIRDS
        self._third_wh = max((least_wh + _THIRDS - 1) // _THIRDS, _STEPS * energy_step_wh, 1)
        self._third_l = max(_STEPS * volume_step_l, 1)
        self._reference = reference_ml_per_wh
        self._marks: list = []  # (ms, litres, Wh) at the ends of the thirds
        self._last = None
        self._flow = Range()
        self._power = Range()
        self.level = Range()  # mm, for the technician: a level still falling makes the test a poor one
        self.state = RUNNING
        self.refusal = 0
        self.result = None

    def step(self, now_ms, volume_l, energy_wh, flow_lph, power_w, level_mm=None, is_good=True):
        """Take what is read now; return the state. `is_good`: the books believed the water meter."""
        if self.state != RUNNING:
            return self.state
        refusal = self._refusal(volume_l, energy_wh, flow_lph, power_w, is_good)
        self.level.add(level_mm)
        if refusal:
            return self._refuse(refusal)
        self._last = (volume_l, energy_wh)
        if not self._marks:
            self._marks.append((now_ms, volume_l, energy_wh))
            return RUNNING
        from_ms, from_l, from_wh = self._marks[-1]
        if now_ms - from_ms < self._third_ms:
            return RUNNING
        if energy_wh - from_wh >= self._third_wh and volume_l - from_l >= self._third_l:
            self._marks.append((now_ms, volume_l, energy_wh))
            return self._finish() if len(self._marks) > _THIRDS else RUNNING
        if now_ms - from_ms >= _LONGEST * self._third_ms:
            return self._refuse(TOO_SHORT)
        return RUNNING

    def end(self):
        """End it by hand: a test that is not done was too short. Return the state."""
        return self._refuse(TOO_SHORT) if self.state == RUNNING else self.state

    def _refusal(self, volume_l, energy_wh, flow_lph, power_w, is_good):
        if not is_good or volume_l is None or energy_wh is None:
            return NO_METER
        if self._last and (volume_l < self._last[0] or energy_wh < self._last[1]):
            return NO_METER
        for value, seen in ((flow_lph, self._flow), (power_w, self._power)):
            if value is not None and value <= 0:
                return STOPPED
            if not seen.add(value):
                return UNSTEADY
        return 0

    def _refuse(self, refusal):
        self.refusal = refusal
        self.state = REFUSED
        return REFUSED

    def _finish(self):
        ratios = []  # micro-litres per Wh: a deep well's 370 mL/Wh alone would round by 0.3 %
        for at in range(_THIRDS):
            _, litres, wh = self._marks[at]
            _, litres_to, wh_to = self._marks[at + 1]
            ratios.append((litres_to - litres) * 1_000_000 // (wh_to - wh))
        ms, litres, wh = self._marks[0]
        ms_to, litres_to, wh_to = self._marks[_THIRDS]
        litres, wh = litres_to - litres, wh_to - wh
        spread = (max(ratios) - min(ratios)) * wh // (litres * 1000)
        if spread > _SPREAD_PERMILLE:
            return self._refuse(UNSTEADY)
        self.result = {
            "volume_l": litres,
            "energy_wh": wh,
            "ratio_ml_per_wh": (litres * 1000 + wh // 2) // wh,
            "reference_ml_per_wh": self._reference,
            "seconds": (ms_to - ms) // 1000,
            "spread_permille": spread,
        }
        self.state = DONE
        return DONE
