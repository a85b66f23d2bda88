"""The violation register: acts in, violations out. A person opens one from what he has seen, and closes it.

Its number is that of the act that opened it; it is never changed, only closed by another act.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from karez_gateway.errors import Refused
from karez_gateway.store.acts import Act

OPENED, CLOSED = "violation-opened", "violation-closed"
SORTS = (OPENED, CLOSED)

KINDS = {
    "over-plan": "超计划取水",
    "no-permit": "无证取水",
    "sealed": "封停井取水",
    "bypass": "绕过计量取水",
    "tamper": "破坏计量设施",
    "false-report": "虚报瞒报",
    "off-class": "改变用途取水",
    "against-order": "违反限停指令",
    "other": "其他",
}
OUTCOMES = {"punished": "已处罚", "corrected": "已整改", "unfounded": "不成立", "transferred": "已移送"}


@dataclass(slots=True)
class Violation:
    """One of them. `log_index` None: the service has not logged its act yet."""

    number: int
    site: str
    kind: str
    from_utc_s: int
    to_utc_s: int
    litres: int | None
    alarms: tuple[int, ...]
    by: str
    because: str
    document: str
    utc_s: int
    log_index: int | None
    closed_utc_s: int | None = None
    closed_by: str = ""
    outcome: str = ""
    closed_act: int | None = None


def fold(acts: Iterable[Act]) -> dict[int, Violation]:
    """All of them by number, from their acts, oldest first."""
    found: dict[int, Violation] = {}
    for act in acts:
        said: dict[str, Any] = json.loads(act.detail)
        if act.sort == OPENED:
            found[act.id] = Violation(
                act.id,
                said["site"],
                said["kind"],
                said["from_utc_s"],
                said["to_utc_s"],
                said["litres"],
                tuple(said["alarms"]),
                act.by,
                act.because,
                act.document,
                act.utc_s,
                act.log_index,
            )
        elif act.sort == CLOSED and said["violation"] in found:
            one = found[said["violation"]]
            one.closed_utc_s, one.closed_by, one.closed_act = act.utc_s, act.by, act.id
            one.outcome = said["outcome"]
    return found


def opening(
    site: str, kind: str, from_utc_s: int, to_utc_s: int, litres: int | None, alarms: Iterable[int]
) -> dict[str, Any]:
    """What the act of opening one says. Raises Refused."""
    if kind not in KINDS:
        raise Refused(f"--kind is one of {', '.join(KINDS)}, not {kind}")
    if from_utc_s >= to_utc_s:
        raise Refused("nothing lies between --from and --to: the first must be earlier")
    return {
        "site": site,
        "kind": kind,
        "from_utc_s": from_utc_s,
        "to_utc_s": to_utc_s,
        "litres": litres,
        "alarms": sorted(set(alarms)),
    }


def closing(found: dict[int, Violation], number: int, outcome: str) -> dict[str, Any]:
    """What the act of closing one says. Raises Refused."""
    if outcome not in OUTCOMES:
        raise Refused(f"--outcome is one of {', '.join(OUTCOMES)}, not {outcome}")
    one = found.get(number)
    if one is None:
        raise Refused(f"there is no violation {number}: see karez gateway violations list")
    if one.closed_utc_s is not None:
        raise Refused(f"violation {number} is closed already, by {one.closed_by}: {one.outcome}")
    return {"violation": number, "outcome": outcome}
