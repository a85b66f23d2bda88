"""Who this box is: an Ed25519 key for evidence, a P-256 key for the link, made on first start.

Both live in a write-once place of the NOR flash and never leave it. The name follows from
the evidence key, so nobody can give it to another box (chain.controller_name).
"""

from karez_protocols import chain, ed25519
from karez_protocols.errors import NotAllowed
from karez_protocols.slices import finish

from .store import objects

_SEED = 32
_POINT = 65  # uncompressed P-256 point


class Identity:
    """The controller's keys and its name."""

    def __init__(self, kept):
        # The scalar, its prefix and the public half: what signing needs.
        self.secret = finish(ed25519.secret_slices(kept[:_SEED]))
        self.public = self.secret[64:]
        self.name = chain.controller_name(self.public)
        self.link_key_der = kept[_SEED:]

    @property
    def link_point(self):
        """The link key's public point: what its certificate names."""
        return self.link_key_der[-_POINT:]


def load(nor):
    """Return the identity kept in NOR, or None on a box that has none yet."""
    kept = objects.read_any(nor, objects.KEY)
    return None if kept is None else Identity(kept)


def create(nor, random):
    """Make both keys from `random(size) -> bytes`, keep them, and return the identity."""
    from karez_protocols import p256  # once in a box's life: 3 kB that no later start pays

    seed = random(_SEED)
    while True:
        secret = random(p256.SECRET_SIZE)
        try:
            point = finish(p256.public_point_slices(secret))
            break
        except NotAllowed:
            continue  # outside 1..n-1: once in 2^32 draws
    objects.write_once(nor, objects.KEY, seed + p256.private_key_der(secret, point))
    return load(nor)
