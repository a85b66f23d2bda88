"""What all simulated meters share: something to tell, refreshed by time, spoilt by name.

A meter is pure: `refresh` looks at the well and rewrites the image, `read` answers
from the image and never looks at the well. So a register is as old as a real
meter's, and bytes and time come from outside (modbus_server.py, physical_site.py).
"""

from __future__ import annotations

import abc
import struct
from functools import lru_cache
from typing import TYPE_CHECKING

from karez_simulators.meter_faults import ACTS

if TYPE_CHECKING:
    from karez_simulators.well import Well

READ_HOLDING = 3
READ_INPUT = 4
WRITE_ONE = 6
DIAGNOSE = 8
WRITE_SEVERAL = 16
REGISTERS_PER_READ_MAX = 125  # Modbus application protocol 6.3: quantity 1 to 0x7D

ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3


class Refused(Exception):
    """The meter answers with exception `code` (Modbus application protocol, section 7)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code:02}")
        self.code = code


class Instrument(abc.ABC):
    """Whatever measures at the well and answers on the line, in any protocol.

    `refresh_ms`: how often what it tells changes. `faults`: every name that `fault`
    knows, with what it does to a person reading the meter. `address`: as written on it.
    `energy_step_wh`: by how much its energy moves at least, where that is more than its register's step.
    """

    refresh_ms = 1000
    energy_step_wh = 1
    faults: dict[str, str] = {}  # noqa: RUF012 - a table, replaced and never changed

    def __init__(self, address: int | str, well: Well) -> None:
        self.address = address
        self._well = well
        self._active: set[str] = set()

    @property
    def active_faults(self) -> frozenset[str]:
        """Names of the faults that are on."""
        return frozenset(self._active)

    def fault(self, name: str, on: bool = True) -> None:
        """Switch a fault on or off; it shows from the next refresh. KeyError for an unknown name.

        What has passed up to this moment is counted the old way. What happens once
        (`meter_faults.ACTS`) cannot be switched off.
        """
        if name not in self.faults:
            raise KeyError(
                f"{type(self).__name__} knows no fault {name!r}, only {', '.join(sorted(self.faults))}"
            )
        self._count()
        if name in ACTS:
            if on:
                self._act(name)
        elif on:
            self._active.add(name)
        else:
            self._active.discard(name)

    def refresh(self, utc_s: int) -> None:
        """Count what the well has done since the last refresh and rewrite what is told."""
        self._count(self.refresh_ms)
        if "stuck" not in self._active:
            self._build(utc_s)

    @abc.abstractmethod
    def _count(self, passed_ms: int = 0) -> None: ...

    @abc.abstractmethod
    def _build(self, utc_s: int) -> None: ...

    @abc.abstractmethod
    def _act(self, name: str) -> None: ...


class Meter(Instrument):
    """A meter at a Modbus address, with an image of its registers per function in `_images`.

    `functions`: answered function codes. `registers_per_read_max`: more is refused with 03.
    """

    functions: frozenset[int] = frozenset()
    registers_per_read_max = REGISTERS_PER_READ_MAX

    def __init__(self, address: int, well: Well) -> None:
        super().__init__(address, well)
        self.address: int = address
        self._images: dict[int, dict[int, int]] = {}

    def read(self, function: int, start: int, count: int) -> list[int]:
        """Registers from wire address `start`. Raises Refused with the meter's exception code."""
        if not 1 <= count <= self.registers_per_read_max:
            raise Refused(ILLEGAL_VALUE)
        image = self._images[function]
        try:
            return [image[address] for address in range(start, start + count)]
        except KeyError:
            raise Refused(ILLEGAL_ADDRESS) from None

    def write(self, start: int, values: list[int]) -> None:  # noqa: ARG002 - for those who take any
        """Set registers (function 06 or 10H). Raises Refused: 02 for what cannot be written."""
        raise Refused(ILLEGAL_ADDRESS)


@lru_cache(512)  # most of what a meter shows is what it showed
def float_words(value: float) -> tuple[int, int]:
    """IEEE 754 single precision as (high word, low word). Raises OverflowError beyond its range."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low
