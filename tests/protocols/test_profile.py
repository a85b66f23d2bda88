"""Profiles: what is asked and what the answers mean, shown with the two meters of the bench."""

from karez_protocols import errors, modbus
from karez_protocols.profile import Profile
from test_profile_files import document, meter, refused

TUF = meter("tuf2000m")
SDM = meter("sdm630")

# Live dump of a working TUF-2000M, registers counted from 1 (meters.md 2.1), and units as
# the manual's tables name them: 1438 = 0 (m3), 1439 = 3 (x 10^0).
DUMP = {
    1: 63647, 2: 15846, 3: 37438, 4: 47954, 5: 19407, 6: 15737, 7: 8874, 8: 17584,
    9: 23, 10: 0, 11: 13971, 12: 16225, 72: 0, 92: 829, 1438: 0, 1439: 3,
}  # fmt: skip


def tuf_replies(changes=None):
    """The register bytes of TUF's requests, from the dump and changes {manual register: word}."""
    words = dict(DUMP)
    words.update(changes or {})
    replies = []
    for start, count in TUF.requests:
        data = b""
        for at in range(start + 1, start + 1 + count):
            word = words.get(at, 0)
            data += bytes((word >> 8, word & 0xFF))
        replies.append(data)
    return replies


def tuf(changes=None):
    return TUF.decode(tuf_replies(changes))


def sdm_replies(changes=None):
    """The register bytes of SDM's requests: {wire address: 4 bytes}."""
    floats = {
        0: b"\x43\x66\x33\x34",  # 230.2 V, the manual's own example
        2: b"\x43\x65\xb3\x33",  # 229.7
        4: b"\x43\x67\x19\x9a",  # 231.1
        6: b"\x42\x28\x00\x00",  # 42 A
        52: b"\x46\x9c\x40\x00",  # 20,000 W
        70: b"\x42\x48\x14\x7b",  # 50.02 Hz
        72: b"\x46\x40\xe6\xae",  # 12,345.67 kWh
    }
    floats.update(changes or {})
    replies = []
    for start, count in SDM.requests:
        data = b""
        for at in range(start, start + count, 2):
            data += floats.get(at, bytes(4))
        replies.append(data)
    return replies


# -- what the meters say ----------------------------------------------------------------


def test_the_dump_of_a_working_meter_reads_as_its_display():
    values = tuf()
    assert values == {
        "flow_lph": 113,
        "volume_l": 23880,
        "volume_rev_l": 0,
        "status_bits": 0,
        "signal_quality": 61,
    }
    assert TUF.is_measuring(values) is True and TUF.meanings(values) == []


def test_the_billed_registers_are_kept_as_they_stood_on_the_wire():
    # 9-12 = 23, 0, 13971, 16225.
    assert TUF.total_raw(tuf_replies()) == b"\x00\x17\x00\x00\x36\x93\x3f\x61"
    assert SDM.total_raw(sdm_replies()) == b"\x46\x40\xe6\xae"


def test_the_total_and_its_fraction_come_in_one_request():
    start, count = TUF.requests[TUF.total_request]
    assert start <= 8 and start + count >= 12
    start, count = SDM.requests[SDM.total_request]
    assert start <= 0x48 and start + count >= 0x4A


def test_the_multiplier_and_the_unit_scale_the_total():
    for n, unit, expected in (
        (0, 0, 24),
        (3, 0, 23880),
        (4, 0, 238797),
        (7, 0, 238797390),
        (3, 1, 24),
        (6, 1, 23880),
    ):
        assert tuf({1439: n, 1438: unit})["volume_l"] == expected, (n, unit)


def test_an_unknown_unit_or_multiplier_makes_no_total():
    for changes in ({1438: 2}, {1438: 7}, {1438: 0xFFFF}, {1439: 8}, {1439: 0xFFFF}):
        values = tuf(changes)
        assert values["volume_l"] is None and values["volume_rev_l"] is None, changes
        assert values["flow_lph"] == 113
        assert TUF.total_modulus(tuf_replies(changes)) is None


def test_the_modulus_has_the_unit_of_the_total():
    assert TUF.total_modulus(tuf_replies()) == (1 << 31) * 1000
    assert TUF.total_modulus(tuf_replies({1439: 0, 1438: 1})) == ((1 << 31) + 500) // 1000
    assert SDM.total_modulus(sdm_replies()) is None


def test_a_torn_or_negative_total_is_unknown():
    assert tuf({12: 0x7FC0})["volume_l"] is None  # fraction is no number
    assert tuf({12: 0x4120})["volume_l"] is None  # fraction is 10
    assert tuf({10: 0x8000})["volume_l"] is None  # below zero
    assert tuf({9: 0xFFFF, 10: 0x7FFF})["volume_l"] == ((1 << 31) - 1) * 1000 + 880


