"""Water meters: what their registers and frames say, in litres and litres an hour."""

from karez_protocols import cjt188
from test_profile_files import meter, replies, vector

EM = meter("em1010")
EM_ENERGY = meter("em1010-energy")
MAGFLUX = meter("xylem-magflux")
ULTRAD = meter("dynaflox-ultrad")
XINTAI = meter("xintai")
CJT = meter("cjt188")
CJT_TURNED = meter("cjt188-1f90")

# -- em1010: bus captures of two meters, which read 10 registers from 0x1010 ---------------

M3H, M3 = b"\0\5", b"\0\1"
HALF = b"\x3f\x00\x00\x00"


def em(capture=None, changes=None, profile=EM):
    contents = {0x1010: b"\x42\x4c\xcc\xcd", 0x1018: b"\0\3\x85\x84", 0x101A: HALF}
    contents.update({0x1020 if profile is EM else 0x101E: M3H, 0x1021: M3})
    if capture:
        # The fraction, the reverse total, units and alarms are not part of the capture.
        contents[0x1010] = vector("modbus", capture)[3:-2]
        del contents[0x1018]
    contents.update(changes or {})
    return replies(profile, contents)


def test_the_captured_meters_read_as_their_captures():
    for capture, flow_lph, velocity_mms, volume_l in (
        ("em1010_response_addr1_a", 51200, 804, 230788500),
        ("em1010_response_addr1_b", 52900, 831, 230790500),
        ("em1010_response_addr1_d", 52700, 831, 230790500),
        ("em1010_response_addr2_a", 49300, 771, 45119500),
        ("em1010_response_addr2_b", 52900, 827, 45121500),
    ):
        values = EM.decode(em(capture))
        assert (values["flow_lph"], values["velocity_mms"]) == (flow_lph, velocity_mms), capture
        assert values["volume_l"] == volume_l and values["volume_rev_l"] == 0
        assert EM.is_measuring(values) is True and EM.meanings(values) == []


def test_every_flow_unit_of_the_converter():
    for code, flow_lph in ((0, 5400), (1, 90), (2, 2), (3, 5400000), (4, 90000), (5, 1500)):
        contents = {0x1010: b"\x3f\xc0\x00\x00", 0x1020: bytes((0, code))}  # 1.5
        assert EM.decode(em(None, contents))["flow_lph"] == flow_lph, code
    for code in (b"\0\6", b"\xff\xff"):
        assert EM.decode(em(None, {0x1020: code}))["flow_lph"] is None


def test_every_total_unit_of_the_converter():
    assert EM.decode(em())["volume_l"] == 230788500
    assert EM.decode(em(None, {0x1021: b"\0\0"}))["volume_l"] == 230789  # litres and a half
    for code in (2, 3, 4, 5, 6):  # gallons of an unknown kind, mass
        values = EM.decode(em(None, {0x1021: bytes((0, code))}))
        assert values["volume_l"] is None and values["volume_rev_l"] is None
    assert EM.scale_key(em()) == M3 and EM.scale_key(em(None, {0x1021: b"\0\0"})) == b"\0\0"
    assert EM.total_raw(em()) == b"\0\3\x85\x84" + HALF


def test_an_empty_pipe_or_a_system_alarm_is_no_flow_of_zero():
    for register, names in ((0x1024, ["empty_pipe"]), (0x1025, [])):
        values = EM.decode(em(None, {register: b"\0\1"}))
        assert values["flow_lph"] is None and values["velocity_mms"] is None
        assert values["volume_l"] == 230788500 and EM.is_measuring(values) is False
        assert EM.meanings(values) == names
    # Neither 0 nor 1: the map is another.
    assert EM.decode(em(None, {0x1024: b"\0\2"}))["flow_lph"] is None


def test_the_wrong_word_order_makes_no_total_and_no_flow():
    swapped = {0x1010: b"\xcc\xcd\x42\x4c", 0x1018: b"\x85\x84\0\3", 0x101A: b"\x36\x93\x3f\x61"}
    values = EM.decode(em(None, swapped))
    assert values["volume_l"] is None
    # Only a fraction of zero looks the same both ways; the whole part is then beyond every meter.
    swapped[0x101A] = bytes(4)
    assert EM.decode(em(None, swapped))["volume_l"] is None
    assert EM.decode(em(None, {0x1010: b"\xf8\x9f\x3d\xe6"}))["flow_lph"] is None


