"""DL/T 645 as the controller speaks it: the request, and the answer in what a bad line delivers."""

import binascii
import json

from karez_protocols import dlt645, errors
from karez_protocols.dlt645 import MORE, NO_DATA, ReplyReader, Request, question, sealed
from karez_protocols.exchange import Failure, Reply

with open("tests/vectors/dlt645.json") as file:
    VECTORS = json.load(file)

METER = "123456789012"
ENERGY = question(METER, None, 0x00010000, 4)
WIRE = dlt645.address_bytes(METER)


def frame_of(vector):
    return binascii.unhexlify(vector["hex"])


def named(name):
    return next(frame_of(vector) for vector in VECTORS if vector["name"] == name)


REQUEST = named("dlt645core_request")
REPLY = named("dlt645core_reply_1234_56_two_fe")[2:]
TOTAL = Reply(METER, 0x11, b"\x56\x34\x12\x00")
REFUSAL = named("dlt645core_error_02")


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def heard(request, *pieces):
    """Return (answer, reader) for a request and the pieces in which the line delivers."""
    reader = ReplyReader()
    reader.expect(request)
    for piece in pieces:
        answer = reader.receive(piece)
        if answer:
            return answer, reader
    return reader.end(), reader


def reply(identifier, data, control=0x91, address=WIRE):
    """Return the frame of a reply: identifier as an integer of four bytes, then data."""
    return sealed(address, control, identifier.to_bytes(4, "little") + data)


def exchanges():
    """Yield (name, request, frame from the first 68, answer) of every published reply and refusal."""
    for vector in VECTORS:
        facts, frame = vector["decoded"], frame_of(vector)
        if facts["kind"] == "request":
            continue
        frame = frame[facts["preamble_fe"] :]
        data = dlt645.moved(frame[10:-2], 0xCD)
        function = frame[8] & 0x1F
        address = facts["address"]
        if facts["kind"] == "error":
            request = question(address, function, 0x00010000, 4)
            yield vector["name"], request, frame, Failure(address, function, data[0])
            continue
        size = {0x11: 4, 0x01: 2}.get(function, 0)
        request = Request(address, function, data[:size], len(data) - size)
        yield vector["name"], request, frame, Reply(address, function, data[size:])


# -- requests ---------------------------------------------------------------------------


def test_published_read_requests_are_what_we_send():
    checked = 0
    for vector in VECTORS:
        facts = vector["decoded"]
        if facts["kind"] == "request" and facts["ctrl"] in ("11", "01"):
            request = question(facts["address"], int(facts["ctrl"], 16), int(facts["di"], 16), 4)
            preamble = b"\xfe" * (4 - facts["preamble_fe"])
            assert dlt645.encode_request(request) == preamble + frame_of(vector), vector["name"]
            checked += 1
    assert checked == 17


def test_a_question_without_a_function_asks_a_meter_of_2007():
    assert dlt645.encode_request(ENERGY) == REQUEST
    assert question(METER, 0x11, 0x00010000, 4) == ENERGY


def test_an_identifier_of_1997_has_two_bytes():
    assert question(METER, 1, 0xB611, 2) == Request(METER, 1, b"\x11\xb6", 2)
    assert refused(errors.NotAllowed, question, METER, 1, 0x10000, 2)
    assert refused(errors.NotAllowed, question, METER, None, 1 << 32, 2)
    assert refused(errors.NotAllowed, question, METER, None, -1, 2)


def test_an_address_is_twelve_digits_or_pairs_of_a_before_digits():
    assert dlt645.address_bytes("AAAAAAAAAAAA") == b"\xaa" * 6
    assert dlt645.address_bytes("AAAAAAAA0161") == b"\x61\x01\xaa\xaa\xaa\xaa"
    for wrong in ("", "1", "12345678901", "1234567890123", "12345678901B", "AAA123456789", "1234AA789012"):
        assert refused(errors.NotAllowed, dlt645.address_bytes, wrong), wrong
    assert refused(errors.NotAllowed, dlt645.address_bytes, "aaaaaaaaaaaa")
    assert refused(errors.NotAllowed, dlt645.address_bytes, "12345678901²")


def test_a_request_outside_its_ranges_is_refused_before_it_is_sent():
    for request in (
        Request("12", 0x11, b"", 0),
        Request(METER, 0x20, b"", 0),
        Request(METER, -1, b"", 0),
        Request(METER, 0x11, bytes(201), 0),
    ):
        assert refused(errors.NotAllowed, ReplyReader().expect, request)
    assert ReplyReader().expect(Request(METER, 0x11, bytes(200), 0))


# -- answers ----------------------------------------------------------------------------


def test_every_published_answer_is_found_at_every_split_point():
    count = 0
    for name, request, frame, answer in exchanges():
        for at in range(len(frame) + 1):
            found, reader = heard(request, frame[:at], frame[at:])
            assert found == answer, (name, at)
            assert reader.noise_bytes == reader.zero_bytes == reader.crc_errors == 0, name
        count += 1
    assert count >= 30


