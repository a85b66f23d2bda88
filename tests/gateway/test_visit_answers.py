"""What a person at the well is asked and types, and the words that he reads, in both languages."""

import re

import pytest

from karez_firmware.console import looks
from karez_gateway.technician import guide, scanning, visit_answers
from karez_gateway.technician.answer_words import LABELS
from karez_gateway.technician.commissioning import QUANTITIES
from karez_gateway.technician.commissioning_fields import Whole
from karez_gateway.technician.errors import WrongUse
from karez_gateway.technician.speech import Speech
from karez_gateway.technician.wording import PAGE
from karez_gateway.technician.wording_asks import ASKS
from karez_protocols import record

WHOLE = guide.Question("dial", Whole(-(10**12), 10**12))
CHINESE = re.compile("[\u4e00-\u9fff]")


def questions():
    """Every question of every visit: (step, question)."""
    for kind in guide.STEPS:
        for step in visit_answers.every(kind, QUANTITIES):
            for one in (*step.asks, visit_answers.SKIP):
                those = one.kind.of if isinstance(one.kind, guide.Rows) else (one,)
                yield from ((step, question) for question in those)


@pytest.mark.parametrize("language", ASKS)
def test_a_question_says_once_what_an_empty_line_means(language):
    word = {"en": "empty:", "zh": "空："}[language]
    said = [(one, visit_answers.asked(language, step, one)) for step, one in questions()]
    assert len(said) > 100
    for one, text in said:
        assert text.count(word) <= 1, text
        assert one.name == "skip" or not one.may_miss or word in text, text


def test_chinese_questions_have_chinese_punctuation():
    step = next(one for one in guide.steps("commissioning", ["water"]) if one.name == "meter-water")
    assert visit_answers.asked("zh", step, step.asks[2]) == "表计（水表）：铭牌编号"
    assert visit_answers.asked("en", step, step.asks[2]).startswith("meter (water meter): serial number")


@pytest.mark.parametrize("line", ["24879", "24,879", "24 879", "24，879", "２４８７９"])
def test_thousands_may_stand_apart(line):
    assert visit_answers.parsed(WHOLE, line) == 24_879


@pytest.mark.parametrize("line", ["24,8", "115,4", "1,2345", "24.8", "24,87,9", ",879", "", "-", "1 2"])
def test_a_decimal_comma_is_asked_again_and_never_read_as_ten_times_as_much(line):
    assert visit_answers.parsed(WHOLE, line) == line


def test_what_a_visit_came_to_is_a_sentence_in_either_language():
    for language in ASKS:
        for result in ("passed", "skipped", "failed"):
            assert len(PAGE[language]["result-" + result]) > 5
    assert CHINESE.search(PAGE["zh"]["result-skipped"])


def test_every_value_that_a_meter_may_show_has_a_chinese_name():
    names = {name for one in QUANTITIES for profile in scanning.candidates(one) for name in profile.unknown()}
    assert len(names) > 15
    assert not {name for name in names if name not in LABELS}


def test_the_link_and_the_kinds_of_records_have_chinese_words():
    speech = Speech("zh", as_json=False)
    for words in [*looks._PHASES.split(), *record.KIND_NAMES[1:]]:
        assert CHINESE.search(speech.value("phase", words)), words
    for words in [*looks._LOSSES.values(), *looks._ERRORS.values()]:
        if "%s" not in words:
            said = speech.value("last_loss", "connecting: " + words)
            assert said.startswith("正在连接：") and not re.search("[a-z]{3}", said), said
    assert Speech("en", as_json=False).value("last_loss", "tls: error 13") == "tls: error 13"
    assert speech.value("last_loss", "tls: error 13") == "加密握手：error 13"
    assert speech.value("tasks", {}) == "无"


@pytest.mark.parametrize(
    "data", [b"dial = " + b"9" * 5000, b"dial = \xb4\xf3", b"\xff\xfed\x00", b"a = " + b"[" * 9999]
)
def test_answers_that_are_no_toml_are_told(tmp_path, data):
    path = tmp_path / "answers.toml"
    path.write_bytes(data)
    with pytest.raises(WrongUse, match=r"answers\.toml"):
        visit_answers.load(path, next(iter(guide.STEPS)), QUANTITIES)
