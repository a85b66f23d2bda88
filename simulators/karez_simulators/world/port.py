"""The board of a simulated controller: the firmware's own fake port, in the world's time.

The dead-man and the watchdog are left out: between two looks at a quiet well minutes pass at once
(pace.py), and what guards a loop that hangs has nothing to guard.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_firmware.ports import fake

if TYPE_CHECKING:
    from collections.abc import Callable

    from karez_firmware.ports.fake_memory import RamFram, RamNor
    from karez_simulators.world.agenda import Agenda
    from karez_simulators.world.chance import Chance

_RECORD = "record "


class WorldPort(fake.Port):
    """A board from one power-on to the next. `on_record(slot)` gets every record that is committed."""

    def __init__(
        self, nor: RamNor, fram: RamFram, agenda: Agenda, chance: Chance, on_record: Callable[[bytes], None]
    ) -> None:
        """Power on, now."""
        super().__init__(nor, fram, agenda.utc_s)
        self.uarts = [self, self]  # two lines, so that both meters answer in one turn
        self.clock_error_s = 0  # of the RTC, since somebody turned it
        self.answers: list[str] = []  # what the box said to who is at its cable
        self._agenda = agenda
        self._began_ms = agenda.now_ms
        self._chance = chance
        self._on_record = on_record
        self._lines: list[list[str]] = []

    def go_on(self) -> None:
        """Bring uptime up to the world's time."""
        self.us = (self._agenda.now_ms - self._began_ms) * 1000

    def utc(self) -> tuple[int | None, int]:
        """The RTC."""
        return self._agenda.utc_s + self.clock_error_s, self.time_state

    def set_utc(self, utc_s: int, time_state: int) -> None:
        """The firmware sets it."""
        self.clock_error_s, self.time_state = utc_s - self._agenda.utc_s, time_state

    def hear(self, *lines: str) -> None:
        """Somebody presses, plugs or types: with the next turn."""
        self._lines += [line.split(" ") for line in lines]

    @property
    def has_lines(self) -> bool:
        """True while something was pressed or typed that nobody has taken."""
        return bool(self._lines)

    def lines(self) -> list[list[str]]:
        """What was pressed and typed since the last call."""
        if not self._lines:
            return self._lines
        found, self._lines = self._lines, []
        return found

    def say(self, text: str) -> bool:
        """Records are kept; what nobody reads is not."""
        if text.startswith(_RECORD):
            self._on_record(bytes.fromhex(text[len(_RECORD) :]))
        elif not text.startswith(("panel", "beat", "coil", "trip")):
            self.answers.append(text)
        return True

    def hold(self) -> None:
        """There is no dead-man here."""

    def random(self, size: int) -> bytes:
        """Bytes of this box's own dice."""
        return self._chance.randbytes(size)
