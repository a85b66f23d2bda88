"""Labels for a controller's door and its papers: name, key, site, and a QR code that says the same.

    KAREZ:1:<controller>:<fingerprint>:<site>

The site stands last, since it may hold any character. Drawn in millimetres; print it at 100 %.
"""

from __future__ import annotations

import hashlib
import html

WIDTH_MM, HEIGHT_MM = 90, 45
_COPIES = 4  # door, inside, meter box, office
_QR_MM = 33
_QUIET = 4  # modules around it (ISO/IEC 18004)
_FINGERPRINT_DIGITS = 32  # 128 bits: nobody makes a second key that fits
_GROUP = 4

_LABEL = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" viewBox="0 0 {width} {height}" \
font-family="Noto Sans CJK SC, WenQuanYi Micro Hei, Microsoft YaHei, sans-serif">
<rect x="0.2" y="0.2" width="{inner}" height="{inner_height}" rx="2" fill="#fff" \
stroke="#000" stroke-width="0.3"/>
<text x="4" y="8" font-size="4.5" font-weight="bold">Karez</text>
<text x="22" y="8" font-size="3">well controller 机井控制器</text>
<text x="4" y="14" font-size="2.6">site 取水口</text>
<text x="4" y="19.5" font-size="5" font-weight="bold">{site}</text>
<text x="4" y="25" font-size="2.6">controller 控制器</text>
<text x="4" y="29.5" font-size="4" font-family="monospace">{controller}</text>
<text x="4" y="34.5" font-size="2.6">key (SHA-256) 公钥指纹</text>
{fingerprint}
<svg x="{qr_x}" y="6" width="{qr}" height="{qr}" viewBox="0 0 {modules} {modules}">\
<path d="{path}" stroke="#000" stroke-width="1" fill="none" shape-rendering="crispEdges"/></svg>
</svg>
"""
_LINE = '<text x="4" y="{y}" font-size="2.9" font-family="monospace">{text}</text>'

_PAGE = """\
<!DOCTYPE html>
<html lang="zh"><head><meta charset="utf-8"><title>{site} {controller}</title>
<style>@page {{ size: A4; margin: 12mm }} body {{ margin: 0 }} svg {{ margin: 1.5mm }}</style></head>
<body>
{labels}</body></html>
"""


def fingerprint(key: bytes) -> str:
    """The first 128 bits of a public key's SHA-256, as everything here shows it."""
    return hashlib.sha256(key).hexdigest()[:_FINGERPRINT_DIGITS]


def said(controller: str, key: bytes, site: str) -> str:
    """What the QR code says."""
    return f"KAREZ:1:{controller}:{fingerprint(key)}:{site}"


def svg(controller: str, key: bytes, site: str) -> str:
    """One label."""
    import segno  # noqa: PLC0415 - what the code says is asked for without drawing it

    code = segno.make(said(controller, key, site), micro=False, error="m")
    rows = [list(row) for row in code.matrix_iter(border=_QUIET)]
    digits = fingerprint(key)
    groups = [digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP)]
    lines = [" ".join(groups[:4]), " ".join(groups[4:])]
    return _LABEL.format(
        width=WIDTH_MM,
        height=HEIGHT_MM,
        inner=WIDTH_MM - 0.4,
        inner_height=HEIGHT_MM - 0.4,
        site=html.escape(site),
        controller=html.escape(controller),
        fingerprint="\n".join(_LINE.format(y=38.5 + 3.6 * at, text=line) for at, line in enumerate(lines)),
        qr=_QR_MM,
        qr_x=WIDTH_MM - _QR_MM - 3,
        modules=len(rows),
        path=_path(rows),
    )


def _path(rows: list[list[int]]) -> str:
    """Dark modules as strokes along the middle of each row, run by run."""
    out = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            run = x
            while run < len(row) and row[run]:
                run += 1
            if run > x:
                out.append(f"M{x} {y}.5h{run - x}")
            x = run + 1
    return "".join(out)


def page(controller: str, key: bytes, site: str) -> str:
    """A page of labels, to be printed."""
    return _PAGE.format(
        site=html.escape(site),
        controller=html.escape(controller),
        labels=svg(controller, key, site) * _COPIES,
    )
