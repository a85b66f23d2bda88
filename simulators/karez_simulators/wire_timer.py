"""An alarm for the event loop that is not rounded to a millisecond.

asyncio waits in epoll, whose timeout counts whole milliseconds and is rounded
up: a character at 9600 baud lasts 1.04 ms, so `call_later` would be off by a
character. A Linux timer descriptor wakes the same epoll to the microsecond. It
is reached through ctypes because `os.timerfd_create` came with Python 3.13.
Elsewhere `call_at` serves, and the line is paced to a millisecond.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CLOCK_MONOTONIC = 1  # linux/time.h; the clock of time.monotonic_ns()
TFD_TIMER_ABSTIME = 1  # linux/timerfd.h
TFD_NONBLOCK = os.O_NONBLOCK
TFD_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
NS_PER_S = 1_000_000_000


class WireTimer:
    """One alarm at an absolute monotonic instant. Make it inside a running loop; close it.

    Raises OSError if the kernel refuses a timer descriptor.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None
        self._fd = _timerfd_create() if sys.platform == "linux" else -1
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._expired)

    def set(self, real_ns: int | None) -> None:
        """Ring once when time.monotonic_ns() reaches `real_ns`; None: do not ring."""
        if self._fd >= 0:
            # A past instant rings at once, 0 would disarm (timerfd_settime(2)).
            _timerfd_settime(self._fd, 0 if real_ns is None else max(real_ns, 1))
            return
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if real_ns is not None:
            self._handle = self._loop.call_at(real_ns / NS_PER_S, self._ring)

    def close(self) -> None:
        """Disarm and give the descriptor back; harmless twice."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
        elif self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _expired(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # set anew between the wake-up and this read
            return
        self._ring()


def _timerfd_create() -> int:
    fd = int(_libc().timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))
    if fd < 0:
        raise OSError(ctypes.get_errno(), "timerfd_create")
    return fd


def _timerfd_settime(fd: int, real_ns: int) -> None:
    # struct itimerspec: interval (s, ns), value (s, ns), each a C long
    spec = (ctypes.c_long * 4)(0, 0, real_ns // NS_PER_S, real_ns % NS_PER_S)
    if _libc().timerfd_settime(fd, TFD_TIMER_ABSTIME, spec, None) != 0:
        raise OSError(ctypes.get_errno(), "timerfd_settime")


def _libc() -> ctypes.CDLL:
    global _library  # noqa: PLW0603 - loaded on first use, so that the module imports on any system
    if _library is None:
        _library = ctypes.CDLL(None, use_errno=True)
    return _library


_library: ctypes.CDLL | None = None
