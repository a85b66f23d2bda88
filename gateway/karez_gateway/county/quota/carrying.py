"""What a person decided at the last year's close, taken into the next year's plans (requirement T27).

A deduction comes off the site's share, never below its protected minimum, and stays with its region as left
over. Water carried over is taken from what is left over in the site's region, then from what is left over and
kept back in the regions above it: it never lifts a region above its limit.
"""

from collections.abc import Mapping
from typing import NamedTuple

from karez_gateway.county.quota.decomposition import Decomposition, Node, Well
from karez_gateway.county.quota.findings import WARNING, Finding
from karez_gateway.county.quota.wording import m3
from karez_gateway.errors import Refused


class Decision(NamedTuple):
    """Litres that a person decided for a site. `cap_l`: most that an idle right keeps; None: it keeps all."""

    deduction_l: int = 0
    carry_l: int = 0
    cap_l: int | None = None


def carry(found: Decomposition, decisions: Mapping[str, Decision]) -> Decomposition:
    """The same with decisions applied. Raises Refused where nothing is left to carry over."""
    nodes = {one.region: one for one in found.nodes}
    wells, says = [], list(found.findings)
    for well in found.wells:
        wished = decisions.get(well.site, Decision())
        idle_l = 0 if wished.cap_l is None else max(well.share_l - wished.cap_l, 0)
        asked_l = wished.deduction_l + idle_l
        deducted_l = min(asked_l, well.share_l - well.floor_l)
        if deducted_l < asked_l:
            values = {"parts_l": deducted_l, "limit_l": asked_l}
            says.append(Finding(WARNING, "deduction-not-whole", well.site, values))
        node = nodes[well.region]
        nodes[well.region] = node._replace(
            sites_l=node.sites_l - deducted_l, left_over_l=node.left_over_l + deducted_l
        )
        wells.append(well._replace(deducted_l=deducted_l, carried_l=wished.carry_l))
    for well in wells:
        _find(nodes, well)
    return found._replace(nodes=[nodes[one.region] for one in found.nodes], wells=wells, findings=says)


def _find(nodes: dict[str, Node], well: Well) -> None:
    """Take what a site carries over from its region and those above, as far up as it needs."""
    region, needed_l, is_first = well.region, well.carried_l, True
    while needed_l:
        node = nodes[region]
        left_l = min(needed_l, node.left_over_l)
        kept_l = min(needed_l - left_l, node.reserve_l)
        above_l = needed_l - left_l - kept_l
        if above_l and node.limit_l is not None and node.amount_l + above_l > node.limit_l:
            raise Refused(
                f"site {well.site} is to carry over {m3(well.carried_l)} m³, but region {region} has "
                f"{m3(above_l)} m³ too little left: it holds {m3(node.amount_l)} m³ of its limit of "
                f"{m3(node.limit_l)} m³; decide less, or keep more back"
            )
        nodes[region] = node._replace(
            amount_l=node.amount_l + above_l,
            parts_l=node.parts_l + (0 if is_first else needed_l),
            sites_l=node.sites_l + (needed_l if is_first else 0),
            reserve_l=node.reserve_l - kept_l,
            left_over_l=node.left_over_l - left_l,
        )
        region, needed_l, is_first = node.above, above_l, False
