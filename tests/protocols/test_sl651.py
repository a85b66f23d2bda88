"""Frames of SL 651-2014: public ones, worked examples, both writings, and what a bad line makes of them."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import errors, sl651
from karez_protocols.sl651_dialect import SL651_2014, Dialect
from karez_protocols.sl651_frames import ACK, ENDS, ENQ, EOT, ESC, ETB, ETX, NAK, Frame

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/sl651.json") as file:
    VECTORS = json.load(file)
GOOD = [vector for vector in VECTORS if vector["checksum_ok"]]
BAD = [vector for vector in VECTORS if not vector["checksum_ok"]]
CODES = {"ETX": ETX, "ETB": ETB, "ENQ": ENQ, "EOT": EOT, "ACK": ACK, "NAK": NAK, "ESC": ESC}
WIDE = Dialect(wide_packets=True)
# Constructed in the page of the standard's facts, CRC computed there: pump 1 on.
PUMP_ON = unhexlify(
    "7E7E4105".replace("4105", "410105") + "00010112344C800A02000024071210153001010572" + "0F"
)
# Of an encoder that is not ours, CRC checked: an ASCII report with a blank behind the send time.
ASCII = (
    b"\x01010010100001A00032003E\x021234240109160128 ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 \x038279"
)


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


def changed(frame, **fields):
    """The frame with other values in some of its fields."""
    names = ("is_up", "centre", "station", "password", "function", "body", "end", "packet", "is_ascii")
    return Frame(*[fields.get(name, getattr(frame, name)) for name in names])


def crc_by_bits(data):
    """The CRC of annex H.3.2, step by step: written apart from the codec."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            lost = register & 1
            register >>= 1
            if lost:
                register ^= 0xA001
    return register


def test_there_are_good_and_bad_public_frames():
    assert len(GOOD) == 49 and len(BAD) == 2


def test_every_good_frame_decodes_to_its_published_parts():
    for vector in GOOD:
        facts = vector["decoded"]
        name = vector["name"]
        frame = sl651.decode(unhexlify(vector["hex"]))
        assert frame.is_up == (facts["direction"] == "up") and not frame.is_ascii, name
        assert frame.centre == facts["centre"] and upper(frame.station) == facts["station"], name
        assert "%04X" % frame.password == facts["password"], name
        assert "%02X" % frame.function == facts["func"], name
        assert frame.end == CODES[facts["end"]], name
        assert (frame.packet is not None) == (facts["start"] == "SYN"), name
        if frame.packet:
            assert frame.packet == (facts["packet"]["total"], facts["packet"]["seq"]), name
        assert len(frame.body) + 3 * (frame.packet is not None) == facts["len"], name


def test_every_good_frame_encodes_to_its_own_bytes():
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        assert sl651.encode(sl651.decode(raw)) == raw, vector["name"]


def test_every_frame_published_with_a_wrong_crc_is_refused_with_both():
    sums = {}
    for vector in BAD:
        try:
            sl651.decode(unhexlify(vector["hex"]))
        except errors.BadChecksum as error:
            sums[vector["name"]] = (error.expected, error.found)
    assert sums == {
        vector["name"]: (crc_by_bits(unhexlify(vector["hex"])[:-2]), int(vector["decoded"]["crc"], 16))
        for vector in BAD
    }


def test_the_crc_goes_high_byte_first_and_covers_the_end_character():
    assert crc_by_bits(b"123456789") == 0x4B37
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        assert crc_by_bits(raw[:-2]) == raw[-2] << 8 | raw[-1], vector["name"]
    assert "%04X" % crc_by_bits(ASCII[:-4]) == "8279"


def test_every_good_frame_survives_being_written_in_ascii():
    for vector in GOOD:
        frame = changed(sl651.decode(unhexlify(vector["hex"])), is_ascii=True)
        raw = sl651.encode(frame)
        assert raw[:1] == b"\x01" and sl651.decode(raw) == frame, vector["name"]
        assert len(raw) == len(frame.body) + (6 if frame.packet else 0) + 29


def test_the_ascii_frame_of_another_encoder_decodes_and_comes_back():
    frame = sl651.decode(ASCII)
    assert frame.is_up and frame.is_ascii and frame.centre == 1 and frame.function == 0x32
    assert upper(frame.station) == "0010100001" and frame.password == 0xA000 and frame.end == ETX
    assert frame.body[:16] == b"1234240109160128" and len(frame.body) == 0x3E
    assert sl651.encode(frame) == ASCII


