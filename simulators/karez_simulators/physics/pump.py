"""A multi-stage submersible pump: head to flow and power, sound or spoilt.

Curve: H = H0 n^2 - k Q^2 through the rated point, n the speed (affinity laws, e.g. Karassik et al.,
Pump Handbook, ch. 2.3.1), H0 = 1.6 times the rated head, a usual ratio for submersible irrigation pumps
(constructed). Range: forward flow, 0 to 1.2 times the rated flow.
Power: rho g Q H / eta while lifting, never less than what a pump takes that lifts nothing.

Wear widens the clearances: head is lost and water runs back inside, while the shaft goes on driving the
pump it was. So the worn pump gives less and takes what a new one would at the same head (same book,
ch. 2.3.1, leakage at wearing rings; how much is constructed). Range: up to half the head.
Air: 2 % of gas by volume cost about 10 % of the capacity (Goulds, Pump Care Manual), at a fifth the pump
is gas-locked. Range: the line between these two points.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

SHUTOFF_HEAD_PERMILLE = 1600  # of the rated head
SHUTOFF_POWER_PERMILLE = 400  # of the rated power: a pump that lifts nothing still heats water (constructed)
# Constructed: against a closed valve the impellers churn a full casing, which takes more than a dry one.
DEAD_HEAD_POWER_PERMILLE = 650
AIR_COST = 5  # permille of capacity per permille of gas
WEAR_PERMILLE_MAX = 500
AIR_PERMILLE_MAX = 200
SAND_PPM_MAX = 100_000
# Constructed: at 50 ppm, the most that makers of submersible pumps allow, a tenth of the head in 50,000 m3.
SAND_PPM_L_PER_WEAR_PERMILLE = 50 * 50_000_000 // 100
SLUG_PPM = 1_000  # constructed: from here on sand comes in slugs that choke the pump for moments
SLUG_LEAST_PERMILLE = 600  # constructed: of the flow, in the worst moment


@dataclass
class Condition:
    """What has become of a pump; all in thousandths but sand, in millionths by mass.

    `breath_permille`: what this moment's slug of sand or bubble leaves of the flow. `speed_permille`
    of its rated speed.
    """

    wear_permille: int = 0
    air_permille: int = 0
    sand_ppm: int = 0
    breath_permille: int = 1000
    speed_permille: int = 1000

    @property
    def is_unsteady(self) -> bool:
        """Whether the flow comes and goes from moment to moment."""
        return self.air_permille > 0 or self.sand_ppm >= SLUG_PPM

    @property
    def left_permille(self) -> int:
        """What air and sand leave of the flow now."""
        breath_permille = self.breath_permille if self.is_unsteady else 1000
        return max(0, 1000 - AIR_COST * self.air_permille) * breath_permille // 1000


def curve_mlph(
    rated_flow_lph: int, rated_head_mm: int, head_um: int, speed_permille: int = 1000, wear_permille: int = 0
) -> int:
    """Flow of the curve against a head, in millilitres per hour; 0 above the shut-off head."""
    rated_um = rated_head_mm * 1000
    shutoff_um = rated_um * SHUTOFF_HEAD_PERMILLE // 1000
    room_um = shutoff_um - rated_um
    if speed_permille != 1000 or wear_permille:
        shutoff_um = shutoff_um * speed_permille * speed_permille * (1000 - wear_permille) // 10**9
    if head_um >= shutoff_um:
        return 0
    rated_mlph = rated_flow_lph * 1000
    return isqrt(rated_mlph * rated_mlph * (shutoff_um - head_um) // room_um)


def lifting_mw(flow_mlph: int, head_um: int, efficiency_permille: int) -> int:
    """Power = rho g Q H / eta with rho = 1000 kg/m3 and g = 9.80665 m/s2, rounded up: never free water."""
    numerator = flow_mlph * head_um * 980_665
    return -(-numerator // (360_000_000_000 * efficiency_permille))


def power_mw(given_mlph: int, whole_mlph: int, lifting: int, idle_mw: int) -> int:
    """Power of a pump that gives less than it could (air, sand, no water): between idling and lifting."""
    if lifting <= idle_mw:
        return idle_mw
    if given_mlph >= whole_mlph:
        return lifting
    return idle_mw - (-(lifting - idle_mw) * given_mlph // whole_mlph)