def test_no_measurement_is_an_unknown_flow_and_never_a_zero():
    still = {1: 0, 2: 0}
    assert tuf(still)["flow_lph"] == 0
    for bit in range(16):
        changes = dict(still)
        changes[72] = 1 << bit
        values = tuf(changes)
        assert values["status_bits"] == 1 << bit and values["volume_l"] == 23880
        if bit < 4:
            assert values["flow_lph"] is None and TUF.is_measuring(values) is False, bit
        else:
            assert values["flow_lph"] == 0 and TUF.is_measuring(values) is True, bit


def test_a_signal_of_no_quality_is_no_measurement():
    values = tuf({92: 0x0300})
    assert values["signal_quality"] == 0 and values["flow_lph"] is None and not TUF.is_measuring(values)
    assert tuf({92: 0x0301})["flow_lph"] == 113


def test_status_bits_have_names():
    assert TUF.meanings(tuf({72: 0b1001})) == ["no_signal", "pipe_empty"]
    assert TUF.meanings(tuf({72: 0xA000})) == ["analogue_input_over_range"]  # bit 13 is reserved
    assert TUF.meanings(TUF.unknown()) == [] and SDM.meanings(SDM.decode(sdm_replies())) == []


def test_flow_runs_both_ways_and_an_absurd_one_is_unknown():
    # -0.112779 m3/h; high word first would read -2.6e+34.
    assert tuf({2: 15846 | 0x8000})["flow_lph"] == -113
    assert tuf({1: 15846, 2: 63647})["flow_lph"] is None
    assert tuf({2: 0x7F80})["flow_lph"] is None


def test_the_power_meter_reads_in_our_units():
    values = SDM.decode(sdm_replies())
    assert values == {
        "voltage_a_dv": 2302,
        "voltage_b_dv": 2297,
        "voltage_c_dv": 2311,
        "current_a_ca": 4200,
        "current_b_ca": 0,
        "current_c_ca": 0,
        "power_w": 20000,
        "frequency_chz": 5002,
        "energy_wh": 12345670,
        "energy_export_wh": 0,
    }
    assert SDM.is_measuring(values) is None


def test_a_value_outside_its_range_is_unknown():
    for start, name, data in (
        (0, "voltage_a_dv", b"\xc3\x66\x33\x34"),
        (6, "current_a_ca", b"\x47\x00\x00\x00"),
        (52, "power_w", b"\x7f\xc0\x00\x00"),
        (72, "energy_wh", b"\xc6\x40\xe6\xae"),
    ):
        values = SDM.decode(sdm_replies({start: data}))
        assert values[name] is None, name
        assert [key for key in values if values[key] is None] == [name]


def test_a_value_without_limits_may_be_larger_than_any_limit():
    # 9,999,999 kWh: a full display, more watt-hours than 32 bits hold.
    assert SDM.decode(sdm_replies({72: b"\x4b\x18\x96\x7f"}))["energy_wh"] == 9999999000


def test_replies_of_another_shape_are_refused():
    replies = tuf_replies()
    shorter = list(replies)
    shorter[0] = replies[0][:-2]
    for wrong in ([], replies[:-1], replies + replies[:1], shorter, replies[1:] + replies[:1]):
        assert refused(errors.Malformed, TUF.decode, wrong)


def test_unknown_names_every_value():
    for profile, values in ((TUF, tuf()), (SDM, SDM.decode(sdm_replies()))):
        unknown = profile.unknown()
        assert sorted(unknown) == sorted(values) and all(unknown[name] is None for name in unknown)


def test_marks_and_masks_apply_to_the_raw_value():
    changed = document("tuf2000m")
    field = changed["fields"][6]
    assert field["name"] == "signal_quality"
    field["invalid"] = [829, 0xFFFF]
    marked = Profile(changed)
    assert marked.decode(tuf_replies())["signal_quality"] is None
    assert marked.decode(tuf_replies({92: 830}))["signal_quality"] == 62


# -- requests ---------------------------------------------------------------------------


def test_the_power_meters_requests_keep_its_limits():
    for start, count in SDM.requests:
        assert start % 2 == 0 and count % 2 == 0 and count <= 60
    assert SDM.function == 4 and TUF.function == 3
    assert SDM.protocol == "modbus" and SDM.codec is modbus
    assert SDM.request(1, 9) == (9, 4, SDM.requests[1][0], SDM.requests[1][1])


def test_every_field_lies_in_one_request():
    for name, profile in (("tuf2000m", TUF), ("sdm630", SDM)):
        for field in document(name)["fields"]:
            words = 1 if field["type"] in ("u16", "s16") else 2
            assert any(
                start <= field["start"] and field["start"] + words <= start + count
                for start, count in profile.requests
            ), field["name"]


