"""CJ/T 188 frames, what their data say, and raw captures split into them."""

import binascii
import json

from karez_protocols import cjt188_data, cjt188_frames, cjt188_stream, errors
from karez_protocols.cjt188_data import Clock, Heat, Metering
from karez_protocols.cjt188_frames import Message

with open("tests/vectors/cjt188.json") as file:
    VECTORS = json.load(file)

NUMBER = "00000805000001"
STATION = Message(3, 0x10, NUMBER, 0x81, 0x901F, 7, b"")


def frame_of(vector):
    return binascii.unhexlify(vector["hex"])


def good():
    return [vector for vector in VECTORS if vector["checksum_ok"]]


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def message(**changes):
    parts = {"preamble": 0, "meter_type": 0x10, "address": NUMBER, "control": 0x81}
    parts.update({"key": 0x901F, "ser": 0, "data": b""})
    parts.update(changes)
    return Message(**parts)


def resealed(frame):
    body = bytes(frame[:-2])
    return body + bytes((sum(body) & 0xFF, 0x16))


def split(data):
    """Return pieces after a check that they lie in order, inside the data, and say one thing each."""
    found = cjt188_stream.pieces(data)
    end = 0
    for piece in found:
        assert end <= piece.offset and piece.length > 0
        end = piece.offset + piece.length
        assert (piece.frame is None) != (piece.error is None)
        assert piece.error is None or isinstance(piece.error, errors.ProtocolError)
    assert end <= len(data)
    return found


# -- frames -----------------------------------------------------------------------------


def test_every_good_vector_decodes_to_its_parts_and_encodes_to_the_same_bytes():
    for vector in good():
        facts = vector["decoded"]
        found = cjt188_frames.decode(frame_of(vector))
        assert found.preamble == facts["preamble_fe"] and found.address == facts["address"], vector["name"]
        assert "%02X %02X" % (found.meter_type, found.control) == facts["meter_type"] + " " + facts["ctrl"]
        assert cjt188_frames.FUNCTION_NAMES[found.control & 0x3F] == facts["function"]
        assert "%04X" % found.key == facts["di_wire"] and found.ser == facts["ser"]
        assert "%04X" % cjt188_data.identifier(found.key) == facts["di"]
        assert cjt188_frames.encode(found) == frame_of(vector), vector["name"]
    assert len(good()) == 31


def test_frames_published_with_a_wrong_checksum_say_the_right_one():
    bad = [vector for vector in VECTORS if not vector["checksum_ok"]]
    for vector in bad:
        expected = None
        try:
            cjt188_frames.decode(frame_of(vector))
        except errors.BadChecksum as error:
            expected = "%02X" % error.expected
        assert expected == vector["decoded"]["expected_cs"], vector["name"]
    assert len(bad) == 2


def test_every_corruption_and_every_cut_of_every_good_vector_is_refused():
    refusals = (errors.Malformed, errors.BadChecksum, errors.TooLarge, errors.NotAllowed)
    for vector in good():
        frame = frame_of(vector)
        preamble = vector["decoded"]["preamble_fe"]
        for at in range(preamble, len(frame)):
            for mask in (0x01, 0x80, 0xFF):
                damaged = frame[:at] + bytes((frame[at] ^ mask,)) + frame[at + 1 :]
                assert refused(refusals, cjt188_frames.decode, damaged), (vector["name"], at, mask)
            assert refused(refusals, cjt188_frames.decode, frame[:at]), (vector["name"], at)
        assert refused(refusals, cjt188_frames.decode, frame + b"\x16")


