"""Where a process may be killed: tests put a killer at a named phase, the service puts nothing.

Phases of a batch of entries, in order: `inserted` (not yet committed), `committed` (table
ahead of the log), `appended` (both durable, nothing acknowledged yet). Other stages call
theirs by the stage's name, just before their commit.
"""

from collections.abc import Callable

Seam = Callable[[str], None]


def unharmed(_phase: str) -> None:
    """The service's seam: nothing happens."""
