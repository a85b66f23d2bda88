"""Does a larger tree begin with the smaller one? RFC 6962 section 2.1.2, checked by its own recursion.

It goes down as SUBPROOF does and takes the hashes on its way up: another algorithm than the loop over bits
that RFC 9162 gives and the gateway uses.
"""

import hashlib
from collections.abc import Sequence

HASHES_MAX = 63  # of a proof in a tree below 2^63 leaves


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_consistent(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """True if the proof leads from both roots to the same subtrees. Sizes: 0 <= old_size <= size."""
    if old_size == 0:
        return not proof
    if old_size == size:
        return not proof and old_root == root
    left = list(proof)
    try:
        roots = _roots(old_size, size, old_root, left, is_known=True)
    except IndexError:  # too short
        return False
    return not left and roots == (old_root, root)


def _roots(
    old_size: int, size: int, old_root: bytes, proof: list[bytes], *, is_known: bool
) -> tuple[bytes, bytes]:
    """Roots over the first `old_size` leaves of a subtree and over all; takes its hashes off the proof.

    `is_known`: the old tree is this very subtree, so its root is left out of the proof.
    """
    if old_size == size:
        known = old_root if is_known else proof.pop(0)
        return known, known
    width = 1 << ((size - 1).bit_length() - 1)
    if old_size <= width:
        old, new = _roots(old_size, width, old_root, proof, is_known=is_known)
        return old, _node(new, proof.pop(0))
    old, new = _roots(old_size - width, size - width, old_root, proof, is_known=False)
    sibling = proof.pop(0)
    return _node(sibling, old), _node(sibling, new)
