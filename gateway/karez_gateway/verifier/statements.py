"""Statements that the controller signed: what anchors a chain of hashes to a key.

A signature stands over controller ‖ statement, so it holds wherever the two records lie;
what it covers is decided by the chain value that the statement names.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from karez_protocols import chain, record
from karez_protocols.record import CONTENT_SIZE

from . import slots

SIGNATURES_MAX = 4  # an honest statement has one; a file full of them must not cost hours


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement record; `signature_slots` are the file indexes of valid signatures over it."""

    seq: int
    chain: int
    covered_seq: int
    covered_h: bytes
    signature_slots: tuple[int, ...]

    @property
    def is_signed(self) -> bool:
        """True if the controller's key confirms it."""
        return bool(self.signature_slots)


def verifies(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """True if the Ed25519 signature over the message is by this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def read(all_slots: Sequence[bytes], public_key: bytes) -> dict[int, Statement]:
    """Return the statements among the slots, by file index, each tried against the signatures in the file."""
    controller = chain.controller_name(public_key)
    signatures: defaultdict[int, list[tuple[int, bytes]]] = defaultdict(list)
    statements = []
    for index, slot in enumerate(all_slots):
        if slot[1] == record.SIGNATURE:
            named = slots.number(slot, record.SIGNATURE, "statement_seq")
            if len(signatures[named]) < SIGNATURES_MAX:
                signatures[named].append((index, slots.raw(slot, record.SIGNATURE, "signature")))
        elif slot[1] == record.STATEMENT:
            statements.append((index, slot))
    found = {}
    for index, slot in statements:
        seq = slots.head(slot).seq
        message = chain.checkpoint_message(controller, slot[:CONTENT_SIZE])
        valid = tuple(at for at, signature in signatures[seq] if verifies(public_key, signature, message))
        found[index] = Statement(
            seq=seq,
            chain=slots.number(slot, record.STATEMENT, "chain"),
            covered_seq=slots.number(slot, record.STATEMENT, "covered_seq"),
            covered_h=slots.raw(slot, record.STATEMENT, "covered_h"),
            signature_slots=valid,
        )
    return found
