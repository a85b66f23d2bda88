"""What a controller says on its cable, as the bench hears it: records, panel, answers."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from karez_protocols import causes, chain, record
from karez_simulators import provisioning

BEATS_KEPT = 100_000


class DeskError(RuntimeError):
    """Something on the desk did not come up or did not happen; the text says what and what to do."""


class Cable:
    """Listens to one controller from its first word on, over all its restarts."""

    def __init__(self) -> None:
        self.identity: provisioning.Identity | None = None
        self.slots: list[bytes] = []  # every record the box showed, in order
        self.panel = ["", "", "", ""]
        self.waiting = 0  # records the box has not been acknowledged
        self.late_ms: deque[int] = deque(maxlen=BEATS_KEPT)  # how late its control was, by the newest beats
        self.answers: list[list[str]] = []  # `done …` and `refused …`
        self.is_commissioned = False
        self.not_understood = ""
        self.changed = asyncio.Event()

    def hear(self, words: list[str]) -> None:
        """Take one line, in words."""
        try:
            self._take(words)
        except (ValueError, IndexError):  # a firmware in the making may say anything
            self.not_understood = (
                f"the controller said what the bench does not understand: {' '.join(words)[:60]}"
            )
        self.changed.set()

    def _take(self, words: list[str]) -> None:
        if words[0] == "identity":
            self.identity = provisioning.Identity.parse(words)
        elif words[0] == "record":
            self.slots.append(bytes.fromhex(words[1]))
        elif words[0] == "panel":
            self.panel = " ".join(words[1:]).split("|")
        elif words[0] == "beat":
            self.waiting = int(words[1])
            self.late_ms.append(int(words[-3]))  # the loss before it is a tuple, with spaces
        elif words[0] == "commissioned":
            self.is_commissioned = True
        elif words[0] in ("done", "refused"):
            self.answers.append(words)

    @property
    def is_ready(self) -> bool:
        """True once the panel shows litres: three readings have agreed."""
        return self.panel[1].startswith("used ") and "--" not in self.panel[1]

    def takes_over(self) -> Cable:
        """Another box stands at this cable from now on; return what was heard of the one before."""
        before = Cable()
        before.identity, before.slots = self.identity, self.slots
        before.waiting, before.is_commissioned = self.waiting, True
        self.identity, self.slots, self.answers = None, [], []
        self.waiting, self.is_commissioned = 0, False
        self.forget_panel()
        return before

    def forget_panel(self) -> None:
        """Take what the panel showed for old: the controller is about to start."""
        self.panel = ["", "", "", ""]

    @property
    def is_irrigating(self) -> bool:
        """True while the newest start has no stop."""
        kinds = [slot[1] for slot in self.slots if slot[1] in (record.START, record.STOP)]
        return bool(kinds) and kinds[-1] == record.START

    def newest(self, kind: int, *known: str) -> dict[str, Any]:
        """Return the newest record of a kind.

        Raises DeskError when there is none yet, or when it does not know one of the fields `known`.
        """
        found = self.records(kind)
        name = record.KIND_NAMES[kind]
        if not found:
            raise DeskError(f"the controller has written no {name} record yet")
        unknown = [field for field in known if found[-1][field] is None]
        if unknown:
            raise DeskError(f"the newest {name} record does not know its {', '.join(unknown)}")
        return found[-1]

    def records(self, kind: int, after: int = 0) -> list[dict[str, Any]]:
        """Return the records of a kind that the box committed after its first `after`, decoded, in order."""
        return [record.decode(slot) for slot in self.slots[after:] if slot[1] == kind]

    def last_slot(self, kind: int) -> bytes | None:
        """Return the newest slot of a kind."""
        return next((slot for slot in reversed(self.slots) if slot[1] == kind), None)

    @property
    def volume_l(self) -> int:
        """W as the newest measuring record says it."""
        for slot in reversed(self.slots):
            if record.is_measuring(slot[1]):
                volume_l = record.decode(slot)["volume_l"]
                if volume_l is not None:
                    return int(volume_l)
        return 0

    @property
    def stop_code(self) -> str:
        """The 8-character code of the newest stop."""
        slot = self.last_slot(record.STOP)
        return chain.code(slot) if slot else ""

    def events(self, cause: int, after: int = 0) -> list[dict[str, Any]]:
        """Return the events of a cause among the same records."""
        return [values for values in self.records(record.EVENT, after) if values["cause"] == cause]

    def refusals(self) -> int:
        """How many grants the box refused, for whatever cause."""
        first, last = causes.GRANT_REFUSED_SIGNATURE, causes.GRANT_REFUSED_HEAD
        return sum(len(self.events(cause)) for cause in range(first, last + 1))
