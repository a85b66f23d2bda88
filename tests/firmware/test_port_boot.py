"""A board's own boot: it runs the image in the ROMFS, and mounts and formats nothing."""

import sys

from board_machine import Loader, Module, World

PATH = __file__[: -len("tests/firmware/test_port_boot.py")] + "firmware/boot/_boot.py"


class Os:
    """os.stat over folders that are there; whatever else the boot asked for is not."""

    def __init__(self, folders):
        self._folders = folders

    def stat(self, path):
        if path not in self._folders:
            raise OSError(2)


def booted(platform, folders):
    """(what the boot printed, the path, which main program was imported)."""
    said, ran = [], []
    path = ["", ".frozen", "/lib"]
    main = "karez_firmware.main_" + platform
    changed = {
        "vfs": None,
        "os": Os(folders),
        "sys": Module(platform=platform, path=path, modules=sys.modules),
    }
    with open(PATH) as file:
        source = file.read()
    with Loader(World(), **changed) as loader:
        inner = loader._import

        def imported(name, *arguments):
            if name == main:
                ran.append(name)
                return None
            return inner(name, *arguments)

        loader._import = imported
        exec(compile(source, "_boot.py", "exec"), {"print": said.append, "__name__": "_boot"})
        loader._import = inner
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
