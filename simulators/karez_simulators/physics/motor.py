"""An induction motor: what voltage and a lost phase make of its speed, its power and its current.

Sources: torque goes with the square of the voltage, so slip goes with its inverse square at a constant
load, and rotor losses with the slip (any text on machines, e.g. E. E. Kimberly, Electrical Engineering,
ch. 20). A running motor that loses one of three phases runs on, the two others carrying the square root
of three times the current; at rest it does not start, and draws 0.87 of its locked-rotor current (NEMA
motor-protection notes on single-phasing). Constructed: 5 % rated slip, a pull-out torque of 2.2 times
the rated one, a locked-rotor current of 6 times the rated one at a power factor of 0.35.
Range: 0.2 to 1.2 of the rated voltage; heat is not modelled, the motor of this model never burns.
"""

from __future__ import annotations

SLIP_PERMILLE = 50
STALL_PERMILLE = 674  # of the voltage: 1 / sqrt(2.2), where the greatest torque is just the rated one
LOST_PHASE_PERMILLE = 800  # constructed: two phases turn a motor about as well as four fifths of the voltage
RUNNING_FACTOR_PERMILLE = 860  # power factor of a loaded motor …
LOCKED_FACTOR_PERMILLE = 350  # … and of one that stands
LOCKED_CURRENT_PERMILLE = 6000
VOLTAGE_PERMILLE_MAX = 1200


def effective_permille(voltage_permille: int, *, is_phase_lost: bool) -> int:
    """The voltage of a sound supply that would turn the motor as well as this one."""
    return voltage_permille * LOST_PHASE_PERMILLE // 1000 if is_phase_lost else voltage_permille


def speed_permille(effective: int) -> int:
    """Speed of a loaded motor, in thousandths of its speed at the rated voltage."""
    if effective <= SLIP_PERMILLE:  # the slip would pass 100 %
        return 0
    slip = SLIP_PERMILLE * 1_000_000 // (effective * effective)
    return max(0, (1000 - slip) * 1000 // (1000 - SLIP_PERMILLE))


def can_turn(effective: int, *, is_phase_lost: bool, is_turning: bool) -> bool:
    """Whether the motor keeps turning, or begins to."""
    return effective >= STALL_PERMILLE and (is_turning or not is_phase_lost)


def locked_mw(rated_mw: int, voltage_permille: int, *, is_phase_lost: bool) -> int:
    """Power of a motor that has voltage and stands; all of it is heat."""
    permille = LOCKED_CURRENT_PERMILLE * LOCKED_FACTOR_PERMILLE // RUNNING_FACTOR_PERMILLE
    standing_mw = rated_mw * permille * voltage_permille * voltage_permille // 10**9
    return standing_mw // 2 if is_phase_lost else standing_mw


def inrush_mw(rated_mw: int, inrush_permille: int) -> int:
    """Power beyond the rated one at the peak of the inrush; a soft starter (1000) has none."""
    permille = inrush_permille * LOCKED_FACTOR_PERMILLE // RUNNING_FACTOR_PERMILLE
    return rated_mw * max(0, permille - 1000) // 1000
