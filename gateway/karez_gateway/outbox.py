"""The outbox: one queue per destination, filled by a cursor over verified records.

A report keeps its place until the platform confirms it or the standard cannot carry it. The
confirm and the log entry that keeps it become durable in one transaction; a crash before
that sends the same report again, which platforms take as a repeat.
"""

from karez_gateway.config import Destination
from karez_gateway.seam import Seam, unharmed
from karez_gateway.sequence import Sequencer
from karez_gateway.store import controllers, cursors, outboxes, verdicts
from karez_gateway.store.outboxes import NewReport, Waiting
from karez_gateway.uploads import Receipt, szy206
from karez_protocols import entry
from karez_protocols.errors import ProtocolError

SLICE = 4096
RETRY_S_MAX = 60  # a county platform that is back should not wait longer for its reports


def retry_after_s(attempts: int) -> int:
    """Seconds to wait after so many failed attempts: 1, 2, 4 … 60."""
    return min(1 << min(attempts, 6), RETRY_S_MAX)


class Outbox:
    """The queue of one destination. Every call is one transaction."""

    def __init__(self, sequencer: Sequencer, destination: Destination, at: Seam = unharmed) -> None:
        """Take the healed sequencer: receipts become log entries."""
        self.destination = destination
        self._sequencer = sequencer
        self._database = sequencer.database
        self._at = at
        self._stage = f"upload:{destination.name}"
        self.held = ""  # why nothing is queued although records come

    def step(self) -> int:
        """Queue reports of the next slice of verdicts; return how many verdicts that was."""
        with self._database.writing() as connection:
            only = self._only(controllers.everyone(connection))
            if self.held:
                return 0
            cursor = cursors.position(connection, self._stage)
            last, good = verdicts.good_after(connection, cursor, SLICE, szy206.REPORTED)
            if last == cursor:
                return 0
            mine = [one for one in good if one.record.controller_id == only]
            outboxes.add(connection, [self._report(one) for one in mine])
            cursors.move(connection, self._stage, last)
            self._at(self._stage)
        return last - cursor

    def _only(self, everyone: list[controllers.Controller]) -> int | None:
        """Row id of the one controller that reports here.

        An address is one station: two wells under it would overwrite each other at the platform.
        """
        name = self.destination.controller
        found = [one for one in everyone if name in ("", one.name)]
        self.held = ""
        if len(found) > 1:
            self.held = (
                f"{len(found)} controllers would report under one address: "
                f"name one as [[destination]] controller"
            )
        return found[0].id if found else None

    def _report(self, one: verdicts.Good) -> NewReport:
        report = szy206.report_of(one.record.slot, self.destination.address_bytes, one.record.received_utc_s)
        body, reason = b"", None
        try:
            body = szy206.to_body(report)
        except ProtocolError as error:
            reason = str(error)
        return NewReport(self.destination.name, one.position, one.record.log_index, body, reason)

    def first(self) -> Waiting | None:
        """The report to send next."""
        with self._database.reading() as connection:
            return outboxes.first(connection, self.destination.name)

    def failed(self, one: Waiting, now_s: int, reason: str) -> None:
        """Keep why an attempt failed."""
        with self._database.writing() as connection:
            next_try_s = now_s + retry_after_s(one.attempts)
            outboxes.failed(connection, self.destination.name, one.position, next_try_s, reason)

    def refused(self, one: Waiting, reason: str) -> None:
        """Pass over a report that the standard cannot carry."""
        with self._database.writing() as connection:
            outboxes.refused(connection, self.destination.name, one.position, reason)

    def confirmed(self, one: Waiting, receipt: Receipt) -> None:
        """Keep a receipt: both frames in the outbox and as an entry of the log."""
        name = self.destination.name
        with self._sequencer.batch() as batch:
            owner = controllers.by_id(batch.connection, one.record.controller_id)
            body = entry.encode_upload(
                name,
                owner.name,
                one.record.chain,
                one.record.seq,
                receipt.utc_s,
                receipt.request_bytes,
                receipt.confirm_bytes,
            )
            index = batch.add(entry.UPLOAD, body, receipt.utc_s)
            batch.write()
            outboxes.confirmed(
                batch.connection,
                name,
                one.position,
                request=receipt.request_bytes,
                confirm=receipt.confirm_bytes,
                utc_s=receipt.utc_s,
                upload_index=index,
            )
