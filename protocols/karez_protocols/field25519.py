"""Arithmetic modulo P = 2^255 - 19 beyond one multiplication: inverse and square root.

Both are fixed addition chains, the same squarings whatever the operand; one
`pow(z, P - 2, P)` would be a single slice, far too long for the control loop.
"""

P = (1 << 255) - 19
# RFC 8032, 5.1: d of the curve, and the square root of -1 used in decompression.
D = 0x52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3
ROOT_OF_MINUS_ONE = 0x2B8324804FC1DF0B2B4D00993DFBD7A72F431806AD2FE478C4EE1B274A0EA0B0

_SQUARINGS_PER_SLICE = 10


def _squared_slices(z, times):
    for done in range(1, times + 1):
        z = z * z % P
        if done % _SQUARINGS_PER_SLICE == 0:
            yield
    return z


def _chain_slices(z):
    # Returns z^(2^250 - 1) and z^11: what the two exponents below have in common.
    z9 = (yield from _squared_slices(z, 3)) * z % P
    z11 = z9 * z * z % P
    run5 = z11 * z11 * z9 % P  # z^(2^5 - 1), and so on: runN is z^(2^N - 1)
    run10 = (yield from _squared_slices(run5, 5)) * run5 % P
    run20 = (yield from _squared_slices(run10, 10)) * run10 % P
    run40 = (yield from _squared_slices(run20, 20)) * run20 % P
    run50 = (yield from _squared_slices(run40, 10)) * run10 % P
    run100 = (yield from _squared_slices(run50, 50)) * run50 % P
    run200 = (yield from _squared_slices(run100, 100)) * run100 % P
    return (yield from _squared_slices(run200, 50)) * run50 % P, z11


def inverse_slices(z):
    """Generator: returns z^(P - 2), the inverse of z (0 of 0)."""
    run250, z11 = yield from _chain_slices(z)
    return (yield from _squared_slices(run250, 5)) * z11 % P


def ratio_root_slices(u, v):
    """Generator: returns x with v * x^2 = u, or None when there is none (RFC 8032, 5.1.3)."""
    cubed = v * v % P * v % P
    run250, _ = yield from _chain_slices(cubed * cubed * v % P * u % P)
    # (u v^7)^((P - 5) / 8), and (P - 5) / 8 = 2^252 - 3.
    power = (yield from _squared_slices(run250, 2)) * (cubed * cubed * v % P * u % P) % P
    x = u * cubed % P * power % P
    found = v * x * x % P
    if found == u % P:
        return x
    if found == -u % P:
        return x * ROOT_OF_MINUS_ONE % P
    return None
