"""When an interval record and a checkpoint are due (design §8)."""


class Schedule:
    """Interval ends aligned to the clock; checkpoints by time since the last one."""

    def __init__(self, settings):
        self._settings = settings
        self._interval = None
        self._checkpoint_ms = None

    def is_interval_over(self, second, is_pumping):
        """True when an interval has ended; a change of its length alone ends none.

        `second`: UTC when it is trusted, so that hours of the ledger end on a record,
        else uptime.
        """
        length_s = self._settings["interval_pumping_s" if is_pumping else "interval_idle_s"]
        before = self._interval
        self._interval = (length_s, second // length_s)
        return before is not None and before[0] == length_s and before[1] != self._interval[1]

    def is_checkpoint_due(self, now_ms, is_pumping, is_wanted):
        """True when a checkpoint is wanted now or its time has come."""
        length_s = self._settings["checkpoint_pumping_s" if is_pumping else "checkpoint_idle_s"]
        if self._checkpoint_ms is None:
            self._checkpoint_ms = now_ms
        if not is_wanted and now_ms - self._checkpoint_ms < length_s * 1000:
            return False
        self._checkpoint_ms = now_ms
        return True
