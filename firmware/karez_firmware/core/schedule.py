"""When an interval record and a checkpoint are due (design §8)."""

from karez_protocols.constant import const

# Of the ring, filled with what nobody has confirmed, percent: intervals not below so many seconds.
_THIN_PERCENT = const(75)
_THIN_S = const(900)
_THINNER_PERCENT = const(90)
_THINNER_S = const(3_600)


class Schedule:
    """Interval ends aligned to the clock; checkpoints by time since the last one."""

    def __init__(self, settings):
        self._settings = settings
        self._interval = None
        self._checkpoint_ms = None

    def is_interval_over(self, second, is_pumping, fill_percent=0):
        """True when an interval has ended; a change of its length alone ends none.

        `second`: UTC when it is trusted, so that hours of the ledger end on a record,
        else uptime. `fill_percent`: how full the ring is of what nobody has confirmed: a long
        outage then writes less often, and reaches back further (design §8).
        """
        length_s = self._settings["interval_pumping_s" if is_pumping else "interval_idle_s"]
        if fill_percent >= _THINNER_PERCENT:
            length_s = max(length_s, _THINNER_S)
        elif fill_percent >= _THIN_PERCENT:
            length_s = max(length_s, _THIN_S)
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
