"""After the run the gateway must hold what was sent, each record once and byte for byte.

Read from its log as an auditor reads it (C2SP tiles), and from what its own `status` says of each
controller. A chain value covers all before it: if every record of a controller follows the one before, from
the binding to the last value that the controller computed, no byte of any is another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from karez_protocols import chain, entry, fields, record
from karez_simulators import log_reader

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FAULTS_KEPT = 10


def _place(layout: str, name: str) -> slice:
    for found, _, at, size in fields.each(layout):
        if found == name:
            return slice(at, at + size)
    raise KeyError(name)


_CONTROLLER, _CHAIN, _RECEIVED, _SLOT = (
    _place(entry.RECORD_BODY, name) for name in ("controller", "chain", "received_utc_s", "slot")
)
_SEQ, _UTC = _place(record.HEADER, "seq"), _place(record.HEADER, "utc_s")


def _number(data: bytes, place: slice) -> int:
    return int.from_bytes(data[place], "little")


@dataclass
class Audit:
    """What was found. `live_late_s`: seconds from a live record's own time to its arrival -> records."""

    records: int = 0
    lost: int = 0
    twice: int = 0
    strangers: int = 0
    acknowledged_not_stored: int = 0
    not_verified: int = 0
    litres_wrong: int = 0
    faults: list[str] = field(default_factory=list)
    live_late_s: Counter[int] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        """True if nothing was lost, doubled, changed or acknowledged without being there."""
        return not (self.faults or self.lost or self.twice or self.strangers)

    def blame(self, text: str) -> None:
        """Keep the first faults' words."""
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(text)


class _Expected:
    """One controller's chain as it is found in the log."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.h = chain.genesis(1, bytes.fromhex(facts["binding"]))
        self.through = 0
        self._ahead: dict[int, bytes] = {}  # live ones that came before the backlog
        self.is_broken = False

    def take(self, seq: int, slot: bytes) -> bool:
        """Take the next record found; False if its number was there before."""
        if seq <= self.through or seq in self._ahead:
            return False
        self._ahead[seq] = slot
        while (following := self._ahead.pop(self.through + 1, None)) is not None:
            self.h = chain.following(self.h, following[: record.CONTENT_SIZE])
            self.is_broken |= self.h[:16] != following[record.CONTENT_SIZE :]
            self.through += 1
        return True


def of_log(log: Path, boxes: Iterable[dict[str, Any]]) -> Audit:
    """Hold the log against what the controllers wrote (`Box.facts`). Raises log_reader.Unreadable."""
    audit = Audit()
    expected = {one["name"].encode(): _Expected(one) for one in boxes}
    for body in log_reader.bodies(log):
        if body[1] != entry.RECORD:
            continue
        audit.records += 1
        one, slot = expected.get(body[_CONTROLLER]), body[_SLOT]
        if one is None or _number(body, _CHAIN) != 1:
            audit.strangers += 1
            continue
        seq = _number(slot, _SEQ)
        if not one.take(seq, slot):
            audit.twice += 1
        if seq >= one.facts["live_from"]:
            audit.live_late_s[_number(body, _RECEIVED) - _number(slot, _UTC)] += 1
    for one in expected.values():
        _judge(audit, one)
    return audit


def _judge(audit: Audit, one: _Expected) -> None:
    facts, name = one.facts, one.facts["name"]
    missing = facts["last_seq"] - one.through
    if missing:
        audit.lost += missing
        audit.blame(f"{name}: records {one.through + 1} to {facts['last_seq']} are not all in the log")
    elif one.is_broken or one.h.hex() != facts["h"]:
        audit.blame(f"{name}: the log holds other bytes than the controller wrote")
    if facts["acknowledged_seq"] > one.through:
        audit.acknowledged_not_stored += 1
        audit.blame(f"{name}: acknowledged up to {facts['acknowledged_seq']}, stored up to {one.through}")


def of_status(audit: Audit, status: dict[str, Any], boxes: Iterable[dict[str, Any]]) -> None:
    """Add what `karez gateway status --json` says: all verified, nothing in quarantine, the litres booked."""
    said = {one["name"]: one for one in status["controllers"]}
    for facts in boxes:
        one = said.get(facts["name"], {"chains": [], "litres_booked": 0})
        chains = [
            (row["chain"], row["verified_seq"], sum(row["quarantined"].values()), row["forks"])
            for row in one["chains"]
        ]
        if chains != [(1, facts["last_seq"], 0, 0)]:
            audit.not_verified += 1
            audit.blame(f"{facts['name']}: (chain, verified, quarantined, forks) is {chains}")
        if one["litres_booked"] != facts["volume_l"]:
            audit.litres_wrong += 1
            audit.blame(f"{facts['name']}: {one['litres_booked']} L are booked of {facts['volume_l']} L")


def is_caught_up(status: dict[str, Any], boxes: Iterable[dict[str, Any]]) -> bool:
    """True when every record that the controllers wrote is verified and booked."""
    said = {one["name"]: one for one in status["controllers"]}
    for facts in boxes:
        one = said.get(facts["name"])
        verified = sum(row["verified_seq"] for row in one["chains"]) if one else 0
        if one is None or verified < facts["last_seq"] or one["litres_booked"] < facts["volume_l"]:
            return False
    return True
