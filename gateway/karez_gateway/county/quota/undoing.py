"""What a new decomposition would undo: plans that a person changed one by one since the last one.

A decomposition says every well's plan anew. An adjustment, a transfer or an imported plan that came after
the last one would be gone without a word, and with a transfer one holder's water. So they are named, by their
acts, and a person says that it is meant.
"""

from collections.abc import Iterable, Mapping

from karez_gateway.county.quota.plans import Change
from karez_gateway.county.registry.objects import Object
from karez_gateway.county.years.wateryear import YEAR
from karez_gateway.errors import Refused

SHOWN_MAX = 5

Undone = dict[int, list[str]]  # act -> sites whose plan it made


def undone(versions: Iterable[Object], wanted: Iterable[Change], year: int, whole: Iterable[int]) -> Undone:
    """Acts whose year plans would not stand any more. `versions`: of plans, in rising order of each.

    `whole`: acts that planned every well, decompositions; what came before the last of them is history.
    """
    volumes_l = {name: values["volume_l"] for _, name, values in wanted if values["period"] == YEAR}
    acts_of: dict[str, list[int]] = {}
    now: dict[str, object] = {}
    decompositions = set(whole)
    for one in versions:
        if one.name not in volumes_l:
            continue
        volume_l = None if one.values is None else one.values["volume_l"]
        if one.act_id in decompositions or volume_l is None:
            acts_of[one.name] = []
        elif volume_l != now.get(one.name):
            acts_of.setdefault(one.name, []).append(one.act_id)
        now[one.name] = volume_l
    found: Undone = {}
    for name, numbers in sorted(acts_of.items()):
        for number in numbers if now[name] != volumes_l[name] else ():
            found.setdefault(number, []).append(name.removesuffix(f"/{year}/{YEAR}"))
    return found


def lines(found: Undone, sorts: Mapping[int, str]) -> list[str]:
    """A line for each act, the oldest first."""
    out = []
    for number, sites in sorted(found.items()):
        more = f" and {len(sites) - SHOWN_MAX} more" if len(sites) > SHOWN_MAX else ""
        out.append(f"{sorts.get(number, 'act')}, act {number}: {', '.join(sites[:SHOWN_MAX])}{more}")
    return out


def refuse(found: Undone, sorts: Mapping[int, str]) -> None:
    """Raise Refused naming the acts that would be undone, if there are some."""
    if found:
        raise Refused(
            "these changes came after the last decomposition, and a new one would undo them:\n"
            + "\n".join(lines(found, sorts))
            + "\nsay --over-changes if that is meant, and make those again that are to hold"
        )
