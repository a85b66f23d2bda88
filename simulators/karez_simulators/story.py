"""What the steps of a play remember from one to the next."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from karez_protocols import entry
from karez_simulators import log_reader

if TYPE_CHECKING:
    from karez_simulators.boxes import OldBox
    from karez_simulators.desk import Desk
    from karez_simulators.duty import Duty
    from karez_simulators.physical_site import MeterSwap

# Real seconds that something on the desk may take before it counts as not happening.
PATIENCE_S = 25

Found = tuple[bool, dict[str, Any]]  # whether a check holds, and the figures for its sentence


class Story:
    """A desk in the middle of a scenario."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.seq_at_act = self.seq_at_kill = self.seq_at_outage = self.delivered_seq = 0
        self.lifted_at_act_l = self.counted_at_act_l = (
            0  # in truth; by the books, or the dial if that has more
        )
        self.fault_utc_s: int | None = None
        self.swap: MeterSwap | None = None  # the newest …
        self.swapped = ""  # … of "water" or "power"
        self.counted_at_swap = 0  # by the meter that was taken off and those before it
        self.bundle = desk.folder / "site.kzb"
        self.report: dict[str, Any] = {}
        self.flipped_at = 0
        self.began_utc_s = desk.clock.utc()
        self.volume_at_convert = 0
        self.unmetered_wh = 0  # of a pump without a meter, behind the same transformer
        self.coefficient_version = self.coefficient_ppm = 0  # of the newest one
        self.resent_level = ""
        self.copies_before_resend = 0
        self.old: OldBox | None = None  # that stood at the well before …
        self.taken_over_l = 0  # … and W up to which the gateway knew it
        self.there: Story | None = None  # at the second well
        self.seq_at_cut = 0, 0  # of both wells' feeder
        self.duty: Duty | None = None  # who is told next of what nobody acknowledges

    def act_begins(self) -> None:
        """What is on record from here on belongs to a new act."""
        self.seq_at_act = len(self.desk.slots)
        self.lifted_at_act_l = self.desk.site.settle().volume_l
        self.counted_at_act_l = max(self.desk.volume_l, self.desk.owed_l)

    @staticmethod
    def utc_text(utc_s: int) -> str:
        """A time as the gateway's commands take it."""
        return dt.datetime.fromtimestamp(utc_s, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # -- the log, as an auditor reads it --------------------------------------------------

    def logged(self) -> list[bytes]:
        """Every record of the box at the well that the log holds, in the log's order."""
        found = log_reader.entries(self.desk.gateway.data / "log")
        box = self.desk.identity.name if self.desk.identity else None
        return [
            bytes(one["slot"])
            for one in found
            if one["entry"] == entry.RECORD and box in (None, one["controller"])
        ]

    def newest_in_log(self) -> int:
        """How many records the log holds; -1 while it is being written."""
        try:
            return len(self.logged())
        except log_reader.Unreadable:  # look again
            return -1
