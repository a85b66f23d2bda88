"""A well at the cable for this folder's pictures: the real firmware in memory, in time of its own.

`HouseWire` is a port (technician/port.py) whose other end is the console of a house of
tests/firmware/wellhouse.py; its clock runs only while somebody waits. So the tool, the console and the
controller are those of the field, and two runs say the same.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "firmware")]

import wellhouse  # noqa: E402 - of tests/firmware, which the line above makes known
from karez_firmware.store import objects  # noqa: E402
from karez_protocols import binding, ed25519_keys, technicians  # noqa: E402
from karez_protocols.slices import finish  # noqa: E402
from terminal import Terminal  # noqa: E402

SITE = "410105-0001"
NUMBER = 12
SEED = b"t" * 32  # of the technician's key
SERIALS = {"water": "2403117", "energy": "88120456"}
CURRENT_MA = 39_200  # of a phase, at wellhouse.POWER_W, 220 V and a power factor of 0.85
_SETTLED_S = 4  # until the meters have been read three times
_RESTART_S = 3


class Well(wellhouse.Well):  # type: ignore[misc]
    """The well of the tests, whose power meter shows current and frequency as well."""

    def copy(self) -> Well:
        """The same well, for another run."""
        other = Well()
        other.__dict__ |= {name: self.__dict__[name] for name in ("mlh", "extra_l", "shift_l")}
        return other

    def energy(self) -> dict[int, int]:
        """Registers of the power meter."""
        table: dict[int, int] = super().energy()
        current_a = CURRENT_MA / 1000 if self.closed else 0
        for start, value in ((6, current_a), (8, current_a), (10, current_a), (70, 50)):
            table[start], table[start + 1] = struct.unpack(">HH", struct.pack(">f", value))
        return table


def house(water_address: int = 1) -> Any:
    """A controller at its site, with a list of technicians and without a grant.

    `water_address`: of the water meter in its configuration; the meter itself answers at 1.
    """
    segments = [
        wellhouse.segment(binding.WATER, "tuf2000m", wellhouse.BASE_L, serial=SERIALS["water"]),
        wellhouse.segment(binding.ENERGY, "sdm630", wellhouse.BASE_WH, serial=SERIALS["energy"]),
    ]
    meters = [
        {"quantity": "water", "profile": "tuf2000m", "address": water_address},
        {"quantity": "energy", "profile": "sdm630", "address": 2},
    ]
    memories = wellhouse.memories(
        signed_binding=wellhouse.a_binding(segments, site=SITE), config=wellhouse.a_config(meters=meters)
    )
    found = wellhouse.House(*memories, well=Well())
    row = {
        "number": NUMBER, "until_utc_s": None, "roles": technicians.TECHNICIAN,
        "key": finish(ed25519_keys.secret_slices(SEED))[64:],
    }  # fmt: skip
    body = technicians.encode({"seq": 1, "issued_utc_s": wellhouse.UTC - 50}, [row])
    roster = wellhouse.sealed(technicians.LABEL, body, wellhouse.REGULATOR)
    objects.write(found.nor, objects.TECHNICIANS, 0, roster)
    found.run(_SETTLED_S)
    return found


class HouseWire:
    """The cable to a house."""

    name = "/dev/ttyUSB0"

    def __init__(self, house: Any) -> None:
        self._past_us = 0
        self._plug(house)

    def _plug(self, house: Any) -> None:
        self.house = house
        house.app._drop_console()  # noqa: SLF001 - as the tests' own tool does
        self._terminal = house.app.terminal = Terminal()

    def clock(self) -> float:
        """Seconds, as the well has them."""
        return float(self._past_us + self.house.port.us) / 1e6

    def write(self, data: bytes) -> None:
        """What the tool says."""
        self._terminal.typed += data

    def read(self) -> bytes:
        """What the console says; time goes on meanwhile."""
        try:
            self.house.turn()
        except SystemExit:  # a new configuration: the box starts anew
            self._past_us += self.house.port.us
            self._plug(self.house.again(_RESTART_S))
        shown, self._terminal.shown = self._terminal.shown, b""
        return bytes(shown)

    def reopen(self) -> None:
        """A cable that is in stays in."""
