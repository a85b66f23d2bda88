"""A board's own boot: where it looks for the image, and that it formats nothing."""

import sys

from board_machine import Loader, Module, World

PATH = __file__[: -len("tests/firmware/test_port_boot.py")] + "firmware/boot/_boot.py"


class Vfs:
    """The vfs module: what was mounted where. It has no mkfs, so who formats fails."""

    def __init__(self):
        self.mounted = []

    def mount(self, device, place, readonly=False):
        if device == "blank":
            raise OSError(19)
        self.mounted.append((device, place, readonly))


class Os:
    """os.stat over folders that are there, some only once they are mounted."""

    def __init__(self, vfs, folders):
        self._vfs, self._folders = vfs, folders

    def stat(self, path):
        places = [place for _, place, _ in self._vfs.mounted] + ["/rom"]
        if path not in self._folders or not any(path.startswith(place) for place in places):
            raise OSError(2)


class Partition:
    """esp32.Partition."""

    TYPE_DATA = 1

    def __init__(self, found):
        self._found = found

    def find(self, kind, label):
        assert (kind, label) == (self.TYPE_DATA, "karez")
        return self._found


def booted(platform, folders, device=None, is_whole=True):
    """(what the boot printed, what was mounted, path, main program that was imported)."""
    vfs = Vfs()
    said, ran = [], []
    path = ["", ".frozen"]
    main = "karez_firmware.main_" + platform
    changed = {
        "vfs": vfs,
        "os": Os(vfs, folders),
        "esp32": Module(Partition=Partition([device] if device else [])),
        "rp2": Module(Flash=lambda: device) if is_whole else None,
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
    return said, vfs.mounted, path, ran


def test_an_image_in_the_romfs_is_run_and_nothing_is_mounted():
    for platform in ("esp32", "rp2"):
        said, mounted, path, ran = booted(platform, ["/rom/karez_firmware"])
        assert not said and not mounted
        assert path == ["/rom", ".frozen"]  # a file in a filesystem cannot stand in front
        assert ran == ["karez_firmware.main_" + platform]


def test_an_image_in_a_partition_is_mounted_for_reading():
    for platform in ("esp32", "rp2"):
        said, mounted, path, ran = booted(platform, ["/app/karez_firmware"], "device")
        assert not said and mounted == [("device", "/app", True)]
        assert path == ["/app", ".frozen"] and ran


def test_without_an_image_the_boot_says_what_to_do_and_formats_nothing():
    for platform, device, is_whole in (
        ("esp32", None, True), ("esp32", "blank", True), ("rp2", "blank", True), ("rp2", "device", True),
        ("rp2", None, False),
    ):  # fmt: skip
        said, _, path, ran = booted(platform, [], device, is_whole)
        assert said == ["karez: no image on this board: mpremote romfs deploy image.romfs"]
        assert not ran and path == ["", ".frozen"]
