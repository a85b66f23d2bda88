"""Kinds of objects in the county's registry, as data: each field with its name, its column and its sort.

The *name* of an object is its key field, or several of them joined by a slash. A field that refers names a
kind; what it refers to must be there. `column` is what stands in files, with the unit that people write;
`key` is what the books hold, with the unit that they count in.
"""

from typing import NamedTuple

from karez_gateway.county.registry import fields
from karez_gateway.county.registry.fields import Sort

# Four classes of use (四类用水户), each with sub-classes of the county's own; all: their sum.
CLASSES = {"farming": "农业", "industry": "工业", "domestic": "生活", "ecology": "生态环境补水"}
SOURCES = {
    "surface": "地表水",
    "ground": "地下水",
    "reclaimed": "再生水",
    "rain": "雨水",
    "brackish": "微咸水",
}
ALL = "all"
TREES = {"admin": "行政区", "basin": "流域"}
SITE_KINDS = {"well": "机井", "intake": "渠首取水口"}
# Where the volume is measured: volumes of different points never add up unconverted (requirement C02).
POINTS = {"wellhead": "井口", "canal-head": "渠首", "branch-outlet": "支渠出口", "pipe": "管道"}
STATUSES = {
    "licensed": "已许可",
    "pending": "办理中",
    "unlicensed": "未办许可",
    "sealed": "封停",
    "retired": "报废",
}
HOLDERS = {
    "village": "村集体",
    "association": "用水合作组织",
    "household": "农户",
    "enterprise": "企业",
    "institution": "公共机构",
}
QUANTITIES = {"water": "水量", "energy": "电量", "supply": "供电计费", "level": "水位"}
BASES = {"plan": "计划", "norm": "定额"}


class Field(NamedTuple):
    """One field. `refers`: the kind whose name it holds."""

    key: str
    column: str
    en: str
    zh: str
    sort: Sort
    is_needed: bool = False
    refers: str = ""


