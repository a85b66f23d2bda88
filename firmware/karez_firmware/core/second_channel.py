"""C6: two channels that measure the same thing must agree (integrity §4).

The totaliser against a second channel (pulses) within 1 % over 100 pulses, the energy register
against the integral of power within 2 % over 5 kWh and an hour. Tells a cut or generated pulse
line, a wrong pulse factor, a CT ratio entered in one place only, a register that is not the meter's.
"""

from karez_protocols.constant import const

WATER = 1  # totaliser against the second channel
ENERGY = 2  # energy register against the integral of power

_PULSES = const(100)
_WATER_PERMILLE = const(10)
_ENERGY_PERMILLE = const(20)
_ENERGY_WH = const(5_000)
_ENERGY_MS = const(3_600_000)
_SKEW_S = const(2)  # the two are not read at one instant
_BRIDGED_MS = const(5_000)  # a lost answer or two: power is taken to have stayed as it was


class Pair:
    """Two counters of the same thing, compared from time to time."""

    def __init__(self, permille):
        self._permille = permille
        self._from = None

    def restart(self):
        """Begin anew: one of the two counts something else now."""
        self._from = None

    def feed(self, one, other, least, slack):
        """Return True when they differ, False when they agree, None while it is too early to say.

        `least`: compare no sooner, None: not yet. `slack`: what steps and different moments of
        reading explain; while that is more than the tolerance itself, it is too early too.
        """
        if one is None or other is None:
            return None
        if self._from is None or one < self._from[0] or other < self._from[1]:
            self._from = (one, other)
            return None
        one -= self._from[0]
        other -= self._from[1]
        span = max(one, other)
        if least is None or span < least or slack * 1000 > span * self._permille:
            return None
        self._from = None
        return abs(one - other) * 1000 > span * self._permille + slack * 1000


class Channels:
    """Both comparisons of one site; `differing`: bits WATER, ENERGY that stand."""

    def __init__(self):
        self.differing = 0
        self._water = Pair(_WATER_PERMILLE)
        self._energy = Pair(_ENERGY_PERMILLE)
        self._power_w = None
        self._blind_ms = 0
        self._mj = self._ms = 0

    def restart(self):
        """Begin anew: another segment counts from now on."""
        self._water.restart()
        self._restart_energy()

    def _restart_energy(self):
        self._energy.restart()
        self._ms = 0

    def water(self, volume_l, second_l, steps_l, pulse_l, flow_lph):
        """Compare the totaliser with the second channel; True when they begin to differ.

        `steps_l`: the least steps of both together; `pulse_l`: litres per pulse of the second.
        """
        slack_l = steps_l + abs(flow_lph) * _SKEW_S // 3600
        return self._judge(WATER, self._water.feed(volume_l, second_l, _PULSES * pulse_l, slack_l))

    def energy(self, energy_wh, step_wh, power_w, elapsed_ms):
        """Compare the energy register with the integral of power; True when they begin to differ."""
        self._blind_ms = 0 if power_w is not None else self._blind_ms + elapsed_ms
        if power_w is not None:
            self._power_w = max(power_w, 0)
        if self._power_w is None or self._blind_ms > _BRIDGED_MS or elapsed_ms > _BRIDGED_MS:
            self._restart_energy()  # the register went on, the integral did not
            return False
        self._mj += self._power_w * elapsed_ms
        self._ms += elapsed_ms
        slack_wh = step_wh + self._power_w * _SKEW_S // 3600 + 1
        least_wh = _ENERGY_WH if self._ms >= _ENERGY_MS else None
        differs = self._energy.feed(energy_wh, self._mj // 3_600_000, least_wh, slack_wh)
        if differs is not None:
            self._ms = 0
        return self._judge(ENERGY, differs)

    def _judge(self, bit, differs):
        was = self.differing & bit
        if differs:
            self.differing |= bit
        elif differs is False:
            self.differing &= ~bit
        return bool(differs) and not was