def test_without_holes_only_neighbours_share_a_request():
    changed = document("tuf2000m")
    changed["holes"] = False
    assert Profile(changed).requests == [(0, 2), (8, 8), (71, 1), (91, 1), (1437, 2)]


def test_a_slow_meter_makes_longer_requests_and_a_fast_one_shorter():
    changed = document("tuf2000m")
    changed["latency_ms"] = 1000
    assert Profile(changed).requests == [(0, 92), (1437, 2)]
    changed["latency_ms"] = 0
    assert Profile(changed).requests == [(0, 16), (71, 1), (91, 1), (1437, 2)]


def test_the_line_speed_weighs_registers_against_requests():
    # At 115200 baud registers are nearly free beside 30 ms of waiting, at 1200 baud they are not.
    assert Profile(document("tuf2000m"), 115200).requests == [(0, 92), (1437, 2)]
    assert Profile(document("tuf2000m"), 1200).requests == [(0, 16), (71, 1), (91, 1), (1437, 2)]


def test_without_holes_an_atomic_group_must_have_none_inside():
    changed = document("tuf2000m")
    changed["holes"] = False
    changed["atomic"].append(["flow_lph", "volume_whole"])
    assert refused(errors.NotAllowed, Profile, changed)
    changed["holes"] = [[2, 7]]
    assert Profile(changed).requests == [(0, 16), (71, 1), (91, 1), (1437, 2)]


def test_only_the_listed_holes_are_read_along():
    changed = document("tuf2000m")
    changed["latency_ms"] = 1000
    for holes, requests in (
        ([[2, 7]], [(0, 16), (71, 1), (91, 1), (1437, 2)]),
        ([[0, 6]], [(0, 2), (8, 8), (71, 1), (91, 1), (1437, 2)]),
        ([[2, 4], [5, 7], [72, 90]], [(0, 16), (71, 21), (1437, 2)]),
        ([[0, 0xFFFF]], [(0, 92), (1437, 2)]),
        ([], [(0, 2), (8, 8), (71, 1), (91, 1), (1437, 2)]),
    ):
        changed["holes"] = holes
        assert Profile(changed).requests == requests, holes


def test_groups_with_a_common_field_are_of_one_moment():
    changed = document("tuf2000m")
    changed["block_registers_max"] = 8
    changed["atomic"].append(["volume_fraction", "volume_rev_whole"])
    profile = Profile(changed)
    assert (8, 8) in profile.requests
    replies = [bytes(2 * count) for _, count in profile.requests]
    replies[profile.requests.index((8, 8))] = tuf_replies()[0][16:]
    replies[-1] = tuf_replies()[-1]
    assert profile.decode(replies)["volume_l"] == 23880


# -- scaling ----------------------------------------------------------------------------


def scaled_meter(scaling, **changes):
    """A meter with a voltage in register 0, two ratios in 1 and 2, a unit code in 3, a total in 4-5."""
    plain = {"type": "u16", "order": "ABCD", "scale": 0, "unit": ""}
    fields = [{"name": "voltage_a_dv", "start": 0, "type": "u16", "order": "ABCD", "scale": 0, "unit": "dv"}]
    for start, name in ((1, "ct_ratio"), (2, "pt_ratio"), (3, "code")):
        field = dict(plain)
        field.update({"name": name, "start": start})
        fields.append(field)
    total = {"name": "energy_wh", "start": 4, "type": "u32", "order": "ABCD", "scale": 1, "unit": "wh"}
    if scaling:
        total["scaling"] = scaling
    total.update(changes)
    fields.append(total)
    result = document("sdm630")
    result.update({"align": 1, "fields": fields, "reverse": None, "modulus": 100000000})
    return result


def energy(scaling, words, **changes):
    """(total, modulus, scale key) from five registers behind the voltage."""
    profile = Profile(scaled_meter(scaling, **changes))
    reply = b"\x08\xfe"
    for word in words:
        reply += bytes((word >> 8, word & 0xFF))
    values = profile.decode([reply])
    assert values["voltage_a_dv"] == 2302
    return values["energy_wh"], profile.total_modulus([reply]), profile.scale_key([reply])


def test_ratios_multiply_the_total_and_its_modulus():
    both = {"times": ["ct_ratio", "pt_ratio"], "offset": -1}
    assert energy(both, (30, 10, 0, 1, 0)) == (65536 * 10 * 30, 100000000 * 10 * 30, b"\0\x1e\0\x0a")
    assert energy(both, (1, 100, 0, 0, 3)) == (300, 10000000000, b"\0\x01\0\x64")
    assert energy(None, (30, 10, 0, 0, 3)) == (30, 1000000000, b"")


