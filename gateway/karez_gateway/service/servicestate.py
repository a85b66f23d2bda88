"""service.json: what only the running service knows, for `karez gateway status`.

Replaced whole, never fsynced, removed on a clean stop. After a crash its process is gone.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `status` reads the file and needs no broker client
    from karez_gateway.intake.fieldlink import LinkState, Presence
    from karez_gateway.intake.ingest import Counters

# The file is written at once when it says something new; otherwise this often, for its time.
REFRESH_S = 5
# A county's states are always new: writing them takes at most this part of the time.
PAUSE_PER_COST = 400
STALE_S = 30  # a machine under load; a process of the same number is rarer than that


class ServiceState:
    """Writes the file when something in it changed."""

    def __init__(self, path: Path) -> None:
        """Write nothing yet."""
        self._path = path
        self._last: dict[str, Any] = {}
        self._said: dict[str, tuple[Presence, str]] = {}  # by name, in order: a state, and as JSON
        self._written_s = 0.0
        self._rests_until_s = 0.0  # by time.monotonic

    def write(
        self,
        link: "LinkState",
        counters: "Counters",
        destinations: Mapping[str, Mapping[str, Any]],
        time_held: str,
    ) -> None:
        """Replace the file if it would say something new."""
        if time.monotonic() < self._rests_until_s and link.broker == self._last.get("broker"):
            return
        began_s = time.thread_time()
        now_s = time.time()
        facts: dict[str, Any] = {
            "pid": os.getpid(),
            "broker": link.broker,
            "states_malformed": link.states_malformed,
            "counters": asdict(counters),
            "destinations": dict(destinations),
            "time_held": time_held,  # why controllers are not told the time
        }
        is_new = self._take(link.presence)
        if not is_new and facts == self._last and now_s - self._written_s < REFRESH_S:
            self._rest(began_s)
            return
        self._last, self._written_s = facts, now_s
        temporary = self._path.with_suffix(".tmp")
        states = ", ".join(text for _, text in self._said.values())
        facts_json = json.dumps(facts | {"utc_s": int(now_s)})
        temporary.write_text(f'{facts_json[:-1]}, "presence": {{{states}}}}}')
        temporary.replace(self._path)
        self._rest(began_s)

    def _take(self, presence: "Mapping[str, Presence]") -> bool:
        """Turn into JSON what is new, which of a county is little; False if nothing is."""
        new = {
            name: one
            for name, one in presence.items()
            if name not in self._said or self._said[name][0] is not one
        }
        comers = new.keys() - self._said.keys()
        for name, one in new.items():
            self._said[name] = one, f"{json.dumps(name)}: {json.dumps({'utc_s': one.utc_s, **one.state})}"
        if comers:
            self._said = dict(sorted(self._said.items()))
        return bool(new)

    def _rest(self, began_s: float) -> None:
        """It took this thread so long from `began_s` on: as much is left to others, many times over."""
        cost_s = time.thread_time() - began_s
        self._rests_until_s = time.monotonic() + min(PAUSE_PER_COST * cost_s, REFRESH_S)

    def remove(self) -> None:
        """The service ends."""
        self._path.unlink(missing_ok=True)


def is_running(facts: Mapping[str, Any]) -> bool:
    """True if the process that wrote these facts lives and still refreshes them."""
    if time.time() - facts.get("utc_s", 0) > STALE_S:
        return False
    try:
        os.kill(facts["pid"], 0)
    except (ProcessLookupError, KeyError):
        return False
    except PermissionError:  # another user's process: it lives
        return True
    return True


def read(path: Path) -> dict[str, Any]:
    """What the service wrote last; empty if it never ran."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
