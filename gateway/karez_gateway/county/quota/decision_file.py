"""The decision file of a year's close (CSV, XLSX): what is frozen and proposed, beside what a person decides.

Exported with the proposals filled in. Whoever decides edits the last four columns; a decision other than the
proposal says why. The other columns must come back as they went out: they are how a row is known to be meant.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from karez_gateway.county.files import reading
from karez_gateway.county.files.sheets import EMPTY, UNREADABLE, Row
from karez_gateway.county.quota.carrying import Decision
from karez_gateway.county.quota.closing import Closed, Proposal
from karez_gateway.county.registry import fields
from karez_gateway.county.registry.faults import sentence
from karez_gateway.errors import Refused
from karez_gateway.exports.table import Cell, Column, Table

KIND = "year-close"
FROZEN = (
    Column("water_year", "水量年度"),
    Column("site", "取水口"),
    Column("class", "用水类别"),
    Column("plan_m3", "计划（立方米）"),
    Column("used_m3", "用水（立方米）"),
    Column("over_plan_m3", "超计划（立方米）"),
    Column("over_norm_m3", "超定额（立方米）"),
    Column("unused_m3", "未用（立方米）"),
    Column("proposed_deduction_m3", "建议扣减（立方米）"),
    Column("proposed_carry_m3", "建议结转（立方米）"),
    Column("proposed_cap_m3", "闲置指标建议上限（立方米）"),
)
DECIDED = (
    Column("decided_deduction_m3", "决定扣减（立方米）"),
    Column("decided_carry_m3", "决定结转（立方米）"),
    Column("decided_cap_m3", "闲置指标决定上限（立方米）"),
    Column("reason", "理由"),
)
COLUMNS = FROZEN + DECIDED
SHOWN_MAX = 20
FILE_BYTES_MAX = 16 << 20


class Decided(NamedTuple):
    """What a person decided for a site, and why if it is not what was proposed."""

    site: str
    decision: Decision
    reason: str


Case = tuple[Closed, Proposal]


def table(year: int, cases: Sequence[Case]) -> Table:
    """The file, proposals filled in as decisions; only sites of which something is to be decided."""
    rows = (_frozen(year, *one) + _proposed(one[1]) for one in cases if one[1].is_any)
    return Table(KIND, COLUMNS, rows, {"water_year": str(year)})


def read(data: bytes, year: int, cases: Sequence[Case], encoding: str = "") -> list[Decided]:
    """Decisions of every site that has a proposal. Raises Refused with what is wrong, row by row.

    `encoding`: of a CSV file, as files/csv_file.py knows them; UTF-8 if left out.
    """
    expected = {one[0].site: (_frozen(year, *one), one[1]) for one in cases}
    found: dict[str, Decided] = {}
    wrong: list[str] = []
    for row in _rows(data, encoding):
        if len(row.cells) != len(COLUMNS):
            wrong.append(f"row {row.number} has {len(row.cells)} cells, not {len(COLUMNS)}")
            continue
        try:
            one = _decided(_texts(row), expected)
        except Refused as error:
            wrong.append(f"row {row.number}: {error}")
            continue
        if one.site in found:
            wrong.append(f"row {row.number}: {one.site} stands in the file twice")
        found[one.site] = one
    missing = [case.site for case, proposal in cases if proposal.is_any and case.site not in found]
    if missing and not wrong:
        wrong = [
            f"site {site} has a proposal and no row: put it back, 0 is a decision too" for site in missing
        ]
    if wrong:
        more = [f"and {len(wrong) - SHOWN_MAX} more"] if len(wrong) > SHOWN_MAX else []
        raise Refused("nothing was decided:\n" + "\n".join(wrong[:SHOWN_MAX] + more))
    return [found[site] for site in sorted(found)]


def _show(litres: int | None) -> Cell:
    return "" if litres is None else str(fields.CUBIC_METRES.show(litres))


def _frozen(year: int, row: Closed, proposal: Proposal) -> tuple[Cell, ...]:
    taken = (row.plan_l, row.total_l, row.over_plan_l, row.over_norm_l, row.unused_l)
    return (str(year), row.site, row.of_class, *map(_show, taken), *_proposed(proposal)[:3])


def _proposed(proposal: Proposal) -> tuple[Cell, ...]:
    return (*map(_show, proposal), "")


def _decided(cells: Mapping[str, str], expected: Mapping[str, tuple[tuple[Cell, ...], Proposal]]) -> Decided:
    site = cells["site"]
    if site not in expected:
        raise Refused(f"{site!r} is no site of this close")
    frozen, proposal = expected[site]
    for column, was in zip(FROZEN, frozen, strict=True):
        if not _is_same(cells[column.key], str(was)):
            raise Refused(
                f"{column.key} says {cells[column.key]!r}, the close has {str(was)!r}: do not edit it"
            )
    deduction_l, carry_l, cap_l = (_litres(cells, one.key) for one in DECIDED[:3])
    for key, value in ((DECIDED[0].key, deduction_l), (DECIDED[1].key, carry_l)):
        if value is None:
            raise Refused(f"{key} is empty: write a volume, 0 for none")
    decision = Decision(deduction_l or 0, carry_l or 0, cap_l)
    reason = cells["reason"]
    if tuple(decision) != tuple(proposal) and not reason:
        raise Refused("it is decided otherwise than proposed: say why under reason")
    return Decided(site, decision, str(fields.TEXT.read(reason)))


def _litres(cells: Mapping[str, str], key: str) -> int | None:
    if not cells[key]:
        return None
    try:
        return int(fields.CUBIC_METRES.read(cells[key]))
    except Refused as error:
        raise Refused(f"{key}: {error}") from None


def _is_same(said: str, was: str) -> bool:
    """Equal as text, or as volumes: spreadsheets write 1,200 or 1200.0 for 1200."""
    if said == was:
        return True
    try:
        return bool(said and was) and fields.CUBIC_METRES.read(said) == fields.CUBIC_METRES.read(was)
    except Refused:
        return False


def _rows(data: bytes, encoding: str) -> list[Row]:
    """Rows below the header, CSV or XLSX. Raises Refused for what is no such file."""
    if len(data) > FILE_BYTES_MAX:
        raise Refused(f"the file is larger than {FILE_BYTES_MAX} bytes: it is no decision file")
    sheet = reading.only(reading.read(data, "the file", encoding))
    header = [one.text for one in sheet.rows[0].cells] if sheet.rows else []
    if header not in ([one.key for one in COLUMNS], [one.zh for one in COLUMNS]):
        raise Refused("the first line must be that of the exported file: no column added, moved or gone")
    return [_filled(one) if sheet.name else one for one in sheet.rows[1:]]


def _filled(row: Row) -> Row:
    """A workbook keeps no empty cells at a row's end."""
    return row._replace(cells=row.cells + [EMPTY] * (len(COLUMNS) - len(row.cells)))


def _texts(row: Row) -> dict[str, str]:
    """Cells by English name. Raises Refused for a formula."""
    for column, cell in zip(COLUMNS, row.cells, strict=True):
        if cell.sort in UNREADABLE:
            raise Refused(
                f"{column.key}: {cell.text[:40]!r} {sentence(cell.sort, (('text', cell.text[:40]),))}"
            )
    return {column.key: cell.text for column, cell in zip(COLUMNS, row.cells, strict=True)}
