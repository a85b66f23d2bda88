"""Emergencies of a region (drought, drinking water): declared and ended by a person, or over by themselves.

A declaration opens no well: litres beyond a grant are opened at the well by a person and by a signed grant.
It says why releases happen, and lists them.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from karez_gateway.errors import Refused
from karez_gateway.store.acts import Act

DECLARED, ENDED = "emergency-declared", "emergency-ended"
SORTS = (DECLARED, ENDED)


@dataclass(slots=True)
class Emergency:
    """One of them; its number is that of the act that declared it."""

    number: int
    region: str
    from_utc_s: int
    until_utc_s: int
    by: str
    because: str
    document: str
    log_index: int | None  # its entry of the log: what was released in it came later
    ended_by: str = ""

    def holds(self, utc_s: int) -> bool:
        """True at a moment within it."""
        return self.from_utc_s <= utc_s < self.until_utc_s


def fold(acts: Iterable[Act]) -> dict[int, Emergency]:
    """All of them by number, from their acts, oldest first."""
    found: dict[int, Emergency] = {}
    for act in acts:
        said = json.loads(act.detail)
        if act.sort == DECLARED:
            end = said["until_utc_s"]
            found[act.id] = Emergency(
                act.id, said["region"], act.utc_s, end, act.by, act.because, act.document, act.log_index
            )
        elif act.sort == ENDED and said["emergency"] in found:
            one = found[said["emergency"]]
            one.until_utc_s, one.ended_by = min(one.until_utc_s, act.utc_s), act.by
    return found


def ending(found: dict[int, Emergency], number: int, now_s: int) -> dict[str, int]:
    """What the act of ending one says. Raises Refused."""
    one = found.get(number)
    if one is None:
        raise Refused(f"there is no emergency {number}: see karez gateway emergency list")
    if one.ended_by or one.until_utc_s <= now_s:
        raise Refused(f"emergency {number} is over already")
    return {"emergency": number}
