"""Asking a CJ/T 188 meter, and finding its answer in what a bad line delivers."""

import binascii
import json

from karez_protocols import cjt188, cjt188_frames, errors
from karez_protocols.cjt188 import ReplyReader, question
from karez_protocols.exchange import Failure, Reply

with open("tests/vectors/cjt188.json") as file:
    VECTORS = json.load(file)

METER = "10:00000805000001"
READ = question(METER, 1, 0x901F, 19)
DATA = b"\x00\x23\x01\x00\x2c\x00\x00\x00\x00\x2c" + bytes(9)
REFUSED = b"\x11\x22"


def frame_of(vector):
    return binascii.unhexlify(vector["hex"])


def good(kind):
    return [v for v in VECTORS if v["checksum_ok"] and v["decoded"]["kind"] == kind]


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def asked(reader, request=READ):
    """Return the message of the request that the reader has just sent."""
    return cjt188_frames.decode(reader.expect(request))


def reply(message, data=DATA, preamble=2, key=None):
    """The frame with which the meter of METER answers a message."""
    answer = cjt188_frames.answer(message, 0x10, METER[3:], data, key)
    return b"\xfe" * preamble + cjt188_frames.encode(answer)[message.preamble :]


def refusal(message):
    return cjt188_frames.encode(cjt188_frames.refusal(message, 0x10, METER[3:], REFUSED))


def hear(reader, *parts):
    for part in parts:
        answer = reader.receive(part)
        if answer:
            return answer
    return reader.end()


def matching(message):
    """Return the request that a good reply of the vectors answers."""
    function = message.control & 0x3F
    address = "%02X:%s" % (message.meter_type, message.address)
    return question(address, function, message.key, len(message.data), message.ser)


def answers():
    """Every good reply of the vectors: (name, frame, message)."""
    return [(v["name"], frame_of(v), cjt188_frames.decode(frame_of(v))) for v in good("response")]


# -- requests ---------------------------------------------------------------------------


def test_published_requests_encode_to_the_same_bytes():
    for vector in good("request"):
        facts = vector["decoded"]
        data = binascii.unhexlify(facts.get("valve_byte", facts.get("data", "")))
        request = cjt188.Request(
            facts["meter_type"] + ":" + facts["address"],
            int(facts["ctrl"], 16),
            int(facts["di_wire"], 16),
            0,
            facts["ser"],
            facts["preamble_fe"],
            data,
        )
        assert cjt188.encode_request(request) == frame_of(vector), vector["name"]
    assert len(good("request")) >= 15


def test_a_number_alone_is_a_cold_water_meter():
    assert cjt188.head("00000805000001") == cjt188.head(METER) == b"\x10\x01\0\0\x05\x08\0\0"
    assert cjt188.head("20:12345678901234") == b"\x20\x34\x12\x90\x78\x56\x34\x12"
    assert cjt188.head("AA:AAAAAAAAAAAAAA") == b"\xaa" * 8
    for address in (
        "", "1", "0000080500000", "000008050000011", "1000000805000001", "10:0000080500000",
        "1F:00000805000001", "10:0000080500000A", "10:AAAAAAAAAAAA01", "10:0000AA05000001",
        "10-00000805000001", "0000080500000G", "10::0000805000001", "1:000000805000001",
    ):  # fmt: skip
        assert refused(errors.NotAllowed, cjt188.head, address), address


def test_the_order_of_the_identifier_is_that_of_the_key():
    assert cjt188.encode_request(question(METER, 1, 0x901F, 0))[15:17] == b"\x90\x1f"
    assert cjt188.encode_request(question(METER, 1, 0x1F90, 0))[15:17] == b"\x1f\x90"


def test_values_outside_their_range_are_refused():
    for changes in (
        {"function": 2}, {"function": 0x81}, {"key": 0x10000}, {"key": -1}, {"count": 98}, {"count": -1},
        {"ser": 256}, {"ser": -1}, {"preamble": 65}, {"preamble": -1}, {"data": bytes(48)},
    ):  # fmt: skip
        parts = {
            "address": METER,
            "function": 1,
            "key": 0x901F,
            "count": 19,
            "ser": 0,
            "preamble": 4,
            "data": b"",
        }
        parts.update(changes)
        request = cjt188.Request(**parts)
        assert refused(errors.NotAllowed, cjt188.encode_request, request), changes
        assert refused(errors.NotAllowed, ReplyReader().expect, request), changes


