"""A board's own first program, frozen in the place of MicroPython's: it runs the image, and nothing else.

MicroPython's own mounts a filesystem and formats the flash when that fails (rp2), or tells of it for ever
(esp32). This one mounts nothing and formats nothing: the image lies in a ROMFS, which a build that has one
mounts before any program runs. A box without an image ends at MicroPython's prompt, where
`mpremote romfs deploy image.romfs` brings one; its outputs are off, because nothing switched them on.
"""

import os
import sys

ROM = "/rom"
_PACKAGE = "/karez_firmware"


def is_there():
    """True if there is an image."""
    try:
        os.stat(ROM + _PACKAGE)
    except OSError:
        return False
    return True


def run():
    """Import the main program of this chip from its image, and from nowhere else."""
    if not is_there():
        print("karez: no image on this board: mpremote romfs deploy image.romfs")
        return
    # A file that somebody drops into a filesystem must not stand in front of ours.
    sys.path[:] = [ROM, ".frozen"]
    if sys.platform == "esp32":
        import karez_firmware.main_esp32
    else:
        import karez_firmware.main_rp2  # noqa: F401 - to import is to run


run()
