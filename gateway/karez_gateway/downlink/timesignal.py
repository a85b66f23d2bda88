"""When a controller is told the time: on each connect and while it has none, once an hour at most.

The gateway's time moves a trusted clock 10 min a day and no further (core/clock.py), so a wrong
one does little; but a clock that was never set takes what it gets. So nothing is sent as long as
this machine's own clock cannot be right.
"""

from collections.abc import Mapping
from typing import Any

from karez_protocols import record

# No machine that runs this text stands before it: an RTC without its battery says 1970 or 2000.
WRITTEN_UTC_S = 1_782_864_000  # 2026-07-01
EVERY_S = 3600


class TimeSignal:
    """Who is to be told the time now. `mono_s`: a clock that nobody sets."""

    def __init__(self) -> None:
        """Nobody was told anything yet."""
        self._told_s: dict[str, float] = {}

    def wanted(self, name: str, state: Mapping[str, Any], mono_s: float, *, is_connect: bool) -> bool:
        """True if this controller, by its state, is to be told the time."""
        if not state["online"]:
            return False
        if not is_connect and state["time_state"] == record.TIME_SYNCHRONISED:
            return False
        told_s = self._told_s.get(name)
        return told_s is None or mono_s - told_s >= EVERY_S

    def told(self, name: str, mono_s: float) -> None:
        """It was published."""
        self._told_s[name] = mono_s


def why_not(utc_s: int, last_entry_utc_s: int | None) -> str:
    """Why this machine's clock cannot be right; empty if it may be.

    `last_entry_utc_s`: when the newest entry of the log was received, by this same clock.
    """
    if utc_s < WRITTEN_UTC_S:
        return "the clock of this machine is older than this program: set it"
    if last_entry_utc_s is not None and utc_s < last_entry_utc_s:
        return (
            "the clock of this machine is before the newest entry of its own log: set it, "
            "or wait if it was ahead before"
        )
    return ""
