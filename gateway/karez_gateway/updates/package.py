"""An update as the gateway carries it: the manifest that two have signed, and the image that it names.

The box checks both signatures itself; the gateway looks that manifest and image belong together.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from karez_gateway.errors import Refused
from karez_protocols import update_manifest
from karez_protocols.errors import ProtocolError

MANIFEST, IMAGE = "update.signed", "image.romfs"
IMAGE_MAX = update_manifest.CHUNKS_MAX * update_manifest.CHUNK_SIZE


@dataclass(frozen=True)
class Package:
    """`values`: of the manifest (karez_protocols.update_manifest)."""

    manifest: bytes
    image: bytes
    values: dict[str, Any]

    @property
    def sha256(self) -> bytes:
        """The manifest's digest, by which controllers name the update."""
        return hashlib.sha256(self.manifest).digest()


def of(manifest: bytes, image: bytes, name: object) -> Package:
    """Return the package of a manifest and its image. `name`: where they are from. Raises Refused."""
    try:
        values, body, _, _ = update_manifest.open_signed(manifest)
        is_same = bool(image) and update_manifest.of_image(values, image) == body
    except ProtocolError as error:
        raise Refused(f"{name}: no manifest that vendor and regulator have signed: {error}") from None
    if not is_same:
        raise Refused(f"{name}: the image is not the one that the manifest names: take both from one place")
    return Package(manifest, image, values)


def load(folder: Path) -> Package:
    """Return the package of a folder that both have signed. Raises Refused, OSError."""
    manifest = _read(folder / MANIFEST, update_manifest.SIZE_MAX)
    return of(manifest, _read(folder / IMAGE, IMAGE_MAX), folder)


def _read(path: Path, most: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Refused(f"{path} is larger than {most} bytes: no update has such a file")
    return data
