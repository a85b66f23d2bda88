"""A contactor: its coil, its main contacts, and what goes wrong with them.

IEC 60947-4-1 (limits of operation of electromagnetic contactors): pulls in at 85 % of the coil's voltage
and above, lets go between 75 % and 20 % of it. Constructed: this one lets go below 55 %.
A weld holds closed what was closed when it welded. The auxiliary contact is a mirror contact (annex F): it
tells of the main contacts, not of the coil, and nothing of a bridge beside them.
"""

from __future__ import annotations

PULL_IN_PERMILLE = 850
LET_GO_PERMILLE = 550


class Contactor:
    """`coil`: what the controller wants; `is_closed`: what the main contacts and the auxiliary one do."""

    __slots__ = ("_is_held", "_is_stuck", "_is_welded", "coil")

    def __init__(self) -> None:
        self.coil = False
        self._is_held = True  # the coil's voltage is enough
        self._is_welded = False
        self._is_stuck = False

    @property
    def is_closed(self) -> bool:
        """Whether the main contacts are closed."""
        return self._is_stuck or (self.coil and self._is_held)

    @property
    def is_welded(self) -> bool:
        """Whether contacts that close, or are closed, will not open."""
        return self._is_welded

    def set_coil(self, is_on: bool) -> None:
        """The controller switches the coil."""
        self.coil = is_on
        self._stick()

    def set_voltage_permille(self, voltage_permille: int) -> None:
        """The supply, and with it the coil's voltage, changes."""
        if voltage_permille < LET_GO_PERMILLE:
            self._is_held = False
        elif voltage_permille >= PULL_IN_PERMILLE:
            self._is_held = True
        self._stick()

    def set_welded(self, is_welded: bool) -> None:
        """The contacts weld, now or at the next closing; or somebody puts in new ones."""
        self._is_welded = is_welded
        self._is_stuck = False
        self._stick()

    def _stick(self) -> None:
        if self._is_welded and self.coil and self._is_held:
            self._is_stuck = True
