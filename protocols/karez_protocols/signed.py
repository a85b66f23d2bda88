"""Signed objects: body ‖ Ed25519 signature over a label and the body.

The label keeps a signature over one sort of object from passing as another's. Checking
the signature is the caller's: slices on the controller, a library on a server.
"""

import hashlib

from .errors import Malformed

SIGNATURE_SIZE = 64


def message(label, body):
    """Return the bytes that are signed for a body under a label such as b"KZ grant 1"."""
    return label + b"\n" + body


def split(label, data):
    """Return (body, message that was signed, signature). Raises Malformed when too short."""
    if len(data) <= SIGNATURE_SIZE:
        raise Malformed("%d bytes hold no signed object" % len(data))
    body = bytes(data[:-SIGNATURE_SIZE])
    return body, message(label, body), bytes(data[-SIGNATURE_SIZE:])


def key_id(public_key):
    """Return the u32 by which an object names its issuer's key."""
    return int.from_bytes(hashlib.sha256(b"KZ key 1\n" + public_key).digest()[:4], "little")


def digest(data):
    """Return the SHA-256 by which a record names a whole signed object."""
    return hashlib.sha256(data).digest()
