"""A board's own boot: it runs the image in the ROMFS, and mounts and formats nothing."""

import sys

from board_machine import Loader, Module, World
from karez_firmware.update import marks

ROOT = __file__[: -len("tests/firmware/test_port_boot.py")]
PATH = ROOT + "firmware/boot/_boot.py"
# What firmware/boot/manifest.py freezes beside it.
FROZEN = [ROOT + "firmware/" + folder for folder in ("boot", "karez_firmware/update", "karez_firmware/ports")]


class Os:
    """os.stat over folders that are there; whatever else the boot asked for is not."""

    def __init__(self, folders):
        self._folders = folders

    def stat(self, path):
        if path not in self._folders:
            raise OSError(2)


class Cells(bytearray):
    """What vfs.rom_ioctl gives: mapped memory, and a block device that only clears bits."""

    def ioctl(self, what, block):
        assert what == 6
        self[block * 4096 : block * 4096 + 4096] = b"\xff" * 4096
        return 0

    def writeblocks(self, block, data, offset):
        assert offset % 256 == 0 and len(data) == 256  # whole pages, as an rp2 takes them
        for at, byte in enumerate(data, block * 4096 + offset):
            self[at] &= byte


class Vfs(Module):
    """The vfs module over such a region; `done` is what was mounted, and where."""

    def __init__(self, cells):
        super().__init__()
        self.cells, self.done = cells, []
        self.no_images = ()  # slots that are no ROMFS, by their first bytes

    def rom_ioctl(self, what, segment):
        assert (what, segment) == (2, 0)
        return self.cells

    def VfsRom(self, memory):  # noqa: N802 - MicroPython's name
        if bytes(memory[:4]) in self.no_images:
            raise OSError(22)
        return bytes(memory[:4])

    def umount(self, path):
        self.done.append(("umount", path))

    def mount(self, image, path):
        self.done.append((image, path))


SECTORS = 74  # of a slot: 303,104 bytes
REGION = Cells(b"\xff" * ((2 * SECTORS + 4) * 4096))  # one for all tests: MicroPython has no room for many


def a_region(row=None):
    """A region for two images, marked by their first bytes; `row`: the newest of its rows."""
    cells = REGION
    for sector in range(2 * SECTORS, 2 * SECTORS + 4):
        cells.ioctl(6, sector)
    cells[:4], cells[SECTORS * 4096 : SECTORS * 4096 + 4] = b"old.", b"new."
    if row:
        row.generation = 1
        at = (2 * SECTORS + 2) * 4096
        cells[at : at + 16] = row.to_bytes()
    return cells


def booted(platform, folders, vfs=None, **modules):
    """(what the boot printed, the path, which main program was imported)."""
    said, ran = [], []
    path = ["", ".frozen", "/lib"]
    main = "karez_firmware.main_" + platform
    changed = {
        "vfs": vfs,
        "os": Os(folders),
        "sys": Module(platform=platform, path=path, modules=sys.modules),
    }
    changed.update(modules)
    with open(PATH) as file:
        source = file.read()
    sys.path[:0] = FROZEN
    with Loader(World(), **changed) as loader:
        inner = loader._import

        def imported(name, *arguments):
            if name == main:
                ran.append(name)
                return None
            return inner(name, *arguments)

        loader._import = imported
        exec(
            compile(source, "_boot.py", "exec"),
            {"print": lambda *words: said.append(words[0]), "__name__": "_boot"},
        )
        loader._import = inner
    del sys.path[: len(FROZEN)]
    for name in ("karez_slots", "marks", "rom_flash"):
        sys.modules.pop(name)
    return said, path, ran


def test_the_image_is_run_and_nothing_can_stand_in_front_of_it():
    for platform in ("esp32", "rp2"):
        said, path, ran = booted(platform, ["/rom/karez_firmware"])
        assert not said and path == ["/rom", ".frozen"]
        assert ran == ["karez_firmware.main_" + platform]


def test_without_an_image_the_boot_says_what_to_do_and_leaves_all_as_it_is():
    for folders in ([], ["/rom"], ["/karez_firmware", "/lib/karez_firmware"]):
        said, path, ran = booted("rp2", folders)
        assert said == ["karez: no image on this board: mpremote romfs deploy image.romfs"]
        assert not ran and path == ["", ".frozen", "/lib"]


