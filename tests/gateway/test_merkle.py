"""RFC 6962 trees: the known vectors, every size to 130, and nothing changed gets through."""

from __future__ import annotations

import hashlib

import pytest

from karez_gateway.verifier.errors import BadProof
from karez_gateway.verifier.merkle import (
    EMPTY_ROOT,
    consistency_ranges,
    inclusion_ranges,
    join,
    leaf_hash,
    node_hash,
    split,
    verify_consistency,
    verify_inclusion,
    whole_subtrees,
)

from . import naive_tree

# The eight leaves, their roots and audit paths of Google's certificate-transparency (merkle_tree_test.cc);
# implementations of RFC 6962 share them; transparency-dev/merkle carries the roots in testonly/constants.go.
KNOWN_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    bytes.fromhex(root)
    for root in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
KNOWN_PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
SIZE_MAX = 130  # over two whole rows of 64 and a rest
ENTRIES = [b"entry %d" % index for index in range(SIZE_MAX)]


def roots_and_proofs():
    """Every subtree root once, so that all pairs of sizes stay quick."""
    known: dict[tuple[int, int], bytes] = {}

    def root(start, end):
        if (start, end) not in known:
            known[start, end] = (
                naive_tree.root(ENTRIES[start:end])
                if end - start < 2
                else node_hash(root(start, start + split(end - start)), root(start + split(end - start), end))
            )
        return known[start, end]

    return root


ROOT = roots_and_proofs()


def is_refused(check, *arguments):
    try:
        check(*arguments)
    except BadProof:
        return True
    return False


def flipped(data, bit=0):
    return bytes([data[0] ^ 1 << bit]) + data[1:]


def test_the_known_roots_come_out():
    assert KNOWN_ROOTS[0] == EMPTY_ROOT == hashlib.sha256(b"").digest()
    for size, root in enumerate(KNOWN_ROOTS):
        assert naive_tree.root(KNOWN_LEAVES[:size]) == root
        subtrees = [naive_tree.root(KNOWN_LEAVES[i << h : (i + 1) << h]) for h, i in whole_subtrees(0, size)]
        assert join(subtrees) == root
    assert leaf_hash(b"") == KNOWN_ROOTS[1]
    assert node_hash(leaf_hash(b""), leaf_hash(b"\x00")) == KNOWN_ROOTS[2]


@pytest.mark.parametrize(("index", "size", "hashes"), KNOWN_PATHS)
def test_the_known_audit_paths_hold(index, size, hashes):
    proof = [bytes.fromhex(one) for one in hashes]
    assert naive_tree.path(index, KNOWN_LEAVES[:size]) == proof
    verify_inclusion(index, size, leaf_hash(KNOWN_LEAVES[index]), proof, KNOWN_ROOTS[size])


def test_every_inclusion_proof_to_130_holds_and_is_the_one_the_rfc_defines():
    for size in range(1, SIZE_MAX + 1):
        for index in range(size):
            proof = [ROOT(*part) for part in inclusion_ranges(index, size)]
            verify_inclusion(index, size, leaf_hash(ENTRIES[index]), proof, ROOT(0, size))
            if size in (1, 2, 3, 7, 8, 13, 64, 65, 130):
                assert proof == naive_tree.path(index, ENTRIES[:size])


def test_every_consistency_proof_to_130_holds_and_is_the_one_the_rfc_defines():
    for new in range(SIZE_MAX + 1):
        for old in range(new + 1):
            proof = [ROOT(*part) for part in consistency_ranges(old, new)]
            verify_consistency(old, ROOT(0, old), new, ROOT(0, new), proof)
            if old and new in (1, 2, 3, 7, 8, 13, 64, 65, 130):
                assert proof == naive_tree.proof(old, ENTRIES[:new])


def test_a_tampered_inclusion_proof_is_refused():
    for size in (1, 2, 3, 6, 7, 8, 13, 64, 65):
        for index in range(size):
            proof = [ROOT(*part) for part in inclusion_ranges(index, size)]
            leaf, root = leaf_hash(ENTRIES[index]), ROOT(0, size)
            assert is_refused(verify_inclusion, index, size, flipped(leaf), proof, root)
            assert is_refused(verify_inclusion, index, size, leaf, proof, flipped(root))
            assert is_refused(verify_inclusion, index, size, leaf, [*proof, root], root)
            for other in {*range(size + 1), -1} - {index}:
                assert is_refused(verify_inclusion, other, size, leaf, proof, root)
            for at in range(len(proof)):
                rest = proof[:at], proof[at + 1 :]
                for bit in range(8):
                    changed = [*rest[0], flipped(proof[at], bit), *rest[1]]
                    assert is_refused(verify_inclusion, index, size, leaf, changed, root)
                assert is_refused(verify_inclusion, index, size, leaf, [*rest[0], *rest[1]], root)
                for wrong in (proof[at][:-1], proof[at] + b"\0", b""):
                    assert is_refused(verify_inclusion, index, size, leaf, [*rest[0], wrong, *rest[1]], root)


def test_a_tampered_consistency_proof_is_refused():
    for old, new in ((1, 2), (1, 8), (3, 7), (4, 7), (6, 8), (7, 8), (5, 13), (32, 64), (33, 65), (64, 65)):
        proof = [ROOT(*part) for part in consistency_ranges(old, new)]
        roots = ROOT(0, old), ROOT(0, new)
        assert is_refused(verify_consistency, old, flipped(roots[0]), new, roots[1], proof)
        assert is_refused(verify_consistency, old, roots[0], new, flipped(roots[1]), proof)
        assert is_refused(verify_consistency, old, roots[0], new, roots[1], [])
        assert is_refused(verify_consistency, old, roots[0], new, roots[1], [*proof, roots[0]])
        assert is_refused(verify_consistency, old - 1, roots[0], new, roots[1], proof)
        assert is_refused(verify_consistency, old + 1, roots[0], new, roots[1], proof)
        assert is_refused(verify_consistency, new, roots[1], old, roots[0], proof)
        for at in range(len(proof)):
            assert is_refused(
                verify_consistency, old, roots[0], new, roots[1], [*proof[:at], *proof[at + 1 :]]
            )
            changed = [*proof[:at], flipped(proof[at]), *proof[at + 1 :]]
            assert is_refused(verify_consistency, old, roots[0], new, roots[1], changed)


def test_sizes_that_need_no_proof_take_none_and_still_compare_the_roots():
    root = ROOT(0, 5)
    verify_consistency(0, EMPTY_ROOT, 5, root, [])
    verify_consistency(5, root, 5, root, [])
    verify_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    for old, old_root, proof in (
        (0, root, []),
        (0, EMPTY_ROOT, [root]),
        (5, flipped(root), []),
        (5, root, [root]),
    ):
        assert is_refused(verify_consistency, old, old_root, 5, root, proof)


def test_a_rewritten_history_is_refused_whatever_of_it_is_offered_as_proof():
    forged = [*ENTRIES[:3], b"another litre", *ENTRIES[4:9]]
    for proof in (naive_tree.proof(6, forged), naive_tree.proof(6, ENTRIES[:9])):
        assert is_refused(verify_consistency, 6, ROOT(0, 6), 9, naive_tree.root(forged), proof)
