"""The program of a board, whatever its chip: from keys and configuration to the loop that never ends."""

import gc

from .unload import unload


def prepare(port):
    """Return the Site, None on a box that was commissioned just now and must start anew."""
    from . import bring_up

    if bring_up.is_bare(port):
        from . import bench_line

        port.open_console()
        bench_line.run(port, port.console)
        return None
    site = bring_up.bring_up(port)
    done = bring_up.DONE
    del bring_up
    unload(*done)
    return site


def settle(app):
    """Take from an app what its board has not: without a network no uplink is started (docs/ports.md)."""
    from . import supervisor

    if not hasattr(app.port, "connect"):
        app.uplink.client.stop()
        app.supervisor.on_failure(supervisor.UPLINK, app.uplink.client.stop)


def program(port):
    """Run the controller; ports/boot.py calls this, and sees to what ends it."""
    # Collect after every 8 kB, as at the desk: what lives for months then stands close together.
    gc.threshold(8_192)  # type: ignore[attr-defined]
    port.await_time()
    site = prepare(port)
    if site is None:
        return
    from .app import App

    app = App(port, site)
    settle(app)
    port.open_console()
    app.terminal = port.console
    del site  # the app took what it keeps
    unload(
        "karez_firmware.startup",
        "karez_firmware.store.recovery",
        "karez_firmware.store",
        "karez_firmware.core",
    )
    app.run()
