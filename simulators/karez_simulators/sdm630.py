"""The Eastron SDM630 three-phase power meter (meters.md 1.1), driven by the well model.

Addresses are as on the wire. Every value is a float32, high word first (ABCD), in
its unit. The map and the refusals are the document's; all values are constructed:
the three voltages, 50 Hz, the motor's power factor, the energy already on the
register when the bench begins, and 0.0 wherever the map has a gap.
"""

from __future__ import annotations

from math import sqrt, tan
from typing import TYPE_CHECKING

from karez_simulators.meters import (
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    READ_HOLDING,
    READ_INPUT,
    Meter,
    Refused,
    float_words,
)

if TYPE_CHECKING:
    from karez_simulators.well import Well

# First address of each quantity (function 04).
VOLTAGES = (0x0000, 0x0002, 0x0004)
CURRENTS = (0x0006, 0x0008, 0x000A)
ACTIVE_POWERS = (0x000C, 0x000E, 0x0010)
APPARENT_POWERS = (0x0012, 0x0014, 0x0016)
REACTIVE_POWERS = (0x0018, 0x001A, 0x001C)
POWER_FACTORS = (0x001E, 0x0020, 0x0022)
TOTAL_ACTIVE_POWER = 0x0034
TOTAL_APPARENT_POWER = 0x0038
TOTAL_REACTIVE_POWER = 0x003C
TOTAL_POWER_FACTOR = 0x003E
FREQUENCY = 0x0046
IMPORT_ENERGY = 0x0048
EXPORT_ENERGY = 0x004A
IMPORT_REACTIVE_ENERGY = 0x004C
LINE_VOLTAGES = (0x00C8, 0x00CA, 0x00CC)
TOTAL_ENERGY = 0x0156
IMPORT_ENERGIES = (0x015A, 0x015C, 0x015E)
EXPORT_ENERGIES = (0x0160, 0x0162, 0x0164)
INPUT_END = 0x0180  # constructed: the last listed quantity lies below

# Function 03: settings, floats too.
DEMAND_PERIOD_MIN = 0x0002
WIRING = 0x000A
PULSE_WIDTH_MS = 0x000C
PARITY_AND_STOP = 0x0012
SLAVE_ADDRESS = 0x0014
BAUD_CODE = 0x001C
SETTINGS_END = 0x0020
SERIAL_NUMBER = 0xFC00  # u32, not a float

# Constructed values.
PHASE_VOLTS = (230.2, 229.7, 231.1)
FREQUENCY_HZ = 50.02
MOTOR_POWER_FACTOR = 0.86
MOTOR_TAN_PHI = tan(0.5355)  # acos 0.86
START_IMPORT_MILLIWH = 12_345_670_000
SERIAL = 20_240_517
ENERGY_STEP_MILLIWH = 10_000  # 0.01 kWh, the resolution reckoned with in meters.md section 4

READ_REGISTERS_MAX = 60  # "30 values" in the document, which elsewhere says 40; the careful one
FLOAT_REGISTERS = 2
PHASE_LOSS_CURRENT = sqrt(3)  # two windings carry a delta motor's load: constructed
MILLIWH_PER_KWH = 1_000_000


