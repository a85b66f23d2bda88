"""Whether the mains are there, by the voltages of the power meter (design §6, field F11).

A meter behind the contactor shows no voltage at every stop: only one that has shown it with the
contactor open can say that the mains are gone.
"""

from karez_protocols.constant import const

from .protection import is_mains_present

_DECAY_MS = const(2_000)  # a meter that refreshes late still shows the voltage of before


class Mains:
    """The supply of one well, from its power meter's readings."""

    def __init__(self, voltage_dv):
        self._voltage_dv = voltage_dv
        self._is_upstream = False  # the meter sees the mains with the contactor open
        self.is_present = None  # by the last reading; None: not known

    def take(self, meter, is_closed, switched_ms):
        """Look at the last reading. `is_closed`: the contactor, switched last at `switched_ms`."""
        self.is_present = is_mains_present(meter.values, self._voltage_dv)
        if self.is_present and not is_closed and meter.at_ms - switched_ms >= _DECAY_MS:
            self._is_upstream = True

    @property
    def is_gone(self):
        """True when it is sure that the mains are gone, the contactor open or not."""
        return self._is_upstream and self.is_present is False
