"""Profiles: what is asked, what the answers mean, and documents that are refused."""

import json

from karez_protocols import errors, read_plan
from karez_protocols.profile import Profile

FOLDER = "protocols/karez_protocols/profiles/"


def document(name):
    with open(FOLDER + name + ".json") as file:
        return json.load(file)


TUF = Profile(document("tuf2000m"))
SDM = Profile(document("sdm630"))

# Live dump of a working TUF-2000M, registers counted from 1 (meters.md 2.1), and units as
# the manual's tables name them: 1438 = 0 (m3), 1439 = 3 (x 10^0).
DUMP = {
    1: 63647, 2: 15846, 3: 37438, 4: 47954, 5: 19407, 6: 15737, 7: 8874, 8: 17584,
    9: 23, 10: 0, 11: 13971, 12: 16225, 72: 0, 92: 829, 1438: 0, 1439: 3,
}  # fmt: skip


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


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


def cost(chosen, request_us, register_us):
    return sum(request_us + count * register_us for _, count in chosen)


def every_partition(parts):
    """All ways to cut a list into runs."""
    if not parts:
        return [[]]
    found = []
    for size in range(1, len(parts) + 1):
        for rest in every_partition(parts[size:]):
            run = (parts[0][0], parts[size - 1][1] - parts[0][0])
            found.append([run] + rest)  # noqa: RUF005 - MicroPython knows no star in a list
    return found


def test_no_partition_is_cheaper_than_the_plan():
    state = 7
    for _ in range(60):
        ranges = []
        for _ in range(7):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            start = (state >> 8) % 120
            ranges.append((start, start + 1 + (state >> 20) % 4))
        parts = read_plan.spans(ranges, 1)
        plan = read_plan.requests(parts, 30, True, 27000, 2084)
        best = min(
            cost(chosen, 27000, 2084)
            for chosen in every_partition(parts)
            if all(count <= 30 for _, count in chosen)
        )
        assert cost(plan, 27000, 2084) == best, ranges


def test_overlapping_and_odd_parts_are_read_whole():
    assert read_plan.spans([(9, 11), (0, 2), (1, 3), (10, 12)], 1) == [(0, 3), (9, 12)]
    assert read_plan.spans([(0, 10), (2, 4)], 1) == [(0, 10)]
    assert read_plan.spans([(3, 5), (8, 9)], 2) == [(2, 6), (8, 10)]
    assert refused(errors.NotAllowed, read_plan.requests, [(0, 31)], 30, True, 1, 1)


# -- documents that are refused ---------------------------------------------------------


def changed(path, value):
    """A fresh TUF document with one value replaced; path is keys and indexes."""
    result = document("tuf2000m")
    place = result
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return result


def test_every_missing_key_is_refused():
    for key in document("tuf2000m"):
        broken = document("tuf2000m")
        del broken[key]
        assert refused(errors.Malformed, Profile, broken), key
    for key in document("tuf2000m")["splits"][0]:
        broken = document("tuf2000m")
        del broken["splits"][0][key]
        assert refused(errors.Malformed, Profile, broken), key
    for key in ("name", "start", "type", "order", "scale", "unit"):
        broken = document("tuf2000m")
        del broken["fields"][0][key]
        assert refused(errors.Malformed, Profile, broken), key


def test_a_key_that_nobody_reads_is_refused():
    for path in (("fieldz",), ("fields", 0, "scal"), ("splits", 0, "x"), ("serial", "bits"), ("status", "x")):
        assert refused(errors.NotAllowed, Profile, changed(path, 1)), path
    assert refused(errors.NotAllowed, Profile, changed(("unmeasured", 0, "below"), 1))


def test_values_outside_their_range_are_refused():
    for path, value in (
        (("version",), 0),
        (("function",), 6),
        (("serial", "baud"), 50),
        (("serial", "parity"), "M"),
        (("serial", "address"), 0),
        (("reply_timeout_ms",), 0),
        (("block_registers_max",), 126),
        (("align",), 3),
        (("fields", 0, "type"), "f64"),
        (("fields", 0, "order"), "ACBD"),
        (("fields", 0, "start"), 0xFFFF),
        (("fields", 0, "scale"), 10),
        (("fields", 0, "min"), -(1 << 31)),
        (("fields", 0, "max"), (1 << 31) - 1),
        (("fields", 0, "unit"), "gallon"),
        (("fields", 0, "unit"), "l"),
        (("fields", 0, "name"), "status_bits"),
        (("fields", 0, "mask"), 255),
        (("fields", 6, "mask"), 0x10000),
        (("fields", 6, "invalid"), [0x10000]),
        (("fields", 1, "type"), "f32"),
        (("fields", 2, "type"), "u32"),
        (("splits", 0, "whole"), "no_such_field"),
        (("splits", 0, "unit_exponents"), {"0": 10}),
        (("atomic",), [["volume_rev_whole", "volume_rev_fraction"]]),
        (("atomic", 0), ["volume_whole", "no_such_field"]),
        (("total",), "volume_whole"),
        (("modulus",), 0),
        (("status", "field"), "no_such_field"),
        (("unmeasured", 0, "voids"), ["no_such_field"]),
        (("block_registers_max",), 3),
    ):
        assert refused(errors.NotAllowed, Profile, changed(path, value)), path


def test_values_of_the_wrong_kind_are_refused():
    for path, value in (
        (("version",), "1"),
        (("version",), True),
        (("version",), None),
        (("name",), ""),
        (("name",), 5),
        (("serial",), []),
        (("holes",), 1),
        (("fields",), {}),
        (("fields", 0), "flow"),
        (("fields", 0, "start"), 1.5),
        (("fields", 0, "name"), None),
        (("splits", 0, "unit_exponents"), [3]),
        (("splits", 0, "unit_exponents"), {"m3": 3}),
        (("atomic",), "volume"),
        (("atomic",), [5]),
        (("atomic",), [[]]),
        (("atomic",), [[[1]]]),
        (("total",), [1]),
        (("status",), []),
        (("status", "bits"), "no_signal"),
        (("unmeasured",), None),
        (("unmeasured", 0, "voids"), "flow_lph"),
        (("fields", 6, "invalid"), 5),
        (("fields", 6, "invalid"), ["x"]),
        (("fields",), [{}] * 65),
    ):
        assert refused((errors.Malformed, errors.NotAllowed), Profile, changed(path, value)), path
    for whole in (None, [], "profile", 5):
        assert refused(errors.Malformed, Profile, whole)
