"""The office's own limits: every fault by file, line and column; nothing is read past it."""

import re

import pytest

from karez_gateway.regulator import limits, wording, wording_faults
from karez_gateway.regulator.errors import Refused

from .regulator_desk import FROM_UTC_S, LIMITS, REGIONS, RULES, SITES, TO_UTC_S, folder


def faults(path, **files):
    with pytest.raises(Refused) as refused:
        limits.load(folder(path, **files))
    for one in refused.value.faults:
        assert one.text("en") != one.text("zh")
    return [(one.place, one.name) for one in refused.value.faults]


def test_the_files_become_a_tree_with_limits_and_sites(tmp_path):
    found = limits.load(folder(tmp_path))
    assert list(found.path("650401")) == ["650401", "6504", "65"]
    assert [one.words for one in found.covering(found.sites["w1"], 2027)] == [
        "2027 all/ground",
        "2027 farming/ground",
    ]
    assert found.covering(found.sites["w1"], 2028) == []
    assert found.sites["d1"].use == "domestic" and found.rules.emergency_m3 == 50
    assert found.year(2027) == (FROM_UTC_S, TO_UTC_S)
    assert [(one.region, parts) for one, parts in limits.overdrawn(found)] == []


def test_a_spreadsheet_s_mark_semicolons_apart_and_empty_lines_are_read(tmp_path):
    found = limits.load(folder(tmp_path, sites="\ufeff" + SITES + "\n,,,\n"))
    assert len(found.sites) == 4


def test_a_water_year_may_begin_in_another_month(tmp_path):
    found = limits.load(folder(tmp_path, rules=RULES + "water_year_month = 10\nutc_offset_h = 6\n"))
    assert found.year(2026) == (1_790_791_200, 1_822_327_200)  # 2026-09-30 18:00 UTC


BAD = {
    "cycle": (
        {"regions": "region,name,parent\n65,a,6504\n6504,b,65\n650401,c,6504\n650402,d,6504\n"},
        [("regions.csv:2, parent", "cycle")],
    ),
    "its own parent": ({"regions": REGIONS + "9,x,9\n"}, [("regions.csv:6, parent", "cycle")]),
    "region twice": ({"regions": REGIONS + "65,again,\n"}, [("regions.csv:6, region", "twice")]),
    "unknown parent": ({"regions": REGIONS + "7,x,77\n"}, [("regions.csv:6, parent", "region-unknown")]),
    "a formula": ({"regions": REGIONS + "=1+1,x,65\n"}, [("regions.csv:6, region", "code")]),
    "limit twice": (
        {"limits": LIMITS + "6504,2027,farming,ground,1\n"},
        [("limits.csv:6", "twice")],
    ),
    "limit of nowhere": (
        {"limits": LIMITS + "1,2027,farming,ground,1\n"},
        [("limits.csv:6, region", "region-unknown")],
    ),
    "class": (
        {"limits": LIMITS + "65,2027,mining,ground,1\n"},
        [("limits.csv:6, class", "word-unknown")],
    ),
    "below zero": ({"limits": LIMITS + "65,2027,all,all,-1\n"}, [("limits.csv:6, volume_m3", "volume")]),
    "more than litres": (
        {"limits": LIMITS + "65,2027,all,all,0.0001\n"},
        [("limits.csv:6, volume_m3", "volume")],
    ),
    "no number": ({"limits": LIMITS + "65,2027,all,all,NaN\n"}, [("limits.csv:6, volume_m3", "volume")]),
    "year": ({"limits": LIMITS + "65,27,all,all,1\n"}, [("limits.csv:6, year", "year")]),
    "site twice": (
        {"sites": SITES + "w1,650402,farming,ground\n"},
        [("sites.csv:6, site", "twice")],
    ),
    "site in the air": (
        {"sites": SITES + "w9,1,farming,ground\n"},
        [("sites.csv:6, region", "region-unknown")],
    ),
    "site of all classes": (
        {"sites": SITES + "w9,650401,all,ground\n"},
        [("sites.csv:6, class", "word-unknown")],
    ),
    "long name": (
        {"sites": SITES + "w2345678901234567,650401,farming,ground\n"},
        [("sites.csv:6, site", "site-name")],
    ),
    "cells": ({"sites": SITES + "w9,650401,farming\n"}, [("sites.csv:6", "cells")]),
    "column": ({"sites": "site,region,class\nw1,650401,farming\n"}, [("sites.csv:1", "column-missing")]),
    "other column": ({"limits": "a," + LIMITS}, [("limits.csv:1", "column-unknown")]),
    "quotes": ({"sites": SITES + '"w9,650401\n'}, [("sites.csv:6", "csv")]),
    "empty": ({"sites": ""}, [("sites.csv", "table-empty")]),
    "rule": ({"rules": "finish = 1\n"}, [("rules.toml", "rule-unknown")]),
    "rule's range": ({"rules": "interim_days = 400\n"}, [("rules.toml", "rule-value")]),
    "rule's sort": ({"rules": "emergency_m3 = true\n"}, [("rules.toml", "rule-value")]),
    "toml": ({"rules": "finish_m3 =\n"}, [("rules.toml", "toml")]),
    "a number that nobody reads": (
        {"rules": f"finish_m3 = {'9' * 5000}\n"},
        [("rules.toml", "toml")],
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_fault_is_named_with_its_place(tmp_path, bad):
    files, expected = BAD[bad]
    assert faults(tmp_path, **files) == expected


def test_every_fault_of_every_file_is_told_at_once(tmp_path):
    found = faults(
        tmp_path,
        rules="nothing = 1\n",
        sites="site\n",
        limits="region,year,class,source,volume_m3,volume_m3\n",
    )
    assert [name for _, name in found] == [
        "rule-unknown",
        "column-twice",
        "column-missing",
        "column-missing",
        "column-missing",
    ]


def test_a_table_in_another_encoding_says_at_which_line(tmp_path):
    office = folder(tmp_path)
    (office / "regions.csv").write_bytes(REGIONS.encode("gb18030"))
    with pytest.raises(Refused) as refused:
        limits.load(office)
    (one,) = refused.value.faults
    assert one.name == "encoding" and one.place.endswith("regions.csv:2")


def test_parts_above_the_whole_are_told_and_stop_nobody(tmp_path):
    more = LIMITS + "650401,2027,farming,ground,1100\n"
    found = limits.load(folder(tmp_path, limits=more))
    assert [(one.region, parts_l) for one, parts_l in limits.overdrawn(found)] == [("6504", 2_000_500)]


def test_every_text_exists_in_both_languages_with_the_same_blanks():
    for table in (wording.TEXTS, wording.PAGE, wording_faults.FAULTS):
        assert table["en"].keys() == table["zh"].keys()
        for name, text in table["en"].items():
            blanks = re.findall(r"\{(\w+)", text)
            assert sorted(set(blanks)) == sorted(set(re.findall(r"\{(\w+)", table["zh"][name]))), name
