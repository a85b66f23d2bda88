"""A region's limit, shared out down the tree to every well of a class and source (requirement T18).

From the root down, each region's amount is shared among its parts. A part with a limit of its own gets
that limit; parts without one, and the sites that stand in the region itself, share the rest by weight between
floor and cap. What nobody can take stays where it is, as left over. In every region, to the litre:
amount = parts + sites + reserve + left over.

Stated parts may sum to more than their whole, within its stated rounding (T08). Rounding makes no water: the
reserve among the parts gives way first, then all of them in proportion.
"""

from collections.abc import Mapping
from typing import NamedTuple

from karez_gateway.county.quota import cells, weights
from karez_gateway.county.quota.apportion import Part, split
from karez_gateway.county.quota.cells import Cell, Limit
from karez_gateway.county.quota.findings import WARNING, Finding
from karez_gateway.county.quota.limit_checks import place
from karez_gateway.county.quota.weights import Facts, Share
from karez_gateway.county.quota.wording import m3
from karez_gateway.county.registry.objects import Registry
from karez_gateway.county.registry.trees import Tree, tree
from karez_gateway.errors import Refused


class Wish(NamedTuple):
    """What is to be shared out, and how. `step_l`: a well's volume is a multiple of it."""

    root: str
    year: int
    cell: Cell
    weight: str
    caps: tuple[str, ...] = ()
    step_l: int = 1000
    reserve_permille: int = 0  # of the root's limit, kept back beside reserves that are regions
    tree: str = "admin"


class Node(NamedTuple):
    """One region's account. `limit_l` None: it has no limit of its own in this cell."""

    region: str
    above: str
    limit_l: int | None
    amount_l: int
    parts_l: int
    sites_l: int
    reserve_l: int
    left_over_l: int

    @property
    def difference_l(self) -> int:
        """Nothing, or the account is wrong."""
        return self.amount_l - self.parts_l - self.sites_l - self.reserve_l - self.left_over_l


class Well(NamedTuple):
    """What a site gets; `floor_l` is in whole steps. The last year's decisions deduct and carry over."""

    site: str
    region: str
    weight: int
    floor_l: int
    cap_l: int | None
    share_l: int
    deducted_l: int = 0
    carried_l: int = 0

    @property
    def volume_l(self) -> int:
        """Its plan: share − deducted + carried over."""
        return self.share_l - self.deducted_l + self.carried_l


class Decomposition(NamedTuple):
    """The whole, regions those above first, and what is to be said about it."""

    wish: Wish
    nodes: list[Node]
    wells: list[Well]
    findings: list[Finding]


def decompose(registry: Registry, wish: Wish, known: Facts) -> Decomposition:
    """Share a limit out. Raises Refused naming the region and its sums when it cannot be done."""
    if wish.step_l < 1 or not 0 <= wish.reserve_permille <= 1000:
        raise Refused("a step is 1 L or more, and a reserve 0 to 100 %")
    return _Sharing(registry, wish, known).run()


