"""Frames of SZY 206 / SL/T 427: the public ones, the worked examples, and what a bad line makes of them."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import errors, szy206
from karez_protocols import szy206_address as addresses
from karez_protocols import szy206_functions as functions
from karez_protocols import szy206_time as times
from karez_protocols import szy206_values as values
from karez_protocols.crc_szy206 import crc8_szy206

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/szy206.json") as file:
    VECTORS = json.load(file)
with open(ROOT + "/tests/vectors/szy206_more.json") as file:
    WORKED = json.load(file)
GOOD = [vector for vector in VECTORS if vector["checksum_ok"]]
BAD = [vector for vector in VECTORS if not vector["checksum_ok"]]
CONFIRM = unhexlify("6808683341010501 00C0000916".replace(" ", ""))  # constructed: confirm of C0H, 206


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def upper(data):
    return hexlify(data).decode().upper()


def named(name):
    return unhexlify(next(vector for vector in VECTORS if vector["name"] == name)["hex"])


def test_there_are_good_and_bad_public_frames():
    assert len(GOOD) == 8 and len(BAD) == 3


def test_every_good_frame_decodes_to_its_published_parts():
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        facts = vector["decoded"]
        frame = szy206.decode(raw)
        assert frame.raw == raw
        assert ("up" if frame.is_up else "down") == facts["dir"], vector["name"]
        assert frame.fcb == facts["fcb"] and frame.type_code == facts["type"], vector["name"]
        assert frame.divs == (facts["divs"] if facts["div"] else None), vector["name"]
        assert upper(frame.address) == facts["addr_hex"] and "%02X" % frame.afn == facts["afn"], vector[
            "name"
        ]
        assert szy206.division_of(frame.address) == facts["division"], vector["name"]
        assert szy206.station_of(frame.address) == facts["station_le"], vector["name"]
        assert szy206.station_of(frame.address, szy206.HIGH_FIRST) == facts["station_be"], vector["name"]
        assert raw[1] == facts["length_L"], vector["name"]
        if facts["afn"] != "C0":  # there `data_hex` leaves alarm, state and tag out: test_szy206_messages
            expected = facts["data_hex"]
            cut = len(expected) - 3 if expected.endswith("...") else len(expected)
            assert upper(frame.body)[:cut] == expected[:cut], vector["name"]


def test_every_good_frame_encodes_to_its_own_bytes():
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        assert szy206.encode(szy206.decode(raw)) == raw, vector["name"]


def test_every_frame_published_with_a_wrong_checksum_is_refused_with_both_sums():
    sums = {}
    for vector in BAD:
        try:
            szy206.decode(unhexlify(vector["hex"]))
        except errors.BadChecksum as error:
            sums[vector["name"]] = (error.expected, error.found)
    assert sums == {
        "bad_cs_c1_fastbee": (0xE3, 0x57),
        "bad_cs_c0_m3h": (0xDF, 0x5B),
        "bad_cs_c0_energy": (0xB5, 0x32),
    }


def test_an_image_fragment_counts_kilobytes_and_nothing_else_may():
    raw = named("61_image_fragment_divs")
    frame = szy206.decode(raw)
    assert len(raw) == szy206.IMAGE_FRAME_BYTES == 1039
    assert frame.divs == 42 and len(frame.body) == szy206.IMAGE_BODY_BYTES
    assert int.from_bytes(frame.body[:2], "little") == 1024
    other = bytearray(raw)
    other[10] = 0xC0
    assert refused(errors.Malformed, szy206.decode, bytes(other))


def test_flow_limits_of_a_real_command_part_into_data_password_and_tag():
    frame = szy206.decode(named("1f_set_flow_limits_down"))
    data, password, tag = functions.split(frame, szy206.SZY206_2016)
    assert upper(password) == "0000" and upper(tag) == "1216075300"
    assert values.decode_flow(data[0:5]) == (30120000 * 3600, values.FLOW_M3_S)
    assert values.decode_flow(data[5:10]) == (40230000 * 3600, values.FLOW_M3_S)
    assert refused(errors.Malformed, values.decode_flow, data[10:15])  # sign bits 01
    assert refused(errors.Malformed, times.decode_tag, tag)  # an early vendor puts the day first


def test_stored_volumes_of_a_real_answer_are_read_whole():
    frame = szy206.decode(named("b1_stored_volume_answer"))
    data, password, tag = functions.split(frame, szy206.SZY206_2016)
    assert password == tag == b"" and len(data) == 9 + 18 * 5
    assert [values.decode_number(data[at : at + 5]) for at in range(9, len(data), 5)] == [92] * 18


def test_aux_fields_follow_direction_function_and_dialect():
    for tp_len in (5, 7):
        dialect = szy206.Dialect(tp_len, tp_len == 7)
        for is_up, afn, expected in (
            (True, 0x02, (0, 0)),
            (True, 0xC0, (0, tp_len)),
            (True, 0x81, (0, tp_len)),
            (True, 0x10, (0, 0)),
            (True, 0xB0, (0, 0)),
            (False, 0x02, (0, 0)),
            (False, 0xC0, (0, 7 if tp_len == 7 else 0)),
            (False, 0x10, (2, tp_len)),
            (False, 0x4F, (2, tp_len)),
            (False, 0x50, (0, 0)),
            (False, 0x93, (2, tp_len)),
            (False, 0x97, (2, tp_len)),
            (False, 0x98, (0, 0)),
            (False, 0xA1, (2, tp_len)),
            (False, 0xB0, (0, 0)),
            (False, 0xFF12, (0, 0)),
        ):
            assert functions.aux_lengths(is_up, afn, dialect) == expected, (is_up, afn, tp_len)


def test_a_body_too_short_for_its_aux_is_malformed():
    dialect = szy206.SZY206_2016
    for afn, is_up, needed in ((0xC0, True, 5), (0x93, False, 7)):
        for length in range(needed):
            frame = szy206.Frame(is_up, bytes(5), afn, bytes(length))
            assert refused(errors.Malformed, functions.split, frame, dialect), (afn, length)
        assert functions.split(szy206.Frame(is_up, bytes(5), afn, bytes(needed)), dialect)[0] == b""


def test_the_length_is_refused_wherever_a_frame_is_cut_or_lengthened():
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        for end in range(len(raw)):
            assert refused(errors.Malformed, szy206.decode, raw[:end]), (vector["name"], end)
        kind = errors.TooLarge if len(raw) == szy206.IMAGE_FRAME_BYTES else errors.Malformed
        assert refused(kind, szy206.decode, raw + b"\x16"), vector["name"]


def test_every_single_byte_corruption_is_refused():
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        flips = (0xFF,) if len(raw) > 260 else (0x01, 0x80, 0x10, 0xFF)
        for at in range(len(raw)):
            for flip in flips:
                bad = bytearray(raw)
                bad[at] ^= flip
                assert refused(errors.ProtocolError, szy206.decode, bytes(bad)), (vector["name"], at, flip)


def test_every_single_byte_corruption_of_a_worked_example_is_refused():
    for vector in WORKED:
        raw = unhexlify(vector["hex"])
        assert szy206.encode(szy206.decode(raw)) == raw, vector["name"]
        for at in range(len(raw)):
            for flip in (0x01, 0x80, 0xFF):
                bad = bytearray(raw)
                bad[at] ^= flip
                assert refused(errors.ProtocolError, szy206.decode, bytes(bad)), (vector["name"], at, flip)


def test_every_value_of_every_byte_of_a_confirm_but_the_right_one_is_refused():
    for at in range(len(CONFIRM)):
        for value in range(256):
            bad = bytearray(CONFIRM)
            bad[at] = value
            if value != CONFIRM[at]:
                assert refused(errors.ProtocolError, szy206.decode, bytes(bad)), (at, value)


def test_headers_that_cannot_be_are_malformed():
    for text in (
        "",
        "68",
        "6868",
        "680068",
        "6800680016",
        "680668B041010501000200",  # L = 6 leaves no AFN
        "680768704101050100022116",  # DIV without room for DIVS
        "690868B041010501 0002F02416".replace(" ", ""),
    ):
        assert refused(errors.Malformed, szy206.decode, unhexlify(text)), text


def test_a_zero_divs_and_a_lone_user_function_byte_are_malformed():
    fragment = szy206.encode(szy206.Frame(True, b"\x41\x01\x05\x01\x00", 0x61, b"\x05", divs=1))
    covered = bytearray(fragment[3:-2])
    covered[1] = 0
    assert refused(errors.Malformed, szy206.decode, framed(covered))
    user = szy206.encode(szy206.Frame(False, b"\x41\x01\x05\x01\x00", 0xFF07))
    assert refused(errors.Malformed, szy206.decode, framed(user[3:-3]))


def framed(covered):
    covered = bytes(covered)
    return bytes([0x68, len(covered), 0x68]) + covered + bytes([crc8_szy206(covered), 0x16])


def test_user_functions_have_two_bytes():
    frame = szy206.Frame(False, b"\x41\x01\x05\x01\x00", 0xFF07, b"\x01\x02")
    raw = szy206.encode(frame)
    again = szy206.decode(raw)
    assert raw[9:11] == b"\xff\x07" and again.afn == 0xFF07 and again.body == b"\x01\x02"


def test_the_largest_frame_fits_and_a_byte_more_is_refused():
    largest = szy206.Frame(True, bytes(5), 0xC0, bytes(248))
    raw = szy206.encode(largest)
    assert len(raw) == szy206.FRAME_BYTES_MAX and szy206.decode(raw).body == bytes(248)
    assert refused(errors.TooLarge, szy206.encode, szy206.Frame(True, bytes(5), 0xC0, bytes(249)))
    assert refused(errors.TooLarge, szy206.decode, bytes(1040))


def test_fields_outside_their_range_are_not_sent():
    for frame in (
        szy206.Frame(True, bytes(4), 2),
        szy206.Frame(True, "41010", 2),
        szy206.Frame(True, None, 2),
        szy206.Frame(True, bytes(5), 0xFF),
        szy206.Frame(True, bytes(5), 0x100),
        szy206.Frame(True, bytes(5), 0x10000),
        szy206.Frame(True, bytes(5), -1),
        szy206.Frame(True, bytes(5), 2, fcb=4),
        szy206.Frame(True, bytes(5), 2, type_code=16),
        szy206.Frame(True, bytes(5), 2, divs=0),
        szy206.Frame(True, bytes(5), 2, divs=256),
    ):
        assert refused(errors.NotAllowed, szy206.encode, frame)


def test_addresses_are_built_in_both_orders():
    assert upper(szy206.address_of("410105", 1)) == "4101050100"
    assert upper(szy206.address_of("440607", 1, szy206.HIGH_FIRST)) == "4406070001"
    assert szy206.station_of(szy206.address_of("530381", 60000)) == 60000
    assert szy206.division_of(szy206.address_of("010203", 65535)) == "010203"
    for division, station in (("41010", 1), ("41010A", 1), ("410105", 0), ("410105", 65536)):
        assert refused(errors.NotAllowed, szy206.address_of, division, station), (division, station)
    assert refused(errors.Malformed, szy206.division_of, b"\x41\x0a\x05\x01\x00")


def test_dialects_of_no_standard_are_refused():
    for args in (
        (6, True),
        (5, True, "middle"),
        (5, True, "little", 1),
        (5, True, "little", 0, "both"),
        (5, True, "little", 0, "flow", 86400),
    ):
        assert refused(errors.NotAllowed, lambda args=args: szy206.Dialect(*args)), args
    for switches in ({"types": "208"}, {"motor_bytes": 3}, {"pw_order": "middle"}, {"colour": "red"}):
        assert refused(errors.NotAllowed, lambda more=switches: szy206.Dialect(5, True, **more)), switches


def test_a_dialect_has_the_types_of_its_time_tag_unless_told_otherwise():
    assert szy206.SZY206_2016.types == "206" and szy206.SLT427_2021.types == "427"
    assert szy206.Dialect(5, False, types="427").types == "427"
    assert szy206.Dialect(7, True).motor_bytes == 2  # a switch of one dialect is not another's
    assert szy206.Dialect(7, True, motor_bytes=1).motor_bytes == 1 and szy206.SLT427_2021.motor_bytes == 2


def test_addresses_with_a_station_code_and_with_an_operators_number():
    assert upper(addresses.address_of_code("41010501")) == "0041010501"
    assert addresses.code_of(addresses.address_of_code("41010501")) == "41010501"
    assert addresses.code_of(szy206.address_of("410105", 1)) is None
    assert upper(addresses.address_of_number("0300131304")) == "0300131304"  # as a real log-in has it
    for call, text in (
        (addresses.address_of_code, "4101050"),
        (addresses.address_of_code, "4101050A"),
        (addresses.address_of_number, "41010501"),
    ):
        assert refused(errors.NotAllowed, call, text), text
    assert refused(errors.Malformed, addresses.code_of, b"\x00\x41\x01\x0a\x01")
    assert addresses.is_broadcast(szy206.address_of("410105", 65535))
    assert not addresses.is_broadcast(szy206.address_of("410105", 255))
