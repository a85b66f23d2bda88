"""Who this box is: an Ed25519 key for evidence, a P-256 key for the link.

Both are made at commissioning, live in a write-once place of the NOR flash and never leave
it. The name follows from the evidence key, so nobody can give it to another box (chain.controller_name).
"""

from karez_protocols import chain
from karez_protocols.slices import finish

from .store import objects

SEED = 32
_POINT = 65  # uncompressed P-256 point


class Identity:
    """The controller's keys and its name."""

    def __init__(self, kept):
        from karez_protocols.ed25519_keys import secret_slices  # once at boot, then unloaded

        # The scalar, its prefix and the public half: what signing needs.
        self.secret = finish(secret_slices(kept[:SEED]))
        self.public = self.secret[64:]
        self.name = chain.controller_name(self.public)
        self.link_key_der = kept[SEED:]

    @property
    def link_point(self):
        """The link key's public point: what its certificate names."""
        return self.link_key_der[-_POINT:]


def load(nor):
    """Return the identity kept in NOR, or None on a box that has none yet."""
    kept = objects.read_any(nor, objects.KEY)
    return None if kept is None else Identity(kept)
