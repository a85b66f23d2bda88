"""Pulse inputs of a board: who counts, and whether the cable to the meter is whole.

A supervised loop has a resistor in series with the meter's contact and one across it. So a whole loop
shows one of two voltages, a cut cable the supply's and a shorted one none.
"""

from karez_protocols.constant import const

# Of 65,535: 4.7 kOhm to the supply, 4.7 kOhm in series, 10 kOhm across: 33 thousand and 50 thousand.
_SHORTED = const(16_000)
_CUT = const(58_000)
_BOUNCE_MS = const(5)  # a reed contact's; 50 pulses a second are then the most
_WRAP = const(32_767)  # where a PCNT unit begins anew


class IrqCounter:
    """Counts by interrupt. `ticks_ms()` and `difference` as of the time module.

    A port whose interrupts wait for Python misses what comes during a long call; see docs/ports.md.
    """

    def __init__(self, ticks_ms, difference):
        self._ticks_ms = ticks_ms
        self._difference = difference
        self._last = ticks_ms()
        self._count = self._taken = 0

    def pulse(self, _pin):
        """The contact closed. Called from an interrupt: makes nothing on the heap."""
        now = self._ticks_ms()
        if self._difference(now, self._last) >= _BOUNCE_MS:
            self._count = (self._count + 1) & 0xFFFFFF
        self._last = now

    def take(self):
        """Return the pulses since the last call."""
        count = self._count
        pulses, self._taken = (count - self._taken) & 0xFFFFFF, count
        return pulses


class UnitCounter:
    """Counts in hardware: `unit.value()` runs from 0 to 32,766 and begins anew. Nothing is missed."""

    def __init__(self, unit):
        self._unit = unit
        self._taken = 0
        unit.start()

    def take(self):
        """Return the pulses since the last call; it must come before the unit has gone round."""
        count = self._unit.value()
        pulses, self._taken = (count - self._taken) % _WRAP, count
        return pulses


class PulseInput:
    """`counter`: as above. `adc.read_u16()` sees the loop's voltage; None: nobody supervises the loop."""

    def __init__(self, counter, adc):
        self._counter = counter
        self._adc = adc

    def take(self):
        """Return (pulses since the last call, whether the loop is sound)."""
        is_sound = self._adc is None or _SHORTED < self._adc.read_u16() < _CUT
        return self._counter.take(), is_sound
