"""A board's own first program, frozen in the place of MicroPython's: it finds the image and runs it.

MicroPython's own mounts a filesystem and formats the flash when that fails (rp2), or tells of it for ever
(esp32). Here nothing is formatted, and what is mounted is mounted for reading: a box whose flash is
damaged must not lose its image to its own boot. A box without an image ends at MicroPython's prompt, where
`mpremote romfs deploy image.romfs` brings one; its outputs are off, because nothing switched them on.
"""

import os
import sys

import vfs

ROM = "/rom"  # a build with ROMFS has mounted it already
APP = "/app"
LABEL = "karez"  # of a data partition with a littlefs, for an esp32 build without ROMFS
_PACKAGE = "/karez_firmware"


def is_there(folder):
    """True if this folder holds an image."""
    try:
        os.stat(folder + _PACKAGE)
    except OSError:
        return False
    return True


def device():
    """Return the block device on which the image lies in a build without ROMFS, or None."""
    if sys.platform == "esp32":
        import esp32

        found = esp32.Partition.find(esp32.Partition.TYPE_DATA, label=LABEL)
        return found[0] if found else None
    import rp2

    return rp2.Flash()


def place():
    """Mount what has to be mounted; return the folder of the image, or None."""
    if is_there(ROM):
        return ROM
    try:
        found = device()
        if found is not None:
            vfs.mount(found, APP, readonly=True)
    except (ImportError, OSError):
        return None  # no such filesystem; and none is made
    return APP if is_there(APP) else None


def run():
    """Import the main program of this chip from its image, and from nowhere else."""
    folder = place()
    if folder is None:
        print("karez: no image on this board: mpremote romfs deploy image.romfs")
        return
    # A file that somebody drops into a filesystem must not stand in front of ours.
    sys.path[:] = [folder, ".frozen"]
    if sys.platform == "esp32":
        import karez_firmware.main_esp32
    else:
        import karez_firmware.main_rp2  # noqa: F401 - to import is to run


run()
