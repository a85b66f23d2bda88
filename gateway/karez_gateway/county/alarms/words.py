"""What an alarm says, in English and Chinese: data and one lookup. Causes and flags have words already."""

from collections.abc import Mapping

from karez_gateway.county.alarms.record_rules import ALARM, EVENT
from karez_gateway.county.alarms.rules import RULES
from karez_gateway.county.alarms.signs import Fact
from karez_gateway.county.registry.words import CLASSES, SOURCES, STATUSES
from karez_gateway.decoder.chinese_codes import MEANINGS
from karez_gateway.verifier.plurals import filled
from karez_protocols import cause_words_zh, causes, flag_names

LANGUAGES = ("en", "zh")
_EN, _ZH = 0, 1

SEVERITIES = {"notice": "提示", "warning": "预警", "urgent": "紧急"}
STATES = {"raised": "未确认", "acknowledged": "已确认", "latched": "已恢复待确认", "cleared": "已解除"}
KINDS = {
    "region": "区域", "site": "取水口", "holder": "权利人", "meter": "计量器具", "platform": "平台",
    "firmware": "固件",
}  # fmt: skip
STEPS = {
    "raised": "发生",
    "raised again": "再次发生",
    "over": "已恢复",
    "acknowledged": "已确认",
    "escalated": "升级上报",
    "cleared": "已解除",
}

# Rule and line ("" = any) -> a sentence; m³ are made of litres, m of millimetres, kWh of watt-hours.
_TEXTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("used", ""): (
        "{value} % of the plan of {year} is used: {used_l} of {plan_l} m³ (line {line} %)",
        "{year} 年度用水已达计划的 {value}%：{used_l} / {plan_l} 立方米（预警线 {line}%）",
    ),
    ("rate", ""): (
        "{day_l} m³ in the last day, {value} % of the plan's pace of {pace_l} m³ a day",
        "最近一日用水 {day_l} 立方米，为计划日均 {pace_l} 立方米的 {value}%",
    ),
    ("silent", "offline"): ("offline: no record for {hours:hour|hours}", "控制器离线：已 {hours} 小时无数据"),
    ("silent", "no records"): (
        "says it is online, but sends no record for {hours:hour|hours}",
        "控制器在线但已 {hours} 小时无数据（在线不等于正常）",
    ),
    ("laid-up", "water"): (
        "{water_l} m³ since it was laid up for the winter (lay-up {layup})",
        "越冬封存（第 {layup} 号）以来用水 {water_l} 立方米",
    ),
    ("laid-up", ""): (
        "{energy_wh} kWh since it was laid up for the winter (lay-up {layup})",
        "越冬封存（第 {layup} 号）以来用电 {energy_wh} 千瓦时",
    ),
    ("broker", ""): (
        "the gateway's link to the broker is down for {value:minute|minutes}: no well can be heard",
        "网关与消息服务器中断 {value} 分钟：收不到任何机井的数据",
    ),
    ("platform", "down"): (
        "down for {value:minute|minutes}; reports wait",
        "中断 {value} 分钟，报文等待上传",
    ),
    ("platform", "behind"): (
        "its oldest report waits for {value:hour|hours}",
        "最早的报文已等待 {value} 小时",
    ),
    ("delivery", ""): (
        "grant {seq} is not acknowledged after {value:hour|hours} and {attempts:sending|sendings}",
        "第 {seq} 号指标下发 {value} 小时、{attempts} 次仍未被确认",
    ),
    ("evidence", "quarantined"): ("a record does not hold: {reason}", "记录未通过核验：{reason}"),
    ("evidence", "fork"): ("two different records under number {seq}", "序号 {seq} 下有两条不同的记录"),
    ("evidence", "overshoot"): (
        "{litres_l} m³ above the ceiling of grant {subject}",
        "超出第 {subject} 号指标上限 {litres_l} 立方米",
    ),
    ("evidence", "segment"): (
        "meter segment {subject} opened; {litres_l} m³ booked without a meter",
        "启用第 {subject} 表计段，{litres_l} 立方米无表计量",
    ),
    ("update", "stopped"): (
        "update {update} stopped itself: see karez gateway update status {update}; resume or withdraw it",
        "第 {update} 号升级已自行停止；原因见 karez gateway update status {update}；然后恢复或撤回",
    ),
    ("update", "stands"): (
        "update {update} stands for {value:day|days}: karez gateway update status {update}, or withdraw it",
        "第 {update} 号升级已停滞 {value} 天：见 karez gateway update status {update}，或撤回升级",
    ),
    ("area-volume", ""): (
        "{value} % of the limit of {year} is used ({source}): {used_l} of {limit_l} m³; stage: {stage}",
        "{year} 年度用水已达控制指标的 {value}%（{source}）：{used_l} / {limit_l} 立方米；阶段：{stage}",
    ),
    ("area-level", ""): (
        "depth to water {value_mm} m, line {line_mm} m, on {days:day|days}; stage: {stage}",
        "地下水埋深 {value_mm} 米，控制线 {line_mm} 米，连续 {days} 日；阶段：{stage}",
    ),
    ("off-class", "season"): (
        "{week_l} m³ in a week in month {value}, in which a well of class {class} takes none",
        "{value} 月一周用水 {week_l} 立方米，{class}用水井本月不应取水",
    ),
    ("off-class", "hours"): (
        "water in {hours:hour|hours} of the last week ({week_l} m³), more than class {class} has",
        "最近一周有 {hours} 小时取水（{week_l} 立方米），超出{class}用水的规律",
    ),
    ("no-right", ""): (
        "{status} well: {energy_wh} kWh and {day_l} m³ in the last days",
        "{status}的井近日用电 {energy_wh} 千瓦时、取水 {day_l} 立方米",
    ),
    ("verification", "soon"): (
        "verification due on {due_date}, at {site}",
        "检定将于 {due_date} 到期（{site}）",
    ),
    ("verification", "overdue"): (
        "verification overdue since {due_date}, at {site}",
        "检定已于 {due_date} 到期（{site}）",
    ),
    ("permit", "soon"): ("permit {permit} ends on {to_date}", "取水许可 {permit} 将于 {to_date} 到期"),
    ("permit", "overdue"): ("permit {permit} ended on {to_date}", "取水许可 {permit} 已于 {to_date} 到期"),
    ("next-year", ""): (
        "{value:well has|wells have} no grant for {year}, {left_days:day|days} before it begins: {wells}",
        "距 {year} 年度还有 {left_days} 天，{value} 眼井没有下一年度指标：{wells}",
    ),
}
_STAGES = {"warn": ("warn", "预警"), "hours": ("limit hours", "限时"), "stop": ("stop", "停泵")}
_ENDINGS = {"_l": 1000, "_mm": 1000, "_wh": 1000}


