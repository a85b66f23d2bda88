"""The data of a DL/T 645 electricity meter: what each identifier reads, in bytes low first.

Identifiers and formats by dlt645.md section 5 and 7; 04000101, 04000102, 04000401 and
04000402 (date, time, address, meter number) by the standard's table of parameters.
Values are primary: a directly connected meter. Tariff 1 holds all the energy.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from karez_simulators.register_encoding import encode

if TYPE_CHECKING:
    from karez_simulators.quantities import Quantities

MODULUS_WH = Fraction(10**9)  # eight digits, two of them decimals of a kWh
PHASES = ("a", "b", "c")
RATED_VOLTAGE = b"220V"
# identifier group: (name, unit, type, base units per count, with a total in front)
MEASURED = {
    "0201": ("voltage_%s_dv", "dv", "bcd2", Fraction(1), False),  # 0.1 V
    "0202": ("current_%s_ca", "ca", "sbcd3", Fraction(1, 10), False),  # 0.001 A
    "0203": ("power_%s_w", "w", "sbcd3", Fraction(1, 10), True),  # 0.0001 kW
    "0204": ("reactive_%s_var", "var", "sbcd3", Fraction(1, 10), True),
    "0205": ("apparent_%s_va", "va", "sbcd3", Fraction(1, 10), True),
    "0206": ("power_factor_%s_permille", "permille", "sbcd2", Fraction(1), True),  # 0.001
}
ENERGIES = {"0000": "import+export", "0001": "import", "0002": "export"}
# Of the 1997 identifiers, those the sources agree on (dlt645.md section 7); the rest is refused.
OLD_ENERGY, OLD_VOLTAGE = "9010", "B611"  # 0.01 kWh; 1 V


def read_2007(di: str, measured: Quantities) -> bytes | None:
    """The bytes of a 2007 identifier that a measurement answers; None for any other."""
    group, phase, item = di[:4], di[4:6], di[6:]
    if di == "02800002":
        return _number(measured.value("frequency_chz", "chz"), "bcd2")
    if group in ENERGIES and item == "00" and phase in ("00", "01", "02", "03", "04", "FF"):
        total = _energy(measured, ENERGIES[group])
        tariffs = [total, total, bytes(4), bytes(4), bytes(4)]
        return b"".join(tariffs) if phase == "FF" else tariffs[int(phase)]
    if group not in MEASURED or item != "00":
        return None
    name, unit, kind, count, has_total = MEASURED[group]
    values = [_number(measured.value(name % letter, unit) / count, kind) for letter in PHASES]
    if has_total:
        values.insert(0, _number(measured.value(name.replace("_%s", ""), unit) / count, kind))
    if phase == "FF":
        return b"".join(values)
    at = int(phase, 16) - (0 if has_total else 1)
    return values[at] if 0 <= at < len(values) else None


def read_1997(di: str, measured: Quantities) -> bytes | None:
    """The bytes of a 1997 identifier; None for one the meter does not know."""
    if di == OLD_ENERGY:
        return _energy(measured, "import")
    if di == OLD_VOLTAGE:
        return _number(measured.value("voltage_a_dv", "dv") / 10, "bcd2")
    return None


def clock_bytes(local_s: int) -> bytes:
    """Seven packed pairs, low first: second, minute, hour, weekday, day, month, year."""
    now = datetime.fromtimestamp(local_s, UTC)
    pairs = (now.second, now.minute, now.hour, now.isoweekday() % 7, now.day, now.month, now.year % 100)
    return bytes(part // 10 << 4 | part % 10 for part in pairs)


def _energy(measured: Quantities, meaning: str) -> bytes:
    kwh_100 = measured.value(f"energy {meaning}", "wh", meaning) % MODULUS_WH / 10
    return encode("bcd4", "DCBA", kwh_100)


def _number(value: Fraction, kind: str) -> bytes:
    return encode(kind, "DCBA", Fraction(round(value)))