def test_no_published_answer_with_a_changed_byte_is_taken():
    for name, request, frame, _ in exchanges():
        for at in range(len(frame)):
            for change in (1, 2, 4, 8, 16, 32, 64, 128, 0xFF, frame[at] ^ 0x68, frame[at] ^ 0x16):
                if not change:
                    continue
                changed = frame[:at] + bytes((frame[at] ^ change,)) + frame[at + 1 :]
                assert heard(request, changed)[0] is None, (name, at, change)


def test_a_good_answer_behind_a_changed_one_is_taken_or_nothing_is():
    for _, request, frame, answer in exchanges():
        for at in range(len(frame)):
            for change in (1, 0x10, 0x80):
                changed = frame[:at] + bytes((frame[at] ^ change,)) + frame[at + 1 :]
                found = heard(request, changed, b"\xfe\xfe" + frame)[0]
                # Only a length made longer can swallow the whole good answer behind it.
                assert found == answer or (found is None and at == 9 and changed[9] > frame[9])


def test_up_to_five_preamble_bytes_are_no_noise_however_they_come():
    for count in range(6):
        found, reader = heard(ENERGY, b"\xfe" * count, REPLY)
        assert found == TOTAL and reader.noise_bytes == 0
        found, reader = heard(ENERGY, b"\xfe" * count + REPLY)
        assert found == TOTAL and reader.noise_bytes == 0


def test_our_echo_is_known_with_and_without_its_preamble_in_any_pieces():
    for skip in range(5):
        echo = REQUEST[skip:]
        for at in range(len(echo) + 1):
            found, reader = heard(ENERGY, echo[:at], echo[at:] + b"\xfe\xfe" + REPLY)
            assert found == TOTAL and reader.echoes == 1 and reader.noise_bytes == 0


def test_a_damaged_echo_is_noise_and_no_answer():
    for at in range(4, len(REQUEST)):
        changed = REQUEST[:at] + bytes((REQUEST[at] ^ 1,)) + REQUEST[at + 1 :]
        found, reader = heard(ENERGY, changed)
        assert found is None and reader.echoes == 0 and reader.noise_bytes > 0
        assert heard(ENERGY, changed, REPLY)[0] == TOTAL


def test_a_refusal_is_a_failure_with_its_error_byte():
    assert heard(ENERGY, REFUSAL)[0] == Failure(METER, 0x11, 2)


def test_a_security_refusal_has_a_word():
    request = Request(METER, 3, b"\x01\x00\x00\x07" + bytes(4), 0)
    assert heard(request, sealed(WIRE, 0xC3, b"\x08\x01"))[0] == Failure(METER, 3, 0x0108)


def test_a_refusal_with_another_length_is_none():
    assert heard(ENERGY, sealed(WIRE, 0xD1, b""))[0] is None
    assert heard(ENERGY, sealed(WIRE, 0xD1, b"\x02\x00\x00"))[0] is None


def test_the_reply_of_another_meter_or_to_another_question_is_dropped():
    other = dlt645.address_bytes("123456789013")
    for stray in (
        reply(0x00010000, b"\x01\x02\x03\x04", address=other),
        reply(0x00020000, b"\x01\x02\x03\x04"),
        reply(0x00010000, b"\x01\x02\x03\x04", control=0x92),
        sealed(WIRE, 0x93, WIRE),
        sealed(other, 0xD1, b"\x02"),
        sealed(WIRE, 0x91, b"\x00\x00"),
    ):
        found, reader = heard(ENERGY, stray)
        assert found is None and reader.noise_bytes + reader.zero_bytes == len(stray)
        assert not reader.is_damaged
        assert heard(ENERGY, stray, REPLY)[0] == TOTAL
        assert heard(ENERGY, stray + b"\xfe" + REPLY)[0] == TOTAL


def test_a_wildcard_takes_whoever_answers_and_says_who():
    anybody = question("AAAAAAAAAAAA", None, 0x00010000, 4)
    assert heard(anybody, REPLY)[0] == TOTAL
    some = question("AAAA56789012", None, 0x00010000, 4)
    assert heard(some, REPLY)[0] == TOTAL
    assert heard(question("AAAA56789013", None, 0x00010000, 4), REPLY)[0] is None


def test_the_address_of_the_only_meter_can_be_asked():
    request = Request("AAAAAAAAAAAA", 0x13, b"", 6)
    assert dlt645.encode_request(request) == named("read_address_request")
    assert heard(request, named("read_address_reply"))[0] == Reply("000000000001", 0x13, b"\x01" + bytes(5))


