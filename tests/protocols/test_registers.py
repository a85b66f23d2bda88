"""Bytes to integers: word orders, signs, decimals, exact rounding, unknown as None."""

import struct

from karez_protocols import registers

FORMS = ["u", "s", "f", "m", "bcd", "sbcd"]
ORDERS = ["ABCD", "CDAB", "BADC", "DCBA"]
F32 = FORMS.index("f")
ABCD, CDAB, BADC, DCBA = range(4)


def value(kind, data, scale=0, order=ABCD):
    """The value of a type as profiles name it, scaled."""
    code = FORMS.index(kind.rstrip("0123456789")) | (len(data) - 1) << 3 | order << 6
    number = registers.number(code, data)
    return number and registers.scaled(number[0], scale, number[1])


def f32_scaled(bits, scale):
    return value("f32", bits.to_bytes(4, "big"), scale)


def split_total(whole, bits, scale):
    number = registers.joined(whole, registers.f32_parts(bits), 0)
    return number and registers.scaled(number[0], scale, number[1])


def test_the_published_orders_of_one_value():
    # pyhys/minimalmodbus and the simplymodbus FAQ: 2923517522 in four orders.
    for order, data in (
        ("ABCD", b"\xae\x41\x56\x52"),
        ("CDAB", b"\x56\x52\xae\x41"),
        ("BADC", b"\x41\xae\x52\x56"),
        ("DCBA", b"\x52\x56\x41\xae"),
    ):
        assert value("u32", data, 0, ORDERS.index(order)) == 2923517522, order


def test_sixteen_bits_have_two_orders():
    assert value("u16", b"\x01\x02") == value("u16", b"\x01\x02", 0, CDAB) == 0x0102
    assert value("u16", b"\x01\x02", 0, BADC) == value("u16", b"\x01\x02", 0, DCBA) == 0x0201


def test_integers_keep_their_sign():
    assert value("u16", b"\xff\xff") == 65535 and value("s16", b"\xff\xff") == -1
    assert value("s16", b"\x80\x00") == -32768 and value("s16", b"\x7f\xff") == 32767
    assert value("u32", b"\xff\xff\xff\xff") == 4294967295 and value("s32", b"\xff\xff\xff\xff") == -1
    # TUF-2000M dump: registers 21-22 = 64432, 65535.
    assert value("s32", b"\xfb\xb0\xff\xff", 0, CDAB) == -1104


def test_integers_scale_and_round_half_away_from_zero():
    assert value("u16", b"\x00\x7b", 2) == 12300
    for raw, scaled in ((14, 1), (15, 2), (25, 3), (-14, -1), (-15, -2), (-25, -3), (0, 0)):
        assert value("s16", struct.pack(">h", raw), -1) == scaled, raw


def test_published_floats():
    for data, order, scale, expected in (
        (b"\x43\x66\x33\x34", ABCD, 1, 2302),  # SDM630: 230.2 V
        (b"\x3f\x80\x00\x00", ABCD, 0, 1),
        (b"\x42\xc8\x00\x00", ABCD, 0, 100),  # SDM320Y: 100 ms
        (b"\x41\xb5\xc0\x79", ABCD, 3, 22719),  # Keller: 22.71898 C
        (b"\x42\x4c\xcc\xcd", ABCD, 3, 51200),  # 0x1010 map: 51.2 m3/h
        (b"\xf8\x9f\x3d\xe6", CDAB, 3, 113),  # TUF-2000M: 0.112779 m3/h
    ):
        assert value("f32", data, scale, order) == expected, data
    # Kaifeng Xintai, DCBA: 1E 85 0B 3F = 0.545.
    assert value("f32", b"\x1e\x85\x0b\x3f", 3, DCBA) == 545


def test_a_wrong_word_order_is_absurd_and_unknown_or_nothing():
    # meters.md 4: 0.1128 m3/h becomes -2.6e+34, 230.2 V becomes 4.2e-08.
    assert value("f32", b"\xf8\x9f\x3d\xe6", 3, ABCD) is None
    assert value("f32", b"\x43\x66\x33\x34", 1, CDAB) == 0


def test_what_is_no_number_is_unknown():
    for bits in (0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF):
        assert f32_scaled(bits, 0) is None and registers.f32_parts(bits) is None, bits
    assert f32_scaled(0x7F7FFFFF, 0) is None  # 3.4e38 is no measurement
    assert f32_scaled(0x5EFFFFFF, 0) == 0x7FFFFF8000000000  # the largest that is


def test_zeros_and_the_smallest_floats():
    assert f32_scaled(0x00000000, 9) == f32_scaled(0x80000000, 9) == 0
    assert f32_scaled(0x00000001, 9) == 0
    assert registers.f32_parts(0x00000001) == (1, -149) and registers.f32_parts(0x807FFFFF) == (
        -0x7FFFFF,
        -149,
    )
    assert registers.f32_parts(0x00800000) == (0x800000, -149)


