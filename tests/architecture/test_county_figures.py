"""Figures in the pages of the county's books are those of the code and of the benchmarks that hold them."""

import re
import sys
from pathlib import Path

import pytest

from karez_gateway.county.quota import preset
from karez_gateway.notify import notifier

ROOT = Path(__file__).parents[2]
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("county*.md")}
BENCHMARKS = ROOT / "tests/benchmarks"
HELD = re.compile(r"`(\w+_s)`[^`]*?(?:holds (?:it|the first|the second) to) (\d+) s")
SECONDS = re.compile(r"(?<![\d,.])[\d,.]+ s\b")


def target(name):
    """What a benchmark allows, as its module says it."""
    for path in BENCHMARKS.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        names = re.search(r"^NAMES = \((.*?)\)", text, re.MULTILINE | re.DOTALL)
        if names is None or f'"{name}"' not in names[1]:
            continue
        at = re.findall(r'"(\w+)"', names[1]).index(name)
        said = re.search(rf'entry\((?:NAMES\[{at}\]|"{name}"),.*?at_most=([\w.]+)\)', text)
        word = said[1]
        if word.isupper():
            word = re.search(rf"^{word} = ([\d.]+)", text, re.MULTILINE)[1]
        return float(word)
    raise AssertionError(f"no benchmark is called {name}")


def test_what_a_benchmark_holds_is_what_the_page_says():
    flat = {name: " ".join(text.split()) for name, text in PAGES.items()}
    held = [(name, *found) for name, text in flat.items() for found in HELD.findall(text)]
    assert {one[1] for one in held} == {
        "quota_turpan_s", "registry_import_s", "regulator_request_s", "rollup_year_s",
        "rollup_10000_records_s",
    }  # fmt: skip
    for page, name, seconds in held:
        assert target(name) == float(seconds), (page, name)


def test_no_page_tells_seconds_that_nothing_holds():
    for name, text in PAGES.items():
        flat = HELD.sub("", " ".join(text.split()))
        told = [one for one in SECONDS.findall(flat) if one != f"{notifier.RETRY_S_MAX} s"]
        assert told == [], (name, told)
    assert f"1, 2, 4 … {notifier.RETRY_S_MAX} s" in PAGES["county-alarms.md"]


@pytest.fixture
def fleet(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "tests/gateway"))
    import county_fleet

    yield county_fleet
    sys.modules.pop("county_fleet", None)


def test_a_prefecture_is_as_many_wells_and_rows_as_the_pages_say(fleet):
    wells, intakes = fleet.WELLS, fleet.INTAKES
    rows = sum(map(len, fleet.prefecture().values()))
    made_up = preset.read("turpan")["synthetic"]
    assert (wells, intakes) == (made_up["wells"], made_up["intakes"])
    assert f"{wells:,} wells with {intakes} intakes" in PAGES["county-quota.md"]
    assert f"{wells + intakes:,} sites with permits and meters, {rows:,} rows," in PAGES["county-registry.md"]
    for name in ("county-quota.md", "county-regulator.md"):
        assert f" {wells + intakes:,} " in " ".join(PAGES[name].split())
