"""The readable page of an evidence pack, English and Chinese side by side. Its words are data."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from karez_gateway.calendars import Calendar
from karez_gateway.county.alarms.violations import KINDS, OUTCOMES, Violation
from karez_gateway.county.alarms.words import thousandths
from karez_gateway.ledger import figures
from karez_gateway.store.ledgers import Hour, Litres

HOUR_S, DAY_S = 3600, 86400
_WORDS = {
    "title": ("Violation {number} at {site}", "{site} 违规记录第 {number} 号"),
    "kind": ("kind", "类型"),
    "span": ("from, to", "起止时间"),
    "litres": ("litres held against it, m³", "认定水量（立方米）"),
    "by": ("opened by, why, document", "立案人、理由、文号"),
    "closed": ("closed by, outcome", "结案人、结果"),
    "figures": ("Ledger, m³ by day and method", "台账（按日和计量方式，立方米）"),
    "day": ("day", "日期"),
    "method": ("method", "计量方式"),
    "alarms": ("Alarms", "报警"),
    "acts": ("Acts in the log", "日志中的操作"),
    "bundles": ("Evidence bundles", "证据包"),
    "verify": (
        "karez verify proves each bundle, with keys that you got from the offices, not from here.",
        "用 karez verify 核验每个证据包，公钥须取自主管机关，不取自本文件。",
    ),
    "none": ("none", "无"),
    "not_proved": ("no bundle", "没有证据包"),
}
_STYLE = (
    "body{font:16px sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #bbb}"
)


def _both(key: str, **facts: Any) -> str:
    english, chinese = (escape(text.format_map(facts)) for text in _WORDS[key])
    return f'{chinese} <span lang="en">{english}</span>'


def _table(rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> str:
    if not rows:
        return f"<p>{_both('none')}</p>"
    head = "<tr>" + "".join(f"<th>{one}</th>" for one in header) + "</tr>" if header else ""
    body = "".join("<tr>" + "".join(f"<td>{one}</td>" for one in row) + "</tr>" for row in rows)
    return f"<table>{head}{body}</table>"


def page(
    one: Violation,
    hours: Sequence[tuple[Hour, Litres]],
    alarms: Sequence[Mapping[str, Any]],
    acts: Sequence[Mapping[str, Any]],
    bundles: Sequence[Mapping[str, Any]],
    calendar: Calendar,
) -> str:
    """One HTML page without script, picture or address."""
    title = _both("title", number=one.number, site=one.site)
    head = [
        [_both("kind"), f"{escape(KINDS[one.kind])} {escape(one.kind)}"],
        [_both("span"), f"{calendar.iso(one.from_utc_s)} – {calendar.iso(one.to_utc_s)}"],
        [_both("litres"), "–" if one.litres is None else thousandths(one.litres)],
        [_both("by"), escape(f"{one.by}: {one.because} {one.document}")],
    ]
    if one.closed_utc_s is not None:
        outcome = f"{OUTCOMES[one.outcome]} {one.outcome}"
        head.append(
            [_both("closed"), escape(f"{one.closed_by}, {calendar.iso(one.closed_utc_s)}: {outcome}")]
        )
    parts = [
        f"<h1>{title}</h1>",
        _table(head),
        f"<h2>{_both('figures')}</h2>",
        _table(_days(hours, calendar), [_both("day"), _both("method"), "m³"]),
        f"<h2>{_both('alarms')}</h2>",
        _table([_alarm(each, calendar) for each in alarms]),
        f"<h2>{_both('acts')}</h2>",
        _table([_act(each, calendar) for each in acts]),
        f"<h2>{_both('bundles')}</h2><p>{_both('verify')}</p>",
        _table([_bundle(each) for each in bundles]),
    ]
    start = f'<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>{one.number}</title>'
    return f"{start}<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"


def _days(hours: Sequence[tuple[Hour, Litres]], calendar: Calendar) -> list[list[str]]:
    found: dict[tuple[str, int], int] = {}
    for hour, cell in hours:
        key = calendar.name("day", hour.hour_utc * HOUR_S), hour.method
        found[key] = found.get(key, 0) + cell.litres
    rows = []
    for (day, number), litres in sorted(found.items()):
        method = figures.method(number)
        rows.append([day, f"{escape(method.zh)} {escape(method.en)}", thousandths(litres)])
    return rows


def _alarm(one: Mapping[str, Any], calendar: Calendar) -> list[str]:
    return [
        str(one["id"]),
        calendar.iso(one["raised_utc_s"]),
        escape(one["severity"]),
        f"{escape(one['text_zh'])}<br>{escape(one['text_en'])}",
    ]


def _act(one: Mapping[str, Any], calendar: Calendar) -> list[str]:
    index = "–" if one["log_index"] is None else str(one["log_index"])
    why = escape(f"{one['by']}: {one['because']}")
    return [str(one["number"]), calendar.iso(one["utc_s"]), escape(one["sort"]), why, index, one["sha256"]]


def _bundle(one: Mapping[str, Any]) -> list[str]:
    records = f"{one['first']}–{one['last']}"
    what = escape(one["file"]) if one["file"] else f"{_both('not_proved')}: {escape(one['problem'])}"
    return [escape(one["controller"]), str(one["chain"]), records, what]
