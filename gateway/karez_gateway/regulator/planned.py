"""What would be signed for one site of a request. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import grant

if TYPE_CHECKING:
    from .rows import Row


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be signed for one site, and what is to be remembered of it."""

    site: str
    region: str
    seq: int
    policy: int
    rows: list[Row]
    head: tuple[int, int, bytes]  # chain, number, h; number 0: nothing is acknowledged
    volume_l: int  # W_a
    ledger_l: int
    right_l: int
    counted_l: int  # against the limits
    held_l: int  # what it may take this year by grants that it may still hold; 0: it has none
    former_l: int | None  # of the last grant, of whichever year
    corrections: dict[str, int]  # act -> litres
    because: str = ""  # why it gets the interim rule only
    notes: tuple[str, ...] = ()
    gap_l: int = 0  # between the last W before the year and that of the next box
    twice_l: int = 0  # counted by two boxes, and of these taken off by a person
    healed_l: int = 0
    twice_wh: int = 0  # the same of a site whose energy is limited
    healed_wh: int = 0
    corrections_wh: dict[str, int] = field(default_factory=dict)  # act -> Wh
    proved: dict[str, Any] = field(default_factory=dict)
    year_start: list[int | None] | None = None

    @property
    def pending_l(self) -> int:
        """What it may take beyond this plan until its controller has shown that it holds it."""
        return max(self.held_l - self.counted_l, 0)

    @property
    def is_rising(self) -> bool:
        """True if it gets more than it may take already."""
        return self.counted_l > self.held_l

    @property
    def ceiling_l(self) -> int | None:
        """The highest ceiling of water within the year; None if it gets the interim rule only."""
        water = [row["ceiling"] for row in self.rows if row["quantity"] == grant.WATER]
        return max(water[:-1], default=None)

    def interim(self) -> tuple[int, int]:
        """When the interim rule of water ends, UTC, and the litres it gives beyond the rows before it."""
        water = [row for row in self.rows if row["quantity"] == grant.WATER]
        before = water[-2]["ceiling"] if water[1:] else self.volume_l
        return water[-1]["to_utc_s"], water[-1]["ceiling"] - before
