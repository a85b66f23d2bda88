"""What the office remembers: of each site the newest proved reading, W at each year's start, the last grant.

It follows from the journal alone (`apply`, line by line); the file beside it is a copy that saves reading
years of it, with the line up to which it holds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .journal import Head

GRANTS, ORDER, ORDERS, KEYS, TECHNICIANS = "grants", "order", "orders", "keys", "technicians"
UPDATE = "update"
VERSION = 3  # an older copy is told anew from the journal


@dataclass
class SiteState:
    """One site. `rights`: water year -> litres given.

    `years`: water year -> W, E or None at its start, the day of the binding of the box that said so, and 1 if
    that was the site's own box then.
    `boxes`: those that stood there, as rows (boxes.py). `grants`: number -> water year, litres, highest
    ceiling. `held_seq`: the grant that the newest proved reading names.
    """

    controller: str = ""
    bound_utc_s: int = 0
    chain: int = 0
    seq: int = 0
    h: str = ""
    utc_s: int = 0
    volume_l: int | None = None
    years: dict[str, list[int | None]] = field(default_factory=dict)
    rights: dict[str, int] = field(default_factory=dict)
    corrections: dict[str, dict[str, int]] = field(default_factory=dict)  # year -> act -> litres
    corrections_wh: dict[str, dict[str, int]] = field(
        default_factory=dict
    )  # the same of what two boxes counted
    grant_seq: int = 0
    grant_year: int = 0
    boxes: list[list[Any]] = field(default_factory=list)
    grants: dict[str, list[int | None]] = field(default_factory=dict)
    held_seq: int = 0


@dataclass
class State:
    """All sites, the offices' order numbers, the lists in force (hex), how far the journal is read."""

    sites: dict[str, SiteState] = field(default_factory=dict)
    orders: dict[str, int] = field(default_factory=dict)  # office -> its last number
    keys: str = ""
    technicians: str = ""
    updates: dict[str, int] = field(default_factory=dict)  # board -> last number signed
    requests: dict[str, int] = field(default_factory=dict)  # SHA-256 -> line of the journal
    head: Head = field(default_factory=Head)

    def site(self, name: str) -> SiteState:
        """What is known of a site; nothing yet of a new one."""
        return self.sites.get(name) or SiteState()

    def right_l(self, name: str, year: int) -> int:
        """Litres that a site was given for a year, 0 if none."""
        return self.site(name).rights.get(str(year), 0)

    def apply(self, head: Head, entry: dict[str, Any]) -> None:
        """Take in a line of the journal."""
        self.head = head
        sort = entry["sort"]
        if sort == GRANTS:
            for one in entry["requests"]:
                self.requests[one["sha256"]] = head.n
            for one in entry["sites"]:
                self._granted(one, entry["year"])
        elif sort in (ORDER, ORDERS):
            if sort == ORDERS:
                self.requests[entry["request"]] = head.n
            office = str(entry["office"])
            self.orders[office] = max(entry["seq"], self.orders.get(office, 0))
        elif sort == KEYS:
            self.keys = entry["object"]
        elif sort == TECHNICIANS:
            self.technicians = entry["object"]
        elif sort == UPDATE:
            board = entry["board"]
            self.updates[board] = max(entry["number"], self.updates.get(board, 0))

    def _granted(self, one: dict[str, Any], year: int) -> None:
        known = self.sites.setdefault(one["site"], SiteState())
        known.grant_seq, known.grant_year = one["seq"], year
        known.rights[str(year)] = one["counted_l"]
        known.grants = {seq: row for seq, row in known.grants.items() if row[0] == year}
        known.grants[str(one["seq"])] = [year, one["counted_l"], one.get("ceiling_l")]
        for name, value in (one["proved"] or {}).items():
            setattr(known, name, value)
        if one["corrections"]:
            known.corrections[str(year)] = one["corrections"]
            known.corrections_wh[str(year)] = one.get("corrections_wh", {})  # not in lines of before
        if one["year_start"] is not None:
            known.years[str(year)] = one["year_start"]


def encode(state: State) -> bytes:
    """The copy's bytes."""
    return json.dumps({"version": VERSION, **asdict(state)}, ensure_ascii=False, indent=1).encode()


def decode(data: bytes) -> State | None:
    """A copy as it was; None when its bytes are none, and the journal has to tell it all again."""
    try:
        found = json.loads(data)
        if found.pop("version") != VERSION:
            return None
        sites = {name: SiteState(**one) for name, one in found.pop("sites").items()}
        head = Head(**found.pop("head"))
        return State(sites=sites, head=head, **found)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
