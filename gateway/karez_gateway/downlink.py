"""The downlink stage: carries signed grants; the controller decides, its records tell us what.

A grant becomes an entry of the log before it is published. It is published again, ever less
often, until a verified record of the controller shows what became of it: a grant record with
its digest, or an event that refuses it. Only records that came after the grant was logged
count, so that an old grant carried again is not taken for accepted.
"""

from karez_gateway.seam import Seam, unharmed
from karez_gateway.sequence import Sequencer
from karez_gateway.store import cursors, downlinks, verdicts
from karez_gateway.store.downlinks import Downlink
from karez_gateway.store.verdicts import Good
from karez_gateway.verifier import slots
from karez_gateway.verifier.slots import PLACES
from karez_protocols import causes, entry, record

STAGE = "downlink"
SLICE = 4096
FIRST_RETRY_S = 5
RETRY_S_MAX = 300  # a controller that comes online is served at once (`hurry`), not by this

# 115 (head unknown) is not among them: it is recorded beside a grant that is accepted.
REFUSALS = (
    causes.GRANT_REFUSED_SIGNATURE,
    causes.GRANT_REFUSED_SITE,
    causes.GRANT_REFUSED_SEQ,
    causes.GRANT_REFUSED_FORM,
    causes.GRANT_REFUSED_HEAD,
)

_DIGEST = slice(*PLACES[record.GRANT]["digest"][:2])
_SUBJECT = slice(*PLACES[record.EVENT]["subject"][:2])


def retry_after_s(attempts: int) -> int:
    """Seconds until a grant is published again: 5, 10, 20 … 300."""
    return min(FIRST_RETRY_S << min(attempts, 8), RETRY_S_MAX)


class Downlinks:
    """Run `step` until it returns 0; publish what `due` gives and say so with `sent`."""

    def __init__(self, sequencer: Sequencer, at: Seam = unharmed) -> None:
        """Take the healed sequencer: grants become log entries."""
        self._sequencer = sequencer
        self._database = sequencer.database
        self._at = at

    def log_queued(self, now_s: int) -> int:
        """Put every queued grant into the log; return how many."""
        with self._database.reading() as connection:
            if not downlinks.in_state(connection, downlinks.QUEUED):
                return 0
        with self._sequencer.batch() as batch:
            queued = downlinks.in_state(batch.connection, downlinks.QUEUED)
            indexes = [
                batch.add(entry.OBJECT, entry.encode_object(record.GRANT, now_s, one.body), now_s)
                for one in queued
            ]
            batch.write()
            for one, index in zip(queued, indexes, strict=True):
                downlinks.logged(batch.connection, one.id, index)
        return len(queued)

    def due(self, now_s: int) -> list[Downlink]:
        """What is to be published now."""
        with self._database.reading() as connection:
            return downlinks.due(connection, now_s)

    def sent(self, one: Downlink, now_s: int) -> None:
        """It was handed to the broker."""
        with self._database.writing() as connection:
            downlinks.sent(connection, one.id, now_s + retry_after_s(one.attempts))

    def hurry(self, controller_id: int, now_s: int) -> None:
        """A controller has come online."""
        with self._database.writing() as connection:
            downlinks.hurry(connection, controller_id, now_s)

    def step(self) -> int:
        """Read the next slice of verdicts for decisions; return how many verdicts that was."""
        with self._database.writing() as connection:
            cursor = cursors.position(connection, STAGE)
            last, good = verdicts.good_after(connection, cursor, SLICE, (record.GRANT, record.EVENT))
            if last == cursor:
                return 0
            for one in good:
                decision = _decision(one, downlinks.outstanding(connection, one.record.controller_id))
                if decision is not None:
                    which, state, cause = decision
                    downlinks.decided(connection, which.id, state, cause, one.record.log_index)
            cursors.move(connection, STAGE, last)
            self._at(STAGE)
        return last - cursor


def _decision(one: Good, outstanding: list[Downlink]) -> tuple[Downlink, str, int | None] | None:
    """Which outstanding grant a record decides, and how; None if none."""
    slot = one.record.slot
    later = [each for each in outstanding if (each.log_index or 0) < one.record.log_index]
    head = slots.head(slot)
    if head.kind == record.GRANT:
        for each in later:
            if each.digest == slot[_DIGEST]:
                return each, downlinks.ACCEPTED, None
        return None
    if head.cause not in REFUSALS or not later:
        return None
    subject = int.from_bytes(slot[_SUBJECT], "little")
    if head.cause == causes.GRANT_REFUSED_FORM:  # the controller could not read a number in it
        for each in later:
            if each.grant_seq is None:
                return each, downlinks.REFUSED, head.cause
        return None
    named = [each for each in later if each.grant_seq == subject]
    if head.cause == causes.GRANT_REFUSED_SIGNATURE:  # rather the one that we could not check either
        named.sort(key=lambda each: each.checked)
    return (named[0], downlinks.REFUSED, head.cause) if named else None
