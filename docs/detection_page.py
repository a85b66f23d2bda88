"""Write the tables of detection.md and draw detection.svg from the figures in detection.json.

    python docs/detection_page.py            write them
    python docs/detection_page.py --check    exit 1 if page or picture does not say what the figures say

The figures come from `make detection`. A case without words in the simulators stops the generator.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import detection_picture
import page_parts

from karez_simulators.detection.attacks import ATTACKS
from karez_simulators.detection.honest import HONEST
from karez_simulators.detection.season_term import WITHIN_DAYS
from karez_simulators.detection.study import QUANTILES
from karez_simulators.detection.village import VILLAGES
from karez_simulators.detection.wording import delay

FOLDER = Path(__file__).parent
PAGE = FOLDER / "detection.md"
PICTURE = FOLDER / "detection.svg"
GENERATOR = "detection_page.py"
FOUND = json.loads((FOLDER / "detection.json").read_text(encoding="utf-8"))
DAY_S: int = FOUND["day_s"]
YEAR_DAYS: int = FOUND["year_days"]
SEASON_S: int = FOUND["season_days"] * DAY_S
# Of design figures: strength of `bypass`, its limit in seconds of pumping, in words.
TARGETS = (
    (100, 300, "all of the water, 5 min"),
    (25, 3_600, "25 % of it, one pumping hour"),
    (20, 7 * DAY_S, "20 %, 7 pumping days"),
    (10, 15 * DAY_S, "10 %, 15 pumping days"),
    (5, 40 * DAY_S, "5 %, 40 pumping days"),
)
FALSE_ALARMS_MAX = 1.0  # in 365 pumping days


def cases() -> dict[str, Any]:
    """Everything that has words, by name."""
    return {one.name: one for one in (*ATTACKS, *HONEST, *VILLAGES)}


def strength_of(row: dict[str, Any]) -> str:
    """A strength with its unit; nothing where there is but one way."""
    case = cases()[row["name"]]
    if len(case.strengths) == 1 and row["strength"] in (0, 100):
        return ""
    return f"{row['strength']} {getattr(case, 'unit', '%')}"


def at(row: dict[str, Any], percent: int) -> int | None:
    """The delay within which so many percent of all runs were found, seconds of pumping."""
    found: int | None = row["delays_s"][QUANTILES.index(percent)]
    return found


def attack(name: str, strength: int) -> dict[str, Any]:
    """The row of an attack."""
    return next(one for one in FOUND["attacks"] if (one["name"], one["strength"]) == (name, strength))


def a_year(row: dict[str, Any]) -> float:
    """Events in 365 pumping days."""
    return float(sum(row["events"].values()) * YEAR_DAYS / row["days"])


def targets() -> list[str]:
    """What was promised, what came."""
    out = ["| Figure (90th percentile) | measured | |", "|---|---|---|"]
    for strength, limit_s, words in TARGETS:
        found_s = at(attack("bypass", strength), 90)
        is_met = found_s is not None and found_s <= limit_s
        found = "not within the season" if found_s is None else delay(found_s, DAY_S)
        out.append(f"| {words} | {found} | {'met' if is_met else '**not met**'} |")
    rate = a_year(next(one for one in FOUND["honest"] if one["name"] == "plain"))
    is_met = rate <= FALSE_ALARMS_MAX
    out.append(f"| one false alarm in 365 pumping days | {rate:.2f} | {'met' if is_met else '**not met**'} |")
    first, until = FOUND["seeds"]
    return [
        *out,
        "",
        f"Seeds {first} to {until - 1}, a season of {FOUND['season_days']} pumping days after it begins.",
    ]


def percent(part: int, whole: int) -> str:
    """A share in words; exact at both ends."""
    share = part * 100 / whole if whole else 0.0
    return f"{share:.0f} %" if part in (0, whole) else f"{min(max(share, 0.5), 99.5):.3g} %"


def rules_of(row: dict[str, Any]) -> str:
    """Which rules spoke first, most often first."""
    ranked = sorted(row["first_rule"].items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(name if count == row["found"] else f"{name} ({count})" for name, count in ranked)


def attacks() -> list[str]:
    """Every attack and strength."""
    out = [
        "| Attack | strength | median | 90 % | found | first rule (runs) |",
        "|---|---|---|---|---|---|",
    ]
    for row in FOUND["attacks"]:
        words = cases()[row["name"]].words
        middle, late = (delay(at(row, one), DAY_S) for one in (50, 90))
        share = percent(row["found"], row["runs"])
        out.append(f"| {words} | {strength_of(row)} | {middle} | {late} | {share} | {rules_of(row)} |")
    standing = max(row["standing"] for row in FOUND["attacks"])
    total = standing + min(row["runs"] for row in FOUND["attacks"])
    return [
        *out,
        "",
        f"In {standing} of {total} runs a false alarm stood before the attack began; they are left out.",
    ]


def honest() -> list[str]:
    """Every honest well."""
    out = [
        "| Honest well | size | alarms in 365 pumping days | more than untouched | wells with any | which |",
        "|---|---|---|---|---|---|",
    ]
    untouched = next(a_year(one) for one in FOUND["honest"] if one["name"] == "untouched")
    for row in FOUND["honest"]:
        words = cases()[row["name"]].words
        events = ", ".join(f"{name} {count}" for name, count in row["events"].items())
        share = percent(row["alarmed"], row["runs"])
        is_season = row["days"] < row["runs"] * YEAR_DAYS
        more = f"{a_year(row) - untouched:+.2f}" if is_season and row["name"] != "untouched" else ""
        out.append(f"| {words} | {strength_of(row)} | {a_year(row):.2f} | {more} | {share} | {events} |")
    return out


def villages() -> list[str]:
    """Rule C7."""
    out = ["| Behind one transformer | size | found by the first month | by the fifth |", "|---|---|---|---|"]
    for row in FOUND["villages"]:
        first, *_, last = (percent(one, row["runs"]) for one in row["found_by_month"])
        words = cases()[row["name"]].words
        out.append(f"| {words} | {strength_of(row)} | {first} | {last} |")
    return out


def season_terms() -> list[str]:
    """What a reference that knows the season would do."""
    out = [
        f"| season left | figures | false alarms | 20 % | 10 % | 5 % | 5 % within {WITHIN_DAYS} d |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in FOUND["season_terms"]:
        lost = row["losses"]
        days = [f"{one['p90_d']} d" if one["p90_d"] else "—" for one in lost.values()]
        within = percent(lost["5"]["within"], lost["5"]["runs"])
        rate = row["events"] / row["years"]
        out.append(f"| {row['left']} % | {row['figures']} | {rate:.2f} | {' | '.join(days)} | {within} |")
    years = FOUND["season_terms"][0]["years"]
    return [*out, "", f"{years} years each; delays are 90th percentiles, in pumping days."]


def unfound() -> list[str]:
    """Attacks that less than nine wells of ten show within the season."""
    chance = attack("nothing", 0)
    out = []
    for row in FOUND["attacks"]:
        if row["name"] != "nothing" and row["found"] * 10 < row["runs"] * 9:
            strength = f", {strength_of(row)}" if strength_of(row) else ""
            out.append(f"- {cases()[row['name']].words}{strength}: {percent(row['found'], row['runs'])}")
    said = percent(chance["found"], chance["runs"])
    lead = f"Of wells to which nothing is done, {said} have an alarm within the season, on either side"
    return [f"{lead}. Found in less than nine wells of ten:", "", *out]


PARTS = {
    "targets": targets,
    "attacks": attacks,
    "what is not found": unfound,
    "honest wells": honest,
    "transformers": villages,
    "season terms": season_terms,
}


def main(arguments: list[str]) -> int:
    """Write or check page and picture; return the exit code."""
    code = page_parts.main(PAGE, GENERATOR, PARTS, arguments)
    drawn = detection_picture.drawn(FOUND)
    if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == drawn:
        return code
    if "--check" in arguments:
        print(f"{PICTURE.name} is out of date: run python docs/{GENERATOR}")
        return 1
    PICTURE.write_text(drawn, encoding="utf-8")
    print(f"written: {PICTURE.name}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
