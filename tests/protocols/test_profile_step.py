"""The least by which a meter's total can move: what one reading after the other may differ by."""

import struct

from test_profile_files import meter, replies


def words(*numbers):
    return struct.pack(">%dH" % len(numbers), *numbers)


def test_a_float_total_loses_its_litres_as_it_grows():
    xintai = meter("xintai")
    for cubic_metres, step_l in ((100, 1), (131_072, 16), (1_048_576, 125), (16_777_216, 2000)):
        data = replies(xintai, {1: struct.pack("<f", cubic_metres)})
        assert xintai.decode(data)["volume_l"] == 1000 * cubic_metres
        assert xintai.total_step(data) == step_l, cubic_metres


def test_packed_decimals_move_by_their_last_digit():
    cjt188, dlt645 = meter("cjt188"), meter("dlt645-2007")
    metering = bytes((0x47, 0x70, 0x01, 0x00, 0x2C)) + bytes(14)
    assert cjt188.decode([metering])["volume_l"] == 170_470 and cjt188.total_step([metering]) == 10
    in_litres = metering[:4] + b"\x29" + bytes(14)
    assert cjt188.decode([in_litres])["volume_l"] == 17_047 and cjt188.total_step([in_litres]) == 1
    answers = [None] * len(dlt645.requests)
    answers[dlt645.total_request] = bytes((0x56, 0x34, 0x12, 0))
    assert dlt645.decode(answers)["energy_wh"] == 1_234_560 and dlt645.total_step(answers) == 10


def test_a_transformer_multiplies_the_step_and_a_split_total_has_fine_ones():
    adl, tuf = meter("adl400"), meter("tuf2000m")
    data = replies(adl, {0x000A: words(0, 500), 0x014B: words(30)})
    assert adl.decode(data)["energy_wh"] == 150_000 and adl.total_step(data) == 300
    data = replies(tuf, {8: words(23, 0, 13971, 16225), 1437: words(0, 3)})
    assert tuf.decode(data)["volume_l"] == 23_880 and tuf.total_step(data) == 1
    data = replies(tuf, {8: words(23, 0, 13971, 16225), 1437: words(0, 7)})
    assert tuf.total_step(data) == 1


def test_an_unknown_total_has_the_smallest_step():
    dlt645 = meter("dlt645-2007")
    assert dlt645.total_step([None] * len(dlt645.requests)) == 1
