"""The line of a box without a site, and its console: both are served until nothing is missing (design §8)."""

import binascii

from . import commissioning

_SLICES = 20  # of the console, between two looks at the bench's line
_LAST_US = 2_000_000  # for the last answer to leave


def run(port, terminal=None):
    """Serve the bench's line and the console's until nothing is missing; return the identity.

    `terminal`: read() -> bytes, write(bytes) -> how many it took; None: there is no console.
    Raises SystemExit where a slot on trial finds nothing: the box ran before, so the new image fails.
    """
    end_ms = _end_ms(port)
    identity = commissioning.identity_of(port)
    point = binascii.hexlify(identity.link_point).decode()
    key = binascii.hexlify(identity.public).decode()
    console = None
    if terminal:
        from .console.bare import Bare, Box

        console = Bare(Box(port, identity), terminal)
    while commissioning.missing(port):
        port.say("identity %s %s %s" % (identity.name, key, point))
        port.say("need " + " ".join(commissioning.missing(port)))
        lines: list = []
        while not lines and not (console and console.app.taken):
            port.feed()
            _serve(port, console)
            if end_ms is not None and port.now_ms() >= end_ms:
                port.say("update failed its trial")
                raise SystemExit  # counted by the boot: the third time the slot before runs
            lines = port.lines()
        for words in lines:
            if words[0] != "object":
                continue
            try:
                port.say("taken " + commissioning.take(port, identity, words))
            except commissioning.Refused as error:
                port.say("refused %s" % error)
        while console and console.app.taken:
            port.say("taken " + console.app.taken.pop())
    until_us = port.now_us() + _LAST_US
    while console and console.wait_ms() is not None and port.now_us() < until_us:
        _serve(port, console)
    return identity


def _end_ms(port):
    """Return when a trial that finds the box bare has failed, None where nothing is on trial."""
    flash = getattr(port, "flash", None)
    if not flash:
        return None
    from .update import marks

    row = marks.Slots(flash).newest()
    return marks.TRIAL_MS if row and row.trial == port.slot else None


def _serve(port, console):
    """Wait for what comes on either line, and do some of what the console has to do."""
    wait_ms = console.wait_ms() if console else None
    port.wait(port.now_us() + 1000 * (1_000 if wait_ms is None else wait_ms))
    for _ in range(_SLICES):
        if not console or not console.run_slice():
            break