def test_each_fault_has_its_error():
    frame = cjt188_frames.encode(message(data=bytes(19)))
    other = bytearray(frame)
    other[9] = 0x02
    assert refused(cjt188_frames.UnknownFunction, cjt188_frames.decode, resealed(other))
    other[9] = 0x41  # a refusal that does not come from a meter
    assert refused(cjt188_frames.UnknownFunction, cjt188_frames.decode, resealed(other))
    other[9] = 0xC1
    assert refused(cjt188_frames.WrongLength, cjt188_frames.decode, resealed(other))
    other = bytearray(frame)
    other[2] = 0xAA
    assert refused(cjt188_frames.NotDigits, cjt188_frames.decode, resealed(other))
    other = bytearray(frame)
    other[10] = 3
    assert refused(cjt188_frames.WrongLength, cjt188_frames.decode, resealed(other))
    head = frame[:10]
    assert refused(cjt188_frames.WrongLength, cjt188_frames.decode, resealed(head + b"\x02\x90\x1f\0\0"))
    assert refused(errors.TooLarge, cjt188_frames.decode, resealed(head + b"\x65" + bytes(103)))
    assert refused(errors.TooLarge, cjt188_frames.decode, b"\xfe" * 65 + frame)
    assert refused(errors.Malformed, cjt188_frames.decode, b"")
    assert refused(errors.Malformed, cjt188_frames.decode, b"\x00" + frame)


def test_the_limits_of_length_are_those_of_the_function_in_both_directions():
    for control, most in ((0x81, 97), (0x83, 97), (0x89, 97), (0x01, 97), (0x04, 47), (0x84, 47), (0x96, 47)):
        whole = message(control=control, data=bytes(most))
        assert cjt188_frames.decode(cjt188_frames.encode(whole)) == whole
        over = message(control=control, data=bytes(most + 1))
        assert refused(errors.NotAllowed, cjt188_frames.encode, over), control


def test_every_control_code_of_the_standard_passes_and_no_other():
    known = 0
    for control in range(256):
        is_refusal = control & 0x40
        one = message(
            control=control, key=None if is_refusal else 0x901F, data=b"\1\2" if is_refusal else b""
        )
        if cjt188_frames.is_known(control):
            assert cjt188_frames.decode(cjt188_frames.encode(one)) == one
            known += 1
        else:
            assert refused(errors.NotAllowed, cjt188_frames.encode, one), control
    assert known == 18


def test_messages_outside_their_ranges_are_refused():
    for changes in (
        {"preamble": 65}, {"preamble": -1}, {"meter_type": 256}, {"address": "0000080500001"}, {"ser": 256},
        {"address": "0000080500000A"}, {"address": "x" * 14}, {"key": None}, {"key": 0x10000},
        {"control": 0xC1}, {"control": 0xC1, "key": None, "data": b"1"}, {"control": 0x181}, {"control": -1},
    ):  # fmt: skip
        assert refused(errors.NotAllowed, cjt188_frames.encode, message(**changes)), changes


def test_a_meter_answers_with_the_sequence_number_it_was_asked_with():
    request = message(control=0x01, address=cjt188_frames.ANY_ADDRESS, meter_type=0xAA, ser=9)
    answer = cjt188_frames.answer(request, 0x10, NUMBER, b"data", 0x1F90)
    assert answer == message(control=0x81, key=0x1F90, ser=9, data=b"data")
    refusal = cjt188_frames.refusal(request, 0x10, NUMBER, b"\1\2")
    assert cjt188_frames.decode(cjt188_frames.encode(refusal)) == refusal
    assert refusal == message(control=0xC1, key=None, ser=9, data=b"\1\2")


# -- data -------------------------------------------------------------------------------


def replies():
    return [vector for vector in good() if "current_total_raw" in vector["decoded"]]