def test_the_sequence_number_grows_with_every_frame_and_is_never_zero():
    reader = ReplyReader()
    seen = [asked(reader).ser for _ in range(512)]
    assert seen[:3] == [1, 2, 3] and set(seen) == set(range(1, 256))
    assert seen[254:257] == [255, 1, 2]
    assert asked(reader, question(METER, 1, 0x901F, 19, ser=0)).ser == 0


# -- answers ----------------------------------------------------------------------------


def test_every_published_reply_is_found_and_its_data_follow_the_sequence_number():
    for name, frame, message in answers():
        reader = ReplyReader()
        request = matching(message)
        reader.expect(request)
        answer = reader.receive(frame)
        assert answer == Reply(request.address, request.function, message.data), name
        assert not reader.noise_bytes and not reader.crc_errors, name


def test_every_split_of_every_published_reply_is_found():
    for name, frame, message in answers():
        for cut in range(len(frame) + 1):
            reader = ReplyReader()
            reader.expect(matching(message))
            assert hear(reader, frame[:cut], frame[cut:]).data == message.data, (name, cut)
        reader.expect(matching(message))
        assert hear(reader, *[bytes((byte,)) for byte in frame]).data == message.data, name


def test_no_single_corrupted_byte_is_taken_for_the_answer():
    for name, frame, message in answers():
        for at in range(message.preamble, len(frame)):
            for mask in (0x01, 0x10, 0x80, 0xFF):
                damaged = frame[:at] + bytes((frame[at] ^ mask,)) + frame[at + 1 :]
                reader = ReplyReader()
                reader.expect(matching(message))
                assert hear(reader, damaged) is None, (name, at, mask)


def test_a_damaged_preamble_costs_nothing():
    frame = reply(asked(ReplyReader()), preamble=5)
    for at in range(5):
        for byte in (0x68, 0x00, 0x16, 0xFF):
            reader = ReplyReader()
            reader.expect(READ)
            assert hear(reader, frame[:at] + bytes((byte,)) + frame[at + 1 :]).data == DATA, (at, byte)


def test_both_orders_of_the_identifier_are_taken():
    for request in (READ, question(METER, 1, 0x1F90, 19)):
        for key in (0x901F, 0x1F90):
            reader = ReplyReader()
            assert hear(reader, reply(asked(reader, request), key=key)).data == DATA
        reader = ReplyReader()
        assert hear(reader, reply(asked(reader, request), key=0x9020)) is None


def test_the_preamble_is_no_noise_and_the_echo_comes_with_or_without_it():
    for kept in (0, 2, 4):
        reader = ReplyReader()
        sent = reader.expect(READ)
        answer = hear(reader, sent[4 - kept :] + reply(cjt188_frames.decode(sent), preamble=5))
        assert answer.data == DATA and reader.echoes == 1 and reader.noise_bytes == 0, kept
    reader = ReplyReader()
    reader.expect(READ)
    assert hear(reader, b"\xfe" * 300) is None and reader.noise_bytes == 0 and not reader.is_damaged


def test_a_wildcard_brings_the_real_address():
    for address in ("AA:AAAAAAAAAAAAAA", "10:AAAAAAAAAAAAAA", "AAAAAAAAAAAAAA", "AA:00000805000001"):
        reader = ReplyReader()
        message = asked(reader, question(address, 3, 0x810A, 0))
        assert hear(reader, reply(message, b"")) == Reply(METER, 3, b""), address


def test_a_type_or_number_that_was_not_asked_is_no_answer():
    for meter_type, number in ((0x11, METER[3:]), (0x10, "00000805000002"), (0x10, "10000805000001")):
        reader = ReplyReader()
        message = asked(reader)
        frame = cjt188_frames.encode(cjt188_frames.answer(message, meter_type, number, DATA))
        assert hear(reader, frame) is None and reader.crc_errors == 0


def test_an_answer_to_an_earlier_try_is_none():
    reader = ReplyReader()
    late = reply(asked(reader))
    now = reply(asked(reader), data=b"\x99" + DATA[1:])
    assert hear(reader, late, now).data[0] == 0x99
    assert reader.noise_bytes == len(late) - 2 - late[2:].count(b"\0") and reader.crc_errors == 0


