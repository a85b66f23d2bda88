"""A sheet as a picture: every part with its pins, nets as lines, rails as words. Drawn by graphviz.

An SVG carries the digest of what it was drawn from, so that a stale picture is found without graphviz.
"""

import hashlib
import html
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable

from .placement import NONE, Placed

RAILS = {
    "GND", "3V3", "+5V", "+5V_HOLD", "+24V", "PE", "VCAP", "F_12V", "F_0V",
    "M0_5V", "M0_0V", "M1_5V", "M1_0V", "READER_5V", "MODEM_3V8", "CORE_1V1",
}  # fmt: skip
KINDS = (
    "power-out",
    "output",
    "open-collector",
    "tristate",
    "passive",
    "bidirectional",
    "input",
    "power-in",
    "nc",
)
STAMP = "<!-- drawn from sha256 {} -->"
DOT_S = 60
GRAPH = """graph sheet {{
  label="{title}"; labelloc=t; fontname="sans-serif"; fontsize=20; rankdir=LR; ranksep=0.9; nodesep=0.25;
  node [shape=plain, fontname="sans-serif", fontsize=11]; edge [color="#1f5a8a"];"""


def dot_of(title: str, placed: Iterable[Placed]) -> str:
    """Return the sheet in graphviz's language; the same parts give the same text."""
    parts = list(placed)
    pins = _ends(parts)
    lines = [GRAPH.format(title=title)]
    joined = {net for net, ends in pins.items() if len(ends) > 1}
    lines += [f'  "{one.reference}" [label=<{_table(one, joined)}>];' for one in parts]
    for number, (net, ends) in enumerate(sorted(pins.items())):
        if net not in joined:
            continue
        lines.append(f'  n{number} [label="{net}", fontcolor="#1f5a8a", fontsize=10];')
        tail = ends[0].removesuffix('"') + '>":e'
        lines.append(f"  {tail} -- n{number};")  # from left to right: who drives, the net, who hears
        lines += [f"  n{number} -- {end};" for end in ends[1:]]
    return "\n".join([*lines, "}"]) + "\n"


def _ends(parts: list[Placed]) -> dict[str, list[str]]:
    """Return {net: the pins on it as graphviz names them}, who drives it first. Rails are left out."""
    found: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for one in parts:
        for pin, net in one.nets.items():
            if net != NONE and net not in RAILS:
                found[net].append((KINDS.index(one.kinds[pin]), f'"{one.reference}":"{pin}"'))
    return {net: [end for _, end in sorted(ends, key=lambda end: end[0])] for net, ends in found.items()}


def _table(one: Placed, joined: set[str]) -> str:
    """The part's box. A rail, or a net that leaves the sheet, stands as a word beside its pin."""
    fill = "#fff4d6" if one.option else "#f2f2f2"
    named = one.part.description if one.part.symbol == "two" else one.part.number
    title = f"<b>{one.reference}</b>&#160;&#160;{html.escape(named)}"
    if one.option:
        title += f" ({one.option})"
    rows = []
    for pin, net in one.nets.items():
        if net == NONE:
            continue
        color = "#9a2a2a" if net in RAILS else "#1f5a8a"
        shown = "" if net in joined else f'<font color="{color}">{html.escape(net)}</font>'
        rows.append(
            f'<tr><td port="{html.escape(pin)}" align="left">{html.escape(pin)}</td>'
            f'<td port="{html.escape(pin)}&gt;" align="right">{shown}</td></tr>'
        )
    head = f'<tr><td colspan="2" bgcolor="{fill}">{title}</td></tr>'
    return f'<table border="1" cellborder="0" cellspacing="0">{head}{"".join(rows)}</table>'


def digest(source: str) -> str:
    """The digest that a picture of this source carries."""
    return hashlib.sha256(source.encode()).hexdigest()


def svg_of(source: str) -> str:
    """Draw it. Raises RuntimeError with what to do where graphviz is missing or refuses."""
    try:
        done = subprocess.run(
            [shutil.which("dot") or "dot", "-Tsvg"],
            input=source,
            capture_output=True,
            text=True,
            timeout=DOT_S,
            check=False,
        )
    except OSError as error:
        raise RuntimeError("dot is missing: apt-get install graphviz") from error
    if done.returncode:
        raise RuntimeError(f"dot refuses the sheet: {done.stderr.strip()[:300]}")
    return stamped(done.stdout, source)


def stamped(svg: str, source: str) -> str:
    """The SVG alone, the digest of its source in its first line; what the tool says of itself is left out."""
    start = svg.index("<svg")
    return STAMP.format(digest(source)) + "\n" + svg[start:]


def is_current(svg: str, source: str) -> bool:
    """True if a picture was drawn from this source."""
    return svg.startswith(STAMP.format(digest(source)))