def test_published_totals_clocks_and_status_come_out_and_go_back_to_the_same_bytes():
    for vector in replies():
        facts = vector["decoded"]
        data = cjt188_frames.decode(frame_of(vector)).data
        found = cjt188_data.decode_metering(data)
        assert found.total == int(facts["current_total_raw"]), vector["name"]
        assert found.settlement == int(facts["settlement_total_raw"])
        assert "%02X%02X" % (found.total_unit, found.settlement_unit) == (
            facts["current_unit"] + facts["settlement_unit"]
        )
        assert cjt188_data.valve(found.status) == facts["valve"]
        assert cjt188_data.is_battery_low(found.status) == facts["battery_low"]
        is_high_first = cjt188_data.is_clock_high_first(found.clock)
        assert is_high_first == ("clock_order" in facts), vector["name"]
        moment = cjt188_data.clock(found.clock, is_high_first)
        assert (moment is None) == (facts["clock"] is None)
        assert moment is None or "%04d-%02d-%02d %02d:%02d:%02d" % moment == facts["clock"]
        if cjt188_data.is_date(moment):
            assert cjt188_data.clock_bytes(moment, is_high_first) == found.clock
        assert cjt188_data.encode_metering(found) == data
    assert len(replies()) >= 12


def test_totals_are_litres_in_integers():
    assert cjt188_data.quantity(0x2C, 55667700) == ("volume_l", 556677000)
    assert cjt188_data.quantity(0x2C, 1) == ("volume_l", 10)
    assert cjt188_data.quantity(0x29, 17047) == ("volume_l", 17047)
    assert cjt188_data.quantity(0x29, 17049, litre_decimals=2) == ("volume_l", 170)
    assert cjt188_data.quantity(0x29, 17050, litre_decimals=2) == ("volume_l", 171)
    assert cjt188_data.quantity(0x05, 123) == ("energy_wh", 1230)
    assert cjt188_data.quantity(0x02, 150) == ("energy_wh", 2)
    assert cjt188_data.quantity(0x02, 149) == ("energy_wh", 1)
    assert cjt188_data.quantity(0x08, 1) == ("energy_wh", 10000)
    assert cjt188_data.quantity(0x14, 100) == ("power_w", 1)
    assert cjt188_data.quantity(0x17, 1) == (
        "power_w",
        10,
    )
    assert cjt188_data.quantity(0x32, 100) == ("flow_lph", 1)
    assert cjt188_data.quantity(0x35, 12345, decimals=4) == ("flow_lph", 1235)
    assert cjt188_data.quantity(0x2C, None) is None and cjt188_data.quantity(0x2D, 5) is None


def test_a_field_full_of_ff_is_unknown_and_other_letters_are_refused():
    blank = Metering(None, 0x2C, None, 0, b"\xff" * 7, b"\0\0")
    data = cjt188_data.encode_metering(blank)
    assert data == b"\xff\xff\xff\xff\x2c\xff\xff\xff\xff\x00" + b"\xff" * 7 + b"\0\0"
    assert cjt188_data.decode_metering(data) == blank and cjt188_data.clock(blank.clock) is None
    for at in (0, 3, 5, 8):
        for byte in (0x0A, 0xA0, 0xFF):
            broken = bytearray(19)
            broken[at] = byte
            assert refused(cjt188_frames.NotDigits, cjt188_data.decode_metering, bytes(broken)), (at, byte)
    for size in (0, 18, 20, 43):
        assert refused(cjt188_frames.WrongLength, cjt188_data.decode_metering, bytes(size))


def test_a_simulated_meter_cannot_say_what_does_not_fit():
    fine = (0, 0x2C, 0, 0x2C, bytes(7), bytes(2))
    for at, value in ((0, 100000000), (0, -1), (1, 256), (1, -1), (4, bytes(6)), (5, bytes(3))):
        parts = list(fine)
        parts[at] = value
        assert refused(errors.NotAllowed, cjt188_data.encode_metering, Metering(*parts)), (at, value)
    assert len(cjt188_data.encode_metering(Metering(99999999, *fine[1:]))) == 19


def test_a_heat_meter_round_trips():
    heat = Heat(
        100, 5, 1234567, 5, 2500, 0x17, 12345, 0x35, 4711, 0x2C, 6512, None, 8760, bytes(7), b"\x04\xff"
    )
    data = cjt188_data.encode_heat(heat)
    assert len(data) == cjt188_data.HEAT_BYTES and cjt188_data.decode_heat(data) == heat
    assert refused(cjt188_frames.WrongLength, cjt188_data.decode_heat, data[:-1])


