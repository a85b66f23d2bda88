"""One well of the world with all that belongs to it, and what is wrong there just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_protocols import site_class
from karez_simulators.world.history import History, Right
from karez_simulators.world.order_book import OrderBook

if TYPE_CHECKING:
    from karez_simulators.world.box import Box
    from karez_simulators.world.households import Households
    from karez_simulators.world.radio import Radio
    from karez_simulators.world.site import Site

# So long after a trouble the rules may still speak of it: their own delays (crosscheck.py), and a poll.
ECHO_MS = 900_000


class Farm:
    """Site, controller and radio of one well; `use` is its class of site_class."""

    def __init__(self, site: Site, box: Box, radio: Radio, use: int, households: Households) -> None:
        """Take what stands there."""
        self.households = households
        self.orders = OrderBook()
        self.site, self.box, self.radio, self.use = site, box, radio, use
        self.history: History = History()
        self.past: list[tuple[str, History]] = []  # boxes that stood here: name, records
        self.bindings = 1
        self.untold_l = 0  # what boxes before had counted beyond the W that a spare began with
        self.given: list[tuple[int, Right]] = []  # when the gateway took which grant
        self.meter_changed_seq = -100  # the newest record when a meter was changed
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
        self.fram_dead_seq: int | None = None  # the newest record when its FRAM died
        self.has_nor_head = False  # it died once: a head in NOR may be newer
        self.heads_lost = 0  # how often an FRAM was found empty
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

    def stop(self, now_ms: int) -> None:
        """Somebody is at the panel; a stop needs no card."""
        self.pressed_stop_ms = now_ms
        self.box.hear("stop")

    def start(self, card: bytes) -> None:
        """Somebody holds a card to the reader."""
        if self.box.is_on:
            self.households.card = card
        self.box.hear(f"start {card.hex()}")

    def renew(self, box: Box, history: History, households: Households) -> None:
        """Another box stands here: its memories are well, and it knows what it was given."""
        self.box, self.history, self.households = box, history, households
        self.orders.renew()
        self.fresh, self.lost = [], set()
        self.fram_dead_seq, self.has_nor_head, self.heads_lost = None, False, 0
        self.acknowledged_seq = 0

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
