"""What a process of controllers counts while it plays, and what of it goes into the report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

WORDS_KEPT = 10
_EXACT_MS = 10_000  # above it a latency is kept to a tenth of a second


def rounded(ms: int) -> int:
    """Return a latency as it is kept: to the millisecond up to 10 s, then to 100 ms."""
    return ms if ms < _EXACT_MS else ms // 100 * 100


@dataclass
class Tally:
    """Counts of one process. Latencies are of records made while it was measured: ms -> records."""

    records_made: int = 0  # all, with backlogs and what was said at the start
    records_live: int = 0  # made while measured
    acknowledged: int = 0
    frames: int = 0
    acknowledgements: int = 0
    acknowledgements_lower: int = 0
    sessions: int = 0
    losses: int = 0
    resent: int = 0
    malformed: int = 0
    objects: int = 0  # grants, orders, lists that nobody sent
    wrong: list[str] = field(default_factory=list)
    wrong_count: int = 0
    made_to_ack_ms: Counter[int] = field(default_factory=Counter)
    sent_to_ack_ms: Counter[int] = field(default_factory=Counter)
    late_ms: Counter[int] = field(default_factory=Counter)  # this process behind its own plan

    def complain(self, text: str) -> None:
        """Count an acknowledgement that nothing explains; keep the first words."""
        self.wrong_count += 1
        if len(self.wrong) < WORDS_KEPT:
            self.wrong.append(text)

    def document(self) -> dict[str, Any]:
        """Return it as JSON takes it; latencies as pairs."""
        found = {name: value for name, value in self.__dict__.items() if not isinstance(value, Counter)}
        for name in ("made_to_ack_ms", "sent_to_ack_ms", "late_ms"):
            found[name] = sorted(getattr(self, name).items())
        return found


def merged(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the sum of several processes' documents."""
    total: dict[str, Any] = {}
    for one in documents:
        for name, value in one.items():
            if name.endswith("_to_ack_ms") or name == "late_ms":
                total.setdefault(name, Counter()).update(dict(map(tuple, value)))
            elif isinstance(value, list):
                total[name] = (total.get(name, []) + value)[:WORDS_KEPT]
            else:
                total[name] = total.get(name, 0) + value
    return total


def percentile(counts: Counter[int], percent: float) -> int | None:
    """Return the value that so many per cent do not exceed; None of nothing."""
    wanted, seen = sum(counts.values()) * percent / 100, 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    return None


def figures(counts: Counter[int]) -> dict[str, int | None]:
    """Return percentiles and the greatest, with how many there were."""
    found: dict[str, int | None] = {"count": sum(counts.values())}
    for name, percent in (("p50", 50), ("p90", 90), ("p99", 99), ("p99_9", 99.9)):
        found[name] = percentile(counts, percent)
    return found | {"max": max(counts, default=None)}
