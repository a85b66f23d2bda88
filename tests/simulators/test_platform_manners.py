"""Manners by their names: every one can be asked for, and what makes no sense is named with what does."""

from dataclasses import fields

import pytest

from karez_simulators.platform_manners import (
    EVERYWHERE,
    NAMED,
    POLITE,
    BadManner,
    Manners,
    lines_of,
    manners_of,
)


def test_every_field_can_be_set_by_a_name():
    found = set()
    for name, one in NAMED.items():
        value = "=3" if one.takes else ""
        changed = manners_of([name + value], one.standards[0])
        found |= {field.name for field in fields(Manners) if getattr(changed, field.name) != field.default}
    assert found == {field.name for field in fields(Manners)}


def test_several_manners_go_together_and_polite_changes_nothing():
    assert manners_of([], "szy206") == manners_of(["polite"], "szy206") == POLITE
    found = manners_of(["late=0.5", "twice", "clock-off=-60", "hang-up=3"], "szy206")
    assert (found.delay_s, found.confirms_twice, found.clock_off_s) == (0.5, True, -60)
    assert (found.hangs_up, found.hangs_up_after) == (True, 3)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("hang-up", ("hangs_up_after", 0)),
        ("lost", ("confirms_lost", 1)),
        ("forget", ("forgets_each", 1)),
        ("drip", ("drip_bytes_s", 20)),
    ],
)
def test_what_stands_in_brackets_may_be_left_out(words, said):
    assert getattr(manners_of([words], "szy206"), said[0]) == said[1]


@pytest.mark.parametrize(
    "wrong",
    ["late", "late=", "late=x", "late=-1", "late=nan", "late=inf", "lost=0", "lost=", "lost=x", "twice=2",
     "twice=", "drip=0", "forget=1.5", "clock-off", "clock-off=1e9", "clock-off=9999999999"],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_answered_with_how_it_is_written(wrong):
    with pytest.raises(BadManner, match=f"write {wrong.partition('=')[0]}"):
        manners_of(["twice", wrong], "szy206")


@pytest.mark.parametrize(
    ("name", "standard"), [("rude", "szy206"), ("refuse", "szy206"), ("drip", "json"), ("", "sl651")]
)
def test_a_manner_that_a_platform_has_not_is_answered_with_those_it_has(name, standard):
    with pytest.raises(BadManner) as refused:
        manners_of([name], standard)
    assert str(refused.value).startswith(
        f"{standard} has no manner {name!r}; known: polite, silent, late=SECONDS"
    )
    for other, one in NAMED.items():
        assert (f" {other}" in str(refused.value)) or standard not in one.standards


@pytest.mark.parametrize("standard", EVERYWHERE)
def test_the_list_has_one_line_for_each(standard):
    names = [line.split()[0].rstrip("]").split("[")[0].split("=")[0] for line in lines_of(standard)]
    assert names == [name for name, one in NAMED.items() if standard in one.standards]