def test_floats_round_half_away_from_zero_exactly():
    for number, scale, expected in (
        (0.5, 0, 1),
        (1.5, 0, 2),
        (2.5, 0, 3),
        (-0.5, 0, -1),
        (-2.5, 0, -3),
        (0.25, 1, 3),
        (0.125, 2, 13),
        (0.49999997, 0, 0),
        (8388607.5, 0, 8388608),
        (16777216.0, 3, 16777216000),
        (1234.0, -2, 12),
        (1250.0, -2, 13),
        (-1250.0, -2, -13),
    ):
        bits = int.from_bytes(struct.pack(">f", number), "big")
        assert f32_scaled(bits, scale) == expected, number


def test_a_rising_float_never_falls_as_an_integer():
    last = -(1 << 70)
    for bits in range(0x44FA0000, 0x44FA0000 + 4000, 7):
        now = f32_scaled(bits, 3)
        assert now >= last
        last = now


def test_the_split_total_of_the_dump():
    # TUF-2000M: 23 + 0.879739 (registers 9-12); n = 3 is m3, in litres scale 3.
    bits = 0x3F613693
    assert split_total(23, bits, 3) == 23880
    assert split_total(23, bits, 0) == 24
    assert split_total(23, bits, 6) == 23879739
    assert split_total(-23, bits, 3) == -22120
    assert split_total(23, bits | 0x80000000, 3) == 22120


def test_a_split_total_is_rounded_once():
    half = 0x3F000000
    assert split_total(14, half, -1) == 1  # 1.45; rounding twice would give 2
    assert split_total((1 << 31) - 1, 0, 9) == ((1 << 31) - 1) * 10**9
    assert split_total(5, 0x3F800000, 0) == 6  # a fraction of exactly 1


def test_a_split_total_with_an_unknown_or_impossible_part_is_unknown():
    half = 0x3F000000
    assert split_total(None, half, 3) is None
    for bits in (0x7FC00000, 0x7F800000, 0x3F800001, 0xBF800001, 0x41200000, 0x4F000000, 0x7F7FFFFF):
        assert split_total(23, bits, 3) is None, bits


def test_a_total_with_an_integer_fraction():
    # ultraD: cubic metres, then millilitres of the next one; litres are 10^3 of a cubic metre.
    def total(whole, fraction, scale=3):
        number = registers.joined(whole, (fraction, 0), 6)
        return number and registers.scaled(number[0], scale - 6, number[1])

    assert total(1234, 567890) == 1234568
    assert total(1234, 567890, 6) == 1234567890
    assert total(1234, 499) == 1234000 and total(1234, 500) == 1234001
    assert total((1 << 31) - 1, 999999) == 2147483648000
    assert total(-3, -250000) == -3250
    for fraction in (1000001, 0xFFFFFFFF, -1000001):
        assert total(1234, fraction) is None, fraction


def test_sign_and_magnitude():
    assert value("m16", b"\x00\x05") == 5 and value("m16", b"\x80\x05") == -5
    assert value("m16", b"\x80\x00") == 0 and value("m16", b"\xff\xff") == -32767
    assert value("m32", b"\x00\x05\x80\x00", 0, CDAB) == -5
    assert value("m32", b"\x7f\xff\xff\xff") == (1 << 31) - 1


def test_sixty_four_bits_in_four_orders():
    data = bytes(range(1, 9))
    assert value("u64", data) == 0x0102030405060708
    assert value("u64", data, 0, CDAB) == 0x0708050603040102
    assert value("u64", data, 0, BADC) == 0x0201040306050807
    assert value("u64", data, 0, DCBA) == 0x0807060504030201
    assert value("u64", b"\xff" * 8) is None  # more than the ledger's 63 bits
    assert value("u64", b"\xff" * 8, -6) == 18446744073710  # but in litres it fits


def test_odd_sizes_have_two_orders():
    assert value("u8", b"\x2c") == value("u8", b"\x2c", 0, DCBA) == 0x2C
    assert value("bcd3", b"\x01\x23\x45") == 12345
    assert value("bcd3", b"\x45\x23\x01", 0, DCBA) == 12345


def test_packed_decimals():
    assert value("bcd1", b"\x99") == 99 and value("bcd2", b"\x19\x23", 0, DCBA) == 2319
    # DL/T 645: 0.26 kWh, low pair first, in Wh.
    assert value("bcd4", b"\x26\x00\x00\x00", 1, DCBA) == 260
    assert value("bcd4", b"\x99" * 4) == 99999999


def test_the_top_bit_of_a_signed_decimal_is_its_sign():
    assert value("sbcd3", b"\x12\x25\x00", 0, DCBA) == 2512
    assert value("sbcd3", b"\x12\x25\x80", 0, DCBA) == -2512
    assert value("sbcd2", b"\x80\x00") == 0 and value("sbcd4", b"\xf9\x99\x99\x99") == -79999999


def test_a_digit_above_nine_is_unknown():
    for kind, data in (
        ("bcd1", b"\x0a"),
        ("bcd2", b"\xa0\x00"),
        ("bcd4", b"\xff" * 4),
        ("sbcd2", b"\xff\xff"),
        ("sbcd3", b"\x00\x0f\x00"),
        ("sbcd3", b"\x80\x00\x0a"),
    ):
        assert value(kind, data) is None, data
