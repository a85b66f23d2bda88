"""Every profile that ships: it compiles, keeps its meter's limits, has a test, and invents nothing."""

import json
import os

from karez_protocols.profile import Profile

FOLDER = "protocols/karez_protocols/profiles/"
TESTS = "tests/protocols/"


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def document(name):
    """A profile as parsed, by its name."""
    with open(FOLDER + name + ".json") as file:
        return json.load(file)


def meter(name):
    """A profile by its name."""
    return Profile(document(name))


def vector(file_name, name):
    """The bytes of a published frame."""
    with open("tests/vectors/%s.json" % file_name) as file:
        for one in json.load(file):
            if one["name"] == name:
                return bytes(int(one["hex"][at : at + 2], 16) for at in range(0, len(one["hex"]), 2))
    raise AssertionError(name)


def replies(profile, contents):
    """Register bytes of all requests from {register: bytes}; a register not named reads 0."""
    image = {}
    for start in contents:
        for at, byte in enumerate(contents[start]):
            image[2 * start + at] = byte
    return [
        bytes(image.get(at, 0) for at in range(2 * start, 2 * (start + count)))
        for start, count in profile.requests
    ]


def names():
    """The profiles of the folder."""
    return sorted(name[:-5] for name in os.listdir(FOLDER) if name.endswith(".json") and "schema" not in name)


def length(profile, count):
    return 2 * count if profile.protocol == "modbus" else count


def test_the_folder_holds_the_meters_of_the_plan():
    there = names()
    assert len(there) >= 24
    for name in ("tuf2000m", "em1010", "sdm630", "dtsu666", "dtsu666-old", "adl400", "pzem016", "qdy30a"):
        assert name in there
    for name in ("dlt645-2007", "cjt188", "cjt188-1f90", "xylem-magflux", "xintai", "keller33x"):
        assert name in there


def test_every_profile_has_a_test_of_its_own():
    tested = ""
    for name in os.listdir(TESTS):
        if name.startswith("test_profile") and name not in (
            "test_profile_files.py",
            "test_profile_refused.py",
        ):
            with open(TESTS + name) as file:
                tested += file.read()
    for name in names():
        assert 'meter("%s")' % name in tested, name


def test_every_profile_is_named_like_its_file_and_says_where_it_is_from():
    for name in names():
        source = document(name)["source"]
        assert meter(name).name == name and len(name) <= 16
        assert len(source) > 100 and "Inferred: " in source, name


def test_every_profile_keeps_the_limits_of_its_meter():
    for name in names():
        found = document(name)
        profile = Profile(found)
        if profile.protocol != "modbus":
            continue
        for start, count in profile.requests:
            assert count <= found["block_registers_max"], name
            assert start % found["align"] == 0 and count % found["align"] == 0, name


def test_every_total_has_a_meaning_and_fits_a_record():
    for name in names():
        profile = meter(name)
        blank = [bytes(length(profile, count)) for _, count in profile.requests]
        assert len(profile.total_raw(blank)) in (0, 4, 8), name
        assert profile.total in (None, "volume_l", "energy_wh")
        meanings = {None: (None,), "volume_l": ("forward",), "energy_wh": ("import",)}
        assert profile.meaning in meanings[profile.total], name
        assert profile.total is not None or profile.total_modulus(blank) is None


def test_a_line_full_of_ones_is_no_total_anywhere():
    for name in names():
        profile = meter(name)
        values = profile.decode([b"\xff" * length(profile, count) for _, count in profile.requests])
        assert profile.total is None or values[profile.total] is None, name
        assert profile.reverse is None or values[profile.reverse] is None, name


def test_what_was_refused_is_unknown_in_every_profile():
    for name in names():
        profile = meter(name)
        values = profile.decode([None] * len(profile.requests))
        assert values == profile.unknown() and sorted(values), name
        assert profile.total_raw([None] * len(profile.requests)) == b""


def test_every_question_can_be_put():
    for name in names():
        profile = meter(name)
        reader = profile.codec.ReplyReader()
        for at in range(len(profile.requests)):
            frame = reader.expect(profile.request(at, profile.address))
            assert 8 <= len(frame) <= 24 and reader.answer_bytes > length(profile, profile.requests[at][1])


def test_byte_protocols_keep_a_silence_and_a_modbus_meter_its_own():
    for name in names():
        profile = meter(name)
        assert profile.request_gap_us >= (0 if profile.protocol == "modbus" else 20000), name
