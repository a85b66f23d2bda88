"""Who gets an update when: 1 % of the wells, 10 %, the rest. States, their table, and the order. Pure.

The order follows from the manifest's digest and the boxes' names, so anybody can compute it again, and nobody
has picked who goes first. Drinking water goes last. What is judged of the wells is in judging.py.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

PERCENT = (1, 10, 100)  # of the wells, by stage

FIRST, SECOND, REST, DONE, PAUSED, STOPPED, WITHDRAWN = (
    "first", "second", "rest", "done", "paused", "stopped", "withdrawn",
)  # fmt: skip
STAGES = (FIRST, SECOND, REST)
PASSED, WORSE, PAUSE, RESUME, WITHDRAW = "passed", "worse", "pause", "resume", "withdraw"

# state -> event -> state; RESUME goes back to the stage that it had. What is not here is refused.
TABLE: Mapping[str, Mapping[str, str]] = {
    FIRST: {PASSED: SECOND, WORSE: STOPPED, PAUSE: PAUSED, WITHDRAW: WITHDRAWN},
    SECOND: {PASSED: REST, WORSE: STOPPED, PAUSE: PAUSED, WITHDRAW: WITHDRAWN},
    REST: {PASSED: DONE, WORSE: STOPPED, PAUSE: PAUSED, WITHDRAW: WITHDRAWN},
    PAUSED: {RESUME: "", WITHDRAW: WITHDRAWN},
    STOPPED: {RESUME: "", WITHDRAW: WITHDRAWN},
    DONE: {},
    WITHDRAWN: {},
}

# What became of a well's update. OUT_OF_IT: it is not counted; ENDED: nothing more is sent.
WAITING, SENDING, WANTED, TRYING, KEPT, RETURNED, OTHER_BOARD, NEWER, REFUSED, FAILED = (
    "waiting", "sending", "wanted", "trying", "kept", "returned", "other board", "newer", "refused", "failed",
)  # fmt: skip
OUT_OF_IT = (OTHER_BOARD, NEWER)
UNWILLING = (REFUSED, FAILED)  # a box's own unsigned word: asked again a day later
TO_SEND = (WAITING, SENDING, WANTED, *UNWILLING)
UPDATED = (TRYING, KEPT)
STANDING = (PAUSED, STOPPED, WITHDRAWN)  # what came to a box and did not run yet is taken back


def after(state: str, event: str, stage: str) -> str | None:
    """Return the next state, None if this cannot be. `stage`: the one that RESUME goes back to."""
    found = TABLE[state].get(event)
    return stage if found == "" else found


def order(digest: bytes, boxes: Mapping[str, bool]) -> list[str]:
    """Return names of boxes in the order of the roll-out. `boxes`: name -> is it for drinking water."""

    def rank(name: str) -> tuple[bool, bytes]:
        return boxes[name], hashlib.sha256(b"KZ roll-out 1\n" + digest + name.encode()).digest()

    return sorted(boxes, key=rank)


def share(count: int, stage: str) -> int:
    """Return how many of `count` wells belong to a stage and those before it: one at least."""
    return -(-count * PERCENT[STAGES.index(stage)] // 100)


@dataclass(frozen=True)
class Settings:
    """`watch_s`: how long a stage is watched. `silent_s`: an updated well without a record for so long.

    `more_alarms_percent`: wells with an alarm, more among the updated than among the others.
    `ratio_percent`: by how much the energy for a cubic metre may change more than among the others.
    """

    watch_s: int = 72 * 3600
    silent_s: int = 6 * 3600
    more_alarms_percent: int = 10
    ratio_percent: int = 10


@dataclass(frozen=True)
class Site:
    """One well's side; `name` of its box.

    `heard_utc_s`: newest record; `done_utc_s`: when it was tried, given back or refused, or None;
    `alarmed_utc_s`: when a check raised an alarm there last, 0: never;
    `ratio_permille`: its energy for a cubic metre since it was updated, against before, and
    `usual_permille`: the same of the others over the same days. None: not enough of either.
    """

    name: str
    site: str
    state: str
    reason: str = ""
    heard_utc_s: int | None = None
    done_utc_s: int | None = None
    alarmed_utc_s: int = 0
    ratio_permille: int | None = None
    usual_permille: int | None = None
