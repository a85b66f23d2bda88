"""The study of detection: both ways of telling an interval agree, its figures come again, its bad inputs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from karez_simulators.cli import app
from karez_simulators.detection import season_term, study, village
from karez_simulators.detection.attacks import ATTACKS
from karez_simulators.detection.climate import INTERVAL_S, STANDARD, Climate, Year
from karez_simulators.detection.honest import HONEST
from karez_simulators.detection.rules import Rules
from karez_simulators.detection.run import DAY_S, Found, Well, _days, honest_year
from karez_simulators.detection.wording import delay

ROOT = Path(__file__).parents[2]
KEPT = json.loads((ROOT / "docs" / "detection.json").read_text())
CASES = {case.name: case for case in ATTACKS}


@pytest.fixture(scope="module")
def wells():
    return [Well(seed) for seed in range(2)]


# -- one step or sixty ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "strength"),
    [
        ("bypass", 20), ("bypass", 40), ("bypass", 100), ("bypass-hours", 20), ("half-open-hours", 20),
        ("bypass-days", 20), ("restarts", 20), ("half-pipe", 100), ("shunt", 33), ("shunt", 67),
        ("pump-in-pipe", 50), ("pump-on-meter", 20),
    ],
)  # fmt: skip
def test_an_interval_told_in_one_step_says_what_sixty_steps_say(wells, name, strength):
    for well in wells:
        quick, fine = (well.attacked(CASES[name], strength, is_fine=one) for one in (False, True))
        assert quick.rule == fine.rule and quick.rule is not None, well.year.seed
        assert abs(quick.delay_s - fine.delay_s) <= INTERVAL_S, (quick, fine)


def test_the_reference_follows_an_honest_well_alike_in_both_ways():
    kept = []
    for is_fine in (False, True):
        rules = Rules()
        rules.is_fine = is_fine
        for _ in _days(rules, Year(3), 0, 12):
            pass
        kept.append((rules.check.ratio.snapshot(), rules.pumped_s, rules.events, rules.alarms))
    quick, fine = kept
    assert quick[1:] == fine[1:] == (12 * DAY_S, [], 0)
    for key, value in quick[0].items():
        # A step of 10 L or 10 Wh in a day of 90 m3 and 36 kWh: 300 ppm of the day.
        assert value == fine[0][key] or abs(value - fine[0][key]) <= 1_200, key


# -- figures that come again ------------------------------------------------------------


def test_the_file_knows_every_case_and_enough_seeds():
    first, until = KEPT["seeds"]
    assert until - first >= 200
    for part, cases in (("attacks", ATTACKS), ("honest", HONEST), ("villages", village.VILLAGES)):
        told = [(row["name"], row["strength"]) for row in KEPT[part]]
        assert told == [(case.name, strength) for case in cases for strength in case.strengths]
    assert all(row["runs"] + row["standing"] == until - first for row in KEPT["attacks"])


def test_the_first_seeds_give_again_what_the_file_says():
    names = [
        case.name for case in ATTACKS if case.name not in ("nothing", "reference", "both", "ramp", "all-past")
    ]
    seed = KEPT["seeds"][0]
    found, alarms = study.of_seed(seed, [*names, "plain", "drip", "clogged"])
    assert len(found) >= 40 and len(alarms) == 3
    for row in KEPT["attacks"]:
        key = row["name"], row["strength"]
        if key in found:
            assert list(found[key]) == row["by_seed"][0], key
    for row in KEPT["honest"]:
        key = row["name"], row["strength"]
        if key in alarms:
            assert alarms[key] == row["by_seed"][0], key


def test_the_page_and_its_picture_are_what_the_file_says():
    done = subprocess.run(
        [sys.executable, "docs/detection_page.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_figures_are_the_rule_s_own(wells):
    # Another figure in the controller's rule is another result here.
    with season_term.figures({"_HOUR_PPM": 10**9}):
        assert wells[0].attacked(CASES["bypass"], 40).delay_s >= DAY_S
    assert wells[0].attacked(CASES["bypass"], 40).delay_s <= 3600
    assert honest_year(1, Climate(noise=0.3)) and STANDARD.noise == 0.03


def test_a_quantile_counts_what_was_never_found():
    assert study.quantile([10, 20, 30], 3, 90) == 30
    assert study.quantile([10, 20, 30], 4, 75) == 30
    assert study.quantile([10, 20, 30], 4, 80) is None
    assert study.quantile([], 4, 5) is None
    assert [delay(one, 7200) for one in (None, 15, 290, 3600, 7200, 7201)] == [
        "—", "15 s", "290 s", "60 min", "1 d", "2 d",
    ]  # fmt: skip


def test_what_stood_before_an_attack_is_no_finding(wells):
    well = Well(0)
    well.is_standing = True
    assert well.attacked(CASES["bypass"], 100) == Found(None, None, is_standing=True)
    assert well.honest(next(one for one in HONEST if one.name == "drip"), 10) is None


# -- C7 ---------------------------------------------------------------------------------


def test_the_gateway_s_balance_finds_a_pump_without_a_meter_and_leaves_honest_villages_alone():
    rows = {(row["name"], row["strength"]): row for row in village.study(range(8))}
    assert rows["honest", 0]["found_by_month"] == [0] * village.MONTHS
    assert rows["unmetered-pump", 100]["found_by_month"] == [8] * village.MONTHS
    assert village.judged([]) == {}


def test_a_balance_that_the_gateway_refuses_is_told_in_its_words():
    with pytest.raises(RuntimeError, match="feeder_wh"):
        village.judged([{"name": "x", "wells": [1], "feeder_wh": -1}])


# -- the command ------------------------------------------------------------------------


def asked(*words):
    return CliRunner().invoke(app, ["detection", *words])


def test_two_processes_say_what_one_says(tmp_path):
    words = ["--seeds", "0:2", "--case", "bypass", "--case", "turned-ct", "--json"]
    one = asked(*words, "--jobs", "1", "--out", str(tmp_path / "found.json"))
    two = subprocess.run(
        [sys.executable, "-m", "karez_gateway", "bench", "detection", *words, "--jobs", "2"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert one.exit_code == two.returncode == 0, two.stderr
    found = json.loads(two.stdout)
    assert found == json.loads((tmp_path / "found.json").read_text())
    assert {row["name"] for row in found["attacks"]} == {"bypass", "turned-ct"} and not found["villages"]
    assert "2 of 2 seeds" in two.stderr


def test_a_table_for_people_and_a_list_of_the_cases():
    shown = asked("--seeds", "0:1", "--case", "bypass", "--jobs", "1")
    assert shown.exit_code == 0 and "found 1 of 1" in shown.output
    assert asked("--case", "list").output.split() == study.names()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "5:5"], "from 1 to"),
        (["--seeds", "7:2"], "from 1 to"),
        (["--seeds", "0"], "--seeds 0: two whole numbers"),
        (["--seeds", "a:b"], "two whole numbers"),
        (["--seeds", "-1:3"], "two whole numbers"),
        (["--seeds", "0:" + "9" * 5000], "two whole numbers"),
        (["--seeds", "0:²"], "two whole numbers"),
        (["--seeds", "0:1000000"], "from 1 to 100000"),
        (["--case", "bypas"], "--case bypas is not known"),
        (["--out", "/dev/null/x.json"], "--out /dev/null/x.json cannot be written"),
        (["--out", "/"], "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(words, said):
    refused = asked(*words)
    assert refused.exit_code == 2 and said in refused.output
    assert refused.output.startswith("karez bench: ") and refused.output.count("\n") == 1


# -- the proposal -----------------------------------------------------------------------


def test_a_reference_that_knows_the_season_finds_five_percent_sooner():
    # Sixty years: the committed figures have a thousand.
    years = [Year(season_term.FIRST_SEED + seed, Climate(season=0.01)) for seed in range(60)]
    today = season_term._delays(years, 5)
    with season_term.figures(season_term.PROPOSED):
        proposed = season_term._delays(years, 5)
    assert proposed["within"] > today["within"] and proposed["p90_d"] <= 40
