"""Documents over the line: pieces with offsets, size and SHA-256 at the end."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from karez_protocols.console import PIECE_MAX

from .errors import LineTrouble, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import Controller

_RECEIVED_MAX = 64 << 20  # ten years of one well, as `karez verify` takes it
_AGAIN = 8


class Received:
    """Pieces as they come, in any order; what comes twice must only come right once."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self.size = 0

    def take(self, part: dict[str, Any]) -> None:
        """Keep one piece; what is no piece is passed over, and misses at the end."""
        offset, data = part.get("offset"), part.get("data")
        if isinstance(offset, int) and isinstance(data, str) and 0 <= offset < _RECEIVED_MAX:
            try:
                self._pieces[offset] = bytes.fromhex(data)
            except ValueError:
                return
            self.size = max(self.size, offset + len(self._pieces[offset]))

    def whole(self, end: dict[str, Any]) -> bytes | None:
        """The document, if it has the size and the digest that `end` names; else None."""
        found = []
        at = 0
        while self._pieces.get(at):
            found.append(self._pieces[at])
            at += len(self._pieces[at])
        data = b"".join(found)
        is_right = len(data) == end.get("size") and hashlib.sha256(data).hexdigest() == end.get("sha256")
        return data if is_right else None


def receive(controller: Controller, *words: str, tell: Callable[[int], None] | None = None) -> bytes:
    """Ask for a document and return its bytes, verified. Raises Refused and LineTrouble."""
    received = Received()

    def hear(part: dict[str, Any]) -> None:
        received.take(part)
        if tell is not None:
            tell(received.size)

    for _ in range(_AGAIN):
        outcome = controller.ask(*words, is_proved=True, on_part=hear)
        data = received.whole(outcome.answer)
        if data is not None:
            return data
    raise LineTrouble("digest-differs")


def _put(controller: Controller, paper: str, data: bytes) -> None:
    repeats = controller.line.repeats
    try:
        said = controller.ask(*paper.split(), "put", str(len(data)), hashlib.sha256(data).hexdigest())
    except Refused as error:
        # A box takes one `put` a minute, since each wears its memory: the one before was taken, its
        # answer was lost. Were it another's, the digest would not fit in the end.
        if error.word == "locked" and controller.line.repeats > repeats:
            return
        raise
    # A firmware that cannot be told passes these words over, and shows what it holds.
    if said.parts or said.answer.get("size") != len(data):
        raise LineTrouble("answer-shape", verb=f"{paper} put", why="size")


def send(controller: Controller, paper: str, data: bytes, tell: Callable[[int], None]) -> None:
    """Put a document into the controller's spare place: nothing of it is in force. Raises Trouble.

    `paper`: the words before `put`.
    """
    _put(controller, paper, data)
    for offset in range(0, len(data), PIECE_MAX):
        piece = data[offset : offset + PIECE_MAX]
        controller.ask(*paper.split(), "piece", str(offset), piece.hex())
        tell(offset + len(piece))


def sha256(data: bytes) -> str:
    """The digest by which a box names a document."""
    return hashlib.sha256(data).hexdigest()
