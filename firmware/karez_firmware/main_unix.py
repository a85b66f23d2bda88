"""Start the controller on Linux: micropython -m karez_firmware.main_unix FOLDER UARTS BENCH_FD [CONSOLE].

UARTS: of meter line 0, and of line 1 behind a comma. CONSOLE: its pty or serial port, if there is one.
"""

import gc
import sys

from .ports.boot import outputs_off
from .ports.unix import BenchGone, Port
from .unload import unload


def prepare(port, console=None):
    """Return the Site, None on a box that was commissioned just now and must start anew.

    What makes it is given back to the heap when this returns. The names that MicroPython
    keeps of every module ever loaded are not: so commissioning has a run of its own. `console`:
    a pty or serial port at which a box without a site is brought one.
    """
    from . import bring_up

    if bring_up.is_bare(port):
        from . import bench_line

        if console:
            port.open_console(console)
        bench_line.run(port, port.console)
        return None
    site = bring_up.bring_up(port)
    done = bring_up.DONE
    del bring_up
    unload(*done)
    return site


def main(folder, uarts, bench, console=None):
    """Run until the bench closes its end; the outputs then go off with it."""
    # Collect after every 8 kB: what lives for months then stands close together, and the
    # holes between stay large enough for a frame.
    gc.threshold(8_192)  # type: ignore[attr-defined]
    port = Port(folder, uarts.split(","), int(bench))
    try:
        port.await_time()
        site = prepare(port, console)
        if site is None:
            port.say("commissioned")
            return 0
        from .app import App

        app = App(port, site)
        if console:
            port.open_console(console)
            app.terminal = port.console
        del site  # the app took what it keeps
        # Of the two packages nothing is left in an image: their modules stand in its bundles.
        unload(
            "karez_firmware.startup",
            "karez_firmware.store.recovery",
            "karez_firmware.store",
            "karez_firmware.core",
        )
        app.run()
    except BenchGone:
        return 0
    finally:
        outputs_off(port)  # a bench that is gone has taken their supply with it


sys.exit(main(*sys.argv[1:5]))
