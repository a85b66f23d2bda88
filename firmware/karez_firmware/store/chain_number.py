"""The highest chain number ever begun, in two sectors of its own (design §8).

A chain number must never come twice: two different records with one chain and seq would be
a fork, the mark of a cloned box. When head and ring are both lost, this number is all that
tells the next chain's. It is written before the first record of a chain.
"""

from . import objects
from .devices import StoreFailed


def highest(nor):
    """Return the highest number kept, 0 when no chain has ever been begun."""
    return max(_at(nor, 0), _at(nor, 1))


def _at(nor, place):
    return int.from_bytes(objects.read(nor, objects.CHAIN, place) or b"", "little")


def keep(nor, number):
    """Write the number to each of the two places that holds a lower one; the next start tries again.

    One after the other: a cut in between leaves at least one of old and new.
    """
    for place in (0, 1):
        if _at(nor, place) < number:
            try:
                objects.write(nor, objects.CHAIN, place, number.to_bytes(4, "little"))
            except StoreFailed:
                pass
