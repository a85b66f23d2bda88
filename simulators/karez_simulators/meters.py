"""What all simulated Modbus meters share: an image of registers, refreshed by time, spoilt by name.

A meter is pure: `refresh` looks at the well and rewrites the image, `read` answers
from the image and never looks at the well. So a register is as old as a real
meter's, and bytes and time come from outside (modbus_server.py, physical_site.py).
"""

from __future__ import annotations

import abc
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from karez_simulators.well import Well

READ_HOLDING = 3
READ_INPUT = 4
REGISTERS_PER_READ_MAX = 125  # Modbus application protocol 6.3: quantity 1 to 0x7D
FULL_SHARE_PERMILLE = 1000

ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3


class Refused(Exception):
    """The meter answers with exception `code` (Modbus application protocol, section 7)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code:02}")
        self.code = code


class Meter(abc.ABC):
    """A meter at a Modbus address. Subclasses fill `_build` and the tables below.

    `functions`: answered function codes. `refresh_ms`: how often the registers
    change. `faults`: every name that `fault` knows, with what it does to a person
    reading the registers.
    """

    functions: frozenset[int] = frozenset()
    refresh_ms = 1000
    registers_per_read_max = REGISTERS_PER_READ_MAX
    faults: dict[str, str] = {}  # noqa: RUF012 - a table, replaced and never changed

    def __init__(self, address: int, well: Well) -> None:
        self.address = address
        self._well = well
        self._active: set[str] = set()
        self._images: dict[int, dict[int, int]] = {}

    @property
    def active_faults(self) -> frozenset[str]:
        """Names of the faults that are on."""
        return frozenset(self._active)

    def fault(self, name: str, on: bool = True) -> None:
        """Switch a fault on or off; it shows from the next refresh. KeyError for an unknown name.

        "reset" is an act, not a state: it happens once and cannot be switched off.
        """
        if name not in self.faults:
            raise KeyError(
                f"{type(self).__name__} knows no fault {name!r}, only {', '.join(sorted(self.faults))}"
            )
        if name == "reset":
            if on:
                self._reset()
        elif on:
            self._active.add(name)
        else:
            self._active.discard(name)

    def refresh(self, utc_s: int) -> None:
        """Count what the well has done since the last refresh and rewrite the registers."""
        self._count()
        if "stuck" not in self._active:
            self._build(utc_s)

    def read(self, function: int, start: int, count: int) -> list[int]:
        """Registers from wire address `start`. Raises Refused with the meter's exception code."""
        if not 1 <= count <= self.registers_per_read_max:
            raise Refused(ILLEGAL_VALUE)
        image = self._images[function]
        try:
            return [image[address] for address in range(start, start + count)]
        except KeyError:
            raise Refused(ILLEGAL_ADDRESS) from None

    @abc.abstractmethod
    def _count(self) -> None: ...

    @abc.abstractmethod
    def _build(self, utc_s: int) -> None: ...

    @abc.abstractmethod
    def _reset(self) -> None: ...


def float_words(value: float) -> tuple[int, int]:
    """IEEE 754 single precision as (high word, low word). Raises OverflowError beyond its range."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low
