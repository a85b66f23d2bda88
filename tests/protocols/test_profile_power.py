"""Energy meters: what their registers and frames say, in watt-hours of import."""

import struct

from karez_protocols import dlt645, errors
from test_profile_files import meter, refused, replies, vector

SDM120 = meter("sdm120")
DTSU = meter("dtsu666")
DTSU_OLD = meter("dtsu666-old")
ADL = meter("adl400")
T317 = meter("adl400-t317")
ADW = meter("adw300")
PZEM = meter("pzem016")
DTSD = meter("dtsd422")
DDS = meter("dds238")
DLT = meter("dlt645-2007")
DTSU_DLT = meter("dtsu666-dlt645")
DLT_1997 = meter("dlt645-1997")

V230 = b"\x43\x66\x33\x34"  # 230.2, the Eastron document's example
RAW_2302 = b"\x45\x0f\xe0\x00"  # 2302.0 as a float
FULL = b"\x7f\xc0\x00\x00"  # not a number


def words(*numbers):
    return struct.pack(">%dH" % len(numbers), *numbers)


# -- sdm120 --------------------------------------------------------------------------------


def test_sdm120_reads_the_published_voltage():
    assert vector("modbus", "sdm630_response_voltage_l1")[3:-2] == V230
    data = replies(
        SDM120,
        {
            0: V230,
            6: b"\x40\xa0\x00\x00",
            12: b"\x44\x89\x80\x00",
            70: b"\x42\x48\x14\x7b",
            72: b"\x42\xf6\xe9\x79",
        },
    )
    assert SDM120.decode(data) == {
        "voltage_a_dv": 2302,
        "current_a_ca": 500,
        "power_w": 1100,
        "frequency_chz": 5002,
        "energy_wh": 123456,
        "energy_export_wh": 0,
    }
    assert (SDM120.baud, SDM120.function) == (2400, 4)
    assert all(start % 2 == 0 and count % 2 == 0 for start, count in SDM120.requests)
    assert SDM120.decode(replies(SDM120, {72: FULL}))["energy_wh"] is None


# -- dtsu666: secondary values -------------------------------------------------------------


def dtsu(profile, ct=1, pt=10, changes=None):
    first = 0x101E if profile is DTSU else 0x401E
    contents = {
        6: words(ct, pt),
        first: b"\x42\xf6\xe9\x79",  # 123.456 kWh
        first + 10: b"\x3f\x80\x00\x00",
        0x2006: 3 * RAW_2302,
        0x200C: 3 * b"\x45\x9c\x40\x00",  # 5000: 5 A
        0x2012: b"\x46\x2b\xe0\x00",  # 11000: 1100 W
        0x2044: b"\x45\x9c\x40\x00",
    }
    contents.update(changes or {})
    return replies(profile, contents)


def test_both_generations_of_the_dtsu666_read_alike():
    for profile in (DTSU, DTSU_OLD):
        assert profile.decode(dtsu(profile)) == {
            "voltage_a_dv": 2302,
            "voltage_b_dv": 2302,
            "voltage_c_dv": 2302,
            "current_a_ca": 500,
            "current_b_ca": 500,
            "current_c_ca": 500,
            "power_w": 1100,
            "frequency_chz": 5000,
            "energy_wh": 123456,
            "energy_export_wh": 1000,
        }
        assert profile.total_raw(dtsu(profile)) == b"\x42\xf6\xe9\x79"
    assert (0x101E, 2) in DTSU.requests and (0x401E, 2) in DTSU_OLD.requests
    assert (DTSU.stop_bits, DTSU_OLD.stop_bits) == (1, 2)


def test_transformer_ratios_multiply_what_hangs_on_them():
    values = DTSU.decode(dtsu(DTSU, ct=30))
    assert values["current_a_ca"] == 15000 and values["voltage_a_dv"] == 2302
    assert values["power_w"] == 33000 and values["frequency_chz"] == 5000
    # 0x42F6E979 is 123.45600128173828 kWh: exactly x 30, then rounded once.
    assert values["energy_wh"] == 3703680 and values["energy_export_wh"] == 30000
    values = DTSU.decode(dtsu(DTSU, ct=30, pt=15))
    assert values["voltage_a_dv"] == 3453 and values["power_w"] == 49500
    assert values["energy_wh"] == 5555520
    assert DTSU.scale_key(dtsu(DTSU, 30, 15)) == b"\0\x1e\0\x0f"


def test_a_ratio_of_zero_makes_no_energy():
    for ct, pt in ((0, 10), (1, 0)):
        values = DTSU.decode(dtsu(DTSU, ct, pt))
        assert values["energy_wh"] is None and values["power_w"] is None


