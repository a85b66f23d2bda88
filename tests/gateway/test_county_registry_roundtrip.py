"""What the registry writes it reads back as the same registry: CSV and XLSX, both languages, any text."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_gateway.county.checks.context import Context
from karez_gateway.county.files import exporting, importing
from karez_gateway.county.files.importing import File
from karez_gateway.county.files.sheets import cleaned
from karez_gateway.county.registry.faults import BadCell
from karez_gateway.county.registry.fields import CODE, DATE, INTEGER_MAX, TEXT, YES_NO
from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.county.registry.objects import Object, Registry, name_of
from karez_gateway.exports import writers
from karez_gateway.exports.writers import FORMULA

from .county_forms import COUNTY, all_values, registry_of

RULES = Context("2026-10-01")
TEXTS = (
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" '=+-@\"，,;#"), max_size=20)
    .map(cleaned)
    .filter(lambda text: text.isprintable())
)
TRAPS = st.sampled_from(
    ["=1+1", "'=1", "''=1", "'", "'x", "+86 1", "-5", "@a", "1e5", "007", "1,5", "yes", "2026-03-05"]
)


def fits(sort):
    def one(text):
        try:
            return sort.read(text) == text
        except BadCell:
            return False

    return one


def cell(one):
    """Values that a field may hold."""
    if one.sort is CODE or one.sort is TEXT:
        return (TEXTS | TRAPS).filter(lambda text: text and fits(one.sort)(text))
    if one.sort is DATE:
        return st.dates().map(str)
    if one.sort is YES_NO:
        return st.sampled_from([0, 1])
    if one.sort.words:
        return st.sampled_from(sorted(one.sort.words))
    return st.integers(0, INTEGER_MAX) | st.integers(0, 10**7)


def values(kind):
    named = {one.key: cell(one) for one in kind.fields[: kind.named_by]}
    others = {one.key: cell(one) for one in kind.fields[kind.named_by :]}
    return st.fixed_dictionaries(named, optional=others)


def registries(kind):
    def made(those):
        objects = {name_of(kind.name, one): one for one in those}
        return Registry.of(Object(kind.name, name, 1, one, 1, 0) for name, one in objects.items())

    return st.lists(values(kind), min_size=1, max_size=6).map(made)


def written(registry, kind, form, language):
    file = io.BytesIO()
    if form == "csv":
        exporting.csv(registry, kind, file, language=language, bom=language == "zh")
    else:
        exporting.book(registry, [kind], file, language=language)
    return file.getvalue()


def read_back(data, kind, form):
    """Values by name, and what was wrong."""
    wishes = importing.read([File(f"{kind.name}.{form}", data)])
    merged = {
        key: {field: value for field, value in wish.values.items() if value is not None}
        for key, wish in wishes.rows.items()
    }
    return merged, wishes.findings


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_any_registry_comes_back_from_its_files(kind):
    @settings(max_examples=25, deadline=None)
    @given(registries(kind), st.sampled_from(["csv", "xlsx"]), st.sampled_from(["en", "zh"]))
    def comes_back(registry, form, language):
        found, findings = read_back(written(registry, kind, form, language), kind, form)
        assert findings == []
        assert found == all_values(registry)

    comes_back()


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS | TRAPS, min_size=1, max_size=5))
def test_no_cell_of_a_csv_begins_like_a_formula(texts):
    kind = KINDS["person"]
    data = io.BytesIO()
    rows = ((f"p{number}", text, "", "") for number, text in enumerate(texts))
    writers.write(exporting.table(kind, rows), data, "csv", "en")
    for row in list(csv.reader(io.StringIO(data.getvalue().decode(), newline="")))[1:]:
        assert not row[1].startswith(FORMULA)


def test_a_whole_county_comes_back_without_a_change():
    registry = registry_of(COUNTY)
    assert set(COUNTY) == set(KINDS)
    for language in ("en", "zh"):
        file = io.BytesIO()
        count = exporting.book(registry, list(KINDS.values()), file, language=language)
        assert count == len(all_values(registry))
        wishes = importing.read([File("county.xlsx", file.getvalue())])
        tried = importing.try_out(registry, wishes, RULES)
        assert (tried.findings, tried.counts, tried.warnings) == ([], {}, [])


def test_the_same_registry_makes_the_same_bytes():
    registry = registry_of(COUNTY)
    for form in ("csv", "xlsx"):
        one, other = (written(registry, KINDS["site"], form, "zh") for _ in range(2))
        assert one == other


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_template_is_an_import_that_changes_nothing(language):
    file = io.BytesIO()
    exporting.book(Registry(), list(KINDS.values()), file, language=language)
    wishes = importing.read([File("registry.xlsx", file.getvalue())])
    assert (wishes.rows, wishes.findings) == ({}, [])


def test_the_guide_explains_every_column_in_both_languages():
    guide = list(exporting.guide(list(KINDS.values())))
    assert len(guide) == sum(len(kind.fields) + 2 for kind in KINDS.values())  # beside them end and effective
    for row in guide:
        assert all(row[at] for at in (0, 1, 2, 3, 4, 7, 8))
        assert not row[3].isascii()
        assert not row[8].isascii()
