"""Delays as people say them."""

from __future__ import annotations


def delay(seconds: int | None, day_s: int) -> str:
    """A delay of pumping: seconds, minutes, pumping hours, pumping days; a dash for never.

    `day_s`: seconds of pumping in a pumping day. A verdict falls at a day's end: whole days.
    """
    if seconds is None:
        return "—"
    if seconds >= day_s:
        return f"{-(-seconds // day_s)} d"
    if seconds < 600:
        return f"{seconds} s"
    return f"{round(seconds / 60)} min"
