"""Steps of a scenario at a part of the well (`part = "pump"`), beside those at a meter: whether they fit."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from karez_simulators.physics.well_faults import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAULT_STEPS = ("fault", "mend")
SWAP_STEPS = ("swap_meter", "silent_swap")


def unfit(step: str, values: Mapping[str, object], where: str) -> str:
    """Return what is wrong with the place at which a step spoils, mends or swaps; empty if nothing is."""
    meter, part, name = (str(values.get(key, "")) for key in ("meter", "part", "name"))
    if step in SWAP_STEPS and meter == "level":
        return f"{meter!r} in {where} ({step}) is not known; a probe counts nothing and is not swapped"
    if step not in FAULT_STEPS:
        return ""
    if not meter and not part:
        return f"{where}: {step} needs meter = … or part = …"
    if meter and part:
        return f"{where}: {step} takes meter = … or part = …, not both"
    if not name:
        return f"{where}: {step} needs name = …"
    if meter:
        return ""
    place = f"{where} ({step})"
    return _unknown(part, PARTS, place) or _unknown(name, PARTS[part], place)


def _unknown(word: str, known: Iterable[str], place: str) -> str:
    names = list(known)
    if word in names:
        return ""
    near = difflib.get_close_matches(word[:100], names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    return f"{word[:100]!r} in {place} is not known; {hint}"
