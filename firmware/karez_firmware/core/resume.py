"""Drinking water comes back by itself after the mains do; nothing else does (design §6, field F11).

Only a protected well that the mains stopped, once, 1 to 15 min after they are back, at a moment
spread by a number of the caller's: a county must not start at once. A person's stop or start,
an order or a protection ends it.
"""

from karez_protocols import causes


class Resume:
    """One restart that may come. `is_protected`: the well feeds people (or livestock where set)."""

    def __init__(self, settings, is_protected):
        self._settings = settings
        self._is_protected = is_protected
        self._is_mains_gone = False
        self._wait_ms = None  # from the mains' return to the start; None: not armed
        self._back_ms = 0

    @property
    def is_armed(self):
        """True while a start may still come; keep it over a power cut, and arm again with it."""
        return self._wait_ms is not None

    def mains(self, is_present, now_ms):
        """Say at every step whether the mains are there; None: not known, changes nothing."""
        if is_present is False:
            self._is_mains_gone = True
        elif is_present and self._is_mains_gone:
            self._is_mains_gone = False
            self._back_ms = now_ms

    def arm(self, cause, seed, now_ms, rest_ms=0):
        """After a stop for `cause`, or at boot for the irrigation that was cut off (RESTARTED).

        Return True if a start will come. A lost feedback counts only with the mains gone.
        `seed`: any whole number, another one for each well and boot. `rest_ms`: what the motor
        must still rest; the spread comes after it, or every well of a county would start then.
        """
        self.cancel()
        if cause == causes.MAINS_LOST:
            self._is_mains_gone = True
        is_mains = cause == causes.RESTARTED or (
            cause in (causes.MAINS_LOST, causes.FEEDBACK_LOST) and self._is_mains_gone
        )
        if not self._is_protected or not is_mains:
            return False
        least_ms = self._settings["resume_min_s"] * 1000
        spread_ms = max(self._settings["resume_max_s"] * 1000 - least_ms, 0)
        self._wait_ms = max(least_ms, rest_ms) + seed % (spread_ms + 1)
        self._back_ms = now_ms
        return True

    def is_due(self, now_ms):
        """True once, at the moment to start; the caller then starts like a person would."""
        if self._wait_ms is None or self._is_mains_gone or now_ms - self._back_ms < self._wait_ms:
            return False
        self.cancel()
        return True

    def cancel(self):
        """A person stopped or started, an order or a protection stands: no start will come."""
        self._wait_ms = None