def test_an_ascii_frame_down_and_one_of_several_packets_have_the_standards_layout():
    frame = Frame(False, 1, unhexlify("0010100001"), 0xA000, 0x37, b"0000240109160128", ENQ, None, True)
    raw = sl651.encode(frame)
    assert raw[:24] == b"\x01001010000101A000378010\x02" and raw[-5:-4] == b"\x05"
    assert raw[-4:] == b"%04X" % crc_by_bits(raw[:-4])
    packet = changed(frame, is_up=True, end=ETB, packet=(0x00D, 0x00B), body=b"abc")
    raw = sl651.encode(packet)
    assert raw[:33] == b"\x01010010100001A000370009\x1600D00Babc" and sl651.decode(raw) == packet


def test_small_hex_digits_are_read_and_capitals_written():
    small = sl651.encode(changed(sl651.decode(ASCII), function=0x3A))
    head, mark, rest = small.partition(b"\x02")
    small = head.lower() + mark + rest[:-4]
    small += b"%04x" % crc_by_bits(small)
    frame = sl651.decode(small)
    assert frame.function == 0x3A and sl651.encode(frame) != small
    assert sl651.decode(sl651.encode(frame)) == frame


def test_downward_the_station_stands_first_and_upward_the_centre():
    frame = sl651.decode(PUMP_ON)
    assert not frame.is_up and frame.centre == 1 and upper(frame.station) == "4101050001"
    up = sl651.encode(changed(frame, is_up=True, end=ETX))
    assert up[2:8] == unhexlify("014101050001") and PUMP_ON[2:8] == unhexlify("410105000101")
    assert up[11] >> 4 == 0 and PUMP_ON[11] >> 4 == 8


def test_no_published_frame_with_a_changed_byte_is_taken():
    for raw in [unhexlify(vector["hex"]) for vector in GOOD if len(vector["hex"]) < 200] + [ASCII]:
        for at in range(len(raw)):
            for change in (0x01, 0x20, 0x80, 0xFF, raw[at] ^ 0x7E, raw[at] ^ ETX, raw[at] ^ ETB):
                bad = raw[:at] + bytes([raw[at] ^ change]) + raw[at + 1 :]
                if bad != raw and bad.upper() != raw:
                    assert refused(errors.ProtocolError, sl651.decode, bad), (upper(raw), at, change)


def test_no_frame_cut_short_or_with_a_byte_more_is_taken():
    for raw in (PUMP_ON, ASCII, named("up_36_picture_packet_13_of_13")):
        for at in range(len(raw)):
            assert refused(errors.Malformed, sl651.decode, raw[:at]), at
        for more in (b"\x00", b"\x7e", b"\x03"):
            assert refused(errors.Malformed, sl651.decode, raw + more)


def resealed(raw, at, byte):
    """HEX frame with one byte changed and a right CRC."""
    raw = raw[:at] + bytes([byte]) + raw[at + 1 : -2]
    return raw + crc_by_bits(raw).to_bytes(2, "big")


def test_a_right_crc_does_not_excuse_a_wrong_form():
    end = len(PUMP_ON) - 3
    for at, byte in ((11, 0x40), (11, 0x10), (13, 0x03), (13, 0x16), (end, 0x00), (end, 0x02), (12, 0x0B)):
        assert refused(errors.Malformed, sl651.decode, resealed(PUMP_ON, at, byte)), at
    for byte in ENDS:
        assert sl651.decode(resealed(PUMP_ON, end, byte)).end == byte


def test_a_packet_is_numbered_from_1_to_the_total():
    raw = named("up_36_picture_packet_13_of_13")
    assert raw[14:17] == unhexlify("00D00D")
    for at, byte in ((16, 0x00), (16, 0x0E), (15, 0x00)):
        assert refused(errors.Malformed, sl651.decode, resealed(raw, at, byte)), at
    frame = sl651.decode(raw)
    for packet in ((0, 0), (13, 0), (13, 14), (4096, 1), (4095, 4096)):
        assert refused(errors.NotAllowed, sl651.encode, changed(frame, packet=packet)), packet
        assert refused(errors.NotAllowed, sl651.encode, changed(frame, packet=packet, is_ascii=True))
    last = changed(frame, packet=(4095, 4095))
    assert sl651.decode(sl651.encode(last)) == last