def test_more_follows_is_in_the_function_of_the_reply():
    found, _ = heard(ENERGY, reply(0x00010000, b"\x01\x02\x03\x04", control=0xB1))
    assert found == Reply(METER, 0x11 | MORE, b"\x01\x02\x03\x04")
    request = Request(METER, 0x12, b"\x00\x00\x01\x00\x01", 1)
    found, _ = heard(request, reply(0x00010000, b"\x05\x06\x01", control=0x92))
    assert found == Reply(METER, 0x12, b"\x05\x06\x01")


def test_a_good_reply_with_too_little_is_no_data():
    for data in (b"", b"\x00\x00\x01\x00", b"\x00\x00\x01\x00\x01\x02\x03"):
        assert heard(ENERGY, sealed(WIRE, 0x91, data))[0] == Failure(METER, 0x11, NO_DATA)


def test_a_reply_may_hold_more_than_was_asked_for():
    found, _ = heard(ENERGY, reply(0x00010000, bytes(196)))
    assert found == Reply(METER, 0x11, bytes(196))


def test_a_length_above_200_is_no_answer():
    for size, taken in ((200, True), (201, False)):
        raw = b"\x68" + WIRE + bytes((0x68, 0x91, size)) + b"\x33\x33\x34\x33" + bytes(size - 4)
        answer, _ = heard(ENERGY, raw + bytes((sum(raw) & 0xFF, 0x16)))
        assert (answer is not None) == taken


def test_a_relay_command_is_accepted_without_data():
    request = Request("260305510009", 0x1C, bytes(16), 0)
    assert heard(request, named("relay_ack"))[0] == Reply("260305510009", 0x1C, b"")


def test_starts_and_ends_inside_address_and_data_do_not_confuse():
    address = "166816681668"
    request = question(address, None, 0x00010000, 4)
    data = dlt645.moved(b"\x68\x16\x68\x16", 0xCD)
    frame = reply(0x00010000, data, address=dlt645.address_bytes(address))
    for at in range(len(frame)):
        found, reader = heard(request, b"\x68\x16\x68" + frame[:at], frame[at:])
        assert found == Reply(address, 0x11, data) and reader.noise_bytes == 3


def test_a_frame_inside_a_damaged_one_is_not_believed():
    inner = reply(0x00010000, b"\x99\x99\x99\x99")
    outer = bytearray(reply(0x00010000, dlt645.moved(inner, 0xCD)))
    assert inner in bytes(outer)
    outer[-2] ^= 1
    found, reader = heard(ENERGY, bytes(outer))
    assert found is None and reader.crc_errors == 1 and reader.is_damaged


def test_a_frame_inside_the_answer_to_another_question_is_not_believed():
    inner = reply(0x00010000, b"\x99\x99\x99\x99")
    outer = reply(0x00020000, dlt645.moved(inner, 0xCD))
    assert inner in outer
    assert heard(ENERGY, outer)[0] is None
    assert heard(ENERGY, outer, REPLY)[0] == TOTAL


def test_a_reply_cut_short_is_damaged_and_the_next_one_counts():
    for at in range(11, len(REPLY)):
        found, reader = heard(ENERGY, REPLY[:at])
        assert found is None and reader.is_damaged and reader.crc_errors == 1
        assert heard(ENERGY, REPLY[:at] + REPLY)[0] in (TOTAL, None)
        assert heard(ENERGY, REPLY[:at] + b"\xfe\xfe" + REPLY)[0] == TOTAL


def test_a_false_header_before_the_answer_holds_it_up_but_does_not_hide_it():
    false = REPLY[:9] + b"\xc8"  # the longest there is
    reader = ReplyReader()
    reader.expect(ENERGY)
    assert reader.receive(false + REPLY) is None and reader.is_inside
    assert reader.end() is None  # wholly inside what cannot be told from a damaged answer
    assert reader.is_damaged


def test_whatever_comes_when_nothing_is_asked_is_counted():
    reader = ReplyReader()
    assert reader.receive(b"\x01\xfe\x00") is None
    assert (reader.noise_bytes, reader.zero_bytes) == (1, 1)
    reader.expect(ENERGY)
    assert reader.receive(REPLY) == TOTAL
    assert reader.receive(REPLY) is None


def test_the_longest_answer_is_known_for_timing():
    reader = ReplyReader()
    reader.expect(ENERGY)
    assert reader.answer_bytes == 5 + len(REPLY)
    reader.expect(question(METER, 1, 0x9010, 4))
    assert reader.answer_bytes == 5 + 12 + 2 + 4


def test_bytes_without_an_answer_take_no_memory():
    reader = ReplyReader()
    reader.expect(ENERGY)
    for junk in (
        b"\x68" * 64,
        b"\xfe" * 64,
        REPLY[:9],
        b"\x16\x68" * 30,
        bytes(64),
        REPLY[:10] + b"\x68" * 70,
    ):
        for _ in range(30):
            assert reader.receive(junk) is None
            assert len(reader._buffer) <= reader.BUFFER_BYTES_MAX
    assert reader.end() is None and not reader.is_inside
