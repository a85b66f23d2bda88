"""Appeals: somebody is cut off and does not agree. Who, when, against what, and what an office decided.

An appeal changes no right and starts no pump: where it is upheld, an office signs a new grant as always, and
names the decision as its document. Acts in, appeals out.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from karez_gateway.errors import Refused
from karez_gateway.store.acts import Act

LODGED, DECIDED = "appeal-lodged", "appeal-decided"
SORTS = (LODGED, DECIDED)
WHO_BYTES_MAX = 64

AGAINST = {"stop": "停水", "grant": "指标", "order": "限停指令", "violation": "违规认定"}
OUTCOMES = {"upheld": "支持", "in-part": "部分支持", "dismissed": "驳回", "withdrawn": "撤回"}


@dataclass(slots=True)
class Appeal:
    """One of them; its number is that of the act that lodged it. `log_index` None: not logged yet."""

    number: int
    site: str
    who: str
    against: str
    violation: int | None
    happened_utc_s: int
    by: str
    because: str
    document: str
    utc_s: int
    log_index: int | None
    outcome: str = ""
    decided_utc_s: int | None = None
    decided_by: str = ""
    decided_because: str = ""
    decided_document: str = ""
    decided_log_index: int | None = None


def fold(acts: Iterable[Act]) -> dict[int, Appeal]:
    """All of them by number, from their acts, oldest first."""
    found: dict[int, Appeal] = {}
    for act in acts:
        said: dict[str, Any] = json.loads(act.detail)
        if act.sort == LODGED:
            found[act.id] = Appeal(
                act.id,
                said["site"],
                said["who"],
                said["against"],
                said["violation"],
                said["happened_utc_s"],
                act.by,
                act.because,
                act.document,
                act.utc_s,
                act.log_index,
            )
        elif act.sort == DECIDED and said["appeal"] in found:
            one = found[said["appeal"]]
            one.outcome, one.decided_utc_s, one.decided_by = said["outcome"], act.utc_s, act.by
            one.decided_because, one.decided_document = act.because, act.document
            one.decided_log_index = act.log_index
    return found


def lodging(
    site: str, who: str, against: str, violation: int | None, happened_utc_s: int, now_s: int
) -> dict[str, Any]:
    """What the act of lodging one says. Raises Refused."""
    if not who.strip() or not who.isprintable() or len(who.encode()) > WHO_BYTES_MAX:
        raise Refused(
            f"--who is one line of at most {WHO_BYTES_MAX} bytes: the name of the person who appeals"
        )
    if against not in AGAINST:
        raise Refused(f"--against is one of {', '.join(AGAINST)}, not {against}")
    if (against == "violation") != (violation is not None):
        raise Refused("--against violation and --violation NUMBER go together")
    if happened_utc_s > now_s:
        raise Refused("--at is not yet: say when it happened")
    return {
        "site": site,
        "who": who,
        "against": against,
        "violation": violation,
        "happened_utc_s": happened_utc_s,
    }


def deciding(found: Mapping[int, Appeal], number: int, outcome: str) -> dict[str, Any]:
    """What the act of deciding one says. Raises Refused."""
    if outcome not in OUTCOMES:
        raise Refused(f"--outcome is one of {', '.join(OUTCOMES)}, not {outcome}")
    one = found.get(number)
    if one is None:
        raise Refused(f"there is no appeal {number}: see karez gateway appeals list --all")
    if one.outcome:
        raise Refused(f"appeal {number} is decided already, by {one.decided_by}: {one.outcome}")
    return {"appeal": number, "outcome": outcome}
