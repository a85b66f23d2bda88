"""How much a register may have moved while nobody read it (design §5).

Each function returns (the largest step, the largest rollover) in the register's unit; None:
nothing bounds it. A rollover is bounded more closely: a reset far from the modulus looks like one.
"""

from karez_protocols.constant import const

_DAY_MS = const(86_400_000)
# An outage of unknown length is no longer than what the floor of time may be raised at once
# (design §6). That bounds energy alone; energy in turn bounds water.
_LONGEST_MS = const(400 * 86_400_000)


def of_energy(energy, now_ms, outage_s):
    """Bounds of an energy register; it is never without one."""
    since_ms = energy.since_ms(now_ms, outage_s)
    if since_ms is None:
        return energy.bound(_LONGEST_MS), energy.bound(_DAY_MS)
    bound = energy.bound(since_ms)
    return bound, bound


def of_water(water, energy, held, now_ms, outage_s):
    """Bounds of a water register: by time if it is known, else by energy; a rollover by both."""
    if water.segment.is_converted:
        return of_energy(water, now_ms, outage_s)
    since_ms = water.since_ms(now_ms, outage_s)
    by_time = None if since_ms is None else water.bound(since_ms)
    if not held.has_energy(energy) or not energy.is_current(now_ms):
        return by_time, by_time
    # The energy register has moved by up to one of its steps more than it shows.
    used_wh = energy.value - held.energy_wh + energy.step
    by_energy = used_wh * held.upper_ml_per_wh // 1000 + water.step
    if by_time is None:
        return by_energy, by_energy
    return by_time, min(by_time, by_energy)
