"""RFC 6962 section 2.1 written down as the text defines it, by recursion over the whole list of entries.

A second opinion for the tests: slow, and sharing no line with the product's hashing.
"""

from __future__ import annotations

import hashlib


def root(entries: list[bytes]) -> bytes:
    """MTH(D[n])."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return hashlib.sha256(bytes([0]) + entries[0]).digest()
    k = cut(len(entries))
    return hashlib.sha256(bytes([1]) + root(entries[:k]) + root(entries[k:])).digest()


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(entries) == 1:
        return []
    k = cut(len(entries))
    if m < k:
        return [*path(m, entries[:k]), root(entries[k:])]
    return [*path(m - k, entries[k:]), root(entries[:k])]


def proof(m: int, entries: list[bytes]) -> list[bytes]:
    """PROOF(m, D[n]), 0 < m <= n."""
    return subproof(m, entries, is_known=True)


def subproof(m: int, entries: list[bytes], *, is_known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    n = len(entries)
    if m == n:
        return [] if is_known else [root(entries)]
    k = cut(n)
    if m <= k:
        return [*subproof(m, entries[:k], is_known=is_known), root(entries[k:])]
    return [*subproof(m - k, entries[k:], is_known=False), root(entries[:k])]


def cut(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k
