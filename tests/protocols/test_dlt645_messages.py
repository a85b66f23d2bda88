"""DL/T 645 frames and messages of anybody on the line, both ways, and what they say of the relay."""

import binascii
import json

from karez_protocols import dlt645_frames, dlt645_relay, errors
from karez_protocols import dlt645_messages as messages
from karez_protocols.dlt645 import NO_DATA, Request, encode_request, question
from karez_protocols.dlt645_assembly import BYTES_MAX, FRAMES_MAX, Assembly
from karez_protocols.dlt645_frames import BadFrame, Frame, decode_frame, encode_frame
from karez_protocols.dlt645_messages import decode_message, encode_message
from karez_protocols.exchange import Failure, Reply

with open("tests/vectors/dlt645.json") as file:
    VECTORS = json.load(file)

METER = "123456789012"


def frame_of(vector):
    return binascii.unhexlify(vector["hex"])


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def reason(call, *args):
    """Return the reason word of the BadFrame that the call raises, or the error's class name."""
    try:
        call(*args)
    except BadFrame as error:
        return error.reason
    except errors.ProtocolError as error:
        return type(error).__name__
    return None


def resealed(raw):
    """Return the frame with the checksum it should have."""
    return raw[:-2] + bytes((sum(raw[:-2]) & 0xFF, 0x16))


ONE_OF_EACH = [
    messages.Read1997Request(METER, 0xB611),
    messages.Read1997Reply(METER, 0xB611, b"\x20\x02", False),
    messages.Read1997Reply(METER, 0xB611, b"\x20\x02", True),
    messages.SecurityRequest(METER, 0x070000FF, "00000001", bytes(24)),
    messages.SecurityReply(METER, 0x070000FF, bytes(12)),
    messages.BroadcastTime("999999999999", b"\x56\x34\x12\x22\x11\x26"),
    messages.ReadRequest(METER, 0x00010000, b""),
    messages.ReadRequest(METER, 0x06010001, b"\x05"),
    messages.ReadRequest(METER, 0x06010001, b"\x05\x00\x12\x22\x11\x26"),
    messages.ReadReply(METER, 0x00010000, bytes(4), False),
    messages.ReadReply(METER, 0x00010000, bytes(196), True),
    messages.ReadNextRequest(METER, 0x00010000, 255),
    messages.ReadNextReply(METER, 0x00010000, bytes(195), 255, True),
    messages.ReadNextReply(METER, 0x00010000, b"", 1, False),
    messages.ReadAddressRequest("AAAAAAAAAAAA"),
    messages.ReadAddressReply(METER, METER),
    messages.WriteRequest(METER, 0x04000102, 4, "000000", "12345678", b"\x01\x02\x03"),
    messages.WriteAddressRequest("AAAAAAAAAAAA", METER),
    messages.FreezeRequest("999999999999", b"\x99\x99\x99\x99"),
    messages.ChangeRateRequest(METER, 8),
    messages.ChangeRateReply(METER, 8),
    messages.ChangePasswordRequest(METER, 0x04000C03, 2, "123456", 3, "ABCDEF"),
    messages.ChangePasswordReply(METER, 3, "ABCDEF"),
    messages.ClearDemandRequest(METER, bytes(8)),
    messages.ClearMeterRequest(METER, bytes(8)),
    messages.ClearEventsRequest(METER, 2, "000000", "00000000", 0xFFFFFFFF),
    messages.RelayRequest(METER, 2, "000000", "00000000", dlt645_relay.TRIP, 0, b"\x59\x59\x23\x31\x12\x99"),
    messages.CipheredRelayRequest(METER, 98, "000000", "00000000", bytes(20)),
    messages.TerminalOutputRequest(METER, 1),
    messages.TerminalOutputReply(METER, 1),
    messages.VendorRequest("AAAAAAAAAAAA", b"\x0f\x55\xff"),
    messages.VendorReply(METER, b"\x00"),
    messages.Accepted(METER, 0x1C),
    messages.NoData(METER, 0x11),
    messages.Refused(METER, 0x11, 2),
    messages.Refused(METER, 3, 0x0102),
]


# -- vectors ----------------------------------------------------------------------------


def test_there_are_vectors_of_each_kind():
    kinds = [vector["decoded"]["kind"] for vector in VECTORS]
    assert len(VECTORS) >= 57 and all(vector["checksum_ok"] for vector in VECTORS)
    assert kinds.count("request") >= 24 and kinds.count("response") >= 30 and kinds.count("error") == 2


