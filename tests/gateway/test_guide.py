"""The guide's table, its answers and its working file: pure, without a box."""

import base64
import json
import tomllib
from dataclasses import replace

import pytest

from karez_gateway.technician import (
    commissioning_file,
    guide,
    judgement,
    scanning,
    visit_acts,
    visit_answers,
    visit_document,
    visit_runs,
)
from karez_gateway.technician.commissioning import (
    BOX_SWAP,
    COMMISSIONING,
    METER_SWAP,
    QUANTITIES,
    Technician,
)
from karez_gateway.technician.commissioning_rules import NEEDED
from karez_gateway.technician.errors import Faulty, WrongUse
from karez_gateway.technician.faults import Faults
from karez_gateway.technician.speech import Speech
from karez_gateway.technician.visit_file import Visit, load
from karez_gateway.technician.visit_run import ACTS
from karez_gateway.technician.wording_asks import ASKS
from karez_gateway.technician.wording_guide import PAGE
from karez_protocols import chain

from .commissionings import BOX, NUMBER, TECHNICIAN
from .synthetic import START_UTC_S, public

METERS = ["water", "energy"]
KINDS = (COMMISSIONING, METER_SWAP, BOX_SWAP)
ROW = {"serial": "S", "maker": None, "model": None, "verified_until": None}


def visit(kind=COMMISSIONING):
    """A visit that is over, as the acts leave it."""
    key = public(BOX)
    found = {step.name: {} for step in guide.steps(kind, METERS)}
    meters = {
        "water": {"quantity": "water", "profile": "tuf2000m", "address": 1},
        "energy": {"quantity": "energy", "profile": "sdm630", "address": 2, "baud": 19_200},
    }
    for quantity in METERS:
        found[f"scan-{quantity}"] = {
            "check": {
                "quantity": quantity, "line": 0, "addresses": "1-6", "bauds": [9600], "sure_pct": 90,
                "profile": meters[quantity]["profile"], "address": "1", "baud": 9600,
            },
            "line": 0, "profile": meters[quantity]["profile"], "address": 1, "baud": 9600, "step": 1,
        }  # fmt: skip
        found[f"dial-after-{quantity}"] = {
            "check": {
                "quantity": quantity, "dial_before": 100, "dial_after": 1100, "dial_step": 1,
                "register_before": 100, "register_after": 1101,
            }
        }  # fmt: skip
    found |= {
        "box": {
            "controller": chain.controller_name(key), "key": key.hex(), "site": "410105-0001",
            "tier": 3, "seq": 5,
        },
        "config": {"meters": meters},
        "photos": {"photos": []},
        "contactor": {"check": {"feedback": "both", "close_ms": 90, "open_ms": 100}},
        "ct": {
            "check": {
                "power_w": 20_000, "voltage_dv": 3800, "current_ma": 35_000, "power_factor_permille": 860,
            }
        },
        "step-test": {
            "check": {
                "seconds": 90, "volume_l": 1500, "energy_wh": 500, "volume_step_l": 1, "energy_step_wh": 1,
            }
        },
        "class": {"use": "irrigation", "fail": "stopped", "multipliers": {"energy": 40_000_000}},
        "end": {"finished_utc_s": START_UTC_S + 600, "chain": 1, "volume_l": 1001, "grant": None},
    }  # fmt: skip
    answers = {
        "site": {
            "name_zh": "一号井", "name_en": None, "county": "C", "village": "V", "latitude_udeg": None,
            "longitude_udeg": None, "permit": None, "right_holder": None, "sub_class": None,
            "source": "groundwater",
        },
        "meter-water": ROW, "meter-energy": ROW,
        "seals": {"seals": [{"number": "1", "place": "door"}]},
        "photos": {"photos": []}, "remarks": {"remarks": [{"remark": "dry year"}]},
        "dial-before-water": {"dial": 100, "dial_step": 1},
        "dial-before-energy": {"dial": 100, "dial_step": 1},
    }  # fmt: skip
    return Visit(kind, START_UTC_S, list(METERS), answers, found)


def who():
    return Technician(NUMBER, public(TECHNICIAN).hex())


