"""What reports say, in English and Chinese."""

from karez_gateway.verifier.plurals import filled

Pair = tuple[str, str]

TITLES: dict[str, Pair] = {
    "day": ("Water use of a day", "取用水日报"),
    "month": ("Water use of a month", "取用水月报"),
    "quarter": ("Groundwater use of a quarter", "地下水取水季报"),
    "half-year": ("Water use of a half-year", "取用水半年报"),
    "year": ("Water use of a year", "取用水年报"),
}

FACTS: dict[str, Pair] = {
    "gateway": ("Gateway", "网关"),
    "period": ("Period", "时段"),
    "region": ("Region", "区域"),
    "method": ("Method", "统计方法"),
    "figure": ("Figures", "数值口径"),
    "complete": ("Completeness", "完整性"),
    "state": ("Books", "账目状态"),
    "late": ("Late litres", "迟到水量"),
    "made": ("Made from", "数据依据"),
    "point": ("Metering points", "计量点"),
    "uncertain": ("Uncertainty", "不确定度"),
    "due": ("Due", "报送期限"),
}

TEXTS: dict[str, Pair] = {
    "all": ("the whole county", "全部区域"),
    "every": ("all", "合计"),
    "figure": (
        "Volumes are cubic metres. Total = booked + corrections in force; late litres are in no total.",
        "水量单位为立方米。合计＝入账水量＋已生效更正；迟到水量单列，不计入合计。",
    ),
    "point": (
        "Volumes of different metering points are never added up (wellhead, branch outlet …).",
        "不同计量点（井口、支渠出口等）的水量不相加。",
    ),
    "uncertain": (
        "Metered: the largest error of the meter's class while its verification is valid. Converted: ±20 %.",
        "计量：检定有效期内按计量器具最大允许误差。以电折水：±20%。",
    ),
    "complete": (
        "arrival {arrival}, online {online}; hours of {sites:site|sites}: {heard} heard of {expected}",
        "到报率 {arrival}，在线率 {online}；{sites} 个站点：应到 {expected} 小时，实到 {heard} 小时",
    ),
    "made": (
        "{entries:entry|entries} of the store; log {origin}, {size:entry|entries}, root {root}",
        "库内 {entries} 条；日志 {origin}，{size} 条，根摘要 {root}",
    ),
    "no-log": ("no signed checkpoint yet", "尚无签名检查点"),
    "open": ("open: litres may still be added", "未结账：水量仍可能增加"),
    "closed": ("closed", "已结账"),
    "not-closed": ("open", "未结账"),
    "closed-months": ("closed: {closed}; open: {open}", "已结账：{closed}；未结账：{open}"),
    "inside-closed": (
        "{month} is closed; what came late is told by the month and stands in these figures",
        "{month} 已结账；迟到水量按月列示，本表数值已包含",
    ),
    "none": ("none", "无"),
    "late": ("{volume} m³ in {rows:row|rows}", "{volume} 立方米，{rows} 行"),
    "due": ("by {day} of the month after", "次月 {day} 日前"),
    "page": ("page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "made-of": ("log {origin} #{size}", "日志 {origin} #{size}"),
    "ground": ("Only groundwater.", "仅地下水。"),
    "no-litres": ("nothing in this period", "本时段无记录"),
    "unregistered": ("not in the registry", "未登记"),
    "no-meter": ("no meter in the registry", "未登记计量器具"),
    "no-class": ("class of the meter not said", "未登记准确度"),
    "meter": ("±{percent} %, verified to {due}", "±{percent}%，检定有效至 {due}"),
    "overdue": ("verification ended {due}", "检定已于 {due} 到期"),
    "never": ("never verified", "未检定"),
    "converted": ("converted: ±20 %, tested {tested}", "以电折水：±20%，测试日期 {tested}"),
    "no-test": ("converted: no test on record", "以电折水：无测试记录"),
    "group": ("converted by the group's coefficient: no test of this well", "分组系数折算：本井未测试"),
    "estimated": ("estimated", "估算"),
    "below": ("below zero", "低于零"),
    "by-year": ("of the water year {year}", "{year} 水量年度"),
    "no-lists": (
        "no list is set: [[county.reports.list]] of gateway.toml",
        "未设置名录：见 gateway.toml 的 [[county.reports.list]]",
    ),
    "always": ("named by hand", "人工指定"),
    "reached": ("reached", "达到"),
    "beyond": ("beyond the limit", "超出指标"),
    "within": ("within the limit", "未超指标"),
    "parts": ("several metering points: not added up", "含多种计量点，不相加"),
}

HEADINGS: dict[str, Pair] = {
    "regions": ("By region", "按区域"),
    "classes": ("By class and source", "按用水类别和水源"),
    "months": ("By month", "按月"),
    "sites": ("By site", "按取水口"),
    "corrections": ("Corrections in force", "已生效更正"),
    "late": ("Late litres of closed months", "已结账月份的迟到水量"),
    "overruns": ("Over plan and over norm", "超计划与超定额"),
    "balance": ("Water-balance test due", "应开展水平衡测试的用户"),
    "users": ("Users by yearly volume", "按年用水量的用户名录"),
    "targets": ("Distance to limits", "与控制指标的差距"),
    "meters": ("Meters due for verification", "应检计量器具"),
    "idle": ("Wells that may be idle", "疑似闲置机井"),
}

COLUMNS: dict[str, Pair] = {
    "region": ("Region", "区域"),
    "name": ("Name", "名称"),
    "point": ("Metering point", "计量点"),
    "sites": ("Sites", "站点数"),
    "total": ("Total m³", "合计（立方米）"),
    "metered": ("Metered", "计量"),
    "converted": ("Converted", "以电折水"),
    "group": ("Conv. group", "分组折水"),
    "estimated": ("Estimated", "估算"),
    "unknown": ("Unknown", "方式未知"),
    "corrections": ("Of it corrections", "其中更正"),
    "late": ("Late", "迟到"),
    "metering": ("Metering rate", "计量率"),
    "arrival": ("Arrival", "到报率"),
    "online": ("Online", "在线率"),
    "use": ("Class", "类别"),
    "source": ("Source", "水源"),
    "share": ("Share", "占比"),
    "month": ("Month", "月份"),
    "state": ("State", "状态"),
    "digest": ("Digest of the close", "结账摘要"),
    "site": ("Site", "取水口"),
    "uncertainty": ("Uncertainty", "不确定度"),
    "act": ("Act", "行为号"),
    "entry": ("Entry", "证据"),
    "kind": ("Kind", "类型"),
    "from": ("From", "起"),
    "to": ("To", "止"),
    "method": ("Method", "计量方式"),
    "volume": ("m³", "水量（立方米）"),
    "by": ("By", "经办"),
    "because": ("Reason", "原因"),
    "used": ("Used m³", "用水（立方米）"),
    "plan": ("Plan m³", "计划（立方米）"),
    "of_plan": ("Of plan", "占计划"),
    "over_plan": ("Over plan m³", "超计划（立方米）"),
    "norm": ("By norm m³", "定额水量（立方米）"),
    "over_norm": ("Over norm m³", "超定额（立方米）"),
    "user": ("User", "用户"),
    "list": ("List", "名录"),
    "line": ("Line", "标准"),
    "why": ("Because", "依据"),
    "year": ("Year", "年度"),
    "limit": ("Limit m³", "指标（立方米）"),
    "distance": ("Left m³", "剩余（立方米）"),
    "serial": ("Serial number", "出厂编号"),
    "quantity": ("Measures", "计量对象"),
    "verified": ("Verified", "检定日期"),
    "due": ("Due", "到期"),
    "since": ("Last litre", "最近取水"),
}


class Say:
    """Picks the language: en or zh."""

    def __init__(self, language: str) -> None:
        """Take the language."""
        self.language = language
        self._at = 1 if language == "zh" else 0

    def pick(self, pair: Pair) -> str:
        """The one of two texts."""
        return pair[self._at]

    def text(self, key: str, **values: object) -> str:
        """A text with its values."""
        return filled(self.pick(TEXTS[key]), values)
