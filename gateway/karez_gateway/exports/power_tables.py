"""Tables for the power company and about its figures: wells that may be supplied, differences of a month."""

from collections.abc import Iterator, Sequence

from karez_gateway.county.alarms.words import thousandths
from karez_gateway.county.power import replies as company
from karez_gateway.county.power.comparing import STATES, Case
from karez_gateway.county.power.supply import REASONS, Supply
from karez_gateway.exports.table import Cell, Column, Table

SUPPLY = (
    Column("site", "取水口"),
    Column("name", "名称"),
    Column("holder", "权利人"),
    Column("permit", "取水许可证号"),
    Column("permit_to", "许可有效期止"),
    Column("meter", "供电表号"),
    Column("multiplier", "倍率"),
    Column("may_be_supplied", "可否供电"),
    Column("reasons", "原因"),
    Column("remaining_m3", "剩余水量（立方米）"),
    Column("m3_per_kwh", "水电系数（立方米/千瓦时）"),
    Column("energy_allowed_kwh", "可购电量（千瓦时）"),
)
DIFFERENCES = (
    Column("site", "取水口"),
    Column("meter", "供电表号"),
    Column("state", "结果"),
    Column("from", "起"),
    Column("to", "止"),
    Column("company_kwh", "供电电量（千瓦时）"),
    Column("controller_kwh", "控制器电量（千瓦时）"),
    Column("difference_kwh", "差（千瓦时，取整）"),
    Column("days_lacking", "缺数据天数"),
    Column("longest_silence_h", "最长中断（小时）"),
    Column("causes", "可能原因代码"),
    Column("causes_text", "可能原因"),
)

REPLIES = (
    Column("month", "月份"),
    Column("site", "取水口"),
    Column("meter", "供电表号"),
    Column("state", "结果"),
    Column("difference_kwh", "差（千瓦时，取整）"),
    Column("status", "供电公司答复"),
    Column("energy_kwh", "更正电量（千瓦时）"),
    Column("remark", "备注"),
    Column("act", "答复记录号"),
)


def _plain(value: int | None) -> Cell:
    """Thousandths as people write them, without separators of thousands."""
    return None if value is None else thousandths(value).replace(",", "")


def _whole(value: int | None) -> Cell:
    """Watt-hours as whole kWh: a number, so that no program takes its sign for a formula."""
    if value is None:
        return None
    kwh = (abs(value) + 500) // 1000
    return -kwh if value < 0 else kwh


def supply(wells: Sequence[Supply], language: str) -> Table:
    """Every well, a row for each of its supply meters."""
    return Table("supply", SUPPLY, _supply(wells, language), {"wells": str(len(wells))})


def _supply(wells: Sequence[Supply], language: str) -> Iterator[tuple[Cell, ...]]:
    chinese = language == "zh"
    for one in wells:
        reasons = [REASONS[reason] if chinese else reason for reason in one.reasons]
        may = ("可" if one.may else "不可") if chinese else ("yes" if one.may else "no")
        for serial, multiplier in one.meters or (("", None),):
            yield (
                one.site,
                one.name,
                one.holder,
                one.permit,
                one.permit_to,
                serial,
                _plain(multiplier),
                may,
                ("；" if chinese else "; ").join(reasons),
                _plain(one.remaining_l),
                _plain(one.l_per_kwh),
                _plain(one.energy_wh),
            )


def differences(cases: Sequence[Case], language: str, month: str) -> Table:
    """Every well and meter of a month."""
    return Table("power", DIFFERENCES, _differences(cases, language), {"month": month})


def _differences(cases: Sequence[Case], language: str) -> Iterator[tuple[Cell, ...]]:
    chinese = language == "zh"
    for one in cases:
        ours = one.ours
        yield (
            one.site,
            " ".join(one.meters),
            STATES[one.state] if chinese else one.state,
            one.from_date,
            one.to_date,
            _plain(one.theirs_wh),
            None if ours is None else _plain(ours.energy_wh),
            _whole(one.difference_wh),
            None if ours is None else ours.lacking,
            None if ours is None else ours.gap_s // 3600,
            " ".join(each["cause"] for each in one.likely),
            ("；" if chinese else "; ").join(each[language] for each in one.likely),
        )


def replies(lines: Sequence[company.Line], language: str) -> Table:
    """Kept differences with what the company answered."""
    return Table("replies", REPLIES, _replies(lines, language), {"lines": str(len(lines))})


def _replies(lines: Sequence[company.Line], language: str) -> Iterator[tuple[Cell, ...]]:
    chinese = language == "zh"
    for one in lines:
        yield (
            one.month,
            one.site,
            " ".join(one.meters),
            STATES[one.state] if chinese else one.state,
            _whole(one.difference_wh),
            company.STATES[one.status] if chinese else one.status,
            _plain(one.energy_wh),
            one.remark or None,
            one.act,
        )
