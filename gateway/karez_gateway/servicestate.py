"""service.json: what only the running service knows, for `karez gateway status`.

Replaced whole, never fsynced: after a crash the file may be old, and the log's lock says
whether anybody still writes it.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `status` reads the file and needs no broker client
    from karez_gateway.fieldlink import LinkState
    from karez_gateway.ingest import Counters

# The file is written at once when it says something new; otherwise this often, for its time.
REFRESH_S = 5


class ServiceState:
    """Writes the file when something in it changed."""

    def __init__(self, path: Path) -> None:
        """Write nothing yet."""
        self._path = path
        self._last: dict[str, Any] = {}
        self._written_s = 0.0

    def write(
        self, link: "LinkState", counters: "Counters", destinations: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Replace the file if it would say something new."""
        now_s = time.time()
        facts: dict[str, Any] = {
            "pid": os.getpid(),
            "broker": link.broker,
            "presence": {
                name: {"utc_s": one.utc_s, **one.state} for name, one in sorted(link.presence.items())
            },
            "states_malformed": link.states_malformed,
            "counters": asdict(counters),
            "destinations": dict(destinations),
        }
        if facts == self._last and now_s - self._written_s < REFRESH_S:
            return
        self._last, self._written_s = facts, now_s
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(facts | {"utc_s": int(now_s)}))
        temporary.replace(self._path)


def read(path: Path) -> dict[str, Any]:
    """What the service wrote last; empty if it never ran."""
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