class _Sharing:
    """One run: sums of the subtrees from below, then amounts from above."""

    def __init__(self, registry: Registry, wish: Wish, known: Facts) -> None:
        self._registry = registry
        self._wish = wish
        self._tree: Tree = tree(registry, wish.tree)
        self._regions = self._tree.subtree(wish.root)
        places = {one: self._tree.sites[one] for one in self._regions if not self._tree.is_reserve(one)}
        self._shares, self._says = weights.shares(registry, places, wish.cell, known, wish.weight, wish.caps)
        self._sites: dict[str, list[Part]] = {one: [] for one in self._regions}
        for share in self._shares:
            self._sites[share.region].append(_part(share, wish.step_l))
        self._sums: dict[str, Part] = {}
        self._protected: dict[str, int] = {}  # litres that sites of a subtree need at least
        for region in reversed(self._regions):
            self._sum_up(region)

    def run(self) -> Decomposition:
        root, nodes = self._limit(self._wish.root), []
        if root is None:
            raise Refused(f"{self._place(self._wish.root)} has no limit: state one, also if it is 0")
        given = {self._wish.root: root.volume_l}  # to regions and to sites, whose names may be alike
        to_sites: dict[str, int] = {}
        for region in self._regions:
            node, parts, sites = self._account(region, given[region])
            nodes.append(node)
            given |= parts
            to_sites |= sites
        wells = [self._well(one, to_sites[one.site]) for one in sorted(self._shares)]
        return Decomposition(self._wish, nodes, wells, self._says)

    def _well(self, one: Share, share_l: int) -> Well:
        floor_l = -(-one.floor_l // self._wish.step_l) * self._wish.step_l
        return Well(one.site, one.region, one.weight, floor_l, one.cap_l, share_l)

    def _limit(self, region: str) -> Limit | None:
        return cells.limit(self._registry, region, self._wish.year, self._wish.cell)

    def _place(self, region: str) -> str:
        return place(region, self._wish.year, self._wish.cell)

    def _sum_up(self, region: str) -> None:
        """A subtree as one part, in whole steps. Its floor holds what limits below it promise."""
        below = self._tree.below[region]
        parts = [self._as_part(one) for one in below] + self._sites[region]
        caps = [one.cap for one in parts if one.cap is not None]
        self._sums[region] = Part(
            region,
            sum(one.weight for one in parts),
            sum(one.floor for one in parts),
            sum(caps) if len(caps) == len(parts) else None,
        )
        here_l = sum(one.floor for one in self._sites[region])
        self._protected[region] = here_l + sum(self._protected[one] for one in below)

    def _as_part(self, region: str) -> Part:
        limit = self._limit(region)
        if limit is None:
            return self._sums[region]
        promised_l = -(-limit.volume_l // self._wish.step_l) * self._wish.step_l
        return Part(region, self._sums[region].weight, promised_l, promised_l)

    def _account(self, region: str, amount_l: int) -> tuple[Node, dict[str, int], dict[str, int]]:
        """A region's account, and what its parts and its sites get."""
        fixed: dict[str, int] = {}
        free: list[Part] = []
        for one in self._tree.below[region]:
            limit = self._limit(one)
            if limit is None:
                free.append(self._sums[one])
            else:
                fixed[one] = limit.volume_l
        kept_l = amount_l * self._wish.reserve_permille // 1000 if region == self._wish.root else 0
        sites = self._sites[region]
        over_l = sum(fixed.values()) + sum(one.floor for one in free + sites) + kept_l - amount_l
        if over_l > 0:
            fixed = self._squeezed(region, amount_l, fixed, over_l)
        rest_l = amount_l - kept_l - sum(fixed.values())
        # A region may bear the name of a site: both are shared among at once, so their names must differ.
        got = split(
            rest_l,
            [
                *(one._replace(name=f"r/{one.name}") for one in free),
                *(one._replace(name=f"s/{one.name}") for one in sites),
            ],
            self._wish.step_l,
        )
        to_parts = fixed | {one.name: got[f"r/{one.name}"] for one in free}
        to_sites = {one.name: got[f"s/{one.name}"] for one in sites}
        left_l = rest_l - sum(got.values())
        if self._tree.is_reserve(region):
            kept_l, left_l = kept_l + left_l, 0
        stated = self._limit(region)
        node = Node(
            region,
            self._tree.above[region] if region != self._wish.root else "",
            None if stated is None else stated.volume_l,
            amount_l,
            sum(to_parts.values()),
            sum(to_sites.values()),
            kept_l,
            left_l,
        )
        return node, to_parts, to_sites

    def _squeezed(self, region: str, amount_l: int, fixed: dict[str, int], over_l: int) -> dict[str, int]:
        """Limits of the parts, made to fit: reserves first. Raises Refused beyond the stated rounding."""
        limit = self._limit(region)
        slack_l = limit.rounding_l + limit.volume_l - amount_l if limit else 0
        reserves = {one: volume for one, volume in fixed.items() if self._tree.is_reserve(one)}
        others = {one: volume for one, volume in fixed.items() if one not in reserves}
        given_l = min(over_l, sum(reserves.values()))
        rest_l = over_l - given_l
        if over_l > slack_l or rest_l > sum(others.values()):
            raise Refused(
                f"{self._place(region)} has {m3(amount_l)} m³; its parts need {m3(amount_l + over_l)} m³: "
                f"limits below it {m3(sum(fixed.values()))}, the rest protected minimums, limits further "
                f"down and the reserve; {m3(over_l)} m³ are missing, {m3(slack_l)} m³ of rounding are stated"
            )
        if given_l:
            values = {"over_l": over_l, "parts_l": given_l}
            self._says.append(Finding(WARNING, "reserve-gives-way", self._place(region), values))
        out = _scaled(reserves, sum(reserves.values()) - given_l, {})
        out |= _scaled(others, sum(others.values()) - rest_l, self._protected)
        for one, volume_l in others.items():
            if out[one] < volume_l:
                values = {"parts_l": out[one], "limit_l": volume_l}
                self._says.append(Finding(WARNING, "squeezed", self._place(one), values))
        return out


def _scaled(limits: Mapping[str, int], total_l: int, least_l: Mapping[str, int]) -> dict[str, int]:
    parts = [Part(one, volume, min(least_l.get(one, 0), volume), volume) for one, volume in limits.items()]
    return split(total_l, parts)


def _part(share: Share, step_l: int) -> Part:
    """A site as a part: bounds in whole steps; a protected minimum above the cap rules.

    Raises Refused when the step is too coarse for its bounds.
    """
    floor_l = -(-share.floor_l // step_l) * step_l
    if share.cap_l is None:
        return Part(share.site, share.weight, floor_l, None if share.weight else floor_l)
    if share.floor_l > share.cap_l:
        return Part(share.site, 0, floor_l, floor_l)
    cap_l = share.cap_l // step_l * step_l
    if floor_l > cap_l:
        raise Refused(
            f"site {share.site}: no multiple of {m3(step_l)} m³ lies between its protected minimum, "
            f"{m3(share.floor_l)} m³, and its most, {m3(share.cap_l)} m³: take a smaller step"
        )
    return Part(share.site, share.weight, floor_l, cap_l if share.weight else floor_l)
