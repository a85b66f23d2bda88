"""New firmware over the cable: the manifest, then chunk after chunk; what was broken off is gone on with.

The box says after every step which bytes it wants next; this side sends those and remembers nothing. So a
pulled cable, a restart or another day costs at most the chunk that was half there.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from karez_protocols import causes, update_manifest
from karez_protocols.console import PIECE_MAX

from . import connection
from .errors import LineTrouble, Refused, UpdateRefused, WrongUse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .controller import Controller

EMPTY, TAKING, COMING, WHOLE = "empty", "taking", "coming", "whole"
KEPT, RETURNED = "kept", "given back"
# A box tries three times for ten minutes each, and waits for its pump to stand (docs/update.md).
TRIAL_S = 2400.0
RESTART_S = 120.0
_LOOK_S = 5.0
_BUSY_S = 120.0  # records are signed and stored meanwhile
_TRIES = 3  # of a chunk that does not hold, or of a place that does not take it
_EVENTS = "20"  # more than one restart writes

# What the box says, by words of its own (firmware: update/intake.py, trial.py), and the name of our sentence.
_SAYS = (
    ("no slots", "update-no-slots"),
    ("wrong board", "update-wrong-board"),
    ("old:", "update-box-newer"),
    ("it follows number", "update-too-far"),
    ("too large", "update-too-large"),
    ("knows no vendor's key", "update-box-no-vendor"),
    ("have one key", "update-one-key"),
    ("not signed by the vendor", "update-not-vendor"),
    ("not signed by the regulator", "update-not-regulator"),
    ("on trial itself", "update-on-trial"),
    ("the pump runs", "update-pump-runs"),
    ("another update", "update-another"),
    ("another manifest", "update-another"),
    ("not what the manifest names", "update-chunk-wrong"),
    ("does not read back", "update-flash"),
)


@dataclass(frozen=True)
class Update:
    """A signed manifest and its image."""

    manifest: bytes
    values: dict[str, Any]
    rom: bytes

    @property
    def sha256(self) -> str:
        """The manifest's digest, by which the box names the update."""
        return hashlib.sha256(self.manifest).hexdigest()


def _translated(error: Refused) -> Refused:
    said = str(error.values["said"])
    name = next((name for words, name in _SAYS if words in said), None)
    return UpdateRefused(name, error.word, said) if name else error


class Bringing:
    """One run against one box. `tell(done, size)`: bytes of the image that the box holds."""

    def __init__(self, controller: Controller, update: Update, tell: Callable[[int, int], None]) -> None:
        self._controller = controller
        self._update = update
        self._tell = tell

    def _ask(self, *words: str) -> dict[str, Any]:
        try:
            found = self._controller.ask("update", *words).answer
        except Refused as error:
            raise _translated(error) from None
        if not isinstance(found.get("state"), str) or not isinstance(found.get("index"), int):
            raise LineTrouble("answer-shape", verb="update", why="state")
        if found["state"] == COMING and not isinstance(found.get("offset"), int):
            raise LineTrouble("answer-shape", verb="update", why="offset")
        return found

    def _is_ours(self, found: dict[str, Any]) -> bool:
        return found["state"] != EMPTY and found.get("sha256") == self._update.sha256

    def bring(self) -> int:
        """Let the box have all of it; return how many bytes of the image were sent. Raises Trouble."""
        found = self._ask()
        if not self._is_ours(found) or found["state"] == TAKING:
            self._put(found)
            found = self._ask("begin")
        sent = 0
        failed: dict[int, int] = {}
        while found["state"] == COMING and self._is_ours(found):
            index, offset = found["index"], found["offset"]
            data = self._wanted(index, offset)
            self._tell(index * update_manifest.CHUNK_SIZE + offset, len(self._update.rom))
            try:
                found = self._ask("chunk", str(index), str(offset), data.hex())
            except UpdateRefused as error:
                failed[index] = failed.get(index, 0) + 1
                if error.name not in ("update-chunk-wrong", "update-flash") or failed[index] == _TRIES:
                    raise
                found = self._ask()
            sent += len(data)
        if found["state"] != WHOLE or not self._is_ours(found):
            raise UpdateRefused("update-another", "refused", str(found["state"]))
        self._tell(len(self._update.rom), len(self._update.rom))
        return sent

    def _wanted(self, index: int, offset: int) -> bytes:
        size = update_manifest.CHUNK_SIZE
        end = index * size + min(size, offset + PIECE_MAX)
        data = self._update.rom[index * size + offset : end] if 0 <= offset < size and index >= 0 else b""
        if not data:
            raise LineTrouble("answer-shape", verb="update", why=f"chunk {index}, offset {offset}")
        return data

    def _put(self, found: dict[str, Any]) -> None:
        data = self._update.manifest
        repeats = self._controller.line.repeats
        if not self._is_ours(found):
            try:
                self._ask("put", str(len(data)), self._update.sha256)
            except Refused as error:
                # One `put` a minute: the one before was taken, its answer was lost (pieces.py).
                if error.word != "locked" or self._controller.line.repeats == repeats:
                    raise
        for offset in range(0, len(data), PIECE_MAX):
            self._ask("piece", str(offset), data[offset : offset + PIECE_MAX].hex())

    def apply(self) -> None:
        """Let the box restart into it; it waits until records are written and stored. Raises Trouble."""
        until_s = self._controller.now_s() + _BUSY_S
        while True:
            try:
                self._ask("apply", self._update.sha256)
            except Refused as error:
                is_passing = error.word == "busy" and not isinstance(error, UpdateRefused)
                if not is_passing or self._controller.now_s() >= until_s:
                    raise
                self._controller.rest(_LOOK_S)
            else:
                return

    def wait(self, before: dict[str, Any], tell: Callable[[str], None]) -> str:
        """Return how the trial ended: KEPT or RETURNED. `before`: what `identify` said. Raises Trouble."""
        controller = self._controller
        until_s = controller.now_s() + TRIAL_S
        while controller.now_s() < until_s:
            controller.come_back(min(until_s, controller.now_s() + RESTART_S))
            now = connection.identify(controller)
            if now["controller"] != before["controller"]:
                raise LineTrouble("other-box", name=now["controller"])
            tell("update-restarting" if now.get("boot") == before.get("boot") else "update-trying")
            ended = self._ended(int(before.get("seq") or 0))
            if ended:
                return ended
            controller.rest(_LOOK_S)
        raise LineTrouble("update-no-end", minutes=int(TRIAL_S) // 60)

    def _ended(self, before_seq: int) -> str | None:
        try:
            rows = self._controller.ask("events", _EVENTS).parts
        except LineTrouble:
            return None  # it restarts just now
        for row in rows:
            is_new = isinstance(row.get("seq"), int) and row["seq"] > before_seq
            if is_new and row.get("cause") in (causes.UPDATE_KEPT, causes.UPDATE_RETURNED):
                return KEPT if row["cause"] == causes.UPDATE_KEPT else RETURNED
        return None


def loaded(manifest: bytes, rom: bytes, name: object) -> Update:
    """Return a signed manifest with the image that it names, every chunk compared. Raises WrongUse."""
    from . import update_signing  # noqa: PLC0415 - cryptography takes its time

    values, body = update_signing.open_whole(manifest, name)
    if not update_signing.holds(body, rom):
        raise WrongUse("update-other-image", file=name)
    return Update(manifest, values, rom)
