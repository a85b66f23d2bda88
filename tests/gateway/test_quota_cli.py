"""`karez gateway quota` as a person meets it: a county from its limits to the next year's plans."""

import csv
import json

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app
from karez_gateway.store import objects
from karez_protocols import record

from .county import create, opened
from .quota_desk import M3, YEAR, limit, norm, plan, plot, region, site
from .test_quota_acts import install, use

RULES = "deduct_permille = 2000\n"
PRICES = [
    (
        "price",
        {
            "class": "farming",
            "basis": "plan",
            "year": YEAR,
            "step": at,
            "from_permille": start,
            "fen_per_m3": fen,
        },
    )
    for at, start, fen in ((1, 0, 20), (2, 1000, 60))
]
WHY = ("--because", "a reason", "--by", "li")
THEN = (*WHY, "--effective", "2025-01-01")


@pytest.fixture
def directory(tmp_path):
    made = create(tmp_path / "gateway")
    with opened(made) as county:
        wells = [site(f"w-{at}", "v", basin="b") for at in (1, 2)]
        places = [region("c"), region("v", "c"), region("b", tree="basin")]
        areas = [norm("wheat", 300 * M3), *(plot(f"w-{at}", "wheat", 20) for at in (1, 2))]
        install(
            county, *places, *wells, *areas, *PRICES, limit("c", 100 * M3), limit("c", 90 * M3, year=YEAR + 1)
        )
    return made


def run(*words, code=0):
    done = CliRunner().invoke(app, ["quota", *map(str, words)])
    assert done.exit_code == code, done.output
    return done.output if code else done.stdout


def quota(verb, directory, *words, code=0):
    return run(*verb.split(), "--data", directory, *words, code=code)


def facts(verb, directory, *words, code=0):
    return json.loads(quota(verb, directory, *words, "--json", code=code))


def log(directory, name="", litres=0):
    """What the service does meanwhile: acts into the log, water into the ledger."""
    with opened(directory) as county:
        county.acts.log_queued(1)
        if name:
            use(county, name, litres, method=record.METERED)


def test_a_year_from_its_limits_to_the_next_one_s_plans(directory, tmp_path):
    year = ("--year", YEAR)
    proof, decided = tmp_path / "proof.csv", tmp_path / "decided.csv"
    assert "held to the ceiling" not in quota("demand", directory, *year)
    assert [one["volume_l"] for one in facts("demand", directory, *year)] == [60 * M3, 60 * M3]
    dry = facts("decompose", directory, *year, "--region", "c", "--dry-run", "--out", proof)
    assert (dry["placed_l"], dry["changed"]) == (100 * M3, 0)
    said = quota("decompose", directory, *year, "--region", "c", *THEN)
    assert (
        "limit 100 m³ = 100 for 2 sites + 0 reserve + 0 left over" in said and "2 plans are in force" in said
    )
    assert (
        f"4 rows add up; sum proof {dry['proof_sha256']}" in run("verify", proof)
        and dry["proof_sha256"] in said
    )
    shares = tmp_path / "shares.toml"
    shares.write_text("[shares]\n06 = 400\n07 = 600\n")
    assert "4 plans of 06, 07" in quota("spread", directory, *year, "--shares", shares, *THEN)
    assert "plan w-1/2025/year is version 2" in quota(
        "adjust", directory, *year, "--plan", "w-1=45", "--document", "7", *THEN
    )
    moved = ("--from", "w-2", "--to", "w-1", "--volume", "5", "--price", "12.50")
    assert "5 m³ from w-2 to w-1; 6 plans changed" in quota("transfer", directory, *year, *moved, *THEN)
    (row,) = facts("transfers", directory)
    assert (row["volume_l"], row["price_fen"], row["by"]) == (5 * M3, 1250, "li")
    assert "w-2 -> w-1  5 m³ of 2025 for 12.5 yuan  within v  by li: a reason" in quota(
        "transfers", directory
    )
    log(directory, "w-1", 62 * M3)
    assert facts("bill", directory, "--site", "w-1", *year)["amount_fen"] == 50 * 20 + 12 * 60
    assert "plan  step 2: from 50 and more m³: 12 m³ × 0.6 yuan/m³ = 7.2 yuan" in quota(
        "bill", directory, "--site", "w-1", *year
    )
    assert "w-1" not in quota("close show", directory, *year, code=2)
    closed = facts("close freeze", directory, *year, *WHY)
    assert (closed["used_l"], closed["over_plan_l"]) == (62 * M3, 12 * M3)
    log(directory, "w-1", 63 * M3)
    shown = quota("close show", directory, *year)
    assert "plan 50 m³, used 62 m³ (62 metered), over plan 12, over norm 2" in shown
    assert "late     w-1" in shown and facts("close show", directory, *year)["sites"][0]["late_l"] == {
        str(record.METERED): 1000
    }
    assert "1 row," in quota("close export", directory, *year, "--out", decided)
    assert "1 site decided, 12 m³ to deduct from their plans of 2026" in quota(
        "close apply", directory, *year, decided, *WHY
    )
    log(directory)
    quota("decompose", directory, "--year", YEAR + 1, "--region", "c", *WHY, code=2)
    quota("decompose", directory, "--year", YEAR + 1, "--region", "c", "--weight", "equal", *WHY)
    with opened(directory) as county, county.store.reading() as connection:
        found = objects.registry(connection)
    plans = [found["plan", f"w-{at}/2026/year"]["volume_l"] for at in (1, 2)]
    assert plans == [33 * M3, 45 * M3]


