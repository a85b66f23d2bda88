"""The rules, as data: what each is called, about whom it speaks, and what may be set of it and where.

Percent, hours and cubic metres as people write them; every figure is a whole number. A rule's lines have
words of their own in words.py.
"""

from collections.abc import Mapping
from typing import NamedTuple

from karez_gateway.county.registry.words import CLASSES

Setting = int | tuple[int, ...] | tuple[str, ...]
Values = Mapping[str, Setting]

EVERY_MONTH = tuple(range(1, 13))


class Rule(NamedTuple):
    """One rule. `often`: looked at every minute, not every hour; records: when they are verified."""

    name: str
    zh: str
    en: str
    defaults: Values
    by_class: Mapping[str, Values] = {}
    often: bool = False


_RULES = (
    Rule(
        "used",
        "用水量达到计划比例",
        "share of the plan used",
        {"lines_percent": (80, 90, 100), "clear_percent": 2},
    ),
    Rule(
        "rate",
        "日用水过快",
        "uses too fast for its plan",
        {"factor_percent": 500, "clear_percent": 100, "least_m3": 100},
    ),
    Rule("silent", "机井无数据", "well is silent", {"hours": 6}, often=True),
    Rule(
        "laid-up",
        "封存井用电用水",
        "runs though it is laid up",
        {"least_kwh": 1, "least_m3": 1},
        often=True,
    ),
    Rule("broker", "数据链路中断", "link to the broker is down", {"minutes": 10}, often=True),
    Rule("platform", "上级平台中断", "platform is down", {"minutes": 60, "waiting_hours": 24}, often=True),
    Rule("update", "固件升级停滞", "roll-out of firmware stands", {"days": 7}, often=True),
    Rule("delivery", "指标未被确认", "grant not acknowledged", {"hours": 24}),
    Rule("record", "现场报警", "alarm or event of a controller", {"oldest_days": 30, "ignore": ()}),
    Rule("evidence", "数据证据异常", "records do not hold", {"ignore": ()}),
    Rule(
        "area-volume",
        "区域水量",
        "volume of an area",
        {"warn_percent": 80, "hours_percent": 95, "stop_percent": 100, "clear_percent": 2},
    ),
    Rule("area-level", "区域水位", "water level of an area", {"clear_mm": 300, "days": 1}),
    Rule(
        "off-class",
        "用途与用水规律不符",
        "used against its class",
        {"months": EVERY_MONTH, "hours_a_week": 168, "least_m3": 50},
        # Winter irrigation (冬灌) ends in November; a drinking well that runs half the week irrigates.
        {"farming": {"months": tuple(range(3, 12))}, "domestic": {"hours_a_week": 84}},
    ),
    Rule(
        "no-right",
        "无证或封停井取水",
        "used without a permit, sealed or retired",
        {"least_kwh": 5, "days": 2},
    ),
    Rule("verification", "计量器具检定", "verification of a meter", {"ahead_days": 30}),
    Rule("permit", "取水许可到期", "permit expires", {"ahead_days": 90}),
    Rule("next-year", "下一年度指标未下达", "next year's grants are missing", {"days": 20}),
)
RULES = {one.name: one for one in _RULES}
# "silent" and the like may rest in winter: what holds for every rule.
SHARED: Values = {"enabled": 1, "in_months": EVERY_MONTH}


def defaults(rule: str, water_class: str = "") -> dict[str, Setting]:
    """What holds where nothing is set."""
    found = RULES[rule]
    return {**SHARED, **found.defaults, **found.by_class.get(water_class, {})}


def fault(rule: str, values: Mapping[str, object]) -> str:
    """What is wrong with settings of a rule; empty: nothing."""
    if rule not in RULES:
        return f"there is no rule {rule}; there are: {', '.join(RULES)}"
    known = {**SHARED, **RULES[rule].defaults}
    for name, value in values.items():
        if name not in known:
            return f"{rule} has no {name}; it has: {', '.join(known)}"
        wrong = _wrong(name, known[name], value)
        if wrong:
            return f"{rule}.{name} {wrong}"
    return ""


def _wrong(name: str, known: Setting, value: object) -> str:
    if isinstance(known, int):
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return "" if is_number and 0 <= value <= 1_000_000 else "is a whole number from 0"  # type: ignore[operator]
    if not isinstance(value, list | tuple):
        return "is a list"
    if name == "ignore":
        return "" if all(isinstance(one, str) for one in value) else "is a list of lines in quotes"
    most = 12 if name.endswith("months") else 10_000
    fits = all(isinstance(one, int) and 1 <= one <= most for one in value)
    return "" if fits and value else f"is a list of whole numbers from 1 to {most}"


def is_class(text: str) -> bool:
    """True for a class of use."""
    return text in CLASSES
