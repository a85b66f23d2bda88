"""The Merkle tree of RFC 6962 section 2.1: hashes, proofs checked, and which subtrees a proof is made of.

Pure: sizes, indexes and hashes in, hashes or a refusal out. The checks follow RFC 9162 sections 2.1.3.2
and 2.1.4.2, which spell out the algorithms for the same tree.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from karez_gateway.verifier.errors import BadProof

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()  # RFC 6962 section 2.1: the hash of an empty list


def leaf_hash(entry: bytes) -> bytes:
    """Hash of one log entry. The prefix 0x00 keeps a leaf from being taken for a node."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two subtrees side by side, prefix 0x01."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Refuse with BadProof unless the leaf stands at `index` in the tree of `size` leaves with this root."""
    if not 0 <= index < size:
        raise BadProof(f"entry {index} is outside a log of {size} entries")
    _check_hashes(leaf, root, *proof)
    node, last, computed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise BadProof(f"the inclusion proof of entry {index} is too long")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            while node and not node & 1:  # a right edge without sibling on this level: go up
                node, last = node >> 1, last >> 1
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise BadProof(f"the inclusion proof of entry {index} is too short")
    if computed != root:
        raise BadProof(f"entry {index} is not in the log of {size} entries: the proof leads to another root")


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Refuse with BadProof unless the new tree begins with every entry of the old one, unchanged."""
    if not 0 <= old_size <= new_size:
        raise BadProof(f"a log of {new_size} entries cannot continue one of {old_size}")
    _check_hashes(old_root, new_root, *proof)
    if old_size in (0, new_size):
        # Nothing to prove: every tree continues the empty one, and each tree itself.
        if proof:
            raise BadProof(f"no proof is needed from {old_size} to {new_size} entries, yet one is given")
        if old_root != (new_root if old_size == new_size else EMPTY_ROOT):
            raise BadProof(f"the root of {old_size} entries is not the one that was signed before")
        return
    old, new = _roots_from_consistency(old_size, old_root, new_size, proof)
    if old != old_root or new != new_root:
        raise BadProof(
            f"the log of {new_size} entries does not continue the one of {old_size}: history changed"
        )


def _roots_from_consistency(
    old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Both roots, computed from the proof (RFC 9162 section 2.1.4.2), 0 < old_size < new_size."""
    hashes = list(proof)
    if old_size & (old_size - 1) == 0:
        hashes.insert(0, old_root)  # a whole subtree of the new one: its hash is left out of the proof
    if not hashes:
        raise BadProof(f"the consistency proof from {old_size} to {new_size} entries is empty")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise BadProof(f"the consistency proof from {old_size} to {new_size} entries is too long")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise BadProof(f"the consistency proof from {old_size} to {new_size} entries is too short")
    return old, new


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Entry ranges (start, end) whose subtree hashes are the inclusion proof, leaf's sibling first."""
    start, end, ranges = 0, size, list[tuple[int, int]]()
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(old_size: int, new_size: int) -> list[tuple[int, int]]:
    """Entry ranges whose subtree hashes are the consistency proof (RFC 6962 section 2.1.2), in its order."""
    if old_size == 0:
        return []
    start, end, ranges = 0, new_size, list[tuple[int, int]]()
    while old_size != end:
        middle = start + split(end - start)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start > 0:
        ranges.append((start, end))
    return ranges[::-1]


def whole_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Whole subtrees (height, index at that height) that make up the entries start to end, left to right.

    `start` must be one that a proof can name: a multiple of the first subtree's width.
    """
    subtrees = []
    while start < end:
        height = (end - start).bit_length() - 1
        subtrees.append((height, start >> height))
        start += 1 << height
    return subtrees


def join(subtrees: Iterable[bytes]) -> bytes:
    """Root over whole subtrees of falling height, given left to right; the empty root for none."""
    root = b""
    for subtree in reversed(list(subtrees)):
        root = node_hash(subtree, root) if root else subtree
    return root or EMPTY_ROOT


def split(size: int) -> int:
    """Width of the left subtree: the largest power of two smaller than size (size ≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_hashes(*hashes: bytes) -> None:
    # Hashes of another length could shift bytes between the two halves of a node.
    if any(len(one) != HASH_BYTES for one in hashes):
        raise BadProof(f"a proof consists of hashes of {HASH_BYTES} bytes each")
