"""What can be wrong with evidence. Each message is a sentence a person can act on."""


class VerificationError(Exception):
    """Base of every refusal: catch this one to say "the evidence does not hold, because …"."""


class Malformed(VerificationError):
    """The bytes are not in the form the specification prescribes."""


class BadSignature(VerificationError):
    """A signature of a key we know is wrong, or the signature we need is absent."""


class BadProof(VerificationError):
    """The hashes do not lead from what is claimed to the root that was signed."""