def test_a_region_for_two_images_mounts_the_slot_that_its_row_names():
    for row, mounted in ((None, b"old."), (marks.Row(1), b"new."), (marks.Row(0), b"old.")):
        vfs = Vfs(a_region(row))
        said, path, ran = booted("rp2", ["/rom/karez_firmware"], vfs)
        assert not said and ran == ["karez_firmware.main_rp2"] and path == ["/rom", ".frozen"]
        assert vfs.done == [("umount", "/rom"), (mounted, "/rom")]
        slot, device = sys.modules.pop("karez_here")
        assert (slot, device) == (int(mounted == b"new."), vfs.cells)


def test_a_trial_whose_slot_is_not_whole_is_given_back_and_the_row_is_written():
    vfs = Vfs(a_region(marks.Row(0, 1)))
    booted("esp32", ["/rom/karez_firmware"], vfs)
    assert vfs.done[-1] == (b"old.", "/rom")
    from karez_firmware.ports.rom_flash import RomFlash

    row = marks.Slots(RomFlash(vfs.cells, memoryview(vfs.cells))).newest()
    assert (row.kept, row.trial, row.outcome, row.generation) == (0, marks.NONE, marks.RETURNED, 2)
    sys.modules.pop("karez_here")


def test_a_region_for_one_image_stays_as_micropython_mounted_it():
    vfs = Vfs(Cells(b"\xff" * 300 * 1024))
    said, _, ran = booted("esp32", ["/rom/karez_firmware"], vfs)
    assert not said and not vfs.done and ran and "karez_here" not in sys.modules


def test_whatever_is_wrong_with_the_slots_an_image_that_is_there_runs():
    vfs = Vfs(a_region())
    vfs.rom_ioctl = lambda *_: -22  # a build with no such region
    said, _, ran = booted("esp32", ["/rom/karez_firmware"], vfs)
    assert said and said[0] == "karez: slots:" and ran and not vfs.done


def test_a_slot_that_is_no_romfs_gives_way_to_the_other_and_the_image_is_told_which_one_runs():
    for row, broken, runs in ((marks.Row(1), b"new.", 0), (marks.Row(0), b"old.", 1)):
        vfs = Vfs(a_region(row))
        vfs.no_images = (broken,)
        said, _, ran = booted("rp2", ["/rom/karez_firmware"], vfs)
        assert said == ["karez: slot %d:" % (1 - runs)] and ran
        assert vfs.done == [("umount", "/rom"), ((b"old.", b"new.")[runs], "/rom")]
        assert sys.modules.pop("karez_here") == (runs, vfs.cells)


def test_a_region_in_which_nothing_can_be_mounted_ends_at_the_prompt_and_says_so():
    vfs = Vfs(a_region(marks.Row(1)))
    vfs.no_images = (b"old.", b"new.")
    said, _, ran = booted("rp2", [], vfs)
    assert said[:2] == ["karez: slot 1:", "karez: slot 0:"] and "no image" in said[2]
    assert not ran and "karez_here" not in sys.modules and not vfs.done


def test_a_choice_that_fails_runs_what_is_kept_and_not_what_micropython_has_mounted():
    """In slot 0 the half of an update may stand: it is what MicroPython mounts by itself."""

    def no_room(*_):
        raise MemoryError("no heap for a hash")

    from karez_firmware.ports.rom_flash import RomFlash
    from karez_firmware.store import objects

    for kept, mounted in ((1, b"new."), (0, b"old.")):
        vfs = Vfs(a_region(marks.Row(kept)))
        flash = RomFlash(vfs.cells, memoryview(vfs.cells))
        for slot in (0, 1):
            objects.write(flash, 2 * SECTORS, slot, bytes(200))  # no more of a manifest is read here
        ran = booted("esp32", ["/rom/karez_firmware"], vfs, hashlib=Module(sha256=no_room))[2]
        assert ran == ["karez_firmware.main_esp32"]
        assert vfs.done[-1] == (mounted, "/rom")
        assert sys.modules.pop("karez_here") == (kept, vfs.cells)