def test_published_frames_decode_and_encode_to_the_same_bytes():
    for vector in VECTORS:
        facts, raw = vector["decoded"], frame_of(vector)
        message = decode_message(raw)
        assert message.address == facts["address"], vector["name"]
        assert dlt645_frames.preamble_bytes(raw) == facts["preamble_fe"]
        assert decode_frame(raw).control == int(facts["ctrl"], 16)
        assert encode_message(message, facts["preamble_fe"]) == raw, vector["name"]


def test_published_frames_say_what_their_facts_say():
    same = ("password_level", "password", "operator", "meter_number")
    hexadecimal = ("di", "n1", "n2")
    seen = set()
    for vector in VECTORS:
        facts = vector["decoded"]
        message = decode_message(frame_of(vector))
        for name in same + hexadecimal:
            if name in facts:
                value = facts[name] if name in same else int(facts[name], 16)
                assert getattr(message, name) == value, (vector["name"], name)
                seen.add(name)
        if "err" in facts:
            assert message.code == int(facts["err"], 16)
            assert dlt645_relay.bit_names(message.code, dlt645_relay.ERROR_BITS) == facts["err_bits"]
        if "action" in facts:
            assert dlt645_relay.ACTIONS[message.n1] == facts["action"]
            assert message.expiry == binascii.unhexlify(facts["expiry_raw"])
        if "data" in facts:
            assert message.data == binascii.unhexlify(facts["data"])
    assert seen == set(same + hexadecimal)


# -- frames -----------------------------------------------------------------------------


def test_every_message_survives_the_way_there_and_back():
    for message in ONE_OF_EACH:
        for preamble in range(6):
            raw = encode_message(message, preamble)
            assert decode_message(raw) == message, message
            assert type(decode_message(raw)) is type(message), message


def test_a_long_train_is_read_but_never_sent():
    raw = encode_message(ONE_OF_EACH[0])
    for count in (6, 13, 64):
        assert decode_message(b"\xfe" * count + raw) == ONE_OF_EACH[0]
        assert dlt645_frames.preamble_bytes(b"\xfe" * count + raw) == count
        try:
            encode_message(ONE_OF_EACH[0], count)
        except errors.NotAllowed:
            continue
        raise AssertionError(count)
    assert reason(decode_message, b"\xfe" * 65 + raw) == "noise"


def test_every_kind_of_message_is_tried():
    kinds = [kind for kind, _ in messages._LAYOUTS.values()] + [messages._CIPHERED[0]]
    tried = [type(message) for message in ONE_OF_EACH]
    assert all(kind in tried for kind in kinds)


def test_the_parts_of_a_message_cover_its_data():
    for message in ONE_OF_EACH:
        frame = decode_frame(encode_message(message))
        at = 0
        for _, start, end in messages.parts_of(frame):
            assert start == at and end >= start
            at = end
        assert at == len(frame.data), message


def test_a_cut_or_lengthened_frame_is_refused_for_its_length():
    for vector in VECTORS:
        raw = frame_of(vector)
        start = vector["decoded"]["preamble_fe"]
        for at in range(start, len(raw)):
            assert reason(decode_message, raw[:at]) == ("noise" if at == start else "length"), at
        assert reason(decode_message, raw + b"\x00") == "length"


def test_a_changed_byte_is_refused_with_its_reason():
    for vector in VECTORS:
        raw = frame_of(vector)
        start = vector["decoded"]["preamble_fe"]
        for at in range(start, len(raw)):
            changed = raw[:at] + bytes((raw[at] ^ 0x01,)) + raw[at + 1 :]
            why = reason(decode_message, changed)
            if at in (start, start + 7):
                assert why == "noise"
            elif at == start + 9:
                assert why == "length"
            else:
                assert why == ("end" if at == len(raw) - 1 else "BadChecksum")


def test_a_wrong_checksum_is_named_with_the_right_one():
    raw = bytearray(frame_of(VECTORS[0]))
    raw[-2] ^= 0xFF
    caught = None
    try:
        decode_frame(bytes(raw))
    except errors.BadChecksum as error:
        caught = error
    assert caught is not None and (caught.expected, caught.found) == (0x14, 0xEB)


def test_a_length_above_200_is_too_large():
    raw = resealed(b"\x68" + bytes(6) + b"\x68\x91\xc9" + bytes(201) + b"\x00\x00")
    assert refused(errors.TooLarge, decode_frame, raw)
    assert refused(errors.NotAllowed, encode_frame, Frame(METER, 0x91, bytes(201)))
    assert decode_frame(encode_frame(Frame(METER, 0x91, bytes(200)))).data == bytes(200)