def test_clocks_are_read_in_the_order_that_makes_a_date():
    moment = Clock(2020, 5, 28, 20, 58, 24)
    low = b"\x24\x58\x20\x28\x05\x20\x20"
    high = bytes(reversed(low))
    assert cjt188_data.clock(low) == moment == cjt188_data.clock(high, is_high_first=True)
    assert not cjt188_data.is_clock_high_first(low) and cjt188_data.is_clock_high_first(high)
    assert cjt188_data.clock_bytes(moment) == low
    assert cjt188_data.clock_bytes(moment, is_high_first=True) == high
    assert cjt188_data.clock_bytes(None) == bytes(7) and cjt188_data.clock(bytes(7)) is None
    for wrong in (
        (2020, 13, 1, 0, 0, 0), (2021, 2, 29, 0, 0, 0), (1900, 2, 29, 0, 0, 0), (2020, 4, 31, 0, 0, 0),
        (2020, 1, 1, 24, 0, 0), (2020, 1, 1, 0, 60, 0), (2020, 1, 1, 0, 0, 60), (2100, 1, 1, 0, 0, 0),
        (2020, 0, 1, 0, 0, 0), (2020, 1, 0, 0, 0, 0),
    ):  # fmt: skip
        assert not cjt188_data.is_date(Clock(*wrong)), wrong
        assert refused(errors.NotAllowed, cjt188_data.clock_bytes, Clock(*wrong)), wrong
    assert cjt188_data.is_date(Clock(2024, 2, 29, 23, 59, 59)) and not cjt188_data.is_date(None)


def test_status_bits_read_as_they_are_written_in_both_dialects():
    for is_high_bits in (False, True):
        for state in ("open", "closed", "abnormal"):
            for is_low in (False, True):
                raw = cjt188_data.status_bytes(state, is_low, 0x5A, is_high_bits)
                assert cjt188_data.valve(raw, is_high_bits) == state and raw[1] == 0x5A
                assert cjt188_data.is_battery_low(raw, is_high_bits) == is_low
    assert cjt188_data.valve(b"\x02\0") is None and cjt188_data.valve(b"\x80\0", True) is None
    assert cjt188_data.status_bytes("closed", True) == b"\x05\0"
    assert cjt188_data.status_bytes("closed", True, is_high_bits=True) == b"\x60\0"
    for state in (None, "ajar"):
        assert refused(errors.NotAllowed, cjt188_data.status_bytes, state, False)


def test_an_accepted_command_has_not_moved_the_valve():
    assert cjt188_data.valve_command(b"\x55") == "open" and cjt188_data.valve_command(b"\x99") == "close"
    assert cjt188_data.valve_command(b"\x66") == "vendor_66" and cjt188_data.valve_command(b"\0") is None
    assert cjt188_data.valve_command(b"") is None and cjt188_data.valve_command(b"\x55\x55") is None
    assert not cjt188_data.is_moved("close", b"\x00\0") and cjt188_data.is_moved("close", b"\x01\0")
    assert cjt188_data.is_moved("open", b"\x00\0") and not cjt188_data.is_moved("open", b"\x03\0")
    assert cjt188_data.is_moved("close", b"\x40\0", True) and not cjt188_data.is_moved("vendor_66", b"\0\0")


# -- captures ---------------------------------------------------------------------------


def test_every_vector_is_one_piece_at_its_first_preamble_byte():
    for vector in VECTORS:
        frame = frame_of(vector)
        (piece,) = split(frame)
        assert (piece.offset, piece.length) == (0, len(frame)), vector["name"]
        assert (piece.error is None) == vector["checksum_ok"]


