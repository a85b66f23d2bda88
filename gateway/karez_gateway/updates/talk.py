"""One update on its way to one controller, sans-I/O: statuses in, steps out, one under way at a time.

    ask ─▶ status ─┬─ none, or one of ours ─▶ put, pieces, begin ─▶ status
                   ├─ another comes, by a technician's cable ─▶ it is left alone: the talk is over
                   ├─ chunks come ─▶ bytes of the chunk that is wanted ─▶ status …
                   └─ whole ─▶ apply ─▶ it waits for its restart: the talk is over

The controller says what it wants next, so a restart of the service loses nothing that is remembered here.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from karez_gateway.updates.package import Package
from karez_protocols import fields, link, update_link, update_manifest

EMPTY, TAKING, COMING, WHOLE = range(4)  # states of a slot (firmware: update/intake.py)

TALKING, WANTED, OTHER_BOARD, NEWER, REFUSED, FAILED, LATER, OCCUPIED = (
    "talking", "wanted", "other board", "newer", "refused", "failed", "later", "occupied",
)  # fmt: skip
ANSWER_S = 30  # a step without a status: the next thing is to ask
SILENCES = 4  # in a row, and the place is given to another well
TRIES = 3  # of what the controller says did not hold

# How a reason of the controller begins, and what becomes of the talk; the first that fits counts.
_REASONS = (
    ("refused: wrong board", OTHER_BOARD),
    ("refused: old", NEWER),
    ("refused: chunk", TALKING),
    ("refused: another update", TALKING),
    ("refused: other bytes", TALKING),
    ("refused: not now", TALKING),
    ("incomplete", TALKING),
    ("store", TALKING),
    ("busy", LATER),
    ("refused", REFUSED),
    ("", FAILED),
)


class Seen(NamedTuple):
    """How far another's update is: the same again an hour later, and nobody goes on with it."""

    update: bytes | None
    state: int
    chunk: int | None
    offset: int | None


class Talk:
    """`step` gives what is to be sent; `heard` takes a status. `end`: TALKING, or how it is over."""

    def __init__(self, package: Package, own: Collection[bytes] = (), left: Seen | None = None) -> None:
        """Know nothing of the controller: the first step asks.

        `own`: starts of the digests of updates that the gateway has brought itself, and may put another in
        place of. `left`: what another has begun and did not go on with: that, too.
        """
        self._package = package
        self._own = own
        self._left = left
        self._put_at = -1  # bytes of the manifest that are sent; -1: not announced
        self._next: tuple[int, int, int, bytes] | None = (update_link.ASK, 0, 0, b"")
        self._sent_s = 0.0
        self._silences = self._again = 0
        self.end = TALKING
        self.reason = ""
        self.index = 0  # chunks that the controller has
        self.is_heard = False  # and said so
        self.seen: Seen | None = None  # of another update that occupies it
        self._best = 0

    def step(self, now_s: float) -> bytes | None:
        """Return the payload for the `down` topic; None: an answer is waited for, or it is over."""
        if self.end != TALKING:
            return None
        if self._next is None:
            if now_s - self._sent_s < ANSWER_S:
                return None
            self._silences += 1
            if self._silences >= SILENCES:
                self.end, self.reason = LATER, "no answer"
                return None
            self._next = (update_link.ASK, 0, 0, b"")
        step, index, offset, data = self._next
        self._next = None
        self._sent_s = now_s
        values = {"step": step, "index": index, "offset": offset, "update": self._package.sha256[:8]}
        return bytes((link.UPDATE,)) + bytes(update_link.encode(values, data))

    def heard(self, payload: bytes) -> None:
        """Take a status. Raises Malformed."""
        status = update_link.decode_status(payload)
        self._silences = 0
        if self.end != TALKING:
            return
        if self._is_occupied(status):
            self.end, self.reason = OCCUPIED, "another update comes to it, by cable perhaps: it is left alone"
            return
        self.is_heard = True
        # It goes to logs, acts and terminals, and is a box's own word.
        reason = "".join(one if one.isprintable() else "?" for one in str(status["reason"]))
        if reason:
            self._hindered(reason)
            if self.end != TALKING:
                return
        if status["update"] != self._package.sha256[:8] or status["state"] in (EMPTY, TAKING, None):
            self._next = self._manifest(status["state"], is_hindered=bool(reason))
        elif status["state"] == COMING:
            self._next = self._chunk(status["index"], status["offset"])
        elif status["is_wanted"]:
            self.index, self.end = self._package.values["chunks"], WANTED
        else:
            self._next = (update_link.APPLY, 0, 0, b"")

    def _is_occupied(self, status: dict[str, Any]) -> bool:
        """True if somebody else's update comes to it: two who put over one another bring neither."""
        update, state = status["update"], status["state"]
        if state in (EMPTY, None) or update == self._package.sha256[:8] or update in self._own:
            return False
        self.seen = Seen(update, state, status["index"], status["offset"])
        return bool(status["is_wanted"]) or self.seen != self._left

    def _hindered(self, reason: str) -> None:
        self.reason = reason
        found = next(end for words, end in _REASONS if reason.startswith(words))
        if found == TALKING:
            self._again += 1
            found = FAILED if self._again > TRIES else TALKING
        self.end = found

    def _manifest(self, state: int | None, *, is_hindered: bool) -> tuple[int, int, int, bytes]:
        """Announce it, bring the next bytes, or have it checked."""
        data = self._package.manifest
        if self._put_at < 0 or is_hindered or state != TAKING:
            self._put_at = 0
            return update_link.PUT, len(data), 0, self._package.sha256
        at = self._put_at
        if at >= len(data):
            self._put_at = -1  # a status of TAKING after this: the manifest is announced anew
            return update_link.BEGIN, 0, 0, b""
        self._put_at = at + update_link.DATA_MAX
        return update_link.PIECE, 0, at, data[at : at + update_link.DATA_MAX]

    def _chunk(self, index: int | None, offset: int | None) -> tuple[int, int, int, bytes] | None:
        index, offset = index or 0, offset or 0
        size = update_manifest.CHUNK_SIZE
        self.index = index
        if index > self._best:  # what did not hold before this chunk holds now
            self._best, self._again = index, 0
        start, end = index * size + offset, index * size + min(size, offset + update_link.DATA_MAX)
        data = self._package.image[start:end] if offset < size else b""
        if not data:
            self.end, self.reason = FAILED, f"it asks for chunk {index}, byte {offset}, which there is not"
            return None
        return update_link.CHUNK, index, offset, data


STATUS_BYTES = fields.size_of(update_link.STATUS)
