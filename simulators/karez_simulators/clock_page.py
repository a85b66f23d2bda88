"""The bench's clock in memory that a controller's process shares, and how far that controller keeps up.

The bench writes here what its clock does (clock.Stretch), and anew every few milliseconds; the
controller reads it instead of a clock of its own (firmware: ports/unix.py), so the two never disagree.
The controller writes until when it sleeps, or when it last looked; time is granted as far as that and
HORIZON_NS further, in which a turn of its loop must end. A longer turn is granted what it uses of the
processor, and what it waits for by its own doing: firmware that is slow is late. While it waits for the
processor time stands still (processor_share.py).

The page is 14 words of 32 bits, in the machine's order, each read and written whole:

    0        number of the edition in force, from 1; its words stand at 2 + 6 * (number & 1)
    1        the controller's: until when it sleeps, milliseconds since its start; 0: not heard of yet
    2 ... 7  origin (µs since its start, upper and lower word), the machine's monotonic clock there
             (µs, the same), real µs for which time runs, and how fast
    8 ... 13 the other edition

When that has run out time stands for STILL_NS, and runs at 1x from there on. An edition is written
beside the one in force, and then its number: who reads never waits for who writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
from typing import TYPE_CHECKING

from karez_simulators.clock import HORIZON_NS, NS_PER_MS, NS_PER_S
from karez_simulators.processor_share import ProcessorShare

if TYPE_CHECKING:
    from karez_simulators.clock import Clock

SIZE = 14 * 4
# Well before a grant has run out: asyncio rounds up to a millisecond, and other work may come first.
RENEW_NS = 4 * NS_PER_MS
NS_PER_US = 1000
LOWER = 0xFFFF_FFFF


def can_share() -> bool:
    """True where memory can be shared through a descriptor: on Linux."""
    return hasattr(os, "memfd_create")


class ClockPage:
    """One clock's page for one run of a controller, whose time begins now. Needs a running loop; close it.

    `fd` is for the controller's process.
    """

    def __init__(self, clock: Clock) -> None:
        self.fd = os.memfd_create("karez-clock")  # no file: the disk must not stall who writes here
        os.ftruncate(self.fd, SIZE)
        self._memory = mmap.mmap(self.fd, SIZE)
        self._words = memoryview(self._memory).cast("I")
        self._clock = clock
        self._zero_ns = clock.now_ns()
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._share: ProcessorShare | None = None
        self._looked_ns = clock.real_ns()
        self._said_ns = 0  # until when the controller sleeps
        self._since_ns: int | None = None  # when it was found at work, if it has said nothing since
        self._had_ns = 0  # real ones since then, without those in which the machine held it up
        clock.join(self._vouched_ns, self._publish)
        self._renew()

    def close(self) -> None:
        """Give the memory back; the clock takes no more heed of this controller. Harmless twice."""
        if self.fd < 0:
            return
        os.close(self.fd)
        self.fd = -1
        if self._alarm is not None:
            self._alarm.cancel()
        self._clock.leave(self._vouched_ns, self._publish)
        if self._share is not None:
            self._share.close()
        self._words.release()
        self._memory.close()

    def watch(self, pid: int) -> None:
        """Tell by the process what the controller is to blame for; one that has ended, nothing."""
        with contextlib.suppress(OSError):
            self._share = ProcessorShare(pid)

    def _renew(self) -> None:
        # Each renewal asks all controllers of a village: twenty pages need no twenty of them.
        left_ns = RENEW_NS - (self._clock.real_ns() - self._clock.renewed_ns)
        if left_ns <= NS_PER_MS:
            self._clock.renew()
            left_ns = RENEW_NS
        self._alarm = self._loop.call_later(left_ns / NS_PER_S, self._renew)

    def _vouched_ns(self) -> int | None:
        """The instant up to which the controller keeps up; None: it boots, and controls nothing yet."""
        real_ns = self._clock.real_ns()
        passed_ns, self._looked_ns = real_ns - self._looked_ns, real_ns
        had_ns = passed_ns if self._share is None else self._share.look_ns(passed_ns)
        if not self._words[1]:
            return None
        said_ns, now_ns = self._zero_ns + self._words[1] * NS_PER_MS, self._clock.now_ns()
        is_at_work = now_ns >= said_ns or (self._share is not None and self._share.is_awake)
        if said_ns != self._said_ns or not is_at_work:
            self._said_ns, self._since_ns, self._had_ns = said_ns, None, 0
        elif self._since_ns is not None:
            self._had_ns += had_ns
        if is_at_work and self._since_ns is None:
            self._since_ns = min(said_ns, now_ns)
        from_ns = said_ns if self._since_ns is None else self._since_ns
        return from_ns + self._clock.speed * HORIZON_NS + self._had_ns

    def _publish(self) -> None:
        origin_ns, real_ns, fast_ns, speed = self._clock.stretch
        origin_us, real_us = (origin_ns - self._zero_ns) // NS_PER_US, real_ns // NS_PER_US
        words, number = self._words, self._words[0] % (LOWER - 1) + 1  # never 0, and odd after even
        at = 2 + 6 * (number & 1)
        words[at], words[at + 1] = origin_us >> 32, origin_us & LOWER
        words[at + 2], words[at + 3] = real_us >> 32, real_us & LOWER
        words[at + 4], words[at + 5] = fast_ns // NS_PER_US, speed
        words[0] = number
