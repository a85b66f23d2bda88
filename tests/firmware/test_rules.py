"""Accounts, windows and areas of a configuration: the good ones as core takes them, the bad ones by name."""

from karez_firmware import configuration
from wellhouse import CARD, a_config, document

HEX = "636172642d303031"  # of CARD


def rules_of(**changed):
    return configuration.read(a_config(**changed)).rules


def refusal(**changed):
    """The text of the refusal of a document with these parts."""
    try:
        configuration.read(a_config(**changed))
    except configuration.BadConfiguration as error:
        return str(error)
    return ""


def test_a_document_with_everything_is_taken():
    found = rules_of(
        accounts={HEX: 7, "04A1B2C3D4E5F601": 8},
        ceilings_l={"7": 120_000, "9": 0},
        blocked=["04a1b2c3d4e5f602"],
        windows=[
            {"days": "135", "from": "22:00", "to": "06:00"},
            {"cycle_days": 4, "open_days": 1, "first_day": "2026-04-01", "from": "00:00", "to": "24:00"},
        ],
        areas=["410105-N", "\u4e95"],
    )
    assert found["accounts"] == {CARD: 7, b"\x04\xa1\xb2\xc3\xd4\xe5\xf6\x01": 8}
    assert found["ceilings_l"] == {7: 120_000, 9: 0}
    assert found["blocked"] == [b"\x04\xa1\xb2\xc3\xd4\xe5\xf6\x02"]
    assert found["windows"][0] == {"days": 0b10101, "from_min": 1320, "to_min": 360}
    assert found["windows"][1]["first_day"] == 20_544 and found["windows"][1]["to_min"] == 1440
    assert found["areas"] == ["410105-N", "\u4e95"]


def test_what_is_left_out_limits_nobody():
    found = rules_of()
    assert found["ceilings_l"] == {} and found["blocked"] == found["windows"] == found["areas"] == []


def test_a_name_that_nobody_reads_is_refused_wherever_it_stands():
    assert "'window' is not known" in refusal(window=[])
    link, meters = document()["link"], document()["meters"]
    link["prot"] = 1
    assert "'prot' is not known" in refusal(link=link)
    meters[0]["adress"] = 1
    assert "'adress' is not known" in refusal(meters=meters)
    pulses = [{"quantity": "water", "pulse_milli": 1000, "line": 0}]
    assert "'line' is not known" in refusal(meters=pulses)
    assert "is not known" in refusal(windows=[{"days": "1", "from": "06:00", "to": "08:00", "first_day": 0}])
    assert "no level comes in pulses" in refusal(
        meters=document()["meters"] + [{"quantity": "level", "pulse_milli": 1}]
    )


def test_cards_that_are_none_or_stand_there_twice_are_refused():
    for cards in ({HEX: 7, HEX.upper(): 8}, {"6": 7}, {"zz" * 8: 7}, {HEX + "00": 7}):
        assert refusal(accounts=cards), cards
    for blocked in ("04a1b2c3d4e5f602", ["04"], [4], [None], {}, None, 3, {"a": 1}):
        assert refusal(blocked=blocked), blocked


def test_ceilings_are_litres_of_an_account_and_each_stands_once():
    for ceilings in (
        {"7": -1}, {"7": 1.5}, {"7": None}, {"7": True}, {"7": 1 << 41}, {"0": 1}, {"x": 1}, {"": 1},
        {"-7": 1},
        {"+7": 1}, {" 7": 1}, {"7.0": 1}, {"7": 1, "07": 2}, {"4294967295": 1}, [], 3, "x", None,
    ):  # fmt: skip
        assert refusal(ceilings_l=ceilings), ceilings


def test_no_more_accounts_than_the_table_holds():
    cards = {"%016x" % number: number for number in range(1, 33)}
    assert refusal(accounts=cards) == ""
    assert "more than 32 accounts" in refusal(accounts=cards, ceilings_l={"33": 1})


def test_windows_that_no_calendar_knows_are_refused():
    days = {"days": "1", "from": "06:00", "to": "18:00"}
    for change in (
        {"days": ""}, {"days": "8"}, {"days": "0"}, {"days": "1,2"}, {"days": [1]},
        {"days": 1}, {"days": None},
        {"from": "6:00"}, {"from": "24:00"}, {"from": "24:01"}, {"from": "06:60"},
        {"from": "06"}, {"from": 6},
        {"from": "+6:00"}, {"from": " 6:00"}, {"from": "06:00:00"}, {"from": None}, {"from": "18:00"},
        {"to": "25:00"}, {"to": "00:00"}, {"to": "24:30"}, {"to": ""},
    ):  # fmt: skip
        values = dict(days)
        values.update(change)
        assert refusal(windows=[values]), values
    cycle = {"cycle_days": 4, "open_days": 1, "first_day": "2026-04-01", "from": "00:00", "to": "24:00"}
    for change in (
        {"cycle_days": 0}, {"cycle_days": 61}, {"cycle_days": None}, {"open_days": 5},
        {"open_days": 0},
        {"first_day": "2026-02-29"}, {"first_day": "2026-13-01"}, {"first_day": "2026-00-10"},
        {"first_day": "2026-04-31"}, {"first_day": "26-04-01"}, {"first_day": "1999-01-01"},
        {"first_day": "x"},
        {"first_day": "2026-4-01"}, {"first_day": None}, {"first_day": "2026-04-01-01"}, {"first_day": 5},
    ):  # fmt: skip
        values = dict(cycle)
        values.update(change)
        assert refusal(windows=[values]), values
        missing = dict(cycle)
        for name in change:
            del missing[name]
        assert refusal(windows=[missing])
    assert refusal(windows=[dict(cycle, first_day="2028-02-29")]) == ""
    for windows in ({}, "x", 3, None, [3], [None], [days] * 17):
        assert refusal(windows=windows), windows


def test_areas_are_names_that_an_order_could_carry():
    for areas in ("410105-N", [""], ["x" * 17], [3], [None], {}, None, 5):
        assert refusal(areas=areas), areas
