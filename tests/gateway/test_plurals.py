"""No sentence says "1 wells": every template of every table is rendered with ones."""

import re
from string import Formatter

import pytest

from karez_gateway.county.alarms import words as alarms
from karez_gateway.county.power import likely
from karez_gateway.county.quota import wording as quota
from karez_gateway.county.registry import wording as county
from karez_gateway.county.reports import words as reports
from karez_gateway.notify import message
from karez_gateway.regulator import wording as regulator
from karez_gateway.verifier import wording
from karez_gateway.verifier.plurals import filled

# What ends in s behind a one and is no noun in its plural: verbs of one, and names of one.
VERBS = {"is", "was", "has", "says", "does", "needs", "begins", "ends", "holds", "lies", "stands"}
VERBS |= {"counts", "stops", "runs", "belongs", "takes", "gives", "names", "orders", "acknowledges"}
VERBS |= {"follows", "gets", "waits", "opens", "claims", "shows", "means", "costs", "covers", "witness"}
MANY = re.compile(r"(?<![\w.,±+-])1 ([a-z]+s)\b(?!\()")

TABLES = {
    "alarms": [text for pair in alarms._TEXTS.values() for text in pair],
    "county": [
        text for table in (county.SENTENCES, county.SORTS) for pair in table.values() for text in pair
    ],
    "mails": [text for table in message._TEXT.values() for text in table.values()],
    "power": [text for test in likely.TESTS for text in (test.en, test.zh)],
    "quota": [text for pair in quota.table("findings").values() for text in pair.values()],
    "regulator": [
        text
        for tables in (regulator.PAGE, regulator.TEXTS, regulator.FAULTS)
        for table in tables.values()
        for text in table.values()
    ],
    "reports": [text for pair in reports.TEXTS.values() for text in pair],
    "verifier": [
        text
        for tables in (wording.PAGE, wording.FINDINGS)
        for table in tables.values()
        for text in table.values()
    ],
}


def with_ones(template):
    return filled(template, {name: "1" for _, name, _, _ in Formatter().parse(template) if name})


def plurals(text):
    return [found for found in MANY.findall(text) if found not in VERBS]


@pytest.mark.parametrize("name", TABLES)
def test_every_template_with_ones_has_no_plural(name):
    assert len(TABLES[name]) > 5
    wrong = [said for said in map(with_ones, TABLES[name]) if plurals(said)]
    assert wrong == []


def test_the_search_finds_what_it_is_for():
    assert plurals(with_ones("{count} wells get less")) == ["wells"]
    assert plurals(with_ones("more than {most} days after")) == ["days"]
    assert plurals(with_ones("grant {seq} is late, region {region} has none")) == []


def test_a_noun_goes_with_its_count():
    said = "{count:well gets|wells get} less, {litres} m³ {x!r}"
    assert filled(said, {"count": 1, "litres": 7, "x": "a"}) == "1 well gets less, 7 m³ 'a'"
    assert filled(said, {"count": "1,200", "litres": 7, "x": "a"}) == "1,200 wells get less, 7 m³ 'a'"
    assert filled("{count:well|wells}", {"count": 0}) == "0 wells"
    with pytest.raises(KeyError):
        filled(said, {"count": 1})
