"""The hash chain over records: anyone can check a slot without a secret (design §8).

    h_0 = SHA-256("KZ0" ‖ chain number, u32 LE ‖ signed binding)
    h_i = SHA-256("KZ1" ‖ h_{i-1} ‖ content_i)          slot_i = content_i ‖ h_i[:16]

Chain numbers start at 1; a lost ring opens chain n + 1 of the same controller.
"""

import binascii
import hashlib

from .errors import BadChecksum, Malformed
from .record import CONTENT_SIZE, SLOT_SIZE

# Crockford's alphabet: no letter that a farmer could read as a digit.
ALPHABET = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def genesis(chain, binding):
    """Return h_0 (32 bytes) of a chain number and the signed binding's bytes."""
    return hashlib.sha256(b"KZ0" + chain.to_bytes(4, "little") + binding).digest()


def following(h, content):
    """Return the chain value after one record's 112 content bytes."""
    digest = hashlib.sha256(b"KZ1")
    digest.update(h)
    digest.update(content)
    return digest.digest()


def seal(h, content):
    """Return (slot of 128 bytes, its chain value) for content that follows h."""
    if len(content) != CONTENT_SIZE:
        raise Malformed("content has %d bytes, this has %d" % (CONTENT_SIZE, len(content)))
    h = following(h, content)
    return bytes(content) + h[:16], h


def check(h, slot):
    """Return the chain value of a slot that follows h.

    Raises Malformed on a wrong size and BadChecksum when the slot does not follow h.
    """
    if len(slot) != SLOT_SIZE:
        raise Malformed("a slot has %d bytes, this has %d" % (SLOT_SIZE, len(slot)))
    after = following(h, slot[:CONTENT_SIZE])
    if after[:16] != bytes(slot[CONTENT_SIZE:]):
        raise BadChecksum("the slot does not follow the one before", after[:16], bytes(slot[CONTENT_SIZE:]))
    return after


def code(slot):
    """Return the 8-character code of a record, as the panel shows it after a stop."""
    value = int.from_bytes(slot[CONTENT_SIZE : CONTENT_SIZE + 5], "big")
    text = bytearray(8)  # not a str grown letter by letter: MicroPython keeps every letter for ever
    for at in range(7, -1, -1):
        text[at] = ALPHABET[value & 31]
        value >>= 5
    return str(text, "utf-8")


def checkpoint_message(controller, statement_content):
    """Return the bytes a checkpoint signature covers: controller ‖ statement (design §8)."""
    if len(statement_content) != CONTENT_SIZE:
        raise Malformed("a statement's content has %d bytes" % CONTENT_SIZE)
    return b"KZ checkpoint 1\n" + controller.encode() + b"\n" + bytes(statement_content)


def controller_name(public_key):
    """Return the controller's name: 16 hex digits of SHA-256 over its Ed25519 public key.

    A name that follows from the key cannot be taken by another box.
    """
    digest = hashlib.sha256(b"KZ controller 1\n" + public_key).digest()
    return binascii.hexlify(digest[:8]).decode()
