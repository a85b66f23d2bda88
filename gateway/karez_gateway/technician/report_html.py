"""The report as one HTML page: no network, no script, no font to load; prints on A4."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .report_content import Report, Section, Table

# Paper is white whatever the screen likes; the QR code is dark on light or no phone reads it.
STYLE = """
@page { size: A4; margin: 14mm 15mm 16mm; }
* { box-sizing: border-box; }
body { font: 9.5pt/1.35 Roboto, "Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC",
  "WenQuanYi Zen Hei", Arial, sans-serif; color: #1c2a33; background: #fff; max-width: 186mm;
  margin: 0 auto; padding: 6mm 4mm; }
header { display: flex; justify-content: space-between; gap: 8mm; border-bottom: 0.6mm solid #14586e; }
h1 { font-size: 19pt; line-height: 1.2; margin: 0 0 1mm; color: #14586e; }
header p { margin: 0 0 3mm; font-size: 11pt; overflow-wrap: anywhere; }
figure { margin: 0 0 2mm; width: 40mm; text-align: center; font-size: 6pt; line-height: 1.2;
  color: #55656f; overflow-wrap: anywhere; }
figure svg { display: block; width: 28mm; height: 28mm; margin: 0 auto; }
.result { display: inline-block; padding: 1.2mm 4mm; border-radius: 1mm; font-weight: bold; }
.passed.result { background: #dff0e2; color: #14602c; }
.skipped.result { background: #fdf1d2; color: #7a5300; }
.failed.result, .unsigned.result { background: #fbdcd9; color: #94190f; }
h2 { font-size: 11.5pt; margin: 4.5mm 0 1mm; color: #14586e; break-after: avoid; }
dl { display: grid; grid-template-columns: 1fr 1fr; column-gap: 6mm; margin: 0; }
dl div { display: flex; gap: 2mm; break-inside: avoid;
  border-bottom: 0.2mm solid #dbe3e7; padding: 0.7mm 0; }
dl div.long { grid-column: 1 / 3; }
dt { color: #55656f; flex: 0 0 37mm; } dd { margin: 0; overflow-wrap: anywhere; }
dl div.long dd { font-size: 8.5pt; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th { text-align: left; background: #e8f0f3; color: #14586e; font-weight: bold; }
th, td { border: 0.2mm solid #cdd8dd; padding: 0.9mm 1.6mm; vertical-align: top; overflow-wrap: anywhere; }
td { white-space: pre-line; } tr { break-inside: avoid; }
td:first-child { color: #55656f; }
tr.passed td:last-child { color: #14602c; font-weight: bold; }
tr.failed td:last-child { color: #94190f; font-weight: bold; } tr.failed td { background: #fdf0ee; }
tr.skipped td:last-child { color: #7a5300; font-weight: bold; }
.last { break-inside: avoid; } .ink { display: flex; gap: 8mm; margin-top: 16mm; }
.ink div { flex: 1; border-top: 0.3mm solid #1c2a33; padding-top: 1mm; font-size: 8.5pt; color: #55656f; }
footer { margin-top: 5mm; font-size: 8pt; color: #55656f; }
@media print { body { padding: 0; max-width: none; } * { print-color-adjust: exact; } }
"""
_LONG = 34  # characters of a value that gets a line of its own


def page(report: Report, qr_svg: str) -> bytes:
    """The whole page; `qr_svg`: the code as an inline picture."""
    language = "en" if report.language == "en" else "zh-CN"
    body = "\n".join(_section(one) for one in report.sections[:-1])
    ink = "".join(f"<div>{escape(one)}</div>" for one in report.sign_here)
    return f"""<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(report.title)} · {escape(report.subtitle)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<div><h1>{escape(report.title)}</h1><p>{escape(report.subtitle)}</p>
<p class="{report.state} result">{escape(report.result)}</p></div>
<figure>{qr_svg}<figcaption>{escape(report.qr)}</figcaption></figure>
</header>
{body}
<div class="last">
{_section(report.sections[-1])}
<div class="ink">{ink}</div>
<footer>{escape(report.hint)}</footer>
</div>
</body>
</html>
""".encode()


def _section(section: Section) -> str:
    parts = [f"<h2>{escape(section.heading)}</h2>"]
    if section.values:
        parts.append("<dl>" + "".join(_value(*one) for one in section.values) + "</dl>")
    if section.table is not None:
        parts.append(_table(section.table))
    parts += [f"<p>{escape(one)}</p>" for one in section.lines]
    return "\n".join(parts)


def _value(label: str, value: str) -> str:
    long = ' class="long"' if len(value) > _LONG else ""
    return f"<div{long}><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"


def _table(table: Table) -> str:
    total = sum(table.widths)
    columns = "".join(f'<col style="width:{width * 100 / total:.2f}%">' for width in table.widths)
    head = "".join(f"<th>{escape(one)}</th>" for one in table.columns)
    rows = []
    for at, row in enumerate(table.rows):
        state = f' class="{table.states[at]}"' if table.states else ""
        rows.append(f"<tr{state}>" + "".join(f"<td>{escape(one)}</td>" for one in row) + "</tr>")
    return (
        f"<table><colgroup>{columns}</colgroup><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
