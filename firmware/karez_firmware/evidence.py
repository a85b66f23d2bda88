"""Checkpoints and grants: what is signed here, and what was signed elsewhere (design §6, §8).

A checkpoint is two records: the statement now, its signature when the slices are done. A
grant takes effect only once its record is committed: commit, then act.
"""

from karez_protocols import causes, chain, ed25519, grant, record, signed
from karez_protocols.errors import ProtocolError

from .store import objects
from .store.devices import StoreFailed


class Evidence:
    """Signing and verifying for one journal, in the background."""

    def __init__(self, journal, background, identity, regulator_key, rights, clock, commit):
        self._journal = journal
        self._background = background
        self._identity = identity
        self._regulator_key = regulator_key
        self._rights = rights
        self._clock = clock
        self._commit = commit  # values -> slot; raises StoreFailed
        self._is_signing = False
        self.core_digest = bytes(24)
        self.config_digest = bytes(24)

    def checkpoint(self):
        """Write a statement over everything so far and begin to sign it.

        While one is being signed, none is begun: its successor will cover the same records.
        """
        if self._is_signing:
            return
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
            return  # the alarm stands; the next one is due in its time
        # From the slot: the commit may also have written a loss record after it.
        seq = int.from_bytes(slot[4:8], "little")
        message = chain.checkpoint_message(self._identity.name, slot[: record.CONTENT_SIZE])
        slices = ed25519.sign_slices(self._identity.secret, message)
        self._is_signing = self._background.add(slices, lambda signature: self._signed(seq, signature))

    def _signed(self, seq, signature):
        self._is_signing = False
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

    def offer_grant(self, data, note):
        """Take a grant from any carrier; `note(cause, seq)` records what is not as it should be."""
        try:
            body, message, signature = signed.split(grant.LABEL, data)
            values, rows = grant.decode(body)
        except ProtocolError:
            note(causes.GRANT_REFUSED_FORM, 0)
            return
        # Cheap checks first: a flood of old grants costs no signature check.
        # The head's number holds, too: a grant whose object was lost is taken again, an older one is not.
        if values["seq"] <= self._rights.seq or values["seq"] < self._journal.head["grant_seq"]:
            note(causes.GRANT_REFUSED_SEQ, values["seq"])
            return

        def judge(is_signed):
            if not is_signed:
                note(causes.GRANT_REFUSED_SIGNATURE, values["seq"])
                return
            holds_head = self._holds_head(values)
            cause = self._rights.judge(values, holds_head)
            if cause:
                note(cause, values["seq"])
                return
            if self._accept(data, values, rows) and holds_head is False:
                # Rolled back, cloned or swapped: recorded and raised, never punished by itself.
                note(causes.GRANT_HEAD_UNKNOWN, values["seq"])

        slices = ed25519.verify_slices(self._regulator_key, message, signature)
        self._background.add(slices, judge)

    def _holds_head(self, values):
        """True, False or None as journal.holds; head 0 acknowledges nothing yet."""
        if not values["head_seq"]:
            return True
        return self._journal.holds(values["head_chain"], values["head_seq"], values["head_h"])

    def _accept(self, data, values, rows):
        """Write the object beside the old one, commit its record, then put it in force; True if it is."""
        head = self._journal.head
        self._clock.raise_floor(values["issued_utc_s"])
        head["floor_utc_s"] = self._clock.floor_utc_s
        before = head["grant_seq"], head["grant_place"]
        try:
            place = self._journal.put_object(objects.GRANT, "grant_place", data)
            # Before the record, which takes them to FRAM with it: no cut falls between the two.
            head["grant_seq"], head["grant_place"] = values["seq"], place
            self._commit(object_record(record.GRANT, values["seq"], data))
        except StoreFailed:
            # The old grant stays in force; the gateway sends this one again.
            head["grant_seq"], head["grant_place"] = before
            return False
        self._rights.install(values, rows)
        return True

    def restore_grant(self):
        """Put the grant that was in force back into force after a start."""
        data = self._journal.object(objects.GRANT, "grant_place")
        if data is None:
            return
        # Its signature was checked before its record was committed.
        values, rows = grant.decode(signed.split(grant.LABEL, data)[0])
        if values["seq"] == self._journal.head["grant_seq"]:
            self._clock.raise_floor(values["issued_utc_s"])  # a rebuilt head has none
            self._rights.install(values, rows)


def object_record(kind, seq, data):
    """Return the values of a record that names an object by its digest."""
    return {
        "kind": kind,
        "cause": causes.NONE,
        "object_seq": seq,
        "digest": signed.digest(data),
        "length": len(data),
    }
