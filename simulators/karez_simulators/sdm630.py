"""The Eastron SDM630 three-phase power meter (meters.md 1.1), driven by the well model.

Addresses are as on the wire. Every value is a float32, high word first (ABCD), in
its unit. The map and the refusals are the document's; all values are constructed:
what the motor takes (power_side.py), the energy already on the register when the
bench begins, and 0.0 wherever the map has a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from karez_simulators.meter_faults import POWER
from karez_simulators.meters import (
    DIAGNOSE,
    ILLEGAL_ADDRESS,
    ILLEGAL_VALUE,
    READ_HOLDING,
    READ_INPUT,
    WRITE_SEVERAL,
    Meter,
    Refused,
    float_words,
)
from karez_simulators.power_side import MILLIWH_PER_KWH, MOTOR_TAN_PHI, PowerSide, between

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
SETTINGS = (DEMAND_PERIOD_MIN, WIRING, PULSE_WIDTH_MS, PARITY_AND_STOP, SLAVE_ADDRESS, 0x0018, BAUD_CODE)
SERIAL_NUMBER = 0xFC00  # u32, not a float

# Constructed values.
START_IMPORT_MILLIWH = 12_345_670_000
SERIAL = 20_240_517
ENERGY_STEP_MILLIWH = 10_000  # 0.01 kWh, the resolution reckoned with in meters.md section 4

READ_REGISTERS_MAX = 60  # "30 values" in the document, which elsewhere says 40; the careful one
FLOAT_REGISTERS = 2
MODULUS_MILLIWH = 10**12  # 999999.99 kWh, then 0


class Sdm630(Meter):
    """Power meter of the pump. Refuses odd starts and counts (02) and more than 60 registers (03)."""

    functions = frozenset((READ_HOLDING, READ_INPUT, DIAGNOSE, WRITE_SEVERAL))
    refresh_ms = 200  # constructed: ten mains periods
    energy_step_wh = ENERGY_STEP_MILLIWH // 1000
    registers_per_read_max = READ_REGISTERS_MAX
    # "reverse" is the older name of "reversed_ct".
    faults = POWER | {"reverse": POWER["reversed_ct"]}

    def __init__(self, address: int, well: Well) -> None:
        super().__init__(address, well)
        self.power = PowerSide(well, self._active, START_IMPORT_MILLIWH)
        self._settings = _settings(address)
        self._input = dict.fromkeys(range(INPUT_END), 0)
        self._images = {READ_INPUT: self._input, READ_HOLDING: self._settings}
        self._energies()

    @property
    def import_energy_milliwh(self) -> int:
        """Import energy as finely as the meter counts it, in thousandths of a watt-hour."""
        return self.power.import_milliwh

    def read(self, function: int, start: int, count: int) -> list[int]:
        """See Meter.read; half a float is refused with 02 (Eastron's document)."""
        if not 1 <= count <= READ_REGISTERS_MAX:
            raise Refused(ILLEGAL_VALUE)
        if start % FLOAT_REGISTERS or count % FLOAT_REGISTERS:
            raise Refused(ILLEGAL_ADDRESS)
        return super().read(function, start, count)

    def write(self, start: int, values: list[int]) -> None:
        """Function 10H: whole settings, two registers each; gaps and serial number are refused with 02."""
        starts = range(start, start + len(values), FLOAT_REGISTERS)
        if len(values) % FLOAT_REGISTERS or not all(one in SETTINGS for one in starts):
            raise Refused(ILLEGAL_ADDRESS)
        for at, value in enumerate(values):
            self._settings[start + at] = value

    def _count(self, passed_ms: int = 0) -> None:  # noqa: ARG002 - energy needs no clock
        self.power.count()

    def _act(self, name: str) -> None:
        # Where the register rolls over is not published: constructed, at eight digits of 0.01 kWh.
        self.power.act(name, MODULUS_MILLIWH)
        if name == "swapped":
            self._settings[SERIAL_NUMBER + 1] = self._settings[SERIAL_NUMBER + 1] ^ 0x5A5A

    def _build(self, utc_s: int) -> None:  # noqa: ARG002 - this meter has no clock
        shown = self.power.phases()
        for n in range(3):
            self._float(VOLTAGES[n], shown.volts[n])
            self._float(CURRENTS[n], shown.amperes[n])
            self._float(ACTIVE_POWERS[n], shown.active_w[n])
            self._float(APPARENT_POWERS[n], shown.apparent_va[n])
            self._float(REACTIVE_POWERS[n], shown.reactive_var[n])
            self._float(POWER_FACTORS[n], shown.power_factor)
            self._float(LINE_VOLTAGES[n], between(shown.volts[n], shown.volts[(n + 1) % 3]))
        self._float(TOTAL_ACTIVE_POWER, sum(shown.active_w))
        self._float(TOTAL_APPARENT_POWER, sum(shown.apparent_va))
        self._float(TOTAL_REACTIVE_POWER, sum(shown.reactive_var))
        self._float(TOTAL_POWER_FACTOR, shown.power_factor)
        self._float(FREQUENCY, shown.frequency_hz)
        self._energies()

    def _energies(self) -> None:
        taken_kwh, given_kwh = (
            milliwh // ENERGY_STEP_MILLIWH * ENERGY_STEP_MILLIWH / MILLIWH_PER_KWH
            for milliwh in (self.power.import_milliwh % MODULUS_MILLIWH, self.power.export_milliwh)
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