def rule(name: str, language: str) -> str:
    """What a rule is called."""
    found = RULES.get(name)
    return name if found is None else (found.zh if language == "zh" else found.en)


def thousandths(value: int) -> str:
    """Litres as m³, millimetres as m, watt-hours as kWh: three decimals at most, none that say nothing."""
    whole, part = divmod(abs(value), 1000)
    text = f"{whole:,}" + (f".{part:03d}".rstrip("0") if part else "")
    return f"-{text}" if value < 0 else text


def say(name: str, line: str, value: int, facts: Mapping[str, Fact], language: str) -> str:
    """What an alarm says, in one sentence."""
    at = _ZH if language == "zh" else _EN
    if name == "record":
        return _of_record(line, language)
    found = next(
        (_TEXTS[name, part] for part in (*line.split(" "), line, "") if (name, part) in _TEXTS), None
    )
    if found is None:
        return f"{rule(name, language)}: {line} {value}"
    stage = _STAGES.get(line.rpartition(" ")[2])
    words: dict[str, str] = {"value": str(value), "line": line, "value_mm": thousandths(value)}
    words["stage"] = stage[at] if stage else line
    words["status"] = STATUSES.get(line, line) if at else line
    for key, fact in facts.items():
        words[key] = _fact(key, fact, at)
    try:
        return filled(found[at], words)
    except KeyError:  # an alarm of an older version that kept other facts
        return f"{rule(name, language)}: {line} {value}"


def _fact(key: str, fact: Fact, at: int) -> str:
    if isinstance(fact, int):
        return thousandths(fact) if any(key.endswith(end) for end in _ENDINGS) else str(fact)
    if at == _ZH and key in ("class", "source"):
        return {**CLASSES, **SOURCES, "all": "合计"}.get(fact, fact)
    return fact


def _of_record(line: str, language: str) -> str:
    sort, _, number = line.partition(":")
    if not number.isdecimal():
        return line
    if sort == ALARM:
        word = str((flag_names.named(1 << int(number), flag_names.ALARM_NAMES) or [line])[0])
        return MEANINGS["alarms"].get(word, word) if language == "zh" else word
    if sort == EVENT:
        cause = int(number)
        return str((cause_words_zh.name(cause) or line) if language == "zh" else causes.name(cause))
    return line