def test_a_meter_that_leaves_the_sequence_number_is_asked_with_the_one_it_sends():
    for ser in (0, 0xAA):
        reader = ReplyReader()
        message = asked(reader, question(METER, 1, 0x901F, 19, ser=ser))
        assert message.ser == ser and hear(reader, reply(message)).data == DATA
    reader = ReplyReader()
    message = asked(reader)
    silent = cjt188_frames.Message(0, 0x10, METER[3:], 0x81, message.key, 0, DATA)
    assert hear(reader, cjt188_frames.encode(silent)) is None


def test_a_refusal_is_a_failure_with_its_status():
    reader = ReplyReader()
    frame = refusal(asked(reader))
    for cut in range(len(frame) + 1):
        message = asked(reader)
        frame = refusal(message)
        assert hear(reader, frame[:cut], frame[cut:]) == Failure(METER, 1, 0x1122), cut
    for at in range(message.preamble, len(frame)):
        for bit in range(8):
            message = asked(reader)
            frame = refusal(message)
            damaged = frame[:at] + bytes((frame[at] ^ 1 << bit,)) + frame[at + 1 :]
            assert hear(reader, damaged) is None, (at, bit)
    late = refusal(asked(reader))
    assert hear(reader, reader.expect(READ) + late) is None


def test_a_short_answer_is_a_failure_and_a_long_one_keeps_its_rest():
    reader = ReplyReader()
    assert hear(reader, reply(asked(reader), DATA[:18])) == Failure(METER, 1, cjt188.NO_DATA)
    assert hear(reader, reply(asked(reader), DATA + b"more")).data == DATA + b"more"


def test_a_frame_inside_a_damaged_answer_is_not_believed():
    reader = ReplyReader()
    message = asked(reader)
    inner = reply(message, preamble=0)
    outer = bytearray(reply(message, b"\x01" + inner + b"\x02", preamble=0))
    outer[14] ^= 0x40
    assert hear(reader, bytes(outer)) is None
    assert reader.crc_errors >= 1 and reader.is_damaged


def test_a_frame_inside_the_answer_to_another_question_is_not_believed():
    reader = ReplyReader()
    message = asked(reader)
    inner = reply(message, preamble=0)
    other = cjt188_frames.Message(0, 0x10, METER[3:], 0x81, 0x8102, message.ser, b"\x01" + inner)
    assert hear(reader, cjt188_frames.encode(other)) is None


def test_another_masters_request_is_no_answer():
    reader = ReplyReader()
    reader.expect(question(METER, 3, 0x810A, 0, ser=0))
    assert hear(reader, cjt188.encode_request(question(METER, 3, 0x0A81, 0, ser=0))) is None


def test_a_sealed_frame_too_short_for_its_parts_is_none():
    reader = ReplyReader()
    for control in (0x81, 0xC1):
        for size in range(3):
            for ser in range(256):  # one of them equals the checksum
                reader.expect(question(METER, 1, 0x901F, 0, ser=ser))
                body = b"\x68" + cjt188.head(METER) + bytes((control, size)) + b"\x90\x1f"[:size]
                assert hear(reader, body + bytes((sum(body) & 0xFF, 0x16))) is None, (control, size, ser)


def test_damage_and_cuts_are_counted_as_such():
    reader = ReplyReader()
    frame = reply(asked(reader))
    assert hear(reader, frame[:-3]) is None
    assert reader.crc_errors == 1 and reader.is_damaged
    frame = reply(asked(reader))
    assert not reader.is_damaged
    assert hear(reader, frame[:-2] + bytes((frame[-2] ^ 1, 0x16))) is None
    assert reader.crc_errors == 2


def test_the_longest_answer_fits_behind_the_longest_request():
    reader = ReplyReader()
    request = cjt188.Request(METER, 4, 0xA015, 0, None, 64, bytes(47))
    sent = reader.expect(request)
    answer = reply(cjt188_frames.decode(sent), bytes(47), preamble=5)
    assert hear(reader, sent + answer) == Reply(METER, 4, bytes(47))
    message = asked(reader, question(METER, 1, 0x901F, 97))
    longest = reply(message, bytes(97), preamble=5)
    assert len(longest) == reader.answer_bytes and hear(reader, longest).data == bytes(97)


def test_an_endless_line_is_bounded():
    reader = ReplyReader()
    message = asked(reader, question("AA:AAAAAAAAAAAAAA", 1, 0x901F, 19))
    for _ in range(40):
        assert reader.receive(b"\x68" * 100 + b"\xaa\x16\x81") is None
        assert len(reader._buffer) <= reader.BUFFER_BYTES_MAX
    reader.end()
    assert hear(reader, reply(message)).data == DATA
