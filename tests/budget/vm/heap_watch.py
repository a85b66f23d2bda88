"""In the VM: the controller as main_unix starts it, and its heap told on the bench's cable.

    heap HIGHEST LIVE LARGEST      bytes: most in use with garbage; most in use after a collection; now
    modules NAME NAME ...          what is loaded

What the VM itself prints of its names and free blocks goes to the controller's log.
"""

import gc
import sys

import micropython

from karez_firmware.ports import unix

COLLECT_TURNS = 50  # between two looks at what lives; main_unix collects by itself after 8 kB
TELL_TURNS = 400


class Seen:
    turns = 0
    highest = 0  # what was in use when somebody looked, garbage included: bounded by gc.threshold
    live = 0


wait = unix.Port.wait


def look(port):
    """Collect, and say from time to time what was seen."""
    gc.collect()
    live = gc.mem_alloc()
    Seen.live = max(Seen.live, live)
    if Seen.turns % TELL_TURNS == 0:
        micropython.qstr_info()
        micropython.mem_info()
        port.say("modules " + " ".join(sys.modules))
        port.say("heap %d %d %d" % (Seen.highest, Seen.live, live))


def watched_wait(port, deadline_us):
    """Port.wait, which every turn of the main loop ends with."""
    Seen.highest = max(Seen.highest, gc.mem_alloc())
    Seen.turns += 1
    if Seen.turns % COLLECT_TURNS == 0:
        look(port)
    wait(port, deadline_us)


unix.Port.wait = watched_wait
import karez_firmware.main_unix  # noqa: E402, F401 - it runs when it is imported
