"""A board's own first program, frozen in the place of MicroPython's: it runs the image, and nothing else.

MicroPython's own mounts a filesystem and formats the flash when that fails (rp2), or tells of it for ever
(esp32). This one mounts nothing and formats nothing: the image lies in a ROMFS, which a build that has one
mounts before any program runs. Where that has room for two images, `karez_slots.py` says which one runs, and
this mounts it in the place of what was mounted. A box without an image ends at MicroPython's prompt, where
`mpremote romfs deploy image.romfs` brings one; its outputs are off, because nothing switched them on.
"""

import os
import sys

import karez_slots
import rom_flash

ROM = "/rom"
_PACKAGE = "/karez_firmware"
_SEGMENT = 2  # MicroPython's MP_VFS_ROM_IOCTL_GET_SEGMENT
_WATCHDOG_MS = 8_000


def is_there():
    """True if there is an image."""
    try:
        os.stat(ROM + _PACKAGE)
    except OSError:
        return False
    return True


def mount_slot():
    """Mount the slot that the rows name; without room for two, what MicroPython mounted stays."""
    try:
        import vfs
    except ImportError:
        return
    try:
        device = vfs.rom_ioctl(_SEGMENT, 0)
        memory = memoryview(device)
        found = karez_slots.choose(rom_flash.RomFlash(device, memory))
    except Exception as error:  # noqa: BLE001 - a build without such a region: a box that has an image runs it
        print("karez: slots:", error)
        return
    # An image that was signed and is whole, and no ROMFS all the same: the other one, before there is none.
    if found and (is_mounted(vfs, memory, found) or is_mounted(vfs, memory, karez_slots.other())):
        sys.modules["karez_here"] = karez_slots.place()[0], device  # type: ignore[assignment]  # board_parts.py


def is_mounted(vfs, memory, found):
    """Mount one slot in the place of what is mounted; False if that is no ROMFS."""
    slot, start, size = found
    try:
        image = vfs.VfsRom(memory[start : start + size])
        try:
            vfs.umount(ROM)
        except OSError:
            pass  # what stands in slot 0 is no image
        vfs.mount(image, ROM)
    except Exception as error:  # noqa: BLE001 - whatever it is, this slot does not run
        print("karez: slot %d:" % slot, error)
        return False
    return True


def start():
    """Run what is mounted. A slot on trial that cannot even be imported must not end in a prompt."""
    is_on_trial = karez_slots.is_on_trial()
    if not is_on_trial:
        run()
        return
    import machine

    try:
        machine.WDT(timeout=_WATCHDOG_MS)  # one that hangs while it is imported
        run()
    finally:
        machine.reset()  # the row has counted this start


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


mount_slot()
start()
