"""How a MicroPython VM is started on the firmware's image, and the program that starts it in place.

    python -m karez_simulators.vm_start HEAP_KB IMAGE_FILE PATH MODULE [ARGUMENT...]

The wheel's VM is an extension of CPython, so memory that this program maps is memory that the VM
sees: the image stands in it as it stands in a board's flash, outside the heap, and like flash it
cannot be written. A VM that is a program of its own (KAREZ_MICROPYTHON) has no such memory: it copies
the .mpy files to its heap, which must then be larger.

KAREZ_CLOCK_FD in the environment: the descriptor of a clock_page.ClockPage, which the VM then sees too.
"""

from __future__ import annotations

import ctypes
import importlib.util
import mmap
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from karez_simulators.firmware_image import ROM, micropython

BUDGET_KB = 160  # design §13, in units of 1,024 bytes
HEAP_KB = BUDGET_KB  # in place
HEAP_COPIED_KB = 320  # from .mpy files, whose bytecode and names lie on the heap too
MOUNT = "/rom"  # where a board's boot mounts its ROMFS
FROZEN = ".frozen"  # the VM's own modules
EXTENSION = "micropython_run"
CLOCK_FD = "KAREZ_CLOCK_FD"

# What a board does at boot; then the module runs as if it had been named to the VM.
BOOT = """\
import sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "{mount}")
sys.path[:] = {path!r}
if {words}:  # as a module, which the port finds without knowing of memory
    sys.modules["clock"] = uctypes.struct(
        {clock}, {{"items": (uctypes.ARRAY, uctypes.UINT32 | {words})}}
    ).items
import {module}
"""


def can_run_in_place() -> bool:
    """True when the VM is the wheel's: KAREZ_MICROPYTHON names another."""
    return not os.environ.get("KAREZ_MICROPYTHON") and importlib.util.find_spec(EXTENSION) is not None


@dataclass
class Start:
    """What is started, and how. `path`: folders with further modules; none may hold a colon."""

    module: str = "karez_firmware.main_unix"
    is_in_place: bool = field(default_factory=can_run_in_place)
    heap_kb: int = 0  # 0: the budget in place, what copying needs otherwise
    path: tuple[str, ...] = ()

    def command(self, image: Path, *arguments: str) -> list[str]:
        """Return the command line, for `image` as its folder. Raises VmMissingError."""
        if self.is_in_place:
            path = ":".join([*self.path, FROZEN])
            heap_kb = self.heap_kb or HEAP_KB
            file = str((image / ROM).absolute())
            program = [sys.executable, "-m", __name__, str(heap_kb), file, path, self.module]
        else:
            heap_kb = self.heap_kb or HEAP_COPIED_KB
            program = [micropython(), "-X", f"heapsize={heap_kb}k", "-m", self.module]
        return [*program, *arguments]

    def environment(self) -> dict[str, str]:
        """Return what the process needs in its environment, beside ours."""
        # ".": MICROPYPATH knows no way to write a path with a colon.
        return {"MICROPYPATH": ":".join([".", *self.path, FROZEN])}


def mapped(file: Path) -> tuple[int, int]:
    """Map a file into this process, read-only and for good; return its address and size.

    Raises OSError. The mmap module tells no address of what cannot be written, so this asks libc.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_longlong,
    ]  # fmt: skip
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_PRIVATE, opened.fileno(), 0)
    if address in (None, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(file))
    return int(address), size


def shared(fd: int) -> ctypes.Array[ctypes.c_uint32]:
    """Map a clock's page into this process, for as long as somebody holds it. Raises OSError."""
    words = os.fstat(fd).st_size // ctypes.sizeof(ctypes.c_uint32)
    return (ctypes.c_uint32 * words).from_buffer(mmap.mmap(fd, 0))


def main(words: list[str]) -> int:
    """Run the VM in this process until its program ends; return its exit code."""
    heap_kb, file, path, module, *arguments = words
    address, size = mapped(Path(file))
    folders = [MOUNT, *path.split(":")]
    clock = shared(int(os.environ[CLOCK_FD])) if CLOCK_FD in os.environ else (ctypes.c_uint32 * 0)()
    boot = BOOT.format(
        address=address, size=size, mount=MOUNT, path=folders, module=module,
        clock=ctypes.addressof(clock), words=len(clock),
    )  # fmt: skip
    vm = importlib.import_module(EXTENSION)
    return int(vm.run_main(["micropython", "-X", f"heapsize={heap_kb}k", "-c", boot, *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
