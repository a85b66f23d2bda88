"""`karez bench world` in the hands of people: a story, an object, and one clear line for what is wrong."""

import json

import pytest
from typer.testing import CliRunner

import world_desk as desk
from karez_simulators.cli import app
from karez_simulators.world import gateway_host, run, sometimes, words

HOUR = ("--days", "0.05", "--wells", "1")


@pytest.fixture(autouse=True)
def _gateway(monkeypatch):
    desk.offer_the_gateway(monkeypatch)


def world(*words_said):
    return CliRunner().invoke(app, ["world", *words_said])


def test_a_seed_tells_its_story_in_both_languages():
    english, chinese = (world("--seed", "2", *HOUR, "--lang", lang) for lang in words.LANGUAGES)
    assert english.exit_code == chinese.exit_code == 0, english.output + chinese.output
    assert "the controller starts, for the 1. time" in english.output and "上电" in chinese.output
    digest = english.output.splitlines()[-1]
    assert digest.startswith("digest ") and digest == chinese.output.splitlines()[-1]


def test_many_seeds_end_with_one_object():
    found = world("--seeds", "2:3", *HOUR, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout.splitlines()[-1])
    assert told["seeds"] == 2 and told["simulated_days"] == 0.1 and told["records"] > 10
    assert told["violations"] == [] and set(told["sometimes_missed"]) <= set(sometimes.every())


def test_a_violation_is_told_with_its_seed_and_the_command_to_see_it_again(monkeypatch):
    desk.book_held_readings(monkeypatch)
    wild = run.troubles.named(("meter_wild",))
    monkeypatch.setattr(run.troubles, "named", lambda _names: wild)
    found = world("--seeds", "1:1", "--days", "0.25", "--wells", "1", "--json")
    assert found.exit_code == 1
    told = json.loads(found.stdout.splitlines()[-1])["violations"][0]
    assert told["seed"] == 1 and told["invariant"] == "books_equal_the_meter"
    assert told["replay"] == "karez bench world --seed 1 --days 0.25 --wells 1"
    assert "BROKEN books_equal_the_meter" in found.stderr and f"again: {told['replay']}" in found.stderr


@pytest.mark.parametrize(
    ("words_said", "wrong"),
    [
        (("--seeds", "9:1"), "from the lower to the higher"),
        (("--seeds", "1-9"), "write two whole numbers, as 1:200"),
        (("--seeds", "\uff11:\uff12"), "write two whole numbers"),
        (("--seeds", "1:99999999"), "at most 1000000"),
        (("--seed", "1", "--seeds", "1:2"), "give one of them"),
        (("--lang", "fr"), "en or zh"),
    ],
)
def test_wrong_use_is_one_clear_line(words_said, wrong):
    found = world(*words_said)
    assert found.exit_code == 2 and wrong in found.stderr and found.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "words_said", [("--days", "nan"), ("--days", "inf"), ("--days", "9e99"), ("--wells", "0")]
)
def test_numbers_that_no_run_can_have_are_refused(words_said):
    assert world("--seed", "1", *words_said).exit_code == 2


def test_without_a_gateway_it_says_what_to_install(monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(gateway_host.metadata, "entry_points", lambda **_: ())
    found = world("--seed", "1")
    assert found.exit_code == 2 and "pip install 'karez[gateway]'" in found.stderr


def test_every_sentence_stands_in_both_languages_with_the_same_blanks():
    for key, (english, chinese) in words.SENTENCES.items():
        blanks = [{part.partition("}")[0] for part in text.split("{")[1:]} for text in (english, chinese)]
        assert blanks[0] == blanks[1], key


def test_a_chinese_story_names_causes_and_buttons_in_chinese():
    told = words.line("zh", 0, "well-1", "stopped", {"litres": 7, "cause": "button"})
    assert "按钮" in told and "button" not in told
    assert "启动" in words.line("zh", 0, "well-1", "pressed", {"button": "start"})
    assert "button" in words.line("en", 0, "well-1", "stopped", {"litres": 7, "cause": "button"})
