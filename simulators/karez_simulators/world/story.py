"""What happened in a run, when and to whom: for people as sentences, for comparison as one digest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from karez_simulators.world import words

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.world.agenda import Agenda


class Event(NamedTuple):
    """One thing that happened. `values` fill in the sentence of its key (words.py)."""

    utc_s: int
    site: str
    key: str
    values: tuple[tuple[str, object], ...]

    def said(self, lang: str) -> str:
        """The sentence, with its time and place."""
        return words.line(lang, self.utc_s, self.site, self.key, dict(self.values))


class Story:
    """The events of one run in their order. `met` holds what happened at least once (sometimes.py)."""

    def __init__(self, agenda: Agenda, hear: Callable[[Event], None] | None = None) -> None:
        """Begin an empty one; `hear` is told of each event as it happens."""
        self._hear = hear
        self.events: list[Event] = []
        self.met: set[str] = set()
        self.records = 0
        self._agenda = agenda
        self._hash = hashlib.sha256()

    def tell(self, site: str, key: str, **values: object) -> None:
        """Something happened."""
        event = Event(self._agenda.utc_s, site, key, tuple(sorted(values.items())))
        self.events.append(event)
        self.met.add(key)
        self._hash.update(json.dumps([self._agenda.now_ms, *event], default=str).encode())
        if self._hear is not None:
            self._hear(event)

    def record(self, site: str, slot: bytes) -> None:
        """A controller has committed a record."""
        self.records += 1
        self._hash.update(site.encode() + self._agenda.now_ms.to_bytes(8, "little") + slot)

    def note(self, *facts: object) -> None:
        """Something that belongs to the run's identity and is no event."""
        self._hash.update(json.dumps(facts, sort_keys=True, default=str).encode())

    @property
    def digest(self) -> str:
        """The same for the same run."""
        return self._hash.hexdigest()