def test_the_matrix_and_what_does_not_add_up(directory):
    assert "farming plans" in quota("limits", directory, "--year", YEAR, "--region", "c")
    assert facts("limits", directory, "--year", YEAR, "--region", "c")["limits_l"]["all"]["all"] == 100 * M3
    assert quota("check", directory, "--year", YEAR) == "2025: all adds up\n"
    with opened(directory) as county:
        install(county, limit("v", 101 * M3), plan("w-1", 102 * M3))
    assert facts("check", directory, "--year", YEAR, code=1)[0]["rule"] == "parts-above"
    assert "下级合计101立方米" in quota("check", directory, "--year", YEAR, "--lang", "zh", code=1)


def test_a_proof_that_was_changed_ends_with_code_1(directory, tmp_path):
    proof = tmp_path / "proof.json"
    quota("decompose", directory, "--year", YEAR, "--region", "c", "--dry-run", "--out", proof)
    proof.write_text(proof.read_text().replace("50000", "50001", 1))
    assert "do not add up" in run("verify", proof, code=1)
    assert json.loads(run("verify", proof, "--json", code=1))["wrong"]


def test_rules_and_false_reports_of_a_county_are_taken_from_files(directory, tmp_path):
    year = ("--year", YEAR)
    quota("decompose", directory, *year, "--region", "c", *THEN)
    log(directory, "w-1", 62 * M3)
    quota("close freeze", directory, *year, *WHY)
    log(directory)
    rules, lies, out = tmp_path / "rules.toml", tmp_path / "lies.csv", tmp_path / "decided.csv"
    rules.write_text(RULES)
    lies.write_text("site,volume_m3\nw-2,7\n")
    quota("close export", directory, *year, "--rules", rules, "--false-reports", lies, "--out", out)
    with out.open(encoding="utf-8-sig", newline="") as file:
        found = {row["site"]: row["proposed_deduction_m3"] for row in csv.DictReader(file)}
    assert found == {"w-1": "24", "w-2": "7"}
    assert "plan_m3" not in quota(
        "close apply", directory, *year, out, *WHY, code=2
    )  # other rules, other proposals
    said = facts("close apply", directory, *year, out, "--rules", rules, "--false-reports", lies, *WHY)
    assert [one["deduction_l"] for one in said] == [24 * M3, 7 * M3]
    for text in (
        "a,b\n",
        "site,volume_m3\nw-1\n",
        "site,volume_m3\nw-1,much\n",
        "site,volume_m3\nw-1,1\nw-1,1\n",
    ):
        lies.write_text(text)
        quota("close export", directory, *year, "--false-reports", lies, "--out", tmp_path / "x.csv", code=2)


