"""What hangs on a net bears the most that may stand there, the suppressor's 45 V on +24V included."""

import dataclasses

import pytest

from karez_hardware import board, ratings, sheets, values

DRAWN = {name: sheets.drawn(board.load(name)) for name in board.BOARDS}


@pytest.mark.parametrize("name", board.BOARDS)
def test_nothing_is_too_weak_for_its_nets(name):
    assert ratings.faults(DRAWN[name]) == []


@pytest.mark.parametrize(
    ("reference", "values_", "said"),
    [
        ("Q1", {"rating": "30 V 5.7 A"}, "Q1 (nmos) bears 30000 mV, and 46400 mV may stand across it"),
        ("C1", {"rating": "35 V"}, "C1 (c_150u_50v) bears 35000 mV, and 45400 mV may stand across it"),
        ("C200", {"rating": "25 V"}, "C200 (c_10u_50v) bears 25000 mV, and 45400 mV may stand across it"),
        ("C60", {"rating": ""}, "C60: parts.csv, row c_10u_x7r: rating names no voltage"),
        ("R260", {"number": "CRCW06032K20FKEA"}, "R260 (r_3k3) may get 89 mW, and bears 82 mW at 85 °C"),
        ("R60", {"number": "CRCW06031K00FKEA"}, "R60 (r_2k2) may get 169 mW, and bears 82 mW at 85 °C"),
        ("R36", {"number": "CRCW060327R0FKEA"}, "R36 (r_680) may get 1333 mW, and bears 82 mW at 85 °C"),
    ],
)
def test_a_part_that_is_too_weak_is_found(reference, values_, said):
    placed = dict(DRAWN["esp32s3"])
    one = placed[reference]
    placed[reference] = dataclasses.replace(one, part=dataclasses.replace(one.part, **values_))
    assert ratings.faults(placed) == [said]


def test_whatever_hangs_on_24_v_is_known_to_the_check():
    # A new capacitor or transistor there must not slip by under a name that nobody looks at.
    for placed in DRAWN.values():
        there = {ref for ref, one in placed.items() if {"+24V", "COIL_RELAY"} & set(one.nets.values())}
        assert there == {"PS1", "D1", "C1", "C200", "C201", "U1", "K1", "K2", "D11", "D12", "Q1"}


@pytest.mark.parametrize(
    ("number", "ohm"),
    [("CRCW060327R0FKEA", 27), ("CRCW06034K70FKEA", 4_700), ("CRCW0603680KFKEA", 680_000),
     ("CRCW060340K2FKEA", 40_200), ("CRCW06030000Z0EA", 0)],
)  # fmt: skip
def test_a_resistance_is_read_from_its_maker_s_number(number, ohm):
    one = DRAWN["rp2350"]["R1"]
    placed = {"R1": dataclasses.replace(one, part=dataclasses.replace(one.part, number=number))}
    assert values.ohms(placed, "R1") == ohm
