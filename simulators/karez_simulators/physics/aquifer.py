"""Drawdown and recovery of an aquifer by many wells that start and stop.

Theis (1935): a well that pumps Q from t = 0 lowers the water at distance r by Q / (4 pi T) W(u), with
u = r^2 S / (4 T t) and W the exponential integral. For u < 0.01 this is Cooper and Jacob's logarithm (1946).
Effects of all wells and of all their changes of flow add up: superposition in space and time, and so a
stopped well recovers (Theis's recovery method). Range: confined, level, endless, of one T and S, wells
through its whole depth; for a water-table aquifer only while the drawdown is a small part of its depth. No
recharge: what a season takes stays missing until `Well.set_static_level_mm` says otherwise.

So that a season of starts and stops costs no more than its first hour, W(t) is written as a sum of
exponentials (a Prony series): each is one number per well, which forgets its past by itself. The series is
fitted by least squares for 5 minutes to a year; it is off by less than 0.002 in W, some tenths of a
millimetre. What happens within less than 5 minutes is in `WellParameters.rated_drawdown_mm`, which
is the drawdown after 5 minutes at rated flow; of that well itself only what comes later is added here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, log, pi

MARK_MS = 300_000  # flows are averaged over so long, and the aquifer looked at so often
MODE_RATIO = 3.0  # between the time constants; 2 is no better within a millimetre, 4 ten times worse
MODES_S = tuple(100.0 * MODE_RATIO**n for n in range(13))  # 100 s to 1.7 years
FITTED_S = tuple(MARK_MS / 1000 * 10 ** (n / 8) for n in range(41))  # 5 minutes to a year
DECAYS = (0.0, *(exp(-MARK_MS / 1000 / mode_s) for mode_s in MODES_S))  # the first has no memory
WELL_RADIUS_MM = 200  # constructed: screen and gravel pack
RIDGE = 1e-9  # keeps the weights small where the samples do not decide between two of them

# name: (least, greatest); tables of soils in Freeze and Cherry, Groundwater (1979), ch. 2
LIMITS = {"transmissivity_m2_per_day": (1, 50_000), "storativity_ppm": (1, 400_000)}


@dataclass(frozen=True)
class Aquifer:
    """Transmissivity T in m2 per day, storativity S in millionths. Raises ValueError for impossible ones."""

    transmissivity_m2_per_day: int = 500
    storativity_ppm: int = 1_000

    def __post_init__(self) -> None:
        for name, (least, greatest) in LIMITS.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= greatest:
                raise ValueError(f"{name} must be a whole number from {least} to {greatest}, not {value!r}")

    def reach_s(self, distance_mm: int) -> float:
        """r^2 S / (4 T) in seconds: divided by the time it is Theis's u."""
        metres = distance_mm / 1000
        return metres * metres * self.storativity_ppm / 1e6 / (4 * self.transmissivity_m2_per_day / 86_400)

    def weights(self, distance_mm: int) -> tuple[float, ...]:
        """Micrometres of drawdown per mL/h for each of DECAYS, at so far from the pumping well."""
        scale = 1e6 * 1e-6 / 3600 * 86_400 / (4 * pi * self.transmissivity_m2_per_day)
        return tuple(scale * weight for weight in _series(self.reach_s(distance_mm), 0.0))

    def own_weights(self) -> tuple[float, ...]:
        """The same for the pumping well itself: what comes after the first MARK_MS."""
        reach_s = self.reach_s(WELL_RADIUS_MM)
        scale = 1e6 * 1e-6 / 3600 * 86_400 / (4 * pi * self.transmissivity_m2_per_day)
        return tuple(scale * weight for weight in _series(reach_s, well_function(reach_s / FITTED_S[0])))


def well_function(u: float) -> float:
    """Theis's W(u), the exponential integral E1, for u > 0 (Abramowitz and Stegun 5.1.11 and 5.1.22)."""
    if u > 700:
        return 0.0
    if u > 1:
        fraction = 0.0
        for n in range(80, 0, -1):
            fraction = n / (1 + n / (u + fraction))
        return exp(-u) / (u + fraction)
    found, term = -0.57721566490153286 - log(u), 1.0
    for n in range(1, 25):
        term *= -u / n
        found -= term / n
    return found


@lru_cache(maxsize=1024)
def _series(reach_s: float, less: float) -> tuple[float, ...]:
    """Weights of 1 - exp(-t / mode) for W(reach / t) - less, the first for a mode of no length."""
    rows = [(1.0, *(1 - exp(-at_s / mode_s) for mode_s in MODES_S)) for at_s in FITTED_S]
    wanted = [well_function(reach_s / at_s) - less for at_s in FITTED_S]
    count = len(rows[0])
    square = [
        [sum(row[i] * row[j] for row in rows) + (RIDGE if i == j else 0.0) for j in range(count)]
        for i in range(count)
    ]
    right = [sum(row[i] * value for row, value in zip(rows, wanted, strict=True)) for i in range(count)]
    return _solved(square, right)


def _solved(square: list[list[float]], right: list[float]) -> tuple[float, ...]:
    """Solve a set of linear equations (Gauss, with the largest pivot)."""
    count = len(right)
    table = [[*row, value] for row, value in zip(square, right, strict=True)]
    for i in range(count):
        best = max(range(i, count), key=lambda at: abs(table[at][i]))
        table[i], table[best] = table[best], table[i]
        for row in table[i + 1 :]:
            factor = row[i] / table[i][i]
            row[i:] = [one - factor * other for one, other in zip(row[i:], table[i][i:], strict=True)]
    found = [0.0] * count
    for i in reversed(range(count)):
        known = sum(table[i][j] * found[j] for j in range(i + 1, count))
        found[i] = (table[i][count] - known) / table[i][i]
    return tuple(found)