REFUSED = {
    "decompose --year 2025 --region c --class gold": "--class is one of",
    "decompose --year 2025 --region c --because x --effective 2070-01-01": "is to come",
    "decompose --year 2025 --region c --dry-run --step 0": "a step is 1 L or more",
    "decompose --year 2025 --region c --step much": "--step: 'much' is no number",
    "decompose --year 2025 --region c": "--because",
    "decompose --year 2025 --region c --dry-run --out x.pdf": "must end in .csv",
    "decompose --year 2025 --region x --dry-run": "there is no region 'x'",
    "limits --year 2025 --region x": "there is no region 'x'",
    "check --year 2025 --lang ug": "--lang is one of en, zh",
    "adjust --year 2025 --plan w-1 --because x": "write SITE=M3",
    "adjust --year 2025 --plan w-1=1 --plan w-1=2 --because x": "names a site twice",
    "adjust --year 2025 --plan w-1=1 --because x": "--document",
    "transfer --year 2025 --from w-1 --to w-2 --volume 1 --because x": "w-1 has no plan for 2025",
    "transfer --year 2025 --from w-1 --to w-2 --volume 1 --across sea --because x": "--across is one of",
    "bill --year 2025 --site w-9": "no site 'w-9'",
    "close freeze --year 2070 --because x": "is not over",
    "close export --year 2025 --out x.csv": "is not closed",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_done_is_said_in_words_with_code_2(directory, words):
    done = CliRunner().invoke(app, ["quota", *words.split(), "--data", str(directory)])
    assert done.exit_code == 2 and REFUSED[words] in done.output, done.output


def test_a_file_that_is_there_is_not_replaced_and_nothing_is_planned(directory, tmp_path):
    out = tmp_path / "proof.csv"
    out.write_text("mine")
    said = quota("decompose", directory, "--year", YEAR, "--region", "c", "--out", out, *WHY, code=2)
    assert "exists already" in said and out.read_text() == "mine"
    assert "no site has a plan" in quota(
        "spread", directory, "--year", YEAR, "--shares", shares_of(tmp_path), *WHY, code=2
    )


def shares_of(tmp_path, text="[shares]\n06 = 1000\n"):
    path = tmp_path / "shares.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text", ["x =", "", "[shares]\n06 = 1.5\n", "x = " + "9" * 5000, "x = " + "[" * 5000]
)
def test_shares_that_cannot_be_read_are_refused(directory, tmp_path, text):
    quota("spread", directory, "--year", YEAR, "--shares", shares_of(tmp_path, text), *WHY, code=2)


def test_a_preset_is_written_once(tmp_path):
    said = run("preset", "changji", "--out", tmp_path / "import")
    assert [line.split(":")[0].rsplit("/", 1)[1] for line in said.splitlines()] == [
        "region.csv", "limit.csv", "ceiling.csv", "targets.csv",
    ]  # fmt: skip
    assert "C01" in (tmp_path / "import" / "limit.csv").read_text(encoding="utf-8-sig")
    assert "exists already" in run("preset", "changji", "--out", tmp_path / "import", code=2)
    run("preset", "wuxi", "--out", tmp_path / "import", code=2)


@pytest.mark.parametrize("verb", ["check", "demand", "close show", "close export"])
@pytest.mark.parametrize("year", ["1970", "2105", str(1 << 63)])
def test_a_year_that_the_clock_cannot_hold_is_refused(directory, tmp_path, verb, year):
    more = ("--out", tmp_path / "x.csv") if verb == "close export" else ()
    words = ("quota", *verb.split(), "--data", directory, "--year", year, *more)
    done = CliRunner().invoke(app, [str(one) for one in words])
    assert done.exit_code == 2 and "Invalid value for '--year'" in done.stderr