def test_the_wrong_word_order_and_no_number_are_refused():
    values = DTSU.decode(dtsu(DTSU, changes={0x101E: b"\xe9\x79\x42\xf6", 0x2006: b"\x33\x34\x43\x66"}))
    assert values["energy_wh"] is None and values["voltage_a_dv"] == 0
    assert DTSU.decode(dtsu(DTSU, changes={0x101E: FULL}))["energy_wh"] is None


# -- Acrel ---------------------------------------------------------------------------------


def adl(changes=None):
    contents = {
        0x0A: b"\0\0\x30\x39",
        0x14: b"\0\0\0\1",
        0x61: words(2302, 2297, 2311),
        0x64: words(500, 501, 499),
        0x77: words(5002),
        0x14B: words(30),
        0x16A: b"\0\0\x04\x4c",
        0x17F: words(860),
    }
    contents.update(changes or {})
    return replies(ADL, contents)


def test_adl400_multiplies_by_its_current_transformers():
    assert ADL.decode(adl()) == {
        "energy_wh": 123450 * 30,
        "energy_export_wh": 300,
        "voltage_a_dv": 2302,
        "voltage_b_dv": 2297,
        "voltage_c_dv": 2311,
        "current_a_ca": 15000,
        "current_b_ca": 15030,
        "current_c_ca": 14970,
        "frequency_chz": 5002,
        "power_w": 33000,
        "power_factor_permille": 860,
    }
    assert ADL.decode(adl({0x16A: b"\xff\xff\xfb\xb4"}))["power_w"] == -33000
    assert ADL.scale_key(adl()) == b"\0\x1e" and ADL.decode(adl({0x14B: words(0)}))["energy_wh"] is None


def test_adl400_t317_has_floats_of_the_primary_side():
    data = replies(
        T317,
        {0x800: V230, 0x80C: b"\x43\x16\x00\x00", 0x814: b"\x41\x30\x00\x00", 0x832: b"\x3f\x5c\x28\xf6",
         0x834: b"\x42\x48\x14\x7b", 0x84C: b"\0\0\x04\xd2", 0x856: b"\0\0\0\1"},
    )  # fmt: skip
    values = T317.decode(data)
    assert values["voltage_a_dv"] == 2302 and values["current_a_ca"] == 15000 and values["power_a_w"] == 11000
    assert values["power_factor_permille"] == 860 and values["frequency_chz"] == 5002
    assert values["energy_wh"] == 123400 and values["energy_export_wh"] == 100 and T317.parity == "E"
    assert T317.decode(replies(T317, {0x800: FULL}))["voltage_a_dv"] is None


def test_adw300_counts_in_signed_words():
    data = replies(
        ADW,
        {20: words(2302, 2297, 2311), 26: words(500, 0, 1), 30: b"\xff\xff\xff\xff", 36: b"\0\0\x2b\x67",
         62: b"\0\0\x30\x39", 64: b"\0\0\0\2"},
    )  # fmt: skip
    values = ADW.decode(data)
    assert values["voltage_c_dv"] == 2311 and values["current_a_ca"] == 500 and values["current_c_ca"] == 1
    assert values["power_a_w"] == -1 and values["power_w"] == 11111
    assert values["energy_wh"] == 123450 and values["energy_export_wh"] == 20
    assert ADW.decode(replies(ADW, {62: b"\x80\0\0\0"}))["energy_wh"] is None


# -- small meters --------------------------------------------------------------------------


def test_pzem016_reads_the_published_block():
    frame = vector("modbus", "pzem016_response_block")
    assert frame[3:-2][:18] == frame[3:21] and PZEM.requests == [(0, 9)]
    data = [frame[3:21]]
    assert PZEM.decode(data) == {
        "voltage_a_dv": 2257,
        "current_a_ca": 11,  # 0.108 A
        "power_w": 24,
        "energy_wh": 38,
        "frequency_chz": 5000,
        "power_factor_permille": 1000,
    }
    assert PZEM.total_raw(data) == b"\0\x26\0\0"
    assert PZEM.decode([data[0][:10] + b"\0\1\0\1" + data[0][14:]])["energy_wh"] == 65537


def test_dtsd422_mixes_two_word_orders():
    data = replies(
        DTSD,
        {1: words(2302, 2297, 2311), 7: b"\x13\x88\x80\x00", 9: b"\x13\x88\0\0", 11: bytes(4),
         13: b"\x2a\xf8\x80\x00",
         37: words(0x8000 | 860), 41: words(5002), 42: b"\0\1\0\0", 52: b"\0\0\0\3"},
    )  # fmt: skip
    assert DTSD.decode(data) == {
        "voltage_a_dv": 2302,
        "voltage_b_dv": 2297,
        "voltage_c_dv": 2311,
        "current_a_ca": -500,
        "current_b_ca": 500,
        "current_c_ca": 0,
        "power_w": -11000,
        "power_factor_permille": -860,
        "frequency_chz": 5002,
        "energy_wh": 655360,
        "energy_export_wh": 30,
    }
    # High word first, a current of 5 A would be 327 kA.
    assert DTSD.decode(replies(DTSD, {7: b"\0\0\x13\x88"}))["current_a_ca"] is None


