"""Revocation: a controller is believed no more, from an entry of the log on.

A command queues it; whoever holds the log writes the entry and lets it take effect in one
transaction. What had come before counts. What comes after is stored, acknowledged and
quarantined as "revoked": it may be evidence, and a box that is not acknowledged fills its memory
and the line. Nothing is sent to the box but acknowledgements and the time.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from karez_gateway import hostclock
from karez_gateway.downlink import offering
from karez_gateway.entries.sequence import Batch, Sequencer
from karez_gateway.errors import Refused
from karez_gateway.seam import Seam, unharmed
from karez_gateway.store import chains, commands, downlinks, revocations
from karez_gateway.store.database import Database
from karez_gateway.store.revocations import Revocation
from karez_protocols import entry

STAGE = "revocation"
BY_BYTES_MAX = 64
BECAUSE_BYTES_MAX = 1024  # of the 2,048 of an entry


def queue(store: Database, name: str, *, by: str, because: str, now_s: int) -> Revocation:
    """Wish that a controller be revoked; `name`: its own, or its site's. Raises Refused."""
    _check_text("by", by, BY_BYTES_MAX)
    _check_text("because", because, BECAUSE_BYTES_MAX)
    with store.writing() as connection:
        target = offering.well(connection, name)
        known = revocations.of_controller(connection, target.id)
        if known is not None:
            raise Refused(f"controller {target.name} is revoked already, by {known.by}: {known.because}")
        revocations.queue(connection, target.id, by, because, now_s)
        found = revocations.of_controller(connection, target.id)
    if found is None:
        raise Refused(f"the revocation of {target.name} was not stored")
    return found


def _check_text(option: str, text: str, bytes_max: int) -> None:
    if not text.strip() or not text.isprintable():
        raise Refused(f"say it in one line: --{option} TEXT")
    if len(text.encode()) > bytes_max:
        raise Refused(f"--{option} takes at most {bytes_max} bytes")


class Revocations:
    """Lets those that are queued take effect. One thread at a time."""

    def __init__(self, sequencer: Sequencer, at: Seam = unharmed) -> None:
        """Take the healed sequencer: each becomes an entry of the log."""
        self._sequencer = sequencer
        self._at = at

    def log_queued(self, now_s: int) -> list[str]:
        """Put every queued one into the log and in force; return the controllers' names."""
        now_s = hostclock.within(now_s)
        with self._sequencer.database.reading() as connection:
            if not revocations.waiting(connection):
                return []
        with self._sequencer.batch() as batch:
            queued = revocations.waiting(batch.connection)
            indexes = _logged(batch, queued, now_s)
            batch.write()
            for one, index in zip(queued, indexes, strict=True):
                revocations.logged(batch.connection, one.controller_id, index)
                downlinks.end_undecided(batch.connection, one.controller_id)
                commands.end(batch.connection, one.controller_id)
            self._at(STAGE)
        return [one.controller for one in queued]


def _logged(batch: Batch, queued: Sequence[Revocation], now_s: int) -> list[int]:
    return [batch.add(entry.REVOCATION, _entry(batch.connection, one, now_s), now_s) for one in queued]


def _entry(connection: Connection, one: Revocation, now_s: int) -> bytes:
    known = chains.of_controller(connection, one.controller_id)
    chain = known[-1][0] if known else None
    stored = chains.stored(connection, (one.controller_id, chain)) if chain else None
    seq = stored.stored_seq if stored else None
    return bytes(entry.encode_revocation(one.controller, chain, seq, now_s, one.by, one.because))
