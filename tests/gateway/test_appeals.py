"""Appeals: who does not agree, and what was decided; each is an act, and none moves a litre."""

import json
import time

import pytest
from typer.testing import CliRunner

from karez_gateway.cli.main import app

from .alarm_county import region, site
from .alarm_desk import Desk
from .county import create, opened

LODGE = ["--who", "王五", "--because", "the maize dries up", "--by", "li"]


@pytest.fixture
def desk(tmp_path):
    with opened(create(tmp_path / "g")) as county:
        desk = Desk(county)
        desk.put(region("651"), site("well-1"), site("well-2"))
        yield desk


def karez(desk, *words):
    return CliRunner().invoke(app, [words[0], words[1], "--data", str(desk.county.config.data), *words[2:]])


def found(desk, *more):
    return json.loads(karez(desk, "appeals", "list", "--json", *more).stdout)


def lodge(desk, *more):
    done = karez(desk, "appeals", "lodge", "well-1", *LODGE, *(more or ("--against", "stop")))
    assert done.exit_code == 0, done.stderr
    return found(desk)[0]


def test_an_appeal_is_open_until_it_is_decided_and_both_names_stay(desk):
    one = lodge(desk, "--against", "stop", "--at", "2026-07-01T08:10:00+08:00", "--document", "诉 3 号")
    assert (one["who"], one["by"], one["document"]) == ("王五", "li", "诉 3 号")
    assert one["happened_utc_s"] == 1_782_864_600
    number = str(one["number"])
    words = ["--outcome", "upheld", "--because", "4 mu left out", "--document", "复 3 号", "--by", "wang"]
    assert karez(desk, "appeals", "decide", number, *words).exit_code == 0
    assert found(desk) == []
    (decided,) = found(desk, "--all")
    assert (decided["outcome"], decided["decided_by"], decided["decided_document"]) == (
        "upheld",
        "wang",
        "复 3 号",
    )
    again = karez(desk, "appeals", "decide", number, *words)
    assert again.exit_code and "decided already, by wang: upheld" in again.stderr
    shown = karez(desk, "appeals", "list", "--all").stdout
    assert "王五 against stop: the maize dries up" in shown and "upheld by wang: 4 mu left out" in shown


def test_both_acts_are_in_the_log_and_the_log_agrees(desk):
    one = lodge(desk)
    karez(
        desk,
        "appeals",
        "decide",
        str(one["number"]),
        "--outcome",
        "dismissed",
        "--because",
        "x",
        "--by",
        "wang",
    )
    assert desk.county.acts.log_queued(int(time.time())) == 3  # the registry's, too
    (one,) = found(desk, "--all")
    assert one["log_index"] is not None and one["decided_log_index"] > one["log_index"]
    assert karez(desk, "acts", "check").exit_code == 0


def test_a_violation_is_appealed_against_by_its_number_at_its_site(desk):
    span = ["--from", "2026-09-21", "--to", "2026-09-23", "--because", "jumper", "--by", "li"]
    assert karez(desk, "violations", "open", "well-1", "--kind", "bypass", *span).exit_code == 0
    (case,) = json.loads(karez(desk, "violations", "list", "--json").stdout)
    number = str(case["number"])
    one = lodge(desk, "--against", "violation", "--violation", number)
    assert one["violation"] == case["number"]
    wrong = karez(desk, "appeals", "lodge", "well-2", *LODGE, "--against", "violation", "--violation", number)
    assert wrong.exit_code and "is of another site" in wrong.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--against", "rain"], "--against is one of stop, grant, order, violation"),
        (["--against", "violation"], "go together"),
        (["--against", "stop", "--violation", "7"], "there is no violation 7"),
        (["--against", "violation", "--violation", "7"], "there is no violation 7"),
        (["--against", "stop", "--at", "2104-01-01"], "--at is not yet"),
        (["--against", "stop", "--at", "yesterday"], "is no day"),
        (["--against", "stop", "--who", " "], "--who is one line"),
        (["--against", "stop", "--who", "a\nb"], "--who is one line"),
        (["--against", "stop", "--who", "五" * 30], "at most 64 bytes"),
        (["--against", "stop", "--because", ""], "--because"),
    ],
)
def test_bad_words_are_one_line_and_nothing_is_written(desk, words, said):
    done = karez(desk, "appeals", "lodge", "well-1", *LODGE, *words)
    assert done.exit_code and said in done.stderr and "Traceback" not in done.stderr
    assert found(desk, "--all") == []


@pytest.mark.parametrize(
    ("number", "outcome", "said"), [("9", "upheld", "there is no appeal 9"), ("9", "won", "--outcome")]
)
def test_a_decision_of_nothing_is_refused(desk, number, outcome, said):
    done = karez(desk, "appeals", "decide", number, "--outcome", outcome, "--because", "x", "--by", "wang")
    assert done.exit_code and said in done.stderr
