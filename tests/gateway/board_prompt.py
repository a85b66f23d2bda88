"""A new board at its prompt: the real MicroPython VM on a pty, with a board's name and a ROMFS in RAM."""

import os
import pty
import subprocess
import threading
import tty

from karez_simulators import firmware_image

# What the unix port has not: a board's name, and flash behind vfs.rom_ioctl (docs of MicroPython's vfs).
PRELUDE = """
import sys as _sys, vfs as _vfs, os as _os
class _Implementation:
    version = {version}
    _machine = {machine!r}
class _Sys:
    platform = {platform!r}
    implementation = _Implementation
    def __getattr__(self, name):
        return getattr(_sys, name)
_flash = bytearray(b"\\xff" * {size})
_flash[:{held}] = open({path!r}, "rb").read() if {held} else b""
class _Vfs:
    VfsRom = _vfs.VfsRom
    mount = staticmethod(_vfs.mount)
    umount = staticmethod(_vfs.umount)
    def rom_ioctl(self, request, *words):
        if request == 1:
            return 1
        if request == 2:
            return memoryview(_flash)
        if request == 3:
            for at in range(words[1], words[1] + words[2], 4096):
                _flash[at : at + 4096] = b"\\xff" * 4096
            return 4096
        if request == 4:
            at, data = words[1], words[2]
            if at >= {broken_at}:
                data = bytes(len(data))
            _flash[at : at + len(data)] = data
            return len(data)
        if request == 6:
            return 4096
        return 0
_sys.modules["sys"] = _Sys()
if {has_romfs}:
    _sys.modules["vfs"] = _Vfs()
else:
    _sys.modules["vfs"] = type("None_", (), {{"mount": _vfs.mount}})()
"""


class BoardPrompt:
    """One board on a pty; `path` is its port. Ends with the block."""

    def __init__(self, folder, machine="Generic ESP32S3 module with ESP32S3", **how):
        held = how.get("held", b"")
        rom = folder / "held.romfs"
        rom.write_bytes(held)
        text = PRELUDE.format(
            machine=machine, platform=how.get("platform", "esp32"), version=how.get("version", (1, 29, 0)),
            size=how.get("size", 400_000), held=len(held), path=str(rom),
            broken_at=how.get("broken_at", 1 << 30), has_romfs=how.get("has_romfs", True),
        )  # fmt: skip
        self._prelude = folder / "prelude.py"
        self._prelude.write_text(text)

    def __enter__(self):
        ours, theirs = pty.openpty()
        self._control, self._inner = ours, theirs
        # The VM has a terminal of its own, as a board has its UART; between the two we carry bytes.
        vm, self._vm_side = pty.openpty()
        tty.setraw(theirs)
        tty.setraw(vm)
        tty.setraw(self._vm_side)
        self.path = os.ttyname(theirs)
        self._vm = vm
        self._process = subprocess.Popen(
            [firmware_image.micropython(), "-X", "heapsize=4m", "-i", str(self._prelude)],
            stdin=self._vm_side, stdout=self._vm_side, stderr=self._vm_side, start_new_session=True,
        )  # fmt: skip
        self._threads = [
            threading.Thread(target=self._carry, args=pair, daemon=True) for pair in ((ours, vm), (vm, ours))
        ]
        for thread in self._threads:
            thread.start()
        return self

    @staticmethod
    def _carry(source, target):
        try:
            while data := os.read(source, 4096):
                os.write(target, data)
        except OSError:
            return

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        for one in (self._vm_side, self._inner):
            os.close(one)
        for thread in self._threads:
            thread.join(5)
        for one in (self._vm, self._control):
            os.close(one)