def test_the_product_is_rounded_once():
    # 3 x 10^-1 x 5 = 1.5; rounding the ratio or the raw value first would give 0 or 5.
    assert energy({"times": ["ct_ratio"]}, (5, 0, 0, 0, 3), scale=-1)[0] == 2
    assert energy({"times": ["ct_ratio"]}, (5, 0, 0, 0, 1), scale=-1)[0] == 1


def test_a_ratio_of_zero_makes_no_total():
    assert energy({"times": ["ct_ratio"]}, (0, 10, 0, 0, 3))[:2] == (None, None)
    assert energy({"times": ["ct_ratio"]}, (1, 0, 0, 0, 3))[0] == 30


def test_an_exponent_moves_the_point_either_way_and_not_far():
    for sign, exponent, expected in ((1, 0, 50), (1, 3, 50000), (-1, 1, 5), (-1, 2, 1), (-1, 3, 0)):
        scaling = {"exponent": "code", "exponent_sign": sign}
        assert energy(scaling, (0, 0, exponent, 0, 5))[0] == expected, (sign, exponent)
    assert energy({"exponent": "code"}, (0, 0, 9, 0, 5))[0] == 50 * 10**9
    for exponent in (10, 0xFFFF):
        assert energy({"exponent": "code"}, (0, 0, exponent, 0, 5)) == (
            None,
            None,
            bytes((exponent >> 8, exponent & 0xFF)),
        )


def test_a_unit_code_brings_its_factor_and_an_unknown_one_no_value():
    scaling = {"unit_code": "code", "unit_factors": {"0": [36, 2], "7": [1, -3], "258": [3785411784, -9]}}
    for code, total in ((0, 36000), (7, 0), (258, 38), (1, None), (0xFFFF, None)):
        found, modulus, key = energy(scaling, (0, 0, code, 0, 1))
        assert found == total and (modulus is None) == (total is None), code
        assert key == bytes((code >> 8, code & 0xFF))


def test_a_float_is_scaled_by_ratio_and_unit_in_one_rounding():
    # 0.1 as binary32 is 0.100000001490116...: x 10^9 x 3600 shows every digit.
    scaling = {"times": ["ct_ratio"], "unit_code": "code", "unit_factors": {"4": [36, 2]}, "offset": 8}
    assert energy(scaling, (1, 0, 4, 0x3DCC, 0xCCCD), type="f32")[0] == 360000005364
    assert energy(scaling, (1, 0, 4, 0x7FC0, 0), type="f32")[0] is None
    assert energy({"offset": -1}, (1, 0, 4, 0x3F00, 0), type="f32")[0] == 1  # 0.5, away from zero


def test_limits_hold_behind_the_scaling_and_marks_before_it():
    scaling = {"times": ["ct_ratio"]}
    assert energy(scaling, (30, 0, 0, 0, 3), max=899)[0] is None
    assert energy(scaling, (30, 0, 0, 0, 3), max=900)[0] == 900
    assert energy(scaling, (30, 0, 0, 0, 3), invalid=[3])[0] is None
    assert energy(None, (0, 0, 0, 0xFFFF, 0xFFFF), max=40000000000)[0] is None  # limits beyond 32 bits


def test_what_only_scales_is_not_delivered():
    assert sorted(Profile(scaled_meter({"times": ["ct_ratio"]})).unknown()) == [
        "code",
        "energy_wh",
        "pt_ratio",
        "voltage_a_dv",
    ]


def test_the_meaning_of_a_total_and_its_opposite_are_told():
    assert (TUF.meaning, TUF.reverse) == ("forward", "volume_rev_l")
    assert (SDM.meaning, SDM.reverse) == ("import", "energy_export_wh")


def test_a_change_of_unit_or_multiplier_changes_the_scale_key():
    assert TUF.scale_key(tuf_replies()) == b"\0\x03\0\0"
    assert TUF.scale_key(tuf_replies({1439: 4})) != TUF.scale_key(tuf_replies())
    assert SDM.scale_key(sdm_replies()) == b""


# -- replies that never came ------------------------------------------------------------


def test_a_request_that_the_meter_refused_leaves_its_values_unknown():
    replies = tuf_replies()
    replies[1] = None
    values = TUF.decode(replies)
    assert values["volume_l"] == 23880 and values["signal_quality"] is None
    # The status is unknown, so nobody says that this flow was measured.
    assert values["flow_lph"] is None and TUF.is_measuring(values) is False
    replies = tuf_replies()
    replies[0] = None
    assert TUF.decode(replies)["volume_l"] is None and TUF.total_raw(replies) == b""
    replies = tuf_replies()
    replies[2] = None
    assert TUF.decode(replies)["volume_l"] is None and TUF.total_modulus(replies) is None
