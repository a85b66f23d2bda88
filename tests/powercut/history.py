"""What a controller has written so far, as an outsider with a perfect memory knows it.

A restart is judged against it: records may be missing only if they were declared lost, none
may differ (integrity §6, I2, I3, I5), and what follows must follow from them.
"""

from karez_protocols import chain, record
from karez_protocols.errors import ProtocolError


class Violation(Exception):
    """An invariant does not hold; the text begins with its number. `path`: the cuts that led there."""

    def __init__(self, text):
        super().__init__(text)
        self.path = []


def must(is_so, text):
    """Raise Violation unless `is_so`."""
    if not is_so:
        raise Violation(text)


class History:
    """The records of one chain, oldest first, and what follows from them."""

    def __init__(self, h):
        self.h = h
        self.slots = [b""]  # by seq
        self.is_running = False  # a start has no stop yet
        self.boot = 0
        self.grant_seq = 0
        self.declared = []  # (first, last) of each loss record
        self.ceiling_l = 0  # the highest ever granted

    @property
    def last(self):
        """The newest seq."""
        return len(self.slots) - 1

    def copy(self):
        """Return a history that goes on by itself."""
        other = History(self.h)
        other.slots = self.slots[:]
        other.is_running, other.boot, other.grant_seq = self.is_running, self.boot, self.grant_seq
        other.declared, other.ceiling_l = self.declared[:], self.ceiling_l
        return other

    def follow(self, journal):
        """Take what a journal has written since; return self. Raises Violation."""
        for seq in range(self.last + 1, journal.head["seq"] + 1):
            slot = journal.slot(seq)
            must(slot is not None, "I2: record %d of %d is missing" % (seq, journal.head["seq"]))
            self._take(seq, slot)
        return self

    def _take(self, seq, slot):
        try:
            self.h = chain.check(self.h, slot)
            values = record.decode(slot)
        except ProtocolError as error:
            raise Violation("I9: record %d: %s" % (seq, error))
        must(values["seq"] == seq, "I2: record %d calls itself %d" % (seq, values["seq"]))
        kind = values["kind"]
        if kind == record.START:
            must(not self.is_running, "I6: record %d starts what runs" % seq)
            self.is_running = True
        elif kind == record.STOP:
            must(self.is_running, "I6: record %d stops what does not run" % seq)
            self.is_running = False
        elif kind == record.BOOT:
            must(values["boot"] > self.boot, "I3: record %d: boot %d again" % (seq, values["boot"]))
            self.boot = values["boot"]
        elif kind == record.GRANT:
            must(values["object_seq"] > self.grant_seq, "I6: record %d: an old grant" % seq)
            self.grant_seq = values["object_seq"]
        elif kind == record.STATEMENT:
            must(values["covered_seq"] == seq - 1, "I9: statement %d covers another" % seq)
        elif kind == record.LOSS:
            self.declared.append((values["first_seq"], values["last_seq"]))
        must(kind not in (record.BINDING, record.CONFIG) or seq <= 2, "I2: record %d begins again" % seq)
        self.slots.append(slot)

    def check(self, journal):
        """Compare what a journal still holds; what is gone must be declared. Raises Violation."""
        oldest = journal.oldest()
        must(
            journal.head["seq"] >= self.last,
            "I5: %d records, %d were written" % (journal.head["seq"], self.last),
        )
        for seq in range(oldest, self.last + 1):
            must(journal.slot(seq) == self.slots[seq], "I3: record %d is another one or gone" % seq)
        seq = journal.head["acknowledged_seq"]
        while seq < oldest - 1:
            after = [last for first, last in self.declared if first <= seq + 1 <= last]
            must(bool(after), "I2: record %d is gone and not declared lost" % (seq + 1))
            seq = max(after)
