"""The first code of a board: outputs off, watchdog on, then the program; and the same when it ends.

A production box mounts no filesystem here and never formats anything: records, keys and objects
lie in raw NOR and FRAM, and the program in a raw slot or ROMFS (design §4, §8). A boot that finds
its memories in disorder must start with what is there, not tidy them up.
"""

from karez_protocols.constant import const

# A program that dies at once would else write the records of a start thousands of times a day,
# until they push the well's own out of the ring.
_UPTIME_MIN_MS = const(60_000)


def outputs_off(port):
    """Open both outputs; one that cannot be reached does not keep the other."""
    for output in (port.set_coil, port.set_trip):
        try:
            output(False)
        except BaseException:  # noqa: BLE001, S112 - there is nobody left to tell
            continue


def boot(port, program):
    """Run `program(port)`, which imports what it needs; whatever ends it, outputs off and a reset."""
    outputs_off(port)
    try:
        port.start_watchdog()
        program(port)
    except BaseException as error:  # noqa: BLE001 - also Ctrl-C: no pump runs without its program
        outputs_off(port)
        _tell(port, error)
    outputs_off(port)
    _wait(port)
    port.reset()


def _tell(port, error):
    try:
        port.say("died %s %s" % (type(error).__name__, error))
    except BaseException:  # noqa: BLE001, S110 - the cable may be what failed
        pass


def _wait(port):
    try:
        while port.now_ms() < _UPTIME_MIN_MS:
            port.feed()
            port.wait(port.now_us() + 100_000)
    except BaseException:  # noqa: BLE001, S110 - then at once
        pass
