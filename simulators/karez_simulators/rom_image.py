"""The image as one ROMFS: what a board maps from its flash and runs in place.

MicroPython takes bytecode, names and constant texts of an .mpy straight from such memory instead of
copying them to its heap (py/persistentcode.c, since 1.25). `mpremote romfs deploy` takes this file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpremote.romfs import VfsRomWriter

if TYPE_CHECKING:
    from pathlib import Path


def packed(folder: Path) -> bytes:
    """Return a ROMFS of everything in a folder, in the order of names: the same files, the same bytes.

    Raises UnicodeEncodeError for a name that is not ASCII.
    """
    writer = VfsRomWriter()
    _fill(writer, folder)
    return bytes(writer.finalise())


def _fill(writer: VfsRomWriter, folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            writer.opendir(path.name)
            _fill(writer, path)
            writer.closedir()
        else:
            writer.mkfile(path.name, path.read_bytes())
