"""The list of survivors can be read, speaks of modules that exist, and gives a reason for each."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import kept

SURVIVOR = '[[survivor]]\nmodule = "core/pump.py"\nwhere = "fire"\nwas = "a < b"\nbecomes = "a <= b"\n'
RULE = "[[rule]]\noperator = 'Add_.*'\nbecomes = 'x \\+'\nreason = \"It is so.\"\n"


@pytest.fixture(scope="module")
def listed():
    return kept.KeptList(kept.LIST.read_text(encoding="utf-8"))


def mutant(**changed):
    values = {
        "module": "core/pump.py",
        "where": "fire",
        "operator": "Lt",
        "was": "a < b",
        "becomes": "a <= b",
    }
    values.update(changed)
    return values


def test_every_module_and_each_of_its_test_files_exists():
    for module, settings in kept.modules().items():
        assert (kept.SOURCES / module).is_file(), module
        assert settings["tests"], module
        for name in settings["tests"]:
            assert (kept.ROOT / "tests/firmware" / name).is_file(), (module, name)


def test_every_entry_is_of_a_module_under_test_and_of_a_line_it_has(listed):
    for entry in listed.survivors:
        assert entry["module"] in kept.modules(), entry
        lines = (kept.SOURCES / entry["module"]).read_text(encoding="utf-8").splitlines()
        assert entry["was"] in {line.strip() for line in lines}, entry
        assert entry["where"] == "" or any(f"def {entry['where']}(" in line for line in lines), entry


def test_every_rule_is_a_pattern(listed):
    for rule in listed.rules:
        re.compile(rule["operator"])
        re.compile(rule["becomes"])


def test_an_entry_explains_its_line_once_and_nothing_else():
    found = kept.KeptList(SURVIVOR + 'reason = "It is so."\n')
    for other in ({"module": "core/resume.py"}, {"where": "x"}, {"was": "a < c"}, {"becomes": "a > b"}):
        assert found.reason(mutant(**other)) is None
    assert found.stale(["core/pump.py"]) == [("core/pump.py", "fire", "a < b", "a <= b")]
    assert found.reason(mutant()) == "It is so."
    assert found.reason(mutant()) is None
    assert found.stale(["core/pump.py"]) == []


def test_an_entry_explains_as_many_as_it_says():
    found = kept.KeptList(SURVIVOR + 'times = 2\nreason = "It is so."\n')
    assert [found.reason(mutant()) for _ in range(3)] == ["It is so.", "It is so.", None]


def test_a_rule_explains_what_the_operator_made_and_is_stale_without_any():
    found = kept.KeptList(RULE)
    assert found.reason(mutant(operator="Add_Sub", becomes="y - z")) is None
    assert found.reason(mutant(operator="Sub_Add", becomes="x + y")) is None
    assert len(found.stale(kept.modules())) == 1
    assert found.reason(mutant(operator="Add_Sub", becomes="x + y")) == "It is so."
    assert found.stale(kept.modules()) == []


@pytest.mark.parametrize(
    "text",
    [
        SURVIVOR,
        SURVIVOR + 'reason = ""\n',
        SURVIVOR + 'reason = "no full stop"\n',
        SURVIVOR + 'reason = "It is so."\nwhy = 1\n',
        2 * (SURVIVOR + 'reason = "It is so."\n'),
        "[[other]]\n",
    ],
)
def test_an_entry_without_reason_with_strange_keys_or_twice_is_refused(text):
    with pytest.raises(kept.BadEntry):
        kept.KeptList(text)