def test_the_reverse_total_counts_for_itself():
    values = EM.decode(em(None, {0x101C: b"\0\0\0\7", 0x101E: HALF}))
    assert values["volume_l"] == 230788500 and values["volume_rev_l"] == 7500


def test_the_energy_version_has_its_flow_unit_elsewhere():
    values = EM_ENERGY.decode(em(None, None, EM_ENERGY))
    assert values["flow_lph"] == 51200 and values["volume_l"] == 230788500
    assert "volume_rev_l" not in values and EM_ENERGY.reverse is None


def test_reads_of_the_converter_are_no_longer_than_those_seen():
    assert EM.requests == [(0x1010, 4), (0x1018, 10), (0x1024, 2)] and EM.function == 4


# -- xylem-magflux: constructed ------------------------------------------------------------


def magflux(flow=b"\xcc\xcd\x3c\x4c", total=b"\x04\x50\x71\xfb\x01\x1f\0\0", back=bytes(8)):
    return replies(MAGFLUX, {600: flow, 604: total, 610: back})


def test_cubic_millimetres_of_sixty_four_bits():
    # 0x011F71FB0450 = 1,234,567,890,000 mm3; flow 0x3C4CCCCD = 0.0125 m3/s.
    values = MAGFLUX.decode(magflux())
    assert values == {"flow_lph": 45000, "volume_l": 1234568, "volume_rev_l": 0}
    assert MAGFLUX.total_raw(magflux()) == b"\x04\x50\x71\xfb\x01\x1f\0\0"
    assert (MAGFLUX.parity, MAGFLUX.character_bits) == ("E", 11)


def test_half_a_litre_rounds_away_from_zero():
    for mm3, volume_l in ((499999, 0), (500000, 1), (1499999, 1), (1500000, 2)):
        words = [mm3 >> shift & 0xFFFF for shift in (0, 16, 32, 48)]
        data = b"".join(bytes((word >> 8, word & 0xFF)) for word in words)
        assert MAGFLUX.decode(magflux(bytes(4), data))["volume_l"] == volume_l, mm3


def test_sixty_four_bits_in_the_wrong_order_are_beyond_every_meter():
    assert MAGFLUX.decode(magflux(bytes(4), b"\0\0\x01\x1f\x71\xfb\x04\x50"))["volume_l"] is None
    assert MAGFLUX.decode(magflux(b"\x3c\x4c\xcc\xcd"))["flow_lph"] is None


# -- dynaflox-ultrad: constructed ----------------------------------------------------------


def ultrad(flow=b"\0\0\xb0\x22", whole=b"\0\0\x04\xd2", fraction=b"\0\x08\xaa\x52", back=bytes(8)):
    return replies(ULTRAD, {0: flow, 2: whole, 4: fraction, 6: back})


def test_cubic_metres_and_millilitres():
    assert ULTRAD.decode(ultrad()) == {"flow_lph": 45090, "volume_l": 1234568, "volume_rev_l": 0}
    assert ULTRAD.total_raw(ultrad()) == b"\0\0\x04\xd2\0\x08\xaa\x52"
    assert ULTRAD.requests == [(0, 10)]
    values = ULTRAD.decode(ultrad(b"\xff\xff\xff\xfe", back=b"\0\0\0\1\0\0\x27\x10"))
    assert values["flow_lph"] == -2 and values["volume_rev_l"] == 1010


def test_a_fraction_of_more_than_a_cubic_metre_is_another_word_order():
    assert ULTRAD.decode(ultrad(fraction=b"\xaa\x52\0\x08"))["volume_l"] is None
    assert ULTRAD.decode(ultrad(whole=b"\x04\xd2\0\0", fraction=bytes(4)))["volume_l"] == 80871424000
    assert ULTRAD.decode(ultrad(whole=b"\x12\xd2\0\0", fraction=bytes(4)))["volume_l"] is None
    assert ULTRAD.decode(ultrad(fraction=b"\0\x0f\x42\x41"))["volume_l"] is None  # 1,000,001 mL


# -- xintai: the published bytes of a float ------------------------------------------------


def xintai(flow=b"\x1e\x85\x0b\x3f", total=b"\x00\x50\x9a\x44", state=b"\x00\xaa"):
    return replies(XINTAI, {1: total, 5: flow, 7: state})


