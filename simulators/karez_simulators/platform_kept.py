"""What a platform received, kept for comparison: each report once, and a journal of all that came.

A journal entry is a flat dict that goes into a file as one line of JSON. `kind` says what it is:

    report      station, function, utc_s, id, quantities, copy, contradicts, content, raw
    link        station, what: log-in, log-out, keep-alive
    answer      station, ask, attempts, answer (null: none came), raw
    unasked     an answer that nobody waited for, raw
    not-understood, noise, connected, closed

`content` is a digest of what a repeat must say again: a copy with another one contradicts the first.
A copy is what has the same station, function and time; where `id` is not empty, the same station and id.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

REPORTS_MAX = 1_000_000  # a bench that reports for weeks must not eat the desk's memory
ASKED_MAX = 100_000
LINKS_MAX = 100_000

Entry = dict[str, Any]
Journal = Callable[[Entry], None]


@dataclass
class Kept:
    """One report: its first copy's facts and bytes, the last confirm sent for it, how often it came."""

    station: str  # as the standard's people write it
    function: str  # what it came as: "C0/3", "32"
    utc_s: int  # of sampling
    quantities: dict[str, Any]  # integers in the unit the name says; None = the station has no value
    content: bytes  # what a repeat must say again
    request_bytes: bytes
    confirm_bytes: bytes = b""
    copies: int = 1
    is_contradicted: bool = False  # a later copy under the same key said something else
    id: str = ""  # what tells it from others of its kind where its time does not

    @property
    def key(self) -> tuple[str, str, int]:
        """What a repeat has in common with it."""
        return (self.station, self.id, 0) if self.id else (self.station, self.function, self.utc_s)


@dataclass(frozen=True)
class LinkMessage:
    """SZY 206: a log-in (F0), log-out (F1) or keep-alive (F2). SL 651: a keep-alive (2F)."""

    address: bytes
    kind: int


@dataclass(frozen=True)
class Asked:
    """A question of the platform and what came of it; answer None = nothing came in time."""

    station: str
    ask: str
    attempts: int
    answer: dict[str, Any] | None
    raw: bytes


@dataclass
class Counters:
    """What came beside good reports."""

    connections: int = 0
    frames_ignored: int = 0  # while silent, or not from a station
    frames_not_understood: int = 0  # also answers that nobody waited for
    reports_refused: int = 0  # above REPORTS_MAX
    reports_forgotten: int = 0  # confirmed and lost, as the manners want it
    bad_checksums: int = 0
    noise_bytes: int = 0


@dataclass
class Books:
    """The reports of one platform by their keys, in order of arrival."""

    reports: dict[tuple[str, str, int], Kept] = field(default_factory=dict)
    new: int = 0  # those that were forgotten too
    _forgotten: set[tuple[str, str, int]] = field(default_factory=set)

    def take(self, report: Kept, forgets_each: int = 0) -> Kept | None:
        """The report as it is kept: itself, or the first copy; None if it was forgotten or is too many."""
        key = report.key
        known = self.reports.get(key)
        if known is not None:
            known.copies += 1
            known.is_contradicted |= known.content != report.content
            return known
        if key in self._forgotten or len(self.reports) + len(self._forgotten) >= REPORTS_MAX:
            return None
        self.new += 1
        if forgets_each and self.new % forgets_each == 0:
            self._forgotten.add(key)
            return None
        self.reports[key] = report
        return report

    def has_forgotten(self, report: Kept) -> bool:
        """True if a report was confirmed and lost on purpose."""
        return report.key in self._forgotten


def report_entry(first: Kept, report: Kept) -> Entry:
    """The journal's entry of a copy that came; `first` is what is kept, the copy itself at first."""
    return {
        "kind": "report",
        "station": report.station,
        "function": report.function,
        "utc_s": report.utc_s,
        "id": report.id,
        "quantities": report.quantities,
        "copy": first.copies,
        "contradicts": first.content != report.content,
        "content": hashlib.sha256(report.content).hexdigest()[:32],
        "raw": report.request_bytes.hex(),
    }


def plain(value: Any) -> Any:
    """A codec's value as JSON can hold it: bytes as hex, a named tuple by its names."""
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, dict):
        return {str(name): plain(one) for name, one in value.items()}
    if hasattr(value, "_asdict"):
        return plain(value._asdict())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value