def test_a_packet_may_be_empty_and_a_body_may_not():
    frame = sl651.decode(PUMP_ON)
    for is_ascii in (False, True):
        packet = changed(frame, packet=(1, 1), body=b"", is_ascii=is_ascii)
        assert sl651.decode(sl651.encode(packet)) == packet
        assert refused(errors.NotAllowed, sl651.encode, changed(frame, body=b"", is_ascii=is_ascii))
    empty = PUMP_ON[:12] + b"\x00\x02\x05"
    assert refused(errors.Malformed, sl651.decode, empty + crc_by_bits(empty).to_bytes(2, "big"))


def test_the_longest_body_has_4095_bytes():
    frame = sl651.decode(PUMP_ON)
    for is_ascii in (False, True):
        for is_up in (False, True):
            longest = changed(frame, body=b"A" * 4095, is_ascii=is_ascii, is_up=is_up)
            assert sl651.decode(sl651.encode(longest)) == longest
            assert refused(errors.TooLarge, sl651.encode, changed(longest, body=b"A" * 4096))
        packet = changed(frame, packet=(2, 1), is_ascii=is_ascii, body=b"A" * (4095 - (6 if is_ascii else 3)))
        assert sl651.decode(sl651.encode(packet)) == packet
        assert refused(errors.TooLarge, sl651.encode, changed(packet, body=packet.body + b"A"))
    assert sl651.FRAME_BYTES_MAX == 4095 + 29
    assert refused(errors.TooLarge, sl651.decode, b"\x7e\x7e" + bytes(sl651.FRAME_BYTES_MAX - 1))
    assert refused(errors.Malformed, sl651.decode, b"\x7e\x7e" + bytes(sl651.FRAME_BYTES_MAX - 2))


def test_fields_outside_their_range_are_not_written():
    frame = sl651.decode(PUMP_ON)
    for fields in (
        {"centre": -1},
        {"centre": 256},
        {"station": b"\x41\x01\x05\x00"},
        {"station": bytes(6)},
        {"password": -1},
        {"password": 0x10000},
        {"function": 0x100},
        {"function": -1},
        {"end": 0x02},
        {"end": 0x00},
    ):
        for is_ascii in (False, True):
            assert refused(errors.NotAllowed, sl651.encode, changed(frame, is_ascii=is_ascii, **fields)), (
                fields
            )


def test_the_wide_reading_has_16_bits_of_length_and_the_direction_from_the_end_character():
    frame = changed(sl651.decode(named("up_36_picture_packet_13_of_13")), body=b"\x7e" * 5000)
    raw = sl651.encode(frame, WIDE)
    assert raw[11:13] == (5003).to_bytes(2, "big") and sl651.decode(raw, WIDE) == frame
    down = changed(frame, is_up=False, end=NAK, body=bytes(8))
    raw = sl651.encode(down, WIDE)
    assert raw[11:13] == b"\x00\x0b" and sl651.decode(raw, WIDE) == down
    assert refused(errors.NotAllowed, sl651.encode, changed(down, end=ETX), WIDE)
    assert refused(errors.TooLarge, sl651.encode, changed(frame, body=bytes(65533)), WIDE)
    longest = changed(frame, body=bytes(65532))
    assert sl651.decode(sl651.encode(longest, WIDE), WIDE) == longest
    # Every packet that was ever published reads the same either way; single frames do not change.
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        assert sl651.decode(raw, WIDE) == sl651.decode(raw, SL651_2014)
    assert refused(errors.ProtocolError, sl651.decode, sl651.encode(down), WIDE)


def test_what_begins_no_frame_is_refused():
    for data in (b"", b"\x00", b"\x7e", b"\x01", b"\x7e\x7f" + bytes(30), b"\x68" * 40, b"\x01" + b"G" * 40):
        assert refused(errors.Malformed, sl651.decode, data), data


def test_a_dialect_knows_two_fillers_and_needs_an_identifier_a_row():
    assert refused(errors.NotAllowed, Dialect, 0x00)
    assert refused(errors.NotAllowed, Dialect, 0xAA, False, 0)