def test_floats_with_all_bytes_reversed():
    values = XINTAI.decode(xintai())
    assert values["flow_lph"] == 545 and values["volume_l"] == 1234500
    assert values["volume_rev_l"] == 0 and XINTAI.is_measuring(values) is True
    assert XINTAI.decode(xintai(b"\x3f\x0b\x85\x1e"))["flow_lph"] == 0  # high byte first: nothing
    assert XINTAI.decode(xintai(total=b"\x44\x9a\x50\x00"))["volume_l"] == 0


def test_an_empty_pipe_is_told_by_its_pattern():
    for state in (b"\x00\x55", b"\x55\x00"):
        values = XINTAI.decode(xintai(state=state))
        assert values["flow_lph"] is None and XINTAI.is_measuring(values) is False
    for bad in (b"\x00\x00\xc0\x7f", b"\x00\x00\x80\x7f", b"\x00\x00\x80\xff"):
        values = XINTAI.decode(xintai(bad, bad))
        assert values["flow_lph"] is None and values["volume_l"] is None


# -- CJ/T 188: published frames ------------------------------------------------------------


def cjt_data(name):
    """What follows the identifier and SER in a published answer."""
    frame = vector("cjt188", name)
    return frame[frame.find(b"\x68") + 14 : -2]


def test_published_water_meters():
    for name, volume_l, status in (
        ("foxedge_reply_123_00", 123000, 0),
        ("redisant_read_reply_2_00", 2000, 0),
        ("receivedatahelper_0_60", 600, 0),
        ("doctest_reply_55555_00", 55555000, 0),
        ("reply_unit_29_litres", 17047, 0),
        ("qt_read_reply_68_00", 68000, 0),
        ("c188_reply_zero", 0, 0),
        ("reply_zero_with_clock", 0, 0x13),
    ):
        data = [cjt_data(name)]
        for profile in (CJT, CJT_TURNED):
            values = profile.decode(data)
            assert values == {"volume_l": volume_l, "status_bits": status}, name
            assert profile.total_raw(data) == data[0][:4]


def test_an_answer_comes_through_the_protocol():
    for profile, order in ((CJT, b"\x90\x1f"), (CJT_TURNED, b"\x1f\x90")):
        reader = cjt188.ReplyReader()
        sent = reader.expect(profile.request(0, "00000805000001"))
        assert sent[-5:-3] == order and profile.codec is cjt188 and profile.protocol == "cjt188"
        frame = vector("cjt188", "foxedge_reply_123_00")
        answer = bytearray(frame[frame.find(b"\x68") :])
        answer[13] = sent[-3]  # SER is this question's
        answer[-2] = sum(answer[:-2]) & 0xFF
        reply = reader.receive(bytes(answer))
        assert profile.decode([reply.data])["volume_l"] == 123000


def test_the_state_of_the_valve_is_told():
    data = cjt_data("reply_zero_with_clock")  # ST = 13 01: bits 11, valve abnormal
    assert CJT.meanings(CJT.decode([data])) == ["valve_not_open", "valve_abnormal"]
    low = data[:17] + b"\x05\x00"
    assert CJT.meanings(CJT.decode([low])) == ["valve_not_open", "battery_low"]


def test_the_unit_scales_total_and_modulus_and_is_seen():
    data = cjt_data("foxedge_reply_123_00")
    assert CJT.total_modulus([data]) == 1000000000 and CJT.scale_key([data]) == b"\x2c"
    litres = [data[:4] + b"\x29" + data[5:]]
    assert CJT.total_modulus(litres) == 100000000 and CJT.scale_key(litres) == b"\x29"
    assert CJT.decode(litres)["volume_l"] == 12300
    for unit in (0x05, 0x2D, 0x00, 0xFF):
        other = [data[:4] + bytes((unit,)) + data[5:]]
        assert CJT.decode(other)["volume_l"] is None and CJT.total_modulus(other) is None


def test_digits_that_are_none_are_unknown():
    data = cjt_data("foxedge_reply_123_00")
    for bad in (b"\xff\xff\xff\xff", b"\x0a\x00\x00\x00", b"\x00\x00\x00\xa0"):
        assert CJT.decode([bad + data[4:]])["volume_l"] is None
