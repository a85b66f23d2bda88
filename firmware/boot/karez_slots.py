"""Which image a board runs, where its ROMFS has room for two: frozen beside _boot.py and update/marks.py.

The region holds slot 0, slot 1, a sector for the manifest of each, and two for rows. MicroPython mounts
what stands at its beginning, slot 0, before any program runs. `RUNNING` is None on a board without slots.
"""

import marks

SLOT_MIN = 300_000  # bytes of an image, as docs/ports.md asks for at least: less room is no second slot
RUNNING: "tuple | None" = None  # (slot, flash), for the port of the image that runs


def choose(flash):
    """Return (slot, offset, size) of what runs, None without room for two. The rows are written on."""
    global RUNNING
    slots = marks.Slots(flash)
    if slots.sectors * marks.SECTOR < SLOT_MIN:
        return None
    try:
        slot = slots.boot()
    except Exception as error:  # noqa: BLE001 - a hash that the heap had no room for, say
        # What is kept was proved once. The other slot may hold the half of an update.
        print("karez: slots:", error)
        slot = slots.kept()
    RUNNING = slot, flash
    return place()


def other():
    """Let the other slot run, for the chosen one cannot be mounted; return as choose does."""
    global RUNNING
    slot, flash = RUNNING  # type: ignore[misc]
    RUNNING = 1 - slot, flash
    return place()


def place():
    """Return (slot, offset, size) of the slot that runs."""
    slot, flash = RUNNING  # type: ignore[misc]
    size = marks.Slots(flash).sectors * marks.SECTOR
    return slot, slot * size, size


def is_on_trial():
    """True if what runs must still show that it can: then a start that ends in a prompt is none."""
    if RUNNING is None:
        return False
    slot, flash = RUNNING
    row = marks.Slots(flash).newest()
    return row is not None and row.trial == slot
