"""What both halves of Ed25519 know of its bytes: how long they are, and one that no signer uses."""

from .errors import Malformed

KEY_SIZE = 32  # of a seed and of a public key
NEUTRAL_BYTES = b"\x01" + bytes(31)  # the neutral point


def sized(name, data, size):
    """Raise Malformed unless `data` is `size` bytes."""
    if len(data) != size:
        raise Malformed("%s is %d bytes, not %d" % (name, len(data), size))
