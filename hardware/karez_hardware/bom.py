"""The parts list of a board, gathered from its schematic: what to order, with an alternate for each."""

import csv
import io
import re

from .placement import Placed

HEADER = (
    "quantity", "references", "fitted", "part", "description", "maker", "number", "rating", "temperature_c",
    "alternate", "alternate_fit", "waiver",
)  # fmt: skip


def _order(reference: str) -> tuple[str, int]:
    letters, digits = re.fullmatch(r"([A-Z]+)(\d*)", reference).groups()  # type: ignore[union-attr]
    return letters, int(digits or 0)


def text_of(placed: dict[str, Placed]) -> str:
    """Return the CSV: one row a part and option, references in order."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in placed.values():
        groups.setdefault((one.part.part, one.option), []).append(one.reference)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    for (_, option), references in sorted(groups.items(), key=lambda item: _order(min(item[1], key=_order))):
        part = placed[references[0]].part
        writer.writerow([
            len(references), " ".join(sorted(references, key=_order)), option or "always", part.part,
            part.description, part.maker, part.number, part.rating, f"{part.t_min_c} to {part.t_max_c}",
            f"{part.alternate_maker} {part.alternate_number}".strip(), part.alternate_fit, part.waiver,
        ])  # fmt: skip
    return out.getvalue()
