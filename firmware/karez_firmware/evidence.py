"""Checkpoints: a statement over everything so far now, its signature when the slices are done (design §8)."""

from karez_protocols import causes, chain, ed25519, record, signed

from .store.devices import StoreFailed


class Evidence:
    """Signing for one journal, in the background. `commit(values)` -> slot; raises StoreFailed."""

    def __init__(self, journal, background, identity, commit):
        self._journal = journal
        self._background = background
        self._identity = identity
        self._commit = commit
        self.is_signing = False
        self.core_digest = bytes(24)
        self.config_digest = bytes(24)

    def checkpoint(self):
        """Write a statement over everything so far and begin to sign it; False while one is being signed.

        That one began before what this is to cover: ask again when it is done.
        """
        if self.is_signing:
            return False
        head = self._journal.head
        try:
            slot = self._commit(
                {
                    "kind": record.STATEMENT,
                    "cause": causes.NONE,
                    "covered_seq": head["seq"],
                    "covered_h": head["h"],
                    "core_digest": self.core_digest,
                    "config_digest": self.config_digest,
                    "chain": head["chain"],
                }
            )
        except StoreFailed:
            return True  # the alarm stands; the next one is due in its time
        # From the slot: the commit may also have written a loss record after it.
        seq = int.from_bytes(slot[4:8], "little")
        message = chain.checkpoint_message(self._identity.name, slot[: record.CONTENT_SIZE])
        slices = ed25519.sign_slices(self._identity.secret, message)
        self._background.put_next(slices, lambda signature: self._signed(seq, signature), self._failed)
        self.is_signing = True
        return True

    def _failed(self):
        self.is_signing = False  # a statement without its signature proves nothing: the next covers it

    def _signed(self, seq, signature):
        self.is_signing = False
        try:
            self._commit(
                {
                    "kind": record.SIGNATURE,
                    "cause": causes.NONE,
                    "statement_seq": seq,
                    "signature": signature,
                }
            )
        except StoreFailed:
            pass  # a statement without its signature proves nothing, and the next one covers it


def object_record(kind, seq, data):
    """Return the values of a record that names an object by its digest."""
    return {
        "kind": kind,
        "cause": causes.NONE,
        "object_seq": seq,
        "digest": signed.digest(data),
        "length": len(data),
    }