def test_every_cut_of_every_good_vector_gives_no_frame():
    for vector in good():
        frame = frame_of(vector)
        for cut in range(len(frame)):
            for part in (frame[:cut], frame[cut:]):
                for piece in split(part):
                    # Only preamble bytes may be missing.
                    is_whole = 0 < cut <= vector["decoded"]["preamble_fe"] and part is not frame[:cut]
                    assert piece.error or is_whole or cut == 0, (vector["name"], cut)


def test_every_corruption_is_one_bad_piece_and_the_next_frame_is_found():
    after = cjt188_frames.encode(message(preamble=2, data=b"after"))
    for vector in good():
        frame = frame_of(vector)
        preamble = vector["decoded"]["preamble_fe"]
        for at in range(preamble, len(frame)):
            for mask in (0x01, 0x80, 0xFF):
                damaged = frame[:at] + bytes((frame[at] ^ mask,)) + frame[at + 1 :]
                found = split(damaged + after)
                frames = [piece.frame.data for piece in found if piece.frame]
                assert frames == [b"after"], (vector["name"], at, mask)
                assert found[0].error and found[-1].length == len(after)
                if at not in (preamble, preamble + 10, len(frame) - 1):
                    assert isinstance(found[0].error, errors.BadChecksum), (vector["name"], at)
                    assert len(found) == 2 and found[0].length == len(frame)


def test_a_wrong_length_byte_is_named_with_the_one_that_fits():
    frame = cjt188_frames.encode(message(data=bytes(19)))
    for wrong in (0, 3, 21, 23, 100, 101, 255):
        damaged = frame[:10] + bytes((wrong,)) + frame[11:]
        found = split(damaged + frame)
        assert [piece.length for piece in found] == [len(frame)] * 2 and found[1].frame
        assert isinstance(found[0].error, cjt188_frames.WrongLength)
        assert "fit 16" in str(found[0].error), found[0].error


def test_a_wrong_end_byte_is_named():
    frame = cjt188_frames.encode(message(data=bytes(19)))
    (found,) = split(frame[:-1] + b"\x17")
    assert found.length == len(frame) and str(found.error) == "ends with 17, not 16"


def test_a_frame_cut_short_does_not_swallow_the_next():
    first = cjt188_frames.encode(message(preamble=4, data=bytes(19)))
    after = cjt188_frames.encode(message(preamble=3, data=b"after"))
    for cut in range(5, len(first)):
        found = split(first[:cut] + after)
        assert found[-1].frame and found[-1].frame.data == b"after", cut
        assert found[-1].offset == cut and found[-1].length == len(after)
        assert all(piece.error for piece in found[:-1]) and found[0].offset == 0
    two = first[:20] + first[:25] + after
    assert [(piece.offset, piece.length) for piece in split(two)] == [(0, 20), (20, 25), (45, len(after))]


def test_a_train_of_preamble_bytes_belongs_to_its_frame():
    frame = cjt188_frames.encode(message())
    for count in (0, 5, 6, 7, 13, 64):
        size = count + len(frame)
        found = split((b"\xfe" * count + frame) * 2)
        assert [(piece.offset, piece.length) for piece in found] == [(0, size), (size, size)], count
        assert all(piece.frame.preamble == count for piece in found), count


def test_stray_bytes_are_one_piece_and_long_preambles_are_cut():
    frame = cjt188_frames.encode(message())
    found = split(b"noise" + frame + b"\x00\x00\x00" + frame + b"\xfe")
    assert [(piece.offset, piece.length) for piece in found] == [(0, 5), (5, 16), (21, 3), (24, 16), (40, 1)]
    assert str(found[0].error).startswith("5 stray bytes")
    found = split(b"\xfe" * 79 + frame)
    assert [(piece.offset, piece.length) for piece in found] == [(0, 15), (15, 80)]
    assert found[1].frame.preamble == 64
    assert split(b"") == []


def test_a_long_run_of_junk_ends():
    junk = b"\x68\x10\x01\x00\x00\x05\x08\x00\x00\x81\xff" * 400
    found = split(junk + cjt188_frames.encode(message()))
    assert found[-1].frame and len(found) <= 401
