"""Columns of a power company's file: what they may be called, and what a county calls its own."""

import unicodedata
from collections.abc import Iterable, Mapping

from karez_gateway.errors import Refused

# Our name -> what companies write over it. Compared without blanks, case and width.
KNOWN: Mapping[str, tuple[str, ...]] = {
    "meter": (
        "meter",
        "meter number",
        "serial",
        "电表号",
        "电能表号",
        "表号",
        "资产号",
        "电表资产号",
        "表计编号",
    ),
    "month": ("month", "月份", "电费年月", "电费月份", "年月", "结算月份"),
    "from_date": ("from", "from date", "previous date", "上次抄表日期", "上期抄表日期", "起始日期"),
    "to_date": ("to", "to date", "reading date", "抄表日期", "本次抄表日期", "本期抄表日期", "截止日期"),
    "from_reading": ("previous reading", "from reading", "上次示数", "上期示数", "上月表底", "起码"),
    "to_reading": ("present reading", "to reading", "本次示数", "本期示数", "本月表底", "止码"),
    "multiplier": ("multiplier", "ct ratio", "倍率", "综合倍率"),
    "energy_kwh": ("energy", "kwh", "energy kwh", "电量", "用电量", "抄见电量", "结算电量", "电量(千瓦时)"),
}


# The same of its reply to a list of differences.
REPLY: Mapping[str, tuple[str, ...]] = {
    "meter": (*KNOWN["meter"], "供电表号"),
    "status": ("reply", "答复", "答复结果", "处理结果", "核实结果"),
    "energy_kwh": ("corrected energy", "corrected kwh", "更正电量", "核实电量"),
    "remark": ("remarks", "备注", "说明", "原因说明"),
}


def fault(mapping: Mapping[str, str], known: Mapping[str, tuple[str, ...]] = KNOWN) -> str:
    """What is wrong with a county's own names; empty: nothing."""
    for name, title in mapping.items():
        if name not in known:
            return f"there is no column {name}; there are: {', '.join(known)}"
        if not title.strip():
            return f"{name} is empty: write what stands over the column"
    return ""


def plain(text: str) -> str:
    """A title or number without what two people write differently: width, blanks, case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).lower()


def _title(text: str) -> str:
    return plain(text).replace("_", "")


def places(header: Iterable[str], mapping: Mapping[str, str], file: str) -> dict[str, str]:
    """Our name -> the file's title. Raises Refused naming what is missing or there twice."""
    found = find(header, mapping, file, KNOWN)
    if "energy_kwh" not in found and not {"from_reading", "to_reading"} <= set(found):
        raise Refused(f"{file}: neither energy nor both readings: say --map energy_kwh=TITLE")
    return found


def find(
    header: Iterable[str], mapping: Mapping[str, str], file: str, columns: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """The same of some columns, of which the meter's number is needed."""
    wrong = fault(mapping, columns)
    if wrong:
        raise Refused(f"--map: {wrong}")
    titles: dict[str, list[str]] = {}
    for title in header:
        titles.setdefault(_title(title), []).append(title)
    found: dict[str, str] = {}
    for name, known in columns.items():
        wanted = {_title(one) for one in ([mapping[name]] if name in mapping else (name, *known))}
        fits = [title for one in sorted(wanted) for title in titles.get(one, [])]
        if len(fits) > 1:
            raise Refused(f"{file}: {' and '.join(fits)} may both be {name}: say which, --map {name}=TITLE")
        if fits:
            found[name] = fits[0]
        elif name in mapping:
            raise Refused(f"{file} has no column {mapping[name]}; it has: {', '.join(header)}")
    if "meter" not in found:
        raise Refused(f"{file}: no column is known as the meter's number: say --map meter=TITLE")
    return found
