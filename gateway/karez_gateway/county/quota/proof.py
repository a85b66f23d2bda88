"""The sum proof of a decomposition: one row a region and one a site, and a digest over all of them.

Volumes stand in litres, so that whoever adds the columns up meets no rounding. `proof_check.py` does that
from the rows alone.
"""

import hashlib
import json
from collections.abc import Iterator

from karez_gateway.county.quota.decomposition import Decomposition, Node, Well
from karez_gateway.exports.table import Cell, Column, Table

KIND = "quota-proof"
REGION, SITE = "region", "site"
COLUMNS = (
    Column("row", "行类型"),
    Column("name", "名称"),
    Column("above", "上级"),
    Column("limit_l", "控制指标（升）"),
    Column("amount_l", "分得水量（升）"),
    Column("parts_l", "下级区域合计（升）"),
    Column("sites_l", "取水口合计（升）"),
    Column("reserve_l", "预留（升）"),
    Column("left_over_l", "余量（升）"),
    Column("difference_l", "差额（升）"),
    Column("weight", "权重"),
    Column("floor_l", "保底（升）"),
    Column("cap_l", "上限（升）"),
    Column("share_l", "分配（升）"),
    Column("deducted_l", "扣减（升）"),
    Column("carried_l", "结转（升）"),
)
Row = tuple[Cell, ...]


def rows(found: Decomposition) -> Iterator[Row]:
    """Regions, those above first, then sites by name."""
    for node in found.nodes:
        yield _region(node)
    for well in found.wells:
        yield _site(well)


def _region(node: Node) -> Row:
    return (REGION, *node, node.difference_l, *(None,) * 6)


def _site(well: Well) -> Row:
    bounds = (well.weight, well.floor_l, well.cap_l, well.share_l, well.deducted_l, well.carried_l)
    return (SITE, well.site, well.region, None, well.volume_l, *(None,) * 5, *bounds)


def digest(lines: Iterator[Row]) -> str:
    """SHA-256 over the rows in this order, each as one JSON line."""
    sha = hashlib.sha256()
    for row in lines:
        sha.update(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    return sha.hexdigest()


def facts(found: Decomposition) -> dict[str, str | int]:
    """What the act says of it, and what stands beside the table."""
    wish, root = found.wish, found.nodes[0]
    return {
        "root": wish.root,
        "tree": wish.tree,
        "year": wish.year,
        "class": wish.cell.of_class,
        "source": wish.cell.source,
        "weight": wish.weight,
        "caps": ",".join(wish.caps),
        "step_l": wish.step_l,
        "limit_l": root.amount_l,
        "sites": len(found.wells),
        "placed_l": sum(one.volume_l for one in found.wells),
        "reserve_l": sum(one.reserve_l for one in found.nodes),
        "left_over_l": sum(one.left_over_l for one in found.nodes),
        "proof_sha256": digest(rows(found)),
    }


def table(found: Decomposition) -> Table:
    """For `exports/writers.py`."""
    about = {key: str(value) for key, value in facts(found).items()}
    return Table(KIND, COLUMNS, rows(found), about)
