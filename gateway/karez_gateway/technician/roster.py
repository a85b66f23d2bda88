"""The signed list of technicians, from a file into a controller (docs/wire/technicians.md)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from karez_protocols import technicians
from karez_protocols.errors import ProtocolError

from . import pieces
from .errors import LineTrouble, WrongUse

if TYPE_CHECKING:
    from pathlib import Path

    from .controller import Controller


def load(path: Path) -> tuple[bytes, int]:
    """Return (the signed list, its number) of a file. Raises WrongUse.

    Whose signature it is, only the controller can tell: its binding names the key.
    """
    try:
        with path.open("rb") as file:
            data = file.read(technicians.SIZE_MAX + 1)
    except OSError as error:
        raise WrongUse("file-unreadable", file=path, why=error.strerror) from None
    try:
        values, _, _, _ = technicians.open_signed(data)
    except ProtocolError as error:
        raise WrongUse("no-list-file", file=path, why=error) from None
    return data, int(values["seq"])


def bring(controller: Controller, data: bytes, seq: int) -> bool:
    """Put a list in force; False when this number was already. Raises Trouble."""
    if controller.ask("technicians").answer.get("seq") == seq:
        return False
    pieces.send(controller, "technicians", data, lambda _: None)
    try:
        controller.ask("technicians", "apply", hashlib.sha256(data).hexdigest())
    except LineTrouble:
        controller.greet()  # its answer is lost: what it holds now tells
        if controller.ask("technicians").answer.get("seq") != seq:
            raise
    return True
