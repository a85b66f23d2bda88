"""Causes: every number has its words, and the words are found without splitting the whole text."""

from karez_protocols import cause_words_zh, causes


def test_every_cause_is_found_by_its_number():
    listed = list(causes.every())
    assert len(listed) > 30 and [number for number, _ in listed] == sorted({number for number, _ in listed})
    for number, words in listed:
        assert causes.name(number) == words and words


def test_every_constant_has_its_words():
    listed = dict(causes.every())
    for constant in dir(causes):
        if constant == constant.upper() and not constant.startswith("_"):
            assert getattr(causes, constant) in listed, constant


def test_a_number_of_another_version_is_shown_as_it_is():
    assert causes.name(99) == "cause 99" and causes.name(1) == "cause 1"


def test_every_cause_has_chinese_words_and_no_other_number_has():
    listed = [number for number, _ in causes.every()]
    assert [number for number, _ in cause_words_zh.every()] == listed
    for number in listed:
        words = cause_words_zh.name(number)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in words), number
    assert cause_words_zh.name(99) is None
    assert len({words for _, words in cause_words_zh.every()}) == len(listed)
