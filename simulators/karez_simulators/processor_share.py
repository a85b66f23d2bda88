"""How much of a stretch of real time another process of ours could use: what it is to blame for.

A process that computes for too long is late by itself, and so is one that waits for something. One that
could run and gets no processor is not: the machine is too busy. The kernel tells them apart (proc(5):
the state in /proc/PID/stat; the processor time of a process as a clock, clock_getcpuclockid(3)).
"""

from __future__ import annotations

import os
import time

# Runnable, or waiting for this machine's disk, which stands for a memory of the controller.
AWAKE = (b"R", b"D")
STAT_BYTES = 128  # number, name of at most 64 bytes in brackets, state


class ProcessorShare:
    """One process, looked at again and again. `is_awake`: it wanted the processor at the last look."""

    def __init__(self, pid: int) -> None:
        self._stat_fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY)
        # CPUCLOCK_SCHED of a process: linux/posix-timers_types.h, as glibc's clock_getcpuclockid makes it.
        self._clock_id = ~pid << 3 | 2
        self._used_ns = 0
        self.is_awake = False
        self.look_ns(0)

    def look_ns(self, passed_ns: int) -> int:
        """Nanoseconds, of those that passed since the last look, in which the process was not held up.

        Of a process that has ended nothing is known any more: it holds nobody up.
        """
        try:
            before_ns, self._used_ns = self._used_ns, time.clock_gettime_ns(self._clock_id)
            state = os.pread(self._stat_fd, STAT_BYTES, 0).rpartition(b") ")[2][:1]
        except OSError:
            state = b""
        self.is_awake = state in AWAKE
        return min(self._used_ns - before_ns, passed_ns) if self.is_awake else passed_ns

    def close(self) -> None:
        """Give back what it looks through."""
        os.close(self._stat_fd)