def test_an_address_with_other_digits_is_refused():
    good = encode_frame(Frame(METER, 0x13, b""))
    for raw in (b"\x1a\x00\x00\x00\x00\x00", b"\xaa\x00\x00\x00\x00\x00", b"\x00\xaa\xaa\xaa\xaa\x00"):
        assert reason(decode_frame, resealed(good[:1] + raw + good[7:])) == "digits"
    some = resealed(good[:1] + b"\x01\x00\xaa\xaa\xaa\xaa" + good[7:])
    assert decode_frame(some).address == "AAAAAAAA0001"


def test_unknown_functions_and_impossible_control_codes_are_refused():
    for control in (0x00, 0x02, 0x04, 0x10, 0x1E, 0x31, 0x51, 0x71, 0x88, 0xC0, 0xBC, 0xF1, 0xB3):
        assert reason(messages.message_of, Frame(METER, control, b"")) == "function", control


def test_a_message_of_another_length_than_its_function_has_is_refused():
    for control, size in (
        (0x11, 3),
        (0x11, 6),
        (0x01, 3),
        (0x12, 4),
        (0x13, 1),
        (0x93, 5),
        (0x14, 11),
        (0x08, 5),
        (0x19, 7),
        (0x1C, 15),
        (0x1C, 17),
        (0x9C, 1),
        (0xB1, 0),
        (0x91, 3),
        (0xD1, 0),
        (0xD1, 2),
        (0xC3, 1),
    ):
        assert reason(messages.message_of, Frame(METER, control, bytes(size))) == "length", (control, size)


def test_hexadecimal_digits_where_decimals_belong_are_refused():
    assert reason(messages.message_of, Frame(METER, 0x93, b"\x0a" + bytes(5))) == "digits"
    assert reason(messages.message_of, Frame(METER, 0x1C, b"\xa2" + bytes(15))) == "digits"


def test_values_outside_their_ranges_are_not_sent():
    for message in (
        messages.ReadRequest("12", 0, b""),
        messages.ReadRequest(METER, 1 << 32, b""),
        messages.ReadRequest(METER, 0, b"\x00\x00"),
        messages.ReadRequest("999999999999", 0, b""),
        messages.Read1997Request(METER, 0x10000),
        messages.ReadNextRequest(METER, 0, 256),
        messages.ReadReply(METER, 0, bytes(197), False),
        messages.ReadAddressReply(METER, "12"),
        messages.WriteRequest(METER, 0, 100, "000000", "00000000", b""),
        messages.WriteRequest(METER, 0, 2, "0000", "00000000", b""),
        messages.WriteRequest(METER, 0, 2, "00000G", "00000000", b""),
        messages.RelayRequest(METER, 2, "000000", "00000000", 256, 0, bytes(6)),
        messages.RelayRequest(METER, 2, "000000", "00000000", 0x1A, 0, bytes(5)),
        messages.CipheredRelayRequest(METER, 2, "000000", "00000000", bytes(20)),
        messages.CipheredRelayRequest(METER, 98, "000000", "00000000", bytes(8)),
        messages.ClearMeterRequest(METER, bytes(7)),
        messages.Accepted(METER, 0x11),
        messages.NoData(METER, 0x1C),
        messages.Refused(METER, 0x11, 256),
        messages.Refused(METER, 0x1E, 1),
        Frame(METER, 0x11, b""),
    ):
        assert refused(errors.NotAllowed, encode_message, message), message
    assert refused(errors.NotAllowed, encode_message, ONE_OF_EACH[0], 6)
    assert refused(errors.NotAllowed, encode_frame, Frame(METER, 256, b""))


# -- the relay --------------------------------------------------------------------------


def test_an_accepted_relay_command_does_not_say_that_the_relay_moved():
    message = decode_message(encode_message(messages.Accepted(METER, 0x1C)))
    assert message == (METER, 0x1C) and not hasattr(message, "is_open")
    assert dlt645_relay.read_relay(METER) == question(METER, 0x11, 0x04000503, 2)


def test_status_word_3_tells_where_the_relay_stands_and_what_it_was_told():
    word = dlt645_relay.relay_of(Reply(METER, 0x11, b"\x50\x00"))
    assert word.is_open and word.was_told_to_trip and not word.is_about_to_trip
    word = dlt645_relay.relay_of(Reply(METER, 0x11, b"\x40\x00"))
    assert not word.is_open and word.was_told_to_trip  # told, not moved
    word = dlt645_relay.relay_of(Reply(METER, 0x11, b"\x00\x00"))
    assert not word.is_open and not word.was_told_to_trip