def test_dds238_bills_import_and_not_its_total():
    data = replies(
        DDS,
        {0: b"\0\0\xff\xff", 8: b"\0\0\0\1", 10: b"\0\0\x30\x39", 12: words(2302), 13: words(500),
         14: words(0xFBB4), 17: words(5002)},
    )  # fmt: skip
    assert DDS.decode(data) == {
        "energy_wh": 123450,
        "energy_export_wh": 10,
        "voltage_a_dv": 2302,
        "current_a_ca": 500,
        "power_w": -1100,
        "frequency_chz": 5002,
    }


# -- DL/T 645: published frames ------------------------------------------------------------


def answered(profile, at, name):
    """The data of a published answer, taken by the protocol's own reader."""
    frame = vector("dlt645", name)
    first = frame.find(b"\x68")
    address = "".join("%02X" % frame[first + 6 - pair] for pair in range(6))
    reader = dlt645.ReplyReader()
    reader.expect(profile.request(at, address))
    return reader.receive(frame).data


def dlt(**changes):
    """Data of all six answers; a published meter's energy and power, the rest constructed."""
    data = {
        "energy": answered(DLT, 0, "read_forward_energy_reply_0_26"),
        "export": bytes(4),
        "voltages": b"\x02\x23\x97\x22\x11\x23",
        "currents": b"\x00\x50\x00\x10\x50\x80\xff\xff\xff",
        "power": answered(DLT, 4, "read_power_total_reply_0_2512"),
        "frequency": b"\x02\x50",
    }
    data.update(changes)
    return [data[key] for key in ("energy", "export", "voltages", "currents", "power", "frequency")]


def test_published_answers_of_a_dlt645_meter():
    for profile in (DLT, DTSU_DLT):
        assert profile.decode(dlt()) == {
            "energy_wh": 260,
            "energy_export_wh": 0,
            "voltage_a_dv": 2302,
            "voltage_b_dv": 2297,
            "voltage_c_dv": 2311,
            "current_a_ca": 500,
            "current_b_ca": -501,
            "current_c_ca": None,
            "power_w": 251,
            "frequency_chz": 5002,
        }
        assert profile.total_raw(dlt()) == b"\x26\0\0\0" and profile.protocol == "dlt645"
        assert (profile.parity, profile.character_bits) == ("E", 11)
    assert (DLT.baud, DTSU_DLT.baud) == (2400, 9600)


def test_published_energies():
    for name, energy_wh in (
        ("dlt645core_reply_1234_56_two_fe", 1234560),
        ("reply_forward_energy_large", 202106260),
        ("reply_addr_151230011061", 6780),
        ("reply_forward_energy_zero", 0),
    ):
        assert DLT.decode(dlt(energy=answered(DLT, 0, name)))["energy_wh"] == energy_wh, name


def test_the_total_of_eight_digits_rolls_over_at_a_million_kilowatt_hours():
    assert DLT.total_modulus(dlt()) == 1000000000
    assert DLT.decode(dlt(energy=b"\x99\x99\x99\x99"))["energy_wh"] == 999999990


def test_not_supported_and_bad_digits_are_unknown():
    values = DLT.decode(dlt(voltages=b"\x02\x23" + 4 * b"\xff", power=b"\xff\xff\xff", energy=b"\x0a\0\0\0"))
    assert values["voltage_a_dv"] == 2302 and values["voltage_b_dv"] is None
    assert values["power_w"] is None and values["energy_wh"] is None
    assert DLT.decode(dlt(power=b"\x12\x25\x80"))["power_w"] == -251


def test_a_meter_that_refuses_an_identifier_keeps_the_others():
    values = DLT.decode(dlt(frequency=None, export=None))
    assert values["energy_wh"] == 260 and values["frequency_chz"] is None


def test_more_data_than_asked_for_is_taken_and_less_is_not():
    assert DLT.decode(dlt(voltages=b"\x02\x23\x97\x22\x11\x23\0\0"))["voltage_c_dv"] == 2311
    assert refused(errors.Malformed, DLT.decode, dlt(voltages=b"\x02\x23"))


def test_the_edition_of_1997_asks_with_two_bytes():
    assert DLT_1997.requests == [(0x9010, 4)]
    data = answered(DLT_1997, 0, "d1997_reply_9010")
    assert DLT_1997.decode([data]) == {"energy_wh": 10}
    assert DLT_1997.request(0, "130880310754").data == b"\x10\x90"
