"""What people bring to the gateway in files: in the order in which it was signed, later where it is down."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.world.run import World

AGAIN_MS = 3_600_000  # who finds the gateway down comes back in an hour


class Errand(NamedTuple):
    """One file: of which kind, for which well; `then` is called when the gateway has taken it."""

    kind: str
    data: bytes
    site: str
    then: Callable[[bytes], None] | None


class Errands:
    """One person's pile of files. `taken` is what the gateway took, with the time."""

    def __init__(self, world: World) -> None:
        """Nothing lies there."""
        self._world = world
        self._pile: deque[Errand] = deque()
        self._is_waiting = False
        self.taken: list[tuple[int, Errand]] = []

    def bring(self, kind: str, data: bytes, site: str, then: Callable[[bytes], None] | None = None) -> None:
        """Bring a signed file now, or behind those that wait."""
        self._pile.append(Errand(kind, data, site, then))
        if not self._is_waiting:
            self._go()

    def again(self, since_ms: int) -> None:
        """Bring once more what was taken since: a restored gateway has forgotten it (docs/operations.md)."""
        lost = [one for at_ms, one in self.taken if at_ms >= since_ms]
        self._pile.extendleft(one._replace(then=None) for one in reversed(lost))
        if not self._is_waiting:
            self._go()

    def _go(self) -> None:
        world = self._world
        self._is_waiting = False
        while self._pile:
            one = self._pile[0]
            why = world.host.bring(one.kind, one.data)
            if why is None:
                self._is_waiting = True
                world.agenda.after(AGAIN_MS, self._go)
                return
            self._pile.popleft()
            if why:
                world.story.tell(one.site, "not_brought", why=why)
                continue
            if one.then is not None:
                self.taken.append((world.agenda.now_ms, one))
                one.then(one.data)
