"""Where an image comes from: whoever registers the entry point `image` in the group `karez.firmware`.

The technician's tool imports nothing of the firmware; the package that brings it makes images, too.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, cast

from .errors import WrongUse

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP, NAME = "karez.firmware", "image"


def made(board: str, vendor_key: bytes) -> dict[str, bytes]:
    """Return {file name: bytes} of a board's image and its papers. Raises WrongUse, with the reason."""
    found = [one for one in metadata.entry_points(group=GROUP) if one.name == NAME]
    if not found:
        raise WrongUse("firmware-no-builder", group=GROUP)
    make = cast("Callable[..., dict[str, bytes]]", found[0].load())
    try:
        return make(board, vendor_key=vendor_key)
    except (ValueError, RuntimeError) as error:
        raise WrongUse("firmware-not-built", why=error) from None
    except OSError as error:
        raise WrongUse("firmware-not-built", why=f"{error.filename}: {error.strerror}") from None
