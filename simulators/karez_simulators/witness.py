"""A witness of transparency logs after C2SP tlog-witness: what it answers to an `add-checkpoint`.

It keeps the last checkpoint of each log it knows and cosigns a larger one only with a proof that nothing was
changed. Any log may use it, not only ours.
"""

import re
import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple

from karez_simulators.witness_notes import (
    EMPTY_ROOT,
    HASH_SIZE,
    SIZE_MAX,
    BadNote,
    LogKey,
    SignedCheckpoint,
    WitnessKey,
    plain_base64,
)
from karez_simulators.witness_state import StateLost, WitnessState
from karez_simulators.witness_tree import HASHES_MAX, is_consistent

BODY_BYTES_MAX = 1024 * 1024  # the proof is at most 63 lines; a note of 16 post-quantum signatures is 110 kB
PLAIN = "text/plain; charset=utf-8"
SIZE_TYPE = "text/x.tlog.size"

_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = PLAIN


class Request(NamedTuple):
    """An `add-checkpoint` body taken apart."""

    old_size: int
    proof: list[bytes]
    checkpoint: SignedCheckpoint


def parse(body: bytes) -> Request:
    """Take a body apart. Raises BadNote."""
    head, blank, note = body.partition(b"\n\n")
    first, *lines = head.split(b"\n")
    old = _OLD.fullmatch(first)
    if not blank or not old or int(old[1]) > SIZE_MAX:
        raise BadNote("the first line reads: old SIZE")
    if len(lines) > HASHES_MAX:
        raise BadNote(f"more than {HASHES_MAX} proof lines")
    proof = [plain_base64(line.decode("ascii", "replace")) for line in lines]
    if any(len(one) != HASH_SIZE for one in proof):
        raise BadNote("a proof line is one hash")
    return Request(int(old[1]), proof, SignedCheckpoint.parse(note))


class Witness:
    """Thread-safe: checking and remembering are one step, or two requests could roll the state back."""

    def __init__(
        self, key: WitnessKey, logs: Iterable[LogKey], state: WitnessState, now_s: Callable[[], int]
    ) -> None:
        """`logs`: the keys it trusts; one origin may have several."""
        self.key = key
        self._logs: dict[str, list[LogKey]] = {}
        self._state = state
        self._now_s = now_s
        self._one_at_a_time = threading.Lock()
        self._stamped_s = 1
        for one in logs:
            self.trust(one)

    def trust(self, log: LogKey) -> None:
        """Cosign this log from now on."""
        self._logs.setdefault(log.name, []).append(log)

    def size_of(self, origin: str) -> int:
        """Entries of the last checkpoint cosigned."""
        return self._state.read(origin).size

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer one request, in the order of checks that tlog-witness gives."""
        try:
            request = parse(body)
        except BadNote as error:
            return _refuse(400, str(error))
        one = request.checkpoint
        if one.origin not in self._logs:
            return _refuse(404, "this log is not known here")
        if not self._is_signed(one):
            return _refuse(403, "no key known for this log has signed this checkpoint")
        if request.old_size > one.size:
            return _refuse(400, "the old size is above the checkpoint's")
        with self._one_at_a_time:
            try:
                return self._cosign(request)
            except (StateLost, OSError) as error:
                return _refuse(500, str(error))

    def _is_signed(self, one: SignedCheckpoint) -> bool:
        """True if a trusted key has signed and none of them is named by a signature that does not hold."""
        known = {(key.name, key.id): key for key in self._logs[one.origin]}
        mine = [(known[line[:2]], line[2]) for line in one.lines if line[:2] in known]
        return bool(mine) and all(key.has_signed(one.text, signature) for key, signature in mine)

    def _cosign(self, request: Request) -> Reply:
        one = request.checkpoint
        seen = self._state.read(one.origin)
        if request.old_size != seen.size:
            return Reply(409, f"{seen.size}\n".encode(), SIZE_TYPE)
        if one.size == 0 and one.root != EMPTY_ROOT:
            return _refuse(422, "this is not the root of an empty log")
        if not is_consistent(seen.size, seen.root, one.size, one.root, request.proof):
            return _refuse(422, f"this does not continue the {seen.size} entries seen before")
        if (one.size, one.root) != (seen.size, seen.root):
            self._state.replace(one.origin, one.size, one.root)
        self._stamped_s = max(self._stamped_s, self._now_s())
        return Reply(200, self.key.cosign(one.text, self._stamped_s))


def _refuse(status: int, why: str) -> Reply:
    return Reply(status, f"{why}\n".encode())
