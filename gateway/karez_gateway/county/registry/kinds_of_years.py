"""Kinds of what a water year brings: norms, areas, rounds, plans, prices."""

from karez_gateway.county.registry import fields
from karez_gateway.county.registry.field import CLASS, DOCUMENT, VOLUME, YEAR, Field, Kind, code, ref, same
from karez_gateway.county.registry.words import BASES

YEARS = (
    Kind(
        "norm",
        "用水定额",
        3,
        (
            same("crop", "crop", "作物", fields.CODE, need=True),
            same("irrigation", "irrigation", "灌溉方式", fields.CODE, need=True),
            YEAR,
            Field("l_per_mu", "m3_per_mu", "norm", "定额（立方米/亩）", fields.RATIO, is_needed=True),
            DOCUMENT,
        ),
    ),
    Kind(
        "ceiling",
        "综合定额上限",
        2,
        (
            ref("region", "region", "region", "区域", need=True),
            YEAR,
            Field("l_per_mu", "m3_per_mu", "highest norm", "上限（立方米/亩）", fields.RATIO, is_needed=True),
            DOCUMENT,
        ),
    ),
    Kind(
        "plot",
        "灌溉面积",
        4,
        (
            ref("site", "site", "site", "站点", need=True),
            YEAR,
            same("crop", "crop", "作物", fields.CODE, need=True),
            same("irrigation", "irrigation", "灌溉方式", fields.CODE, need=True),
            Field("area_cmu", "area_mu", "area", "面积（亩）", fields.MU, is_needed=True),
        ),
    ),
    Kind(
        "round",
        "灌溉轮次",
        2,
        (
            YEAR,
            code("round", "round", "轮次"),
            same("from_date", "first day", "开始", fields.DATE, need=True),
            same("to_date", "last day", "结束", fields.DATE, need=True),
        ),
    ),
    Kind(
        "plan",
        "用水计划",
        3,
        (
            ref("site", "site", "site", "站点", need=True),
            YEAR,
            code("period", "period: year, a month such as 07, or a round", "时段（year、月份或轮次）"),
            VOLUME,
            Field("energy_wh", "energy_kwh", "energy", "电量（千瓦时）", fields.KILOWATT_HOURS),
            DOCUMENT,
        ),
    ),
    Kind(
        "price",
        "水价",
        4,
        (
            same("class", "class", "用水类别", CLASS, need=True),
            same("basis", "basis", "基准", fields.choice(BASES), need=True),
            YEAR,
            same("step", "step", "阶梯", fields.INTEGER, need=True),
            Field(
                "from_permille",
                "from_percent",
                "of plan or norm, from",
                "起点（%）",
                fields.PERCENT,
                is_needed=True,
            ),
            Field("fen_per_m3", "yuan_per_m3", "price", "单价（元/立方米）", fields.YUAN, is_needed=True),
        ),
    ),
)
