"""One controller's way to the county's broker: late, lossy, doubling, out of order, gone for days."""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_firmware.ports import fake_broker
from karez_protocols import link

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_simulators.world.agenda import Agenda
    from karez_simulators.world.chance import Chance

LEAST_MS, MOST_MS = 50, 2_000


class _Outgoing:
    """Takes what the broker publishes, as the list of the fake broker would."""

    def __init__(self, take: Callable[[str, bytes], None]) -> None:
        self._take = take

    def append(self, message: tuple[str, bytes]) -> None:
        self._take(message[0], bytes(message[1]))


class Radio:
    """`broker` is the box's end. `on_up(topic, payload)` gets what arrives at the county."""

    def __init__(self, agenda: Agenda, chance: Chance, on_up: Callable[[str, bytes], None]) -> None:
        """Stand, without trouble: `lost_permille` and `doubled_permille` are set by who makes some."""
        self.broker = fake_broker.Broker("")
        self.broker.published = _Outgoing(self._send)  # type: ignore[assignment]
        self.is_up = True
        self.lost_permille = self.doubled_permille = 0
        self.garble: Callable[[bytes], bytes] | None = None  # somebody in the middle
        self.lost = self.doubled = 0
        self.wake: Callable[[], None] = lambda: None  # the box has mail
        self._agenda = agenda
        self._chance = chance
        self._on_up = on_up

    @property
    def is_well(self) -> bool:
        """True while it is up and loses nothing."""
        return self.is_up and not self.lost_permille

    def name(self, controller: str) -> None:
        """Whose it is."""
        self.broker.topic = link.topic(controller, "down")

    def set_up(self, is_up: bool) -> None:
        """The cell goes or comes."""
        self.is_up = self.broker.is_reachable = is_up
        if not is_up:
            self.broker.drop()
        self.wake()

    def down(self, payload: bytes) -> None:
        """Something for the box has reached the broker; a clean session keeps nothing."""
        if self.is_up and not self._chance.happens(self.lost_permille):
            self._agenda.after(self._late_ms(), lambda: self._arrive(payload))

    def _arrive(self, payload: bytes) -> None:
        if self.is_up:
            self.broker.send(payload)
            self.wake()

    def _send(self, topic: str, payload: bytes) -> None:
        if self._chance.happens(self.lost_permille):
            self.lost += 1
            return  # the broker died with it
        if self.garble is not None:
            payload = self.garble(payload)
        self._agenda.after(self._late_ms(), lambda: self._on_up(topic, payload))
        if self._chance.happens(self.doubled_permille):
            self.doubled += 1
            self._agenda.after(self._late_ms(), lambda: self._on_up(topic, payload))

    def _late_ms(self) -> int:
        return self._chance.randint(LEAST_MS, MOST_MS)