@pytest.mark.parametrize("kind", KINDS)
def test_every_step_has_its_act_and_its_questions_in_both_languages(kind):
    for step in guide.steps(kind, list(QUANTITIES)):
        assert not step.act or step.act in ACTS
        assert visit_answers.title("en", step) != visit_answers.title("zh", step)
        assert not step.may_skip or step.check
        for question in step.asks:
            asked = question.kind.of if isinstance(question.kind, guide.Rows) else (question,)
            for one in asked:
                assert visit_answers.asked("en", step, one) != visit_answers.asked("zh", step, one)
    for sort, reasons in judgement.WHY.items():
        assert all(f"why-{name}" in PAGE[language] for name, _ in reasons for language in PAGE), sort
    assert ASKS["en"].keys() == ASKS["zh"].keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_check_that_the_file_needs_stands_in_the_table(kind):
    sorts = {step.check for step in guide.steps(kind, METERS)} | {"pulse"}
    assert set(NEEDED[kind]) <= sorts


@pytest.mark.parametrize("kind", KINDS)
def test_steps_follow_one_another_until_there_is_none(kind):
    done, names = {}, []
    while (step := guide.following(kind, METERS, done)) is not None:
        done[step.name] = {}
        names.append(step.name)
    assert names == [one.name for one in guide.steps(kind, METERS)] and len(set(names)) == len(names)
    assert names[0] == "box" and names[-1] == "end"


def test_a_check_is_left_out_only_where_all_of_its_steps_are():
    steps = {"dial-before-water": "no ladder", "dial-after-water": "no ladder"}
    assert guide.left_out(COMMISSIONING, METERS, steps) == {}
    assert guide.left_out(COMMISSIONING, ["water"], steps) == {"dial": "no ladder"}


def test_a_meter_that_sends_pulses_is_not_looked_for_and_its_pulses_are_checked():
    names = [one.name for one in guide.steps(COMMISSIONING, METERS, ["water"])]
    assert "scan-water" not in names and "scan-energy" in names and "pulses-water" in names
    assert "pulses-energy" not in names
    one = visit()
    one.found["config"]["meters"]["water"] = {"quantity": "water", "pulse_milli": 10_000}
    step = next(one for one in guide.steps(COMMISSIONING, METERS, ["water"]) if one.name == "pulses-water")
    one.found["pulses-water"] = visit_runs.pulses(one, None, step, {}, None)
    del one.found["scan-water"]
    says = visit_document.commissioning(one, who())
    assert says.checks.pulse[0].pulses == 100 and says.checks.pulse[0].outcome == "passed"
    assert says.meters[0].pulse_milli == 10_000 and says.meters[0].profile is None and not says.skipped
    one.found["dial-after-water"]["check"]["register_after"] = 200
    with pytest.raises(WrongUse):
        visit_runs.pulses(Visit(COMMISSIONING, 1), None, step, {}, None)
    one.found["pulses-water"] = visit_runs.pulses(one, None, step, {}, None)
    assert visit_document.commissioning(one, who()).checks.pulse[0].outcome == "failed"
    commissioning_file.encode(says, TECHNICIAN)


def test_a_whole_visit_becomes_a_file_that_reads_back(tmp_path):
    says = visit_document.commissioning(visit(), who())
    data = commissioning_file.encode(says, TECHNICIAN)
    again = commissioning_file.decode(data, "x").says
    assert again == says and judgement.result(again) == "skipped"
    assert [one.baud for one in again.meters] == [9600, 19_200]
    assert again.meters[1].multiplier_ppm == 40_000_000 and again.skipped[0].check == "pulse"
    assert again.remarks == ("dry year",) and again.controller.tier == "C"


def test_a_failed_check_stays_failed_in_the_file():
    one = visit()
    one.found["dial-after-water"]["check"]["register_after"] = 1120
    says = visit_document.commissioning(one, who())
    assert judgement.result(says) == "failed" and says.checks.dial[0].error_ppm == 20_000


def test_a_working_file_reads_back_and_another_kind_or_rubbish_is_refused(tmp_path):
    path = tmp_path / "well.visit"
    visit().save(path)
    assert load(path, COMMISSIONING) == visit()
    for kind, text, name in (
        (METER_SWAP, path.read_text(), "visit-kind"),
        (COMMISSIONING, "{}", "visit-file"),
        (COMMISSIONING, path.read_text().replace('"found": {', '"found": 3, "x": {'), "visit-file"),
        (COMMISSIONING, path.read_text()[:-20], "document-cut"),
    ):
        path.write_text(text)
        with pytest.raises(WrongUse) as caught:
            load(path, kind)
        assert caught.value.name in (name, "document-json"), caught.value