def test_each_bit_of_status_word_3_has_its_field():
    names = {
        0: "second_period_table",
        3: "may_program",
        4: "is_open",
        5: "second_year_zone",
        6: "was_told_to_trip",
        7: "is_about_to_trip",
        10: "second_tariff",
        11: "second_step",
        13: "is_authenticated",
        14: "has_no_account",
    }
    for at, name in names.items():
        word = dlt645_relay.status_word_3(1 << at)
        assert [other for other in names.values() if getattr(word, other)] == [name]
    supplies = [dlt645_relay.status_word_3(at << 1).supply for at in range(4)]
    assert supplies == ["mains", "auxiliary", "battery", None]
    types = [dlt645_relay.status_word_3(at << 8).meter_type for at in range(4)]
    assert types == ["ordinary", "prepaid_energy", "prepaid_money", None]


def test_a_status_word_of_another_size_is_refused():
    for data in (b"", b"\x00", b"\x00\x00\x00"):
        assert refused(errors.Malformed, dlt645_relay.relay_of, Reply(METER, 0x11, data))
    assert refused(errors.Malformed, dlt645_relay.status_word_3, 1 << 16)


def test_the_bits_of_an_error_have_names():
    assert dlt645_relay.bit_names(0x02, dlt645_relay.ERROR_BITS) == ["no_such_data"]
    assert dlt645_relay.bit_names(0x84, dlt645_relay.ERROR_BITS) == [
        "wrong_password_or_not_authorised",
        "bit_7",
    ]
    assert dlt645_relay.bit_names(0x48, dlt645_relay.SECURITY_ERROR_BITS) == [
        "identity_check_failed",
        "over_hoarding_limit",
    ]
    assert dlt645_relay.bit_names(0, dlt645_relay.ERROR_BITS) == []


# -- more than one frame ----------------------------------------------------------------

KEY = b"\x00\xff\x01\x00"
WHOLE = question(METER, None, 0x0001FF00, 4)


def test_a_reading_of_one_frame_ends_at_once():
    assembly = Assembly(WHOLE)
    assert assembly.request == WHOLE
    assert assembly.take(Reply(METER, 0x11, b"1234"))
    assert assembly.data == b"1234" and assembly.request is None and assembly.failure is None


def test_a_reading_of_three_frames_asks_for_each_by_its_number():
    assembly = Assembly(WHOLE)
    assert not assembly.take(Reply(METER, 0x31, b"one "))
    assert assembly.request == Request(METER, 0x12, KEY + b"\x01", 1)
    sent = decode_message(encode_request(assembly.request))
    assert sent == messages.ReadNextRequest(METER, 0x0001FF00, 1)
    assert not assembly.take(Reply(METER, 0x32, b"two \x01"))
    assert assembly.request.data == KEY + b"\x02"
    assert assembly.take(Reply(METER, 0x12, b"three\x02"))
    assert assembly.data == b"one two three"


def test_a_frame_out_of_sequence_ends_the_reading():
    for data in (b"", b"two \x02", b"two \x00"):
        assembly = Assembly(WHOLE)
        assembly.take(Reply(METER, 0x31, b"one "))
        assert refused(errors.Malformed, assembly.take, Reply(METER, 0x12, data))
        assert assembly.request is None


def test_a_refusal_ends_the_reading_and_is_kept():
    assembly = Assembly(WHOLE)
    assembly.take(Reply(METER, 0x31, b"one "))
    assert assembly.take(Failure(METER, 0x12, NO_DATA))
    assert assembly.failure == Failure(METER, 0x12, NO_DATA) and assembly.request is None


def test_a_meter_that_always_has_more_comes_to_an_end():
    assembly = Assembly(WHOLE)
    assembly.take(Reply(METER, 0x31, bytes(196)))
    for at in range(1, FRAMES_MAX - 1):
        assembly.take(Reply(METER, 0x32, bytes(195) + bytes((at,))))
    assert refused(errors.TooLarge, assembly.take, Reply(METER, 0x32, bytes((0, FRAMES_MAX - 1))))
    assert len(assembly.data) <= BYTES_MAX and assembly.request is None
    assert refused(errors.NotAllowed, assembly.take, Reply(METER, 0x12, b""))


def test_only_a_read_can_be_assembled():
    assert refused(errors.NotAllowed, Assembly, question(METER, 1, 0x9010, 4))
    assert refused(errors.NotAllowed, Assembly, Request(METER, 0x11, b"\x00", 0))
