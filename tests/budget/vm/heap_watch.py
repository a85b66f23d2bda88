"""In the VM: the controller as main_unix starts it, and its heap told on the bench's cable.

    heap HIGHEST LIVE LARGEST      bytes: most in use with garbage; most in use after a collection; now
    modules NAME NAME ...          what is loaded

What the VM itself prints of its names and free blocks goes to the controller's log. This module has
few names of its own, for they stand in the table that is measured.
"""

import gc
import sys

import micropython

from karez_firmware.ports import unix

# Turns of the main loop; what was in use when somebody looked, garbage included: bounded by
# gc.threshold; most that lived.
seen = [0, 0, 0]


def watched(wait):
    """Return Port.wait, which every turn of the main loop ends with, as one that looks first."""

    def watch(port, until):
        turns, highest, live = seen
        highest = max(highest, gc.mem_alloc())
        turns += 1
        if turns % 50 == 0:  # main_unix collects by itself after 8 kB
            gc.collect()
            now = gc.mem_alloc()
            live = max(live, now)
            if turns % 400 == 0:
                micropython.qstr_info()
                micropython.mem_info()
                port.say("modules " + " ".join(sys.modules))
                port.say("heap %d %d %d" % (highest, live, now))
        seen[:] = turns, highest, live
        wait(port, until)

    return watch


unix.Port.wait = watched(unix.Port.wait)
del unix, sys.modules["karez_firmware.ports.unix"], sys.modules["karez_firmware.ports"]
import karez_firmware.main_unix  # noqa: E402, F401 - it runs when it is imported
