"""The books of one site: W litres and E watt-hours since commissioning, P held (design §5).

W never falls and moves by plausible steps only. While the water meter is not believed, W
stands and P counts beside it: upper coefficient x energy since the last good reading, or
rated flow x time closed without an energy reading. Ceilings test W + P.
"""

from karez_protocols import grant, record
from karez_protocols.constant import const

from . import register

# One missed poll is no gap in the books; two are: from then on P counts until a reading is believed.
_HOLD_MS = const(2_500)


def _register(segment, rate_per_h):
    return register.Register(segment["base"], segment["register_base"], segment["multiplier_ppm"], rate_per_h)


def _is_fresh(books, now_ms):
    return books.last_ms is not None and now_ms - books.last_ms <= _HOLD_MS


class Books:
    """Water and energy registers of the binding's current segments."""

    def __init__(self, values, segments):
        self._upper_ml_per_wh = values["upper_ml_per_wh"]
        self._rated_flow_lph = values["rated_flow_lph"]
        # Later rows of one quantity replace earlier ones: the last is the current segment.
        self.segment = 0
        self.energy = None
        for number, segment in enumerate(segments):
            if segment["quantity"] == grant.WATER:
                self.water = _register(segment, values["rated_flow_lph"])
                self.segment = number + 1
            else:
                self.energy = _register(segment, values["rated_power_w"])
        self.held_l = 0
        self._carried_l = 0  # P from before a restart: what is counted since comes on top
        self.is_uncertain = False
        self._energy_at_good_wh = None
        self._blind_ms = 0
        self._last_ms = None
        self.gap = None  # (volume before, energy before) when a reading came back over a gap

    @property
    def volume_l(self):
        """W, litres; None before the first reading was ever believed."""
        return self.water.value

    @property
    def energy_wh(self):
        """E, watt-hours; None when unknown or without an energy meter."""
        return self.energy.value if self.energy else None

    @property
    def charged_l(self):
        """W + P: what the ceilings test; None while unknown."""
        volume_l = self.volume_l
        return None if volume_l is None else volume_l + self.held_l

    @property
    def is_known(self):
        """True when the water register has been believed since the start."""
        return self.water.is_known

    @property
    def method(self):
        """How the volume now counted comes about (record.METERED, record.CONVERTED)."""
        return record.CONVERTED if self.held_l else record.METERED

    def restore(self, head):
        """Take the last good registers and P from before a restart."""
        if head["register_l"] is not None:
            self.water.restore(head["register_l"])
        if self.energy and head["energy_register_wh"] is not None:
            self.energy.restore(head["energy_register_wh"])
            self._energy_at_good_wh = self.energy.value
        self.held_l = self._carried_l = head["held_l"] or 0

    def read_energy(self, register_wh, now_ms, outage_s, step=1):
        """Offer a reading of the energy register; `step`: the least by which it can move, Wh."""
        if self.energy is None:
            return None
        self.energy.step = step
        if self.energy.last_ms is not None:  # a silence in this run, not the outage before it
            outage_s = (now_ms - self.energy.last_ms + 999) // 1000
        bound = None if outage_s is None else self.energy.bound(outage_s * 1000)
        result = self.energy.offer(register_wh, now_ms, bound)
        if result == register.BACK and _is_fresh(self.water, now_ms):
            # The water of the same gap is booked already: it is not P as well.
            self._energy_at_good_wh = self.energy_wh
        return result

    def _gap_bound(self, outage_s):
        """Litres that an outage may hold: by its length if trusted, else by energy."""
        if outage_s is not None:
            return self.water.bound(outage_s * 1000)
        if self.energy and self.energy.is_known and self._energy_at_good_wh is not None:
            return (self.energy.value - self._energy_at_good_wh) * self._upper_ml_per_wh // 1000 + 1
        return None

    def read_water(self, register_l, now_ms, outage_s, step=1):
        """Offer a reading of the water register; return register.GOOD, BACK, HELD or UNCERTAIN.

        `outage_s`: trusted length of the outage before this run, None when not known.
        `step`: the least by which the register can move, litres.
        """
        self.water.step = step
        before = (self.volume_l, self._energy_at_good_wh)
        if self.water.last_ms is not None:
            outage_s = (now_ms - self.water.last_ms + 999) // 1000
        result = self.water.offer(register_l, now_ms, self._gap_bound(outage_s))
        if result in (register.GOOD, register.BACK):
            self.held_l = self._carried_l = 0
            self.is_uncertain = False
            self._blind_ms = 0
            self._energy_at_good_wh = self.energy_wh
            if result == register.BACK and before[0] is not None:
                self.gap = before
        elif result == register.UNCERTAIN:
            self.is_uncertain = True
        return result

    def tick(self, now_ms, is_closed):
        """Count P while the water meter is not believed; `is_closed`: water may be flowing.

        By energy as far as the power meter tells, and by rated flow x time closed for as long
        as it does not: a cut bus cable stops at the ceiling like a dead water meter.
        """
        elapsed_ms = 0 if self._last_ms is None else now_ms - self._last_ms
        self._last_ms = now_ms
        if _is_fresh(self.water, now_ms) or self.water.last is None:
            return
        by_energy_l = self._carried_l
        if self.energy and self._energy_at_good_wh is not None and self.energy_wh is not None:
            by_energy_l += (self.energy_wh - self._energy_at_good_wh) * self._upper_ml_per_wh // 1000
            if _is_fresh(self.energy, now_ms):
                # It has counted what was blind: that estimate gives way to the meter's.
                self._blind_ms = 0
                self.held_l = by_energy_l
                return
        if is_closed:
            self._blind_ms += elapsed_ms
        by_time_l = self._rated_flow_lph * self._blind_ms // 3_600_000
        self.held_l = max(self.held_l, by_energy_l + by_time_l)
