"""Level probes: millimetres of water above the probe, pressure, temperature."""

from test_profile_files import meter, replies, vector

QDY_A = meter("qdy30a")
QDY_B = meter("qdy30a-b")
KELLER = meter("keller33x")
KELLER_INT = meter("keller33x-int")
GAUGE = meter("keller36xw-gauge")


def level(profile, unit, decimals, value):
    value &= 0xFFFF
    words = bytes((0, unit, 0, decimals, value >> 8, value & 0xFF))
    return profile.decode(replies(profile, {2: words}))["level_mm"]


def test_every_unit_of_list_a():
    for unit, decimals, value, level_mm in (
        (0x11, 0, 123, 1230),
        (0x11, 1, 1234, 1234),
        (0x12, 3, 1234, 1234),
        (0x12, 2, 1234, 12340),
        (0x13, 1, 1000, 10197),  # 100 kPa
        (0x14, 3, 1000, 10197),  # 1 bar
        (0x15, 2, 1000, 7031),  # 10 psi
        (0x12, 3, -12, -12),
    ):
        assert level(QDY_A, unit, decimals, value) == level_mm, (unit, decimals)
    for unit in (9, 10, 0x10, 0x16, 0):
        assert level(QDY_A, unit, 0, 1) is None


def test_every_unit_of_list_b():
    for unit, decimals, value, level_mm in (
        (10, 1, 1000, 10197),
        (11, 0, 9807, 1000),
        (12, 3, 1000, 10197),
        (13, 0, 1000, 10197),
        (14, 2, 100, 10000),
        (15, 2, 1000, 7031),
        (16, 3, 1234, 1234),
        (17, 0, 1234, 1234),
    ):
        assert level(QDY_B, unit, decimals, value) == level_mm, unit
    assert level(QDY_B, 9, 0, 1) is None  # MPa or degrees: nobody knows


def test_code_17_is_ten_times_as_much_in_one_list_as_in_the_other():
    assert (level(QDY_A, 17, 0, 26), level(QDY_B, 17, 0, 26)) == (260, 26)


def test_more_decimals_than_the_probe_has_are_unknown():
    assert level(QDY_A, 0x12, 3, 1) == 1 and level(QDY_A, 0x12, 4, 1) is None
    assert level(QDY_A, 0x12, 0, -2) is None  # two metres below the probe


def test_a_probe_counts_nothing():
    for profile in (QDY_A, QDY_B, KELLER, KELLER_INT, GAUGE):
        data = replies(profile, {})
        assert profile.total is None and profile.meaning is None and profile.reverse is None
        assert profile.total_raw(data) == b"" == profile.scale_key(data) and profile.total_request == 0
        assert profile.total_modulus(data) is None
    assert QDY_A.requests == [(2, 3)] and QDY_A.function == 3


def test_the_published_readings_of_a_keller_probe():
    pressure = vector("modbus", "keller_response_p1")[3:-2]
    temperature = vector("modbus", "keller_response_tob1")[3:-2]
    data = replies(KELLER, {2: pressure, 8: temperature})
    assert KELLER.decode(data) == {"pressure_pa": 96070, "temperature_cdeg": 2272}
    assert KELLER.requests == [(2, 2), (8, 2)]
    # A vented probe that shows 0.9607 bar stands under 9.8 m of water.
    data = replies(GAUGE, {2: pressure, 8: temperature})
    assert GAUGE.decode(data) == {"level_mm": 9796, "temperature_cdeg": 2272}


def test_a_channel_that_is_off_or_out_of_range_is_unknown():
    for bits in (b"\x7f\xc0\0\0", b"\x7f\x80\0\0", b"\xff\x80\0\0", b"\xff\xff\xff\xff"):
        assert KELLER.decode(replies(KELLER, {2: bits}))["pressure_pa"] is None
        assert GAUGE.decode(replies(GAUGE, {2: bits}))["level_mm"] is None
    for bits in (b"\x7f\xff\xff\xff", b"\x80\0\0\0"):
        data = replies(KELLER_INT, {0x22: bits, 0x28: bits})
        assert KELLER_INT.decode(data) == {"pressure_pa": None, "temperature_cdeg": None}


def test_the_integer_copy_reads_in_pascals():
    data = replies(KELLER_INT, {0x22: b"\x00\x01\x77\x46", 0x28: b"\xff\xff\xff\x9c"})
    assert KELLER_INT.decode(data) == {"pressure_pa": 96070, "temperature_cdeg": -100}


def test_a_pressure_in_the_wrong_word_order_is_nothing_or_unknown():
    assert KELLER.decode(replies(KELLER, {2: b"\xf0\x7b\x3f\x75"}))["pressure_pa"] is None
