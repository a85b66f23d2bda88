"""Presets say what their documents say; Turpan's wells are decomposed and checked in time."""

import time

import pytest

from karez_gateway.county.quota import checking, preset, proof, proof_check, synthetic, weights
from karez_gateway.county.quota.cells import Cell, limit
from karez_gateway.county.quota.decomposition import Wish, decompose
from karez_gateway.county.registry.kinds import KINDS
from karez_gateway.errors import Refused

E4 = 10_000_000  # litres in 10⁴ m³
TURPAN_MOST_S = 10  # design: decomposed and checked


@pytest.fixture(scope="module")
def turpan():
    return preset.registry(preset.rows("turpan"))


def stated(found, region, year, of_class="all", source="all"):
    return limit(found, region, year, Cell(of_class, source)).volume_l // E4


def test_turpan_s_limits_are_those_of_its_document(turpan):
    regions = ("650400", "650402", "650421", "650422", "650400-R")
    assert [stated(turpan, one, 2025) for one in regions] == [112_000, 38_100, 36_000, 37_100, 900]
    assert [stated(turpan, one, 2025, source="ground") for one in regions] == [
        49_200,
        19_100,
        18_600,
        10_600,
        900,
    ]
    assert [stated(turpan, one, 2035) for one in regions] == [104_400, 35_100, 33_200, 35_100, 1000]
    assert [stated(turpan, one, 2035, source="ground") for one in regions] == [
        40_300,
        15_800,
        15_500,
        8000,
        1000,
    ]
    assert (stated(turpan, "650400", 2020), stated(turpan, "650400", 2020, source="ground")) == (
        123_600,
        61_900,
    )


def test_turpan_has_its_wells_and_intakes_and_says_that_they_are_made_up(turpan):
    sites = dict(turpan.of_kind("site"))
    assert [sum(one["sort"] == sort for one in sites.values()) for sort in ("well", "intake")] == [6922, 32]
    assert all(synthetic.MARK in one["name_zh"] and name.startswith("SYN-") for name, one in sites.items())
    assert preset.rows("turpan") == preset.rows("turpan")


def test_turpan_warns_of_its_own_rounding_and_of_nothing_else(turpan):
    found = [(one.level, one.rule, one.where) for one in checking.check(turpan, 2025, 1)]
    assert found == [
        ("warning", "parts-within-rounding", "650400 2025 all/all"),
        ("warning", "parts-within-rounding", "650400 2025 all/surface"),
    ]
    assert [one for one in checking.check(turpan, 2035, 1, "limits") if one.level == "fault"] == []


def test_turpan_is_decomposed_and_checked_in_time(turpan):
    began_s = time.process_time()
    wells, placed_l = 0, 0
    for source in ("ground", "surface"):
        known = weights.facts(turpan, 2025, 1, {})
        found = decompose(
            turpan, Wish("650400", 2025, Cell("all", source), "allowed", ("permit", "allowed")), known
        )
        keys = [one.key for one in proof.COLUMNS]
        assert proof_check.check(dict(zip(keys, row, strict=True)) for row in proof.rows(found)) == []
        facts = proof.facts(found)
        assert facts["placed_l"] + facts["reserve_l"] + facts["left_over_l"] == facts["limit_l"]
        wells, placed_l = wells + facts["sites"], placed_l + facts["placed_l"]
    checking.check(turpan, 2025, 1)
    took_s = time.process_time() - began_s
    print(f"Turpan: {wells} sites decomposed and checked in {took_s:.1f} s")
    assert wells == 6954 and placed_l <= stated(turpan, "650400", 2025) * E4
    assert took_s <= TURPAN_MOST_S


def test_changji_adds_up_to_the_figure_of_its_document():
    found = preset.registry(preset.rows("changji"))
    assert stated(found, "652301", 2021) == 41_139 == 25_508 + 14_582 + 1_049
    left = [
        one.values["left_l"] // E4 for one in checking.check(found, 2021, 1) if one.rule == "classes-below"
    ]
    assert left == [9317, 5500, 2928, 889] and left[0] == sum(left[1:])
    assert {one.level for one in checking.check(found, 2021, 1)} == {"note"}
    assert stated(found, "652301", 2030, "farming") == 29_200
    assert [values["l_per_mu"] for _, values in found.of_kind("ceiling")] == [365_000, 345_000, 337_000]


@pytest.mark.parametrize("name", preset.NAMES)
def test_its_tables_have_the_columns_that_the_registry_reads_and_name_only_what_is_there(name):
    found = preset.registry(preset.rows(name))
    for stem, table in preset.tables(name):
        rows = list(table.rows)
        assert rows and all(len(row) == len(table.columns) for row in rows)
        if stem == preset.TARGETS:
            continue
        fields = KINDS[stem].fields
        assert [one.key for one in table.columns] == [one.column for one in fields]
        for row in rows:
            for field, cell in zip(fields, row, strict=True):
                if cell:
                    value = field.sort.read(cell)
                    assert not field.refers or found.get(field.refers, value), (stem, field.key, cell)
                else:
                    assert not field.is_needed, (stem, field.key)
    assert list(preset.tables(name))[-1][0] == preset.TARGETS


def test_there_is_no_other_preset():
    with pytest.raises(Refused, match="no preset 'wuxi': one of turpan, changji"):
        preset.rows("wuxi")
