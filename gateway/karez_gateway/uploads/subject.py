"""What a report is about, whatever the platform: a record, its well, and where the log holds it."""

from dataclasses import dataclass

from karez_gateway.verifier import slots


@dataclass(frozen=True, slots=True)
class Subject:
    """Everything that any adapter needs to make a report."""

    address: str  # of the station at this platform
    controller: str
    site: str
    chain: int
    seq: int
    received_utc_s: int
    entry: bytes  # the log entry that holds the record
    slot: bytes
    origin: str
    log_index: int  # in the log of that origin

    @property
    def utc_s(self) -> int:
        """The record's own time, or when it was received if it has none."""
        return time_of(self.slot, self.received_utc_s)


def time_of(slot: bytes, received_utc_s: int) -> int:
    """The time under which a record is reported."""
    head = slots.head(slot)
    return head.utc_s if slots.has_time(head) else received_utc_s