class Sdm630(Meter):
    """Power meter of the pump. Refuses odd starts and counts (02) and more than 60 registers (03)."""

    functions = frozenset((READ_HOLDING, READ_INPUT))
    refresh_ms = 200  # constructed: ten mains periods
    registers_per_read_max = READ_REGISTERS_MAX
    faults = {  # noqa: RUF012 - a table, never changed
        "stuck": "all registers stand still; counting goes on underneath",
        "ct_open": "current transformers off: no current, no power, the energy stops",
        "reverse": "current transformers turned: negative power, the export register counts",
        "phase_loss": "phase 3 has no voltage and no current, the others carry more",
        "reset": "energy registers to 0, once",
    }

    def __init__(self, address: int, well: Well) -> None:
        super().__init__(address, well)
        self._seen_milliwh = well.energy_milliwh
        self._import_milliwh = START_IMPORT_MILLIWH
        self._export_milliwh = 0
        self._input = dict.fromkeys(range(INPUT_END), 0)
        self._images = {READ_INPUT: self._input, READ_HOLDING: _settings(address)}
        self._energies()

    @property
    def import_energy_milliwh(self) -> int:
        """Import energy as finely as the meter counts it, in thousandths of a watt-hour."""
        return self._import_milliwh

    def read(self, function: int, start: int, count: int) -> list[int]:
        """See Meter.read; half a float is refused with 02 (Eastron's document)."""
        if not 1 <= count <= READ_REGISTERS_MAX:
            raise Refused(ILLEGAL_VALUE)
        if start % FLOAT_REGISTERS or count % FLOAT_REGISTERS:
            raise Refused(ILLEGAL_ADDRESS)
        return super().read(function, start, count)

    def fault(self, name: str, on: bool = True) -> None:
        """See Meter.fault; energy up to this moment is counted the old way."""
        self._count()
        super().fault(name, on)

    def _count(self) -> None:
        taken_milliwh = self._well.energy_milliwh
        passed_milliwh = 0 if "ct_open" in self._active else taken_milliwh - self._seen_milliwh
        self._seen_milliwh = taken_milliwh
        if "reverse" in self._active:
            self._export_milliwh += passed_milliwh
        else:
            self._import_milliwh += passed_milliwh

    def _reset(self) -> None:
        self._import_milliwh = self._export_milliwh = 0

    def _build(self, utc_s: int) -> None:  # noqa: ARG002 - this meter has no clock
        lost = "phase_loss" in self._active
        volts = [0.0 if not self._well.mains or (lost and n == 2) else PHASE_VOLTS[n] for n in range(3)]
        power_w = 0 if "ct_open" in self._active else self._well.power_w
        share = PHASE_LOSS_CURRENT if lost else 1.0
        sign = -1 if "reverse" in self._active else 1
        running = power_w > 0
        factor = sign * MOTOR_POWER_FACTOR if running else 1.0
        totals = [0.0, 0.0, 0.0]
        for n in range(3):
            active_w = share * power_w / 3 if volts[n] else 0.0
            apparent_va = active_w / MOTOR_POWER_FACTOR
            reactive_var = active_w * MOTOR_TAN_PHI
            self._float(VOLTAGES[n], volts[n])
            self._float(CURRENTS[n], apparent_va / volts[n] if volts[n] else 0.0)
            self._float(ACTIVE_POWERS[n], sign * active_w)
            self._float(APPARENT_POWERS[n], apparent_va)
            self._float(REACTIVE_POWERS[n], reactive_var)
            self._float(POWER_FACTORS[n], factor)
            self._float(LINE_VOLTAGES[n], _between(volts[n], volts[(n + 1) % 3]))
            totals = [
                total + part
                for total, part in zip(totals, (sign * active_w, apparent_va, reactive_var), strict=True)
            ]
        self._float(TOTAL_ACTIVE_POWER, totals[0])
        self._float(TOTAL_APPARENT_POWER, totals[1])
        self._float(TOTAL_REACTIVE_POWER, totals[2])
        self._float(TOTAL_POWER_FACTOR, factor)
        self._float(FREQUENCY, FREQUENCY_HZ if self._well.mains else 0.0)
        self._energies()

    def _energies(self) -> None:
        taken_kwh, given_kwh = (
            milliwh // ENERGY_STEP_MILLIWH * ENERGY_STEP_MILLIWH / MILLIWH_PER_KWH
            for milliwh in (self._import_milliwh, self._export_milliwh)
        )
        self._float(IMPORT_ENERGY, taken_kwh)
        self._float(EXPORT_ENERGY, given_kwh)
        self._float(TOTAL_ENERGY, taken_kwh + given_kwh)  # import + export (Eastron's document)
        self._float(IMPORT_REACTIVE_ENERGY, taken_kwh * MOTOR_TAN_PHI)
        for n in range(3):
            self._float(IMPORT_ENERGIES[n], taken_kwh / 3)
            self._float(EXPORT_ENERGIES[n], given_kwh / 3)

    def _float(self, address: int, value: float) -> None:
        self._input[address], self._input[address + 1] = float_words(value)


def _settings(address: int) -> dict[int, int]:
    """Holding registers as delivered, with this meter's address; gaps read 0.0 (constructed)."""
    image = dict.fromkeys(range(SETTINGS_END), 0)
    for start, value in (
        (DEMAND_PERIOD_MIN, 60),
        (WIRING, 3),  # three phases, four wires
        (PULSE_WIDTH_MS, 100),
        (PARITY_AND_STOP, 0),  # none, one stop bit
        (SLAVE_ADDRESS, address),
        (BAUD_CODE, 2),  # 9600
    ):
        image[start], image[start + 1] = float_words(value)
    image[SERIAL_NUMBER], image[SERIAL_NUMBER + 1] = SERIAL >> 16, SERIAL & 0xFFFF
    return image


def _between(one_v: float, other_v: float) -> float:
    """Voltage between two phases 120 degrees apart."""
    return sqrt(one_v * one_v + other_v * other_v + one_v * other_v)
