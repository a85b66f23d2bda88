"""A list of transformers' balances, one JSON object a line, for rule C7 (feeder.py)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from karez_gateway.errors import Refused
from karez_gateway.power.feeder import Finding, remainder

if TYPE_CHECKING:
    from collections.abc import Iterator

WH_MAX = 10**15  # a county's electricity of a century
PERMILLE_MAX = 1000
WELLS_MAX = 10_000
DEFAULTS = {"feeder_permille": 10, "losses_permille": 50}
WELL_PERMILLE = 20
KEYS = {"name", "wells", "feeder_wh", *DEFAULTS}
SHOWN_MAX = 40  # characters of what is refused


def balanced(data: bytes, source: str) -> Iterator[tuple[str, Finding]]:
    """Yield (name, finding) of each line that is not empty.

    A line: `{"name": "T12", "feeder_wh": 900000, "wells": [400000, [300000, 5]]}`; a well is its watt-hours,
    or these with its meter's error limit in permille (else 20); `feeder_permille` (10) and
    `losses_permille` (50) may be given. Raises Refused with `source` and the line.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused(f"{source} is not UTF-8 text: write one JSON object a line") from None
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip():
            where = f"{source}, line {number}"
            row = _row(line, where)
            permille = {
                key: _whole(row.get(key, usual), key, PERMILLE_MAX, where) for key, usual in DEFAULTS.items()
            }
            feeder_wh = _whole(row.get("feeder_wh"), "feeder_wh", WH_MAX, where)
            found = remainder(
                _wells(row.get("wells"), where),
                feeder_wh,
                permille["feeder_permille"],
                permille["losses_permille"],
            )
            yield _name(row.get("name", str(number)), where), found


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        raise Refused(f"{where}: this is no JSON object: {line.strip()[:SHOWN_MAX]!r}") from None
    if not isinstance(row, dict):
        raise Refused(f"{where}: a line is an object with feeder_wh and wells")
    unknown = sorted(set(row) - KEYS)
    if unknown:
        raise Refused(f"{where}: {unknown[0][:SHOWN_MAX]!r} is not known; known: {', '.join(sorted(KEYS))}")
    return row


def _wells(given: Any, where: str) -> list[tuple[int, int]]:
    if not isinstance(given, list) or len(given) > WELLS_MAX:
        raise Refused(f"{where}: wells is a list of at most {WELLS_MAX} wells")
    found = []
    for at, one in enumerate(given, 1):
        pair = one if isinstance(one, list) else [one, WELL_PERMILLE]
        if len(pair) != 2:
            raise Refused(f"{where}: well {at} is its watt-hours, or [watt-hours, permille]")
        wh = _whole(pair[0], f"well {at}", WH_MAX, where)
        found.append((wh, _whole(pair[1], f"permille of well {at}", PERMILLE_MAX, where)))
    return found


def _whole(given: Any, key: str, most: int, where: str) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= most:
        raise Refused(f"{where}: {key} is a whole number from 0 to {most}, not {str(given)[:SHOWN_MAX]}")
    return given


def _name(given: Any, where: str) -> str:
    if not isinstance(given, str) or not given.isprintable():
        raise Refused(f"{where}: name is a text in one line")
    return given
