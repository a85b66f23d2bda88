"""P: litres that the water register has not shown, counted against the well (design §5).

Upper coefficient x energy since the last good reading; rated flow x time closed for as long as
no energy meter tells. A good reading takes it back, but for what the meter said itself that it
did not count: that stays until a segment takes it into W.

A register that stands gives good readings until it is found stuck, a minute later (doubts.py). So
its last good reading is the one that moved W: P begins there (recall).
"""

from karez_protocols.constant import const

# One missed poll is no gap in the books; two are: from then on P counts until a reading is believed.
_HOLD_MS = const(2_500)
_LITRES_MAX = const(0xFFFF_FFFE)  # four bytes in a record, all ones = unknown


def is_fresh(followed, now_ms):
    """True if this register has been good within two polls."""
    return followed.last_ms is not None and now_ms - followed.last_ms <= _HOLD_MS


class Held:
    """P of one well, from its water Register and, if it has one, its energy Register."""

    def __init__(self, rated_flow_lph, upper_ml_per_wh):
        self._rated_flow_lph = rated_flow_lph
        self.upper_ml_per_wh = upper_ml_per_wh
        self.litres = 0
        self._carried_l = 0  # from before a restart, or uncounted: what is counted since comes on top
        self.uncounted_l = 0  # no meter will ever count these
        self.is_doubted = False  # the meter said since its last good reading that it does not count
        self.energy_wh = None  # E at the last good reading of water; None: energy is not asked
        self._moved_wh = None  # E when W last moved, and what was used since with nothing flowing
        self._still_ms = 0  # time closed in good readings since then
        self._has_moved = True  # in this run
        self._still_l = 0  # from before a restart: litres while W stood already

    def restore(self, litres, uncounted_l, energy_wh, is_doubted, still_l=0):
        """Take P from before a restart."""
        self.litres = self._carried_l = litres
        self.uncounted_l = min(uncounted_l, litres)
        self.energy_wh = self._moved_wh = energy_wh
        self.is_doubted = is_doubted
        self._still_l, self._still_ms, self._has_moved = still_l, 0, False

    def has_energy(self, energy):
        """True if energy is counted here at all."""
        return energy is not None and self.energy_wh is not None

    def estimate(self, water, energy, now_ms):
        """Return P as it stands at `now_ms`, litres."""
        return min(
            self._carried_l + self._beside(energy, self.energy_wh, water.blind_ms, now_ms), _LITRES_MAX
        )

    def _beside(self, energy, from_wh, blind_ms, now_ms):
        found_l = 0
        if self.has_energy(energy):
            found_l = (energy.value - from_wh) * self.upper_ml_per_wh // 1000
            blind_ms = 0 if is_fresh(energy, now_ms) else min(blind_ms, energy.blind_ms)
        return found_l + self._rated_flow_lph * blind_ms // 3_600_000

    def still_l(self, water, energy, now_ms):
        """Litres that P would begin with if the register that stands were found stuck now."""
        blind_ms = self._still_ms + water.blind_ms
        found_l = self._beside(energy, self._still_wh(energy, blind_ms), blind_ms, now_ms)
        return min(self._still_l + found_l, _LITRES_MAX - self.litres)

    def _still_wh(self, energy, still_ms):
        """E that P begins at: what a power meter tells late was not all used while W stood."""
        if self._moved_wh is None:
            return self.energy_wh
        if self._has_moved and self.has_energy(energy):
            return max(self._moved_wh, energy.value - energy.bound(still_ms))
        return self._moved_wh

    def recall(self, water, energy):
        """The register is stuck: its last good reading is the one that moved W."""
        if not self._still_ms:
            return  # done
        water.blind_ms += self._still_ms
        self.energy_wh = self._moved_wh = self._still_wh(energy, water.blind_ms)
        water.last_ms -= self._still_ms  # it may have moved by so much more when it is seen to move
        self._carried_l += self._still_l
        self._still_ms = self._still_l = 0

    def tick(self, water, energy, now_ms):
        """Show P when the water register is not fresh."""
        if is_fresh(water, now_ms):
            return
        found_l = self.estimate(water, energy, now_ms)
        if self.has_energy(energy) and is_fresh(energy, now_ms):
            self.litres = found_l  # the meter has counted what was blind: its word goes
        else:
            self.litres = max(self.litres, found_l)

    def settle(self, estimate_l, counted_l, energy_wh, still_ms=None):
        """A good reading, which moved W by `counted_l`: it takes back what the meter has counted.

        `still_ms`: time closed since the one before, None with next to nothing flowing.
        """
        moved_wh, all_ms, still_l = self._moved_wh, self._still_ms, self._still_l
        if moved_wh is None:
            moved_wh = energy_wh
        if self.is_doubted:
            self.uncounted_l += max(0, estimate_l - self.uncounted_l - counted_l)
            still_ms = None  # what was used since the last one is in P now
        if still_ms is None and None not in (energy_wh, self.energy_wh):
            moved_wh += energy_wh - self.energy_wh
        has_moved = self._has_moved
        self._begin(energy_wh)
        if not counted_l:
            self._has_moved = has_moved
            self._moved_wh, self._still_ms, self._still_l = moved_wh, all_ms + (still_ms or 0), still_l

    def close(self, energy_wh):
        """A segment has taken P into W."""
        self.uncounted_l = 0
        self._begin(energy_wh)

    def _begin(self, energy_wh):
        self.is_doubted = False
        self.litres = self._carried_l = self.uncounted_l
        self.energy_wh = self._moved_wh = energy_wh
        self._still_ms = self._still_l = 0
        self._has_moved = True
