"""Words that cells of the registry may hold, with how they are shown in Chinese: data, no code."""

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
