"""One well of the world with all that belongs to it, and what is wrong there just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import site_class
from karez_simulators.world.box import CARD
from karez_simulators.world.history import History

if TYPE_CHECKING:
    from karez_simulators.world.box import Box
    from karez_simulators.world.radio import Radio
    from karez_simulators.world.site import Site

# So long after a trouble the rules may still speak of it: their own delays (crosscheck.py), and a poll.
ECHO_MS = 900_000


class Farm:
    """Site, controller and radio of one well; `use` is its class of site_class."""

    def __init__(self, site: Site, box: Box, radio: Radio, use: int) -> None:
        """Take what stands there."""
        self.site, self.box, self.radio, self.use = site, box, radio, use
        self.history = History()
        self.fresh: list[bytes] = []  # records committed that nobody has looked at
        self.lost: set[int] = set()  # numbers that the controller declared lost
        self.start_volume_l = 0
        self.is_exact = True  # W is what its meters have counted: nothing was ever converted
        self.pressed_stop_ms: int | None = None
        self.started_ms = 0  # the irrigation in progress, or the last one
        self.wants_until_ms = 0  # the farmer irrigates until then
        self.seq = 0  # of the newest grant signed
        self.booted_ms = 0
        self.was_cheated = False  # water or energy went around a meter
        self.metered_at_grant_l = 0  # what had been taken when the right in force came
        self.acknowledged_seq = self.drained_ms = self.radio_back_ms = 0  # of the backlog
        self.ring_lost = False  # the flash lost something that nobody could have kept
        self._troubles: dict[str, int] = {}  # name -> until when it may be felt
        self._lasting: dict[str, int] = {}  # name -> how many of them stand

    @property
    def name(self) -> str:
        """The site's code."""
        return self.site.name

    @property
    def is_drinking(self) -> bool:
        """Whether people drink from it."""
        return self.use == site_class.DOMESTIC

    def press(self, button: str, now_ms: int) -> None:
        """Somebody with the card is at the panel."""
        if button == "stop":
            self.pressed_stop_ms = now_ms
        self.box.hear(f"{button} {CARD.hex()}")

    # -- what is wrong ------------------------------------------------------------------

    def begin(self, trouble: str) -> None:
        """A trouble begins and stands until `end`."""
        self._lasting[trouble] = self._lasting.get(trouble, 0) + 1
        self.box.look_closely(10_000)

    def end(self, trouble: str, now_ms: int) -> None:
        """It is over; its echo is not."""
        self._lasting[trouble] -= 1
        self._troubles[trouble] = now_ms + ECHO_MS
        self.box.look_closely(10_000)

    def felt(self, now_ms: int, *troubles: str) -> bool:
        """True while one of these (any, if none is named) stands or echoes."""
        names = troubles or (*self._lasting, *self._troubles)
        return any(self._lasting.get(name, 0) > 0 or self._troubles.get(name, -1) >= now_ms for name in names)

    def stands(self, *troubles: str) -> bool:
        """True while one of these (any, if none is named) stands."""
        return any(self._lasting.get(name, 0) > 0 for name in troubles or self._lasting)
