"""How a MicroPython VM is started on the firmware's image, and the program that starts it in place.

    python -m karez_simulators.vm_start HEAP_KB IMAGE_FILE PATH MODULE [ARGUMENT...]

The wheel's VM is an extension of CPython, so memory that this program maps is memory that the VM
sees: the image stands in it as it stands in a board's flash, outside the heap, and like flash it
cannot be written. A VM that is a program of its own (KAREZ_MICROPYTHON) has no such memory: it copies
the .mpy files to its heap, which must then be larger.

KAREZ_FLASH in the environment: the file of a flash with two slots, whose rows say which image runs, in the
place of IMAGE_FILE (docs/update.md).
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

import karez_firmware
from karez_firmware.store.devices import SECTOR
from karez_simulators.firmware_image import ROM, micropython

BUDGET_KB = 160  # design §13, in units of 1,024 bytes
HEAP_KB = BUDGET_KB  # in place
HEAP_COPIED_KB = 320  # from .mpy files, whose bytecode and names lie on the heap too
MOUNT = "/rom"  # where a board's boot mounts its ROMFS
FROZEN = ".frozen"  # the VM's own modules
EXTENSION = "micropython_run"
CLOCK_FD = "KAREZ_CLOCK_FD"
FLASH = "KAREZ_FLASH"
FIRMWARE = Path(str(karez_firmware.__file__)).parent
FROM = [str(one) for one in (FIRMWARE.parent / "boot", FIRMWARE / "update", FIRMWARE / "ports")]

# What a board does at boot; then the module runs as if it had been named to the VM.
BOOT = """\
import sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at({address}, {size})), "{mount}")
sys.path[:] = {path!r}
if {words}:  # as a module, which the port finds without knowing of memory
    sys.modules["clock"] = uctypes.struct(
        {clock}, {{"items": (uctypes.ARRAY, uctypes.UINT32 | {words})}}
    ).items
if {here}:
    sys.modules["karez_here"] = {here}
import {module}
"""

# What a board's frozen boot does before that, in a VM of its own: a board has it in flash, not on its heap.
CHOICE = """\
import sys, uctypes
sys.path[:] = {path!r}
import karez_slots, rom_flash
memory = uctypes.bytearray_at({address}, {size})
class Cells:
    def ioctl(self, _, sector):
        for at in range(sector * 4096, sector * 4096 + 4096):
            memory[at] = 255
    def writeblocks(self, block, data, start):
        for at in range(len(data)):
            memory[block * 4096 + start + at] &= data[at]
found = karez_slots.choose(rom_flash.RomFlash(Cells(), memory))
sys.exit(found[0] if found else {none})
"""
_NO_SLOTS = 9


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


def chosen(flash: Path) -> int:
    """Let the boot choose the slot of a flash that runs, and write its row. Raises OSError, ValueError."""
    pid = os.fork()
    if not pid:
        with flash.open("r+b") as opened:
            cells = mmap.mmap(opened.fileno(), 0)
        held = (ctypes.c_uint8 * len(cells)).from_buffer(cells)
        text = CHOICE.format(path=FROM, address=ctypes.addressof(held), size=len(cells), none=_NO_SLOTS)
        os._exit(importlib.import_module(EXTENSION).run_main(["micropython", "-c", text]))
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code not in (0, 1):
        raise ValueError(f"{flash}: the boot finds no two slots in it (exit code {code})")
    return code


def slotted(flash: Path) -> tuple[int, int, int]:
    """Choose the slot that runs; return it, its address in this process and its size."""
    slot = chosen(flash)
    address, size = mapped(flash)
    slot_size = (size // SECTOR - 4) // 2 * SECTOR
    return slot, address + slot * slot_size, slot_size


def main(words: list[str]) -> int:
    """Run the VM in this process until its program ends; return its exit code."""
    heap_kb, file, path, module, *arguments = words
    here: tuple[int, str] | tuple[()] = ()
    if FLASH in os.environ:
        slot, address, size = slotted(Path(os.environ[FLASH]))
        here = slot, os.environ[FLASH]
    else:
        address, size = mapped(Path(file))
    folders = [MOUNT, *path.split(":")]
    clock = shared(int(os.environ[CLOCK_FD])) if CLOCK_FD in os.environ else (ctypes.c_uint32 * 0)()
    boot = BOOT.format(
        address=address, size=size, mount=MOUNT, path=folders, module=module,
        clock=ctypes.addressof(clock), words=len(clock), here=here,
    )  # fmt: skip
    vm = importlib.import_module(EXTENSION)
    return int(vm.run_main(["micropython", "-X", f"heapsize={heap_kb}k", "-c", boot, *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