BAD = """
[site]
name_en = 3
county = ""
planet = "Mars"
latitude_udeg = 91000000
[grant]
skip = "no"
[contactor]
feedback = "smell"
[seals]
seals = [{number = "1"}, "x"]
[step-test]
seconds = 5
[meter-water]
verified_until = "2026-02-30"
[cheese]
"""


def test_every_fault_of_an_answers_file_is_named_by_its_place(tmp_path):
    path = tmp_path / "answers.toml"
    path.write_text(BAD)
    with pytest.raises(Faulty) as caught:
        visit_answers.load(path, COMMISSIONING, QUANTITIES)
    assert {one.path for one in caught.value.faults} == {
        "site.name_en", "site.county", "site.planet", "site.latitude_udeg", "grant.skip",
        "contactor.feedback", "seals.seals[0].place", "seals.seals[1]", "step-test.seconds",
        "meter-water.verified_until", "cheese",
    }  # fmt: skip
    for language in ("en", "zh"):
        assert len(caught.value.lines(language)) == 12
    path.write_text("[site")
    with pytest.raises(WrongUse):
        visit_answers.load(path, COMMISSIONING, QUANTITIES)


def test_what_the_file_does_not_say_is_asked_and_a_wrong_answer_is_asked_again(monkeypatch, capsys):
    lines = iter(["much\n", "12 345\n", "1\n", ""])
    monkeypatch.setattr("sys.stdin", type("In", (), {"readline": lambda _: next(lines)})())
    step = next(one for one in guide.steps(COMMISSIONING, METERS) if one.name == "dial-before-water")
    answers = visit_answers.Answers(Speech("en", as_json=False), tomllib.loads("[grant]\n"))
    assert answers.of(step) == {"dial": 12_345, "dial_step": 1}
    assert "dial-before-water.dial" in capsys.readouterr().out
    with pytest.raises(WrongUse) as caught:
        answers.of(step)
    assert caught.value.name == "visit-unanswered"


def test_a_grant_is_a_file_or_the_text_of_a_qr_code(tmp_path):
    data = bytes(range(200))
    (tmp_path / "grant.bin").write_bytes(data)
    assert visit_acts.grant_of(str(tmp_path / "grant.bin")) == data
    text = base64.b64encode(data).decode()
    assert visit_acts.grant_of(text[:40] + "\n " + text[40:]) == data
    for wrong in ("no grant", "x" * 301, base64.b64encode(bytes(501)).decode(), ""):
        with pytest.raises(WrongUse):
            visit_acts.grant_of(wrong)


def test_of_several_profiles_the_one_whose_fields_read_is_proposed():
    one = scanning.Proposal("a", 1, 9600, 100, 0, 1, {})
    other = replace(one, profile="b", score_pct=50)
    assert scanning.best([other, one], None).profile == "a" and scanning.best([one], None).sure_pct == 100
    assert scanning.best([other, one], None).sure_pct == 66
    assert scanning.best([one, replace(one, profile="c")], "c").profile == "c"
    assert scanning.best([], "c") is None and not scanning.is_good(None)


@pytest.mark.parametrize(("first", "last"), [("a", "2"), ("3", "2"), ("-1", "4"), ("0", "1024")])
def test_a_range_that_is_none_is_refused(first, last):
    with pytest.raises(WrongUse):
        scanning.numbers(first, last)


def test_the_speeds_that_are_tried_begin_with_the_configured_meter_s():
    profiles = scanning.candidates("energy")
    first = next(one for one in profiles if one.name == "sdm120")
    found = scanning.settings(profiles, [], first)
    assert found[0] == scanning.Setting("modbus", 2400, "8N1") and len(set(found)) == len(found)
    assert {one.protocol for one in found} == {"modbus", "dlt645", "dlt645-1997"}
    assert list(scanning.looks(found[0], (0, 300))) == [(1, 247)]


def test_faults_of_answers_are_found_without_a_file():
    faults = Faults()
    visit_answers.check({"skip": 1}, COMMISSIONING, QUANTITIES, faults)
    assert [one.path for one in faults.found] == ["skip"]
    assert json.dumps({"seen": len(faults.found)})
