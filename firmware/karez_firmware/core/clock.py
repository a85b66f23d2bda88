"""What time it is, and how far that may be believed (design §6).

A floor, kept in FRAM, is raised by authenticated time and never lowered: expiry runs on
it, so a clock that was set back cannot revive a grant.
"""

from karez_protocols import record


class Clock:
    """UTC seconds with a time state and a floor."""

    def __init__(self, floor_utc_s):
        self.floor_utc_s = floor_utc_s
        self.utc_s = floor_utc_s
        self.state = record.TIME_UNKNOWN

    @property
    def is_trusted(self):
        """True when dates may bind."""
        return self.state == record.TIME_SYNCHRONISED

    def set(self, utc_s, state):
        """Take the port's clock: None or a time before the floor is not believed."""
        if utc_s is None or utc_s < self.floor_utc_s:
            self.state = record.TIME_UNKNOWN
            self.utc_s = self.floor_utc_s
            return
        self.utc_s = utc_s
        self.state = state

    def raise_floor(self, utc_s):
        """Raise the floor to an authenticated time (a grant's date of issue)."""
        self.floor_utc_s = max(self.floor_utc_s, utc_s)
