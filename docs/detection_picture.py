"""The picture of detection.md: which share of the runs is found after how much pumping, as plain SVG."""

from __future__ import annotations

import html
import math
from typing import Any

from karez_simulators.detection.study import QUANTILES

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 56, 150, 24, 50
LEAST_S = 60
# (attack, strength, words, colour); colours that the colour-blind tell apart (Okabe and Ito).
LINES = (
    ("bypass", 100, "all of the water", "#000000"),
    ("bypass", 40, "40 %", "#0072b2"),
    ("bypass", 25, "25 %", "#56b4e9"),
    ("bypass", 20, "20 %", "#009e73"),
    ("bypass", 10, "10 %", "#e69f00"),
    ("bypass", 5, "5 %", "#d55e00"),
    ("ramp", 5, "5 % more a month", "#cc79a7"),
    ("nothing", 0, "nothing: chance", "#999999"),
)
TICK = '<text x="{:.1f}" y="{:.1f}" text-anchor="{}" fill="#444">{}</text>'
RULE = '<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="#ddd"/>'
LABEL_PX = 20  # between two labels at the right edge


def drawn(found: dict[str, Any]) -> str:
    """The picture as SVG."""
    day_s, season_s = found["day_s"], found["day_s"] * found["season_days"]
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        ' font-size="12" role="img" aria-label="Share of runs found after how much pumping">'
    )
    parts = [
        root,
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_axes(day_s, season_s),
    ]
    for name, strength, _, colour in LINES:
        row = next(one for one in found["attacks"] if (one["name"], one["strength"]) == (name, strength))
        points = _steps(row, season_s)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return "\n".join([*parts, *_legend(), "</svg>", ""])


def _x(seconds: float, season_s: int) -> float:
    share = math.log(max(seconds, LEAST_S) / LEAST_S) / math.log(season_s / LEAST_S)
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _y(percent: float) -> float:
    return TOP + (100 - percent) / 100 * (HEIGHT - TOP - BOTTOM)


def _axes(day_s: int, season_s: int) -> list[str]:
    parts = []
    for percent in range(0, 101, 20):
        y = _y(percent)
        parts.append(RULE.format(LEFT, y, WIDTH - RIGHT, y))
        parts.append(TICK.format(LEFT - 6, y + 4, "end", f"{percent} %"))
    ticks = [(60, "1 min"), (300, "5 min"), (1_200, "20 min"), (3_600, "1 h")]
    ticks += [(days * day_s, f"{days} d") for days in (1, 2, 7, 15, 40, season_s // day_s)]
    for seconds, words in ticks:
        x = _x(seconds, season_s)
        parts.append(RULE.format(x, TOP, x, HEIGHT - BOTTOM))
        parts.append(TICK.format(x, HEIGHT - BOTTOM + 18, "middle", words))
    words = "pumping since it began; d: pumping days"
    return [*parts, TICK.format((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "middle", words)]


def _steps(row: dict[str, Any], season_s: int) -> list[tuple[float, float]]:
    """A line of steps through the quantiles, level from the last to the season's end."""
    points, before = [(_x(LEAST_S, season_s), _y(0))], 0.0
    for percent, seconds in zip(QUANTILES, row["delays_s"], strict=True):
        if seconds is None:
            break
        x = _x(seconds, season_s)
        points += [(x, _y(before)), (x, _y(percent))]
        before = percent
    share = row["found"] * 100 / row["runs"]
    if share >= before:
        points.append((points[-1][0], _y(share if share > QUANTILES[-1] else before)))
    return [*points, (_x(season_s, season_s), points[-1][1])]


def _legend() -> list[str]:
    parts = []
    for at, (_, _, words, colour) in enumerate(LINES):
        y = TOP + 6 + at * LABEL_PX
        x = WIDTH - RIGHT + 14
        parts.append(
            f'<line x1="{x}" y1="{y:.1f}" x2="{x + 18}" y2="{y:.1f}" stroke="{colour}" stroke-width="3"/>'
        )
        parts.append(TICK.format(x + 24, y + 4, "start", html.escape(words)))
    return parts
