"""When irrigation is allowed by rotation (轮灌), and how long it may run at most (G18).

Windows are configuration, in local time. With untrusted time they are recorded but stop
nobody (design §6); the longest run is measured by uptime and always holds.

A row is a dict: `from_min`, `to_min` (minutes of the local day; a window that ends where or
before it begins passes midnight and belongs to the day it begins on; 0..1440 is the whole
day), and either `days` (bits, 1 = Monday .. 64 = Sunday) or `cycle_days`, `first_day`,
`open_days`: of every so many days the first so many are open, counted from a local day
(days since 1970-01-01).
"""

from karez_protocols import causes
from karez_protocols.constant import const
from karez_protocols.errors import NotAllowed

ROWS_MAX = 16  # a round of 8 groups, two windows each
CYCLE_DAYS_MAX = 60  # the longest rounds of a season come once in two months
_DAY_MIN = const(1_440)
_MONDAY = const(3)  # 1970-01-01 was a Thursday: (day + 3) % 7 is 0 on Mondays
_CHAIN_MAX = const(64)  # windows that follow one another without a gap: then the end is not looked for


def check(rows):
    """Refuse rows that no configuration may have. Raises NotAllowed."""
    if len(rows) > ROWS_MAX:
        raise NotAllowed("%d windows, %d are allowed" % (len(rows), ROWS_MAX))
    for row in rows:
        if not 0 <= row["from_min"] < _DAY_MIN or not 0 < row["to_min"] <= _DAY_MIN:
            raise NotAllowed("window from minute %d to %d" % (row["from_min"], row["to_min"]))
        if row["from_min"] == row["to_min"]:
            raise NotAllowed("a window that ends where it begins")
        if "days" in row:
            if not 0 < row["days"] < 128:
                raise NotAllowed("days %d of a window" % row["days"])
        elif not 1 <= row["open_days"] <= row["cycle_days"] <= CYCLE_DAYS_MAX:
            raise NotAllowed("%d of %d days of a window" % (row["open_days"], row["cycle_days"]))


def _next_day(row, day):
    """Return the first day from `day` on at which a window of this row begins."""
    if "days" in row:
        while not row["days"] >> (day + _MONDAY) % 7 & 1:
            day += 1
        return day
    offset = (day - row["first_day"]) % row["cycle_days"]
    return day if offset < row["open_days"] else day + row["cycle_days"] - offset


def _end_min(row, minute):
    """Return the minute (since 1970, local) at which this row's window ends, None if it is closed."""
    day = minute // _DAY_MIN
    length_min = row["to_min"] - row["from_min"]
    if length_min < 0:
        length_min += _DAY_MIN
    for begin in (day - 1, day):
        start = begin * _DAY_MIN + row["from_min"]
        if _next_day(row, begin) == begin and start <= minute < start + length_min:
            return start + length_min
    return None


def _start_min(row, minute):
    """Return the next minute after this one at which a window of this row begins."""
    day = minute // _DAY_MIN
    start = _next_day(row, day) * _DAY_MIN + row["from_min"]
    if start <= minute:
        start = _next_day(row, day + 1) * _DAY_MIN + row["from_min"]
    return start


class Windows:
    """The windows of one site. Raises NotAllowed on rows that check() refuses."""

    def __init__(self, rows, utc_offset_min, run_max_s):
        check(rows)
        self._rows = rows
        self._offset_s = utc_offset_min * 60
        self._run_max_s = run_max_s
        self._is_told = False
        self.events: list = []  # (cause, subject) for the caller to take

    def is_open(self, utc_s):
        """True in a window; always without windows."""
        return not self._rows or self._end(self._minute(utc_s)) is not None

    def _minute(self, utc_s):
        return (utc_s + self._offset_s) // 60

    def _end(self, minute):
        """Return the latest end of the windows open at a minute, None if all are closed."""
        found = None
        for row in self._rows:
            end = _end_min(row, minute)
            if end is not None and (found is None or end > found):
                found = end
        return found

    def next_change(self, utc_s):
        """Return when the windows close or open next; None when they never do.

        None, too, where one window follows the other without a gap for 64 windows.
        """
        if not self._rows:
            return None
        minute = self._minute(utc_s)
        end = self._end(minute)
        if end is None:
            change = min([_start_min(row, minute) for row in self._rows])
            return change * 60 - self._offset_s
        for _ in range(_CHAIN_MAX):
            change, end = end, self._end(end)
            if end is None:
                return change * 60 - self._offset_s
        return None

    def cause(self, utc_s, is_trusted, run_s=0):
        """Return WINDOW_OVER outside the windows, RUN_TIME after the longest run, else NONE.

        `run_s`: how long the pump has run, by uptime. With untrusted time a closed window is
        recorded once in a run of the controller and stops nobody: call this at a start and
        while the pump runs.
        """
        if not self.is_open(utc_s):
            if is_trusted:
                return causes.WINDOW_OVER
            if not self._is_told:
                self._is_told = True
                self.events.append((causes.WINDOW_IGNORED, 0))
        if self._run_max_s and run_s >= self._run_max_s:
            return causes.RUN_TIME
        return causes.NONE
