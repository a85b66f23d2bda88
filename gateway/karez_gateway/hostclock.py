"""The time of this machine, as far as it can be written down.

Nothing is decided by it but when to try again; records carry their controller's own time. It may be
wrong by years, before and after it is set.
"""

import time

UTC_S_MAX = 0xFFFFFFFE  # the largest time that an entry of the log holds: February 2106


def utc_s() -> int:
    """Seconds since 1970, kept within what an entry of the log holds."""
    return within(int(time.time()))


def within(seconds: int) -> int:
    """The nearest time that an entry of the log holds."""
    return min(max(seconds, 0), UTC_S_MAX)
