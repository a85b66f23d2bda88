"""A controller that was revoked: which records had come before, and who said so.

The entry names the highest number that was stored by then; the log's order does the rest. What
came later is chained and signed with a key that is believed no more, so it proves nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from .chain_check import Chain
from .findings import Finding, found
from .parts import Part, Parts


def check(parts: Parts, chain: Chain, entries: Sequence[tuple[int, Part, dict[str, Any]]]) -> list[Finding]:
    """Hold the records against the entries (index, part, values) that revoke their controller."""
    return [_one(parts, chain, index, part, values) for index, part, values in entries]


def _one(parts: Parts, chain: Chain, index: int, part: Part, values: dict[str, Any]) -> Finding:
    last = _last_before(parts.chain, values)
    later = [link for link in chain.links if last is not None and link.head.seq > last]
    facts = {
        "entry": index,
        "by": values["by"],
        "reason": values["reason"],
        "time": datetime.fromtimestamp(values["revoked_utc_s"], UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
    if not later:
        return found("revoked_since", span=part.span, **facts)
    first = min(later, key=lambda link: link.head.seq)
    span = parts.slot_span(first.index)
    return found("revoked_before", seq=first.head.seq, span=span, count=len(later), **facts)


def _last_before(chain: int, values: dict[str, Any]) -> int | None:
    """Highest number of a chain that had come; None = all of it."""
    revoked = values["chain"]
    if revoked is None or chain > revoked:
        return 0
    return None if chain < revoked else values["seq"] or 0
