"""`make benchmark`: measure our figures beside others', print them, write build/benchmarks.json.

Exit code 1 when a target is missed. See README.md.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import bus
import catchup
import decoding
import fleet
import planner
import quota
import registry_import
import regulator
import rollup
import silent_meter
import uplink
import well_year

OUT = Path(__file__).parents[2] / "build/benchmarks.json"
SUBJECTS = {
    "bus": bus,
    "planner": planner,
    "silent_meter": silent_meter,
    "decoding": decoding,
    "catchup": catchup,
    "well_year": well_year,
    "registry_import": registry_import,
    "quota": quota,
    "regulator": regulator,
    "rollup": rollup,
    "uplink": uplink,
    "fleet": fleet,
}


def say(text):
    print(text, flush=True)


def chosen(entries, only):
    """The entries of this name; all if the name was a subject's."""
    return entries if only is None or only in SUBJECTS else [one for one in entries if one["name"] == only]


def measured(only, quick):
    """Return all entries that `only` (a subject, an entry or None) asks for."""
    found = []
    for name, subject in SUBJECTS.items():
        if only is not None and only != name and only not in subject.NAMES:
            continue
        say(f"{name} ...")
        began_s = time.monotonic()
        found += chosen(subject.measure(quick, say), only)
        say(f"{name}: {time.monotonic() - began_s:.1f} s")
    return found


def shown(value):
    return "" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def table(entries):
    """Print what was measured, a line each."""
    say(f"\n{'':36}{'ours':>12}  {'theirs':>10} {'ratio':>8} {'target':>7}")
    for one in entries:
        numbers = f"{shown(one['value']):>12}  {shown(one['baseline_value']):>10} {shown(one['ratio']):>8}"
        verdict = "" if one["target"] is None else "held" if one["ok"] else "MISSED"
        words = f"{one['unit']}; beside {one['baseline']}" if one["baseline"] else one["unit"]
        say(f"{one['name']:36}{numbers} {shown(one['target']):>7} {verdict:6}  {words}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [*SUBJECTS, *(name for subject in SUBJECTS.values() for name in subject.NAMES)]
    parser.add_argument("--only", metavar="NAME", choices=names, help="one of: " + ", ".join(names))
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that everything runs")
    parser.add_argument("--out", type=Path, default=OUT, help="where the JSON goes")
    options = parser.parse_args()
    entries = measured(options.only, options.quick)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(entries, indent=2) + "\n")
    table(entries)
    return 0 if all(one["ok"] for one in entries) else 1


if __name__ == "__main__":
    sys.exit(main())