class Kind(NamedTuple):
    """One kind: how many of its first fields make its name, and all its fields."""

    name: str
    zh: str
    named_by: int
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns in files."""
        return tuple(one.column for one in self.fields)


def _same(
    key: str, en: str, zh: str, sort: Sort = fields.TEXT, *, need: bool = False, refers: str = ""
) -> Field:
    return Field(key, key, en, zh, sort, need, refers)


def _code(key: str, en: str, zh: str) -> Field:
    return Field(key, key, en, zh, fields.CODE, is_needed=True)


def _ref(key: str, kind: str, en: str, zh: str, *, need: bool = False) -> Field:
    return Field(key, key, en, zh, fields.CODE, need, kind)


def _with_all(words: dict[str, str]) -> Sort:
    return fields.choice(words | {ALL: "合计"})


_YEAR = _same("year", "water year", "水量年度", fields.YEAR, need=True)
_VOLUME = Field("volume_l", "volume_m3", "volume", "水量（立方米）", fields.CUBIC_METRES, is_needed=True)
_CLASS = fields.choice(CLASSES)
_SOURCE = fields.choice(SOURCES)
_DOCUMENT = _same("document", "document", "文号")

_KINDS = (
    Kind(
        "person",
        "责任人",
        1,
        (
            _code("name", "name", "姓名"),
            _same("role", "role", "职务"),
            _same("phone", "telephone", "电话"),
            _same("email", "e-mail", "电子邮箱"),
        ),
    ),
    Kind(
        "region",
        "区域",
        1,
        (
            _code("code", "code", "编码"),
            _same("name_zh", "Chinese name", "名称", need=True),
            _same("name_en", "English name", "英文名称"),
            _same("tree", "tree", "树", fields.choice(TREES), need=True),
            _ref("parent", "region", "region above", "上级区域"),
            _same("level", "level", "层级"),
            _same("is_reserve", "reserve node", "预留", fields.YES_NO),
            _same("is_overdrawn", "over-drawn area", "超采区", fields.YES_NO),
            Field("recharge_l", "recharge_m3", "recharge a year", "年补给量（立方米）", fields.CUBIC_METRES),
            _ref("person", "person", "responsible person", "责任人"),
        ),
    ),
    Kind(
        "limit",
        "用水总量控制指标",
        4,
        (
            _ref("region", "region", "region", "区域", need=True),
            _YEAR,
            _same("class", "class", "用水类别", _with_all(CLASSES), need=True),
            _same("source", "source", "水源", _with_all(SOURCES), need=True),
            _VOLUME,
            Field(
                "rounding_l",
                "rounding_m3",
                "stated rounding of its parts",
                "允许舍入差（立方米）",
                fields.CUBIC_METRES,
            ),
            _DOCUMENT,
        ),
    ),
    Kind(
        "level",
        "地下水位控制线",
        2,
        (
            _ref("region", "region", "region", "区域", need=True),
            _YEAR,
            Field("warn_mm", "warn_m", "depth to water, warn", "预警埋深（米）", fields.METRES),
            Field("hours_mm", "hours_m", "depth to water, limit hours", "限时埋深（米）", fields.METRES),
            Field("stop_mm", "stop_m", "depth to water, stop", "停泵埋深（米）", fields.METRES),
            _DOCUMENT,
        ),
    ),
    Kind(
        "holder",
        "权利人",
        1,
        (
            _code("code", "code", "编码"),
            _same("name_zh", "name", "名称", need=True),
            _same("sort", "sort", "类型", fields.choice(HOLDERS), need=True),
            _ref("region", "region", "region", "区域"),
            _ref("person", "person", "contact", "联系人"),
        ),
    ),
    Kind(
        "permit",
        "取水许可",
        1,
        (
            _code("number", "number", "许可证号"),
            _ref("holder", "holder", "holder", "权利人", need=True),
            _VOLUME,
            _same("class", "class", "用水类别", _CLASS, need=True),
            _same("source", "source", "水源", _SOURCE, need=True),
            _same("from_date", "from", "有效期起", fields.DATE, need=True),
            _same("to_date", "last day", "有效期止", fields.DATE, need=True),
            _DOCUMENT,
        ),
    ),
    Kind(
        "site",
        "取水口",
        1,
        (
            _code("site", "site", "站点"),
            _same("name_zh", "name", "名称"),
            _same("sort", "sort", "类型", fields.choice(SITE_KINDS), need=True),
            _ref("region", "region", "administrative region", "行政区", need=True),
            _ref("basin", "region", "basin", "流域"),
            _ref("holder", "holder", "right holder", "权利人"),
            _ref("permit", "permit", "permit", "取水许可证号"),
            _same("class", "class", "用水类别", _CLASS, need=True),
            _same("subclass", "sub-class", "细类"),
            _same("source", "source", "水源", _SOURCE, need=True),
            _same("point", "metering point", "计量点", fields.choice(POINTS), need=True),
            _same("status", "status", "状态", fields.choice(STATUSES), need=True),
            Field(
                "allowed_l",
                "allowed_m3",
                "yearly allowed volume",
                "年可开采量（立方米）",
                fields.CUBIC_METRES,
            ),
            Field(
                "minimum_l",
                "minimum_m3",
                "protected minimum a year",
                "年保底水量（立方米）",
                fields.CUBIC_METRES,
            ),
            Field(
                "rated_flow_lph",
                "rated_flow_m3h",
                "rated flow",
                "额定流量（立方米/小时）",
                fields.CUBIC_METRES,
            ),
            Field("pipe_mm", "pipe_m", "pipe diameter", "管径（米）", fields.METRES),
            Field("probe_mm", "probe_m", "depth of the level probe", "水位计埋深（米）", fields.METRES),
            _same("group", "group by which it converts", "折算类型", fields.CODE),
            _same("renews", "wells it replaces, with spaces", "替代的井（空格分隔）"),
            _ref("person", "person", "responsible person", "责任人"),
        ),
    ),
    Kind(
        "account",
        "账户",
        2,
        (
            _ref("site", "site", "site", "站点", need=True),
            _same("number", "number in the controller", "账户号", fields.INTEGER, need=True),
            _ref("holder", "holder", "holder", "权利人", need=True),
            Field(
                "share_permille", "share_percent", "share of the well's right", "份额（%）", fields.PERCENT
            ),
        ),
    ),
    Kind(
        "meter",
        "计量器具",
        1,
        (
            _code("serial", "serial number", "出厂编号"),
            _ref("site", "site", "site", "站点", need=True),
            _same("quantity", "quantity", "计量对象", fields.choice(QUANTITIES), need=True),
            _same("maker", "maker", "厂家"),
            _same("model", "model", "型号"),
            Field("multiplier_milli", "multiplier", "multiplier", "倍率", fields.RATIO),
            Field(
                "error_permille",
                "error_percent",
                "largest error of its class",
                "最大允许误差（%）",
                fields.PERCENT,
            ),
            _same("certificate", "verification certificate", "检定证书号"),
            _same("verified_date", "verified on", "检定日期", fields.DATE),
            _same("due_date", "verification due", "检定到期", fields.DATE),
            _same("from_date", "installed on", "安装日期", fields.DATE, need=True),
            _same("to_date", "removed on", "拆除日期", fields.DATE),
            Field("opening_milli", "opening_register", "register when installed", "起始底数", fields.RATIO),
            Field("closing_milli", "closing_register", "register when removed", "终止底数", fields.RATIO),
        ),
    ),
    Kind(
        "coefficient",
        "水电系数",
        2,
        (
            _ref("site", "site", "site", "站点", need=True),
            _same("from_date", "valid from", "启用日期", fields.DATE, need=True),
            Field(
                "l_per_kwh",
                "m3_per_kwh",
                "coefficient",
                "系数（立方米/千瓦时）",
                fields.RATIO,
                is_needed=True,
            ),
            _same("tested_date", "tested on", "测试日期", fields.DATE),
            _same("method", "method of the test", "测试方法"),
            _same("pump", "pump", "水泵"),
            Field("level_mm", "level_m", "pumping level at the test", "测试时动水位（米）", fields.METRES),
            Field("low_l_per_kwh", "low_m3_per_kwh", "valid from", "有效下限", fields.RATIO),
            Field("high_l_per_kwh", "high_m3_per_kwh", "valid to", "有效上限", fields.RATIO),
        ),
    ),
    Kind(
        "group_coefficient",
        "类型水电系数",
        2,
        (
            _code("group", "group of wells of a type", "折算类型"),
            _same("from_date", "valid from", "启用日期", fields.DATE, need=True),
            Field(
                "l_per_kwh",
                "m3_per_kwh",
                "coefficient",
                "系数（立方米/千瓦时）",
                fields.RATIO,
                is_needed=True,
            ),
            _same("method", "wells and tests that it rests on", "典型井与测试方法"),
            _DOCUMENT,
        ),
    ),
    Kind(
        "norm",
        "用水定额",
        3,
        (
            _same("crop", "crop", "作物", fields.CODE, need=True),
            _same("irrigation", "irrigation", "灌溉方式", fields.CODE, need=True),
            _YEAR,
            Field("l_per_mu", "m3_per_mu", "norm", "定额（立方米/亩）", fields.RATIO, is_needed=True),
            _DOCUMENT,
        ),
    ),
    Kind(
        "ceiling",
        "综合定额上限",
        2,
        (
            _ref("region", "region", "region", "区域", need=True),
            _YEAR,
            Field("l_per_mu", "m3_per_mu", "highest norm", "上限（立方米/亩）", fields.RATIO, is_needed=True),
            _DOCUMENT,
        ),
    ),
    Kind(
        "plot",
        "灌溉面积",
        4,
        (
            _ref("site", "site", "site", "站点", need=True),
            _YEAR,
            _same("crop", "crop", "作物", fields.CODE, need=True),
            _same("irrigation", "irrigation", "灌溉方式", fields.CODE, need=True),
            Field("area_cmu", "area_mu", "area", "面积（亩）", fields.MU, is_needed=True),
        ),
    ),
    Kind(
        "round",
        "灌溉轮次",
        2,
        (
            _YEAR,
            _code("round", "round", "轮次"),
            _same("from_date", "first day", "开始", fields.DATE, need=True),
            _same("to_date", "last day", "结束", fields.DATE, need=True),
        ),
    ),
    Kind(
        "plan",
        "用水计划",
        3,
        (
            _ref("site", "site", "site", "站点", need=True),
            _YEAR,
            _code("period", "period: year, a month such as 07, or a round", "时段（year、月份或轮次）"),
            _VOLUME,
            Field("energy_wh", "energy_kwh", "energy", "电量（千瓦时）", fields.KILOWATT_HOURS),
            _DOCUMENT,
        ),
    ),
    Kind(
        "price",
        "水价",
        4,
        (
            _same("class", "class", "用水类别", _CLASS, need=True),
            _same("basis", "basis", "基准", fields.choice(BASES), need=True),
            _YEAR,
            _same("step", "step", "阶梯", fields.INTEGER, need=True),
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
KINDS = {one.name: one for one in _KINDS}
