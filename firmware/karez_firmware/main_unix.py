"""Start the controller on Linux: micropython -m karez_firmware.main_unix FOLDER UART BENCH_FD."""

import gc
import sys

from .ports.unix import BenchGone, Port
from .unload import unload


def prepare(port):
    """Return the Site; what made it is given back to the heap when this returns."""
    from .bring_up import DONE, bring_up

    site = bring_up(port)
    unload(*DONE)
    return site


def main(folder, uart, bench):
    """Run until the bench closes its end; the outputs then go off with it."""
    # Collect after every 8 kB: what lives for months then stands close together, and the
    # holes between stay large enough for a frame.
    gc.threshold(8_192)  # type: ignore[attr-defined]
    port = Port(folder, uart, int(bench))
    try:
        port.await_time()
        site = prepare(port)
        from .app import App

        app = App(port, site)
        del site  # the app took what it keeps
        app.run()
    except BenchGone:
        return 0
    finally:
        try:
            port.set_coil(False)
        except OSError:
            pass  # the bench that would switch it is gone, and with it the coil's supply


sys.exit(main(*sys.argv[1:4]))
