"""Modbus frames and the reader that finds our answer in what a bad line delivers."""

import binascii
import json

from karez_protocols import errors, modbus, modbus_frames, modbus_timing, wire_time
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import ReplyReader, Request

with open("tests/vectors/modbus.json") as file:
    VECTORS = json.load(file)

TUF_REQUEST = Request(1, 3, 0, 12)
REFUSALS = (errors.Malformed, errors.BadChecksum, errors.TooLarge, errors.NotAllowed)


def frame_of(vector):
    return binascii.unhexlify(vector["hex"])


def register_bytes(registers):
    data = b""
    for register in registers:
        data += bytes((register >> 8, register & 0xFF))
    return data


def ours(kind):
    """Vectors of a kind that we encode and decode: good checksum, functions 03 and 04."""
    found = []
    for vector in VECTORS:
        facts = vector["decoded"]
        if vector["checksum_ok"] and facts["kind"] == kind and facts["func"] in (3, 4):
            found.append(vector)
    return found


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


def question(reply):
    """Return the request that a Reply or a Failure answers."""
    if isinstance(reply, Failure):
        return Request(reply.address, reply.function, 0, 2)
    return Request(reply.address, reply.function, 0, len(reply.data) // 2)


# -- vectors ----------------------------------------------------------------------------


def test_the_vectors_hold_enough_of_each_kind():
    assert len(ours("request")) >= 25 and len(ours("response")) >= 20
    assert len([v for v in VECTORS if v["decoded"]["kind"] == "exception"]) == 3
    assert len([v for v in VECTORS if v["decoded"]["kind"] == "invalid"]) == 2


def test_published_requests_decode_and_encode_to_the_same_bytes():
    for vector in ours("request"):
        facts, frame = vector["decoded"], frame_of(vector)
        request = modbus_frames.decode_request(frame)
        assert request == Request(facts["addr"], facts["func"], facts["start"], facts["qty"]), vector["name"]
        assert modbus.encode_request(request) == frame, vector["name"]


def test_published_replies_decode_and_encode_to_the_same_bytes():
    for vector in ours("response"):
        facts, frame = vector["decoded"], frame_of(vector)
        reply = modbus_frames.decode_reply(frame)
        assert reply == Reply(facts["addr"], facts["func"], register_bytes(facts["registers"])), vector[
            "name"
        ]
        assert len(reply.data) == facts["byte_count"]
        assert modbus_frames.encode_reply(reply) == frame, vector["name"]


def test_published_exceptions_decode_and_encode_to_the_same_bytes():
    for vector in VECTORS:
        facts = vector["decoded"]
        if facts["kind"] == "exception":
            failure = modbus_frames.decode_failure(frame_of(vector))
            assert failure == Failure(facts["addr"], facts["func"], facts["exception"]), vector["name"]
            assert modbus_frames.encode_failure(failure) == frame_of(vector)


def test_frames_with_a_wrong_checksum_are_refused_by_every_decoder():
    for vector in VECTORS:
        if not vector["checksum_ok"]:
            for decode in (
                modbus_frames.decode_request,
                modbus_frames.decode_reply,
                modbus_frames.decode_failure,
            ):
                assert refused(errors.BadChecksum, decode, frame_of(vector)), vector["name"]


def test_a_wrong_checksum_is_named_with_the_right_one():
    for vector in VECTORS:
        if vector["name"] == "tuf2000_request_bad_crc_variant":
            caught = None
            try:
                modbus_frames.decode_request(frame_of(vector))
            except errors.BadChecksum as error:
                caught = error
            assert caught and (caught.found, caught.expected) == (0xCDC5, 0x0D04)


def test_one_kind_of_frame_is_not_taken_for_another():
    decoders = {
        "request": modbus_frames.decode_request,
        "response": modbus_frames.decode_reply,
        "exception": modbus_frames.decode_failure,
    }
    for vector in VECTORS:
        kind = vector["decoded"]["kind"]
        if vector["checksum_ok"] and vector["decoded"].get("func") in (3, 4):
            for other, decode in decoders.items():
                if other != kind:
                    assert refused(REFUSALS, decode, frame_of(vector)), (vector["name"], other)


def test_every_truncation_and_every_changed_byte_is_refused():
    decoders = (modbus_frames.decode_request, modbus_frames.decode_reply, modbus_frames.decode_failure)
    for vector in VECTORS:
        if not vector["checksum_ok"]:
            continue
        frame = frame_of(vector)
        for end in range(len(frame)):
            for decode in decoders:
                assert refused(REFUSALS, decode, frame[:end]), (vector["name"], end)
        for at in range(len(frame)):
            for mask in (0x01, 0x80, 0xFF):
                bad = bytearray(frame)
                bad[at] ^= mask
                for decode in decoders:
                    assert refused(errors.BadChecksum, decode, bytes(bad)), (vector["name"], at)


# -- ranges -----------------------------------------------------------------------------


def test_requests_outside_their_ranges_are_refused():
    for request in (
        Request(0, 3, 0, 1),
        Request(248, 3, 0, 1),
        Request(1, 2, 0, 1),
        Request(1, 6, 0, 1),
        Request(1, 3, 0, 0),
        Request(1, 3, 0, 126),
        Request(1, 3, 0xFFFF, 2),
        Request(1, 3, -1, 1),
    ):
        assert refused(errors.NotAllowed, modbus.encode_request, request), request
    for request in (Request(247, 4, 0xFFFF, 1), Request(1, 3, 0x10000 - 125, 125)):
        assert modbus_frames.decode_request(modbus.encode_request(request)) == request


def test_replies_outside_their_ranges_are_refused():
    for reply in (Reply(1, 3, b""), Reply(1, 3, b"\x01"), Reply(1, 3, bytes(252)), Reply(0, 3, b"\x01\x02")):
        assert refused(errors.NotAllowed, modbus_frames.encode_reply, reply), reply
    longest = Reply(1, 3, bytes(range(250)))
    assert modbus_frames.decode_reply(modbus_frames.encode_reply(longest)) == longest
    for failure in (Failure(1, 3, 0), Failure(1, 3, 256), Failure(1, 128, 1), Failure(0, 3, 1)):
        assert refused(errors.NotAllowed, modbus_frames.encode_failure, failure), failure


def test_a_frame_longer_than_any_is_too_large():
    assert refused(errors.TooLarge, modbus_frames.decode_reply, bytes(257))


def test_times_on_the_wire():
    assert wire_time.wire_us(8, 9600, 11) == 9167 and wire_time.wire_us(25, 9600, 11) == 28646
    # t3.5 of modbus-timing: 10 and 11 bits at 9600, 2400; fixed above 19200.
    assert wire_time.silent_us(9600, 10) == 3646 and wire_time.silent_us(9600, 11) == 4011
    assert wire_time.silent_us(2400, 11) == 16042 and wire_time.silent_us(19200, 11) == 2006
    assert wire_time.silent_us(38400, 11) == wire_time.silent_us(115200, 10) == 1750
    # t1.5 of the same table, rounded up.
    for baud, us in ((1200, 13750), (2400, 6875), (4800, 3438), (9600, 1719), (19200, 860)):
        assert modbus_timing.inside_us(baud, 11) == us, baud
    assert modbus_timing.inside_us(9600, 10) == 1563
    assert modbus_timing.inside_us(38400, 11) == modbus_timing.inside_us(115200, 10) == 750


# -- the stream reader ------------------------------------------------------------------


def answers():
    """(request, answer, frame) of every published reply and exception to a read."""
    found = []
    for vector in ours("response"):
        reply = modbus_frames.decode_reply(frame_of(vector))
        found.append((question(reply), reply, frame_of(vector)))
    for vector in ours("exception"):
        failure = modbus_frames.decode_failure(frame_of(vector))
        found.append((question(failure), failure, frame_of(vector)))
    return found


def test_every_split_of_every_answer_is_found():
    for request, answer, frame in answers():
        for at in range(len(frame) + 1):
            got, reader = heard(request, frame[:at], frame[at:])
            assert got == answer, (frame, at)
            assert not reader.crc_errors and not reader.noise_bytes
        assert heard(request, *[frame[at : at + 1] for at in range(len(frame))])[0] == answer


def test_every_changed_byte_of_every_answer_is_refused():
    for request, _, frame in answers():
        for at in range(len(frame)):
            for mask in (0x01, 0x10, 0x80, 0xFF):
                bad = bytearray(frame)
                bad[at] ^= mask
                answer, reader = heard(request, bytes(bad))
                assert answer is None, (frame, at, mask)
                assert reader.noise_bytes or reader.zero_bytes


def test_a_damaged_answer_of_ours_is_counted_as_such():
    request, _, frame = answers()[0]
    bad = frame[:-1] + bytes((frame[-1] ^ 1,))
    _, reader = heard(request, bad)
    assert reader.crc_errors == 1 and reader.is_damaged
    _, reader = heard(request, frame[:-1])  # cut short
    assert reader.crc_errors == 1 and reader.is_damaged
    _, reader = heard(request, b"\x55\xaa\x33")
    assert reader.crc_errors == 0 and not reader.is_damaged and reader.noise_bytes == 3


def test_an_echo_before_the_answer_is_dropped_at_every_split():
    for request, answer, frame in answers():
        stream = modbus.encode_request(request) + frame
        for at in range(len(stream) + 1):
            got, reader = heard(request, stream[:at], stream[at:])
            assert got == answer and reader.echoes == 1 and reader.noise_bytes == 0, (frame, at)


def test_an_echo_that_looks_like_our_answer_is_no_answer():
    # 03 from 0400H, two registers: the echo opens 01 03 04, as the answer does.
    request = Request(1, 3, 0x0400, 2)
    echo = modbus.encode_request(request)
    answer = Reply(1, 3, b"\x12\x34\x56\x78")
    frame = modbus_frames.encode_reply(answer)
    for stream, expected in ((echo, None), (echo + frame, answer), (echo + b"\0" + frame, answer)):
        for at in range(len(stream) + 1):
            assert heard(request, stream[:at], stream[at:])[0] == expected, (stream, at)
    damaged = b"\x01\x03\x04\xff" + echo[4:]
    for at in range(len(damaged) + len(frame)):
        stream = damaged + frame
        assert heard(request, stream[:at], stream[at:])[0] == answer, at


def test_zeros_and_noise_around_the_answer_are_dropped_and_counted():
    request, answer, frame = answers()[0]
    for before in (b"\0", b"\0\0\0", b"\xff\x01", b"\x01", b"\x01\x03", bytes(range(2, 60))):
        got, reader = heard(request, before + frame + b"\0\x99")
        assert got == answer, before
        assert reader.zero_bytes + reader.noise_bytes == len(before) + 2
        assert reader.zero_bytes == (before + b"\0").count(b"\0")


def test_the_published_floating_line_is_read():
    for vector in VECTORS:
        if vector["name"] == "raw_leading_and_trailing_zero":
            for at in range(8):
                stream = frame_of(vector)
                assert heard(Request(4, 3, 0, 1), stream[:at], stream[at:])[0] == Failure(4, 3, 2)
            assert heard(Request(4, 3, 0, 1), stream)[1].zero_bytes == 2


def test_request_answer_and_next_request_in_one_read_give_the_answer():
    for vector in VECTORS:
        if vector["name"] == "em1010_glued_stream_request_response_request":
            stream = frame_of(vector)
            parts = vector["decoded"]["frames"]
            expected = modbus_frames.decode_reply(stream[8:33])
            assert parts[1] == {"offset": 8, "length": 25}
            for at in range(len(stream) + 1):
                got, reader = heard(Request(1, 4, 0x1010, 10), stream[:at], stream[at:])
                assert got == expected and reader.echoes == 1


def test_an_answer_of_another_meter_function_or_length_is_not_ours():
    request, _, frame = answers()[0]
    for other in (
        Request(2, request.function, 0, request.count),
        Request(1, 7 - request.function, 0, request.count),
        Request(1, request.function, 0, request.count + 1),
        Request(1, request.function, 0, request.count - 1),
    ):
        assert heard(other, frame)[0] is None, other
    assert heard(request, modbus_frames.encode_failure(Failure(1, 4, 2)))[0] is None


def test_a_strangers_frame_before_ours_is_passed_over():
    request, answer, frame = answers()[0]
    stranger = modbus_frames.encode_reply(Reply(9, 3, bytes(range(1, 21))))
    assert heard(request, stranger, frame)[0] == answer


def test_a_false_header_in_the_noise_does_not_hide_the_answer():
    request, answer, frame = answers()[0]
    header = frame[:3]
    for noise in (header, header + b"\x55", header + header, frame[:-1], b"\x01\x83\x07"):
        for at in range(len(noise) + len(frame) + 1):
            stream = noise + frame
            assert heard(request, stream[:at], stream[at:])[0] == answer, (noise, at)


def test_an_exception_among_the_registers_is_not_the_answer():
    inner = modbus_frames.encode_failure(Failure(1, 3, 2))
    reply = Reply(1, 3, b"\x00" + inner + bytes(18))
    frame = modbus_frames.encode_reply(reply)
    for at in range(len(frame) + 1):
        assert heard(TUF_REQUEST, frame[:at], frame[at:])[0] == reply
    for at in range(3, len(frame)):
        bad = bytearray(frame)
        bad[at] ^= 0x40
        assert heard(TUF_REQUEST, bytes(bad))[0] is None, at
        assert heard(TUF_REQUEST, frame[:at])[0] is None, at


def test_an_exception_after_a_damaged_answer_is_the_answer():
    failure = Failure(1, 3, 4)
    bad = modbus_frames.encode_reply(Reply(1, 3, bytes(range(30, 54))))[:-1] + b"\x00"
    frame = modbus_frames.encode_failure(failure)
    for at in range(len(bad) + len(frame) + 1):
        stream = bad + frame
        got, reader = heard(TUF_REQUEST, stream[:at], stream[at:])
        assert got == failure and reader.crc_errors == 1, at
    reader = ReplyReader()
    reader.expect(TUF_REQUEST)
    assert reader.receive(bad[:20]) is None and reader.end() is None
    reader.expect(TUF_REQUEST)
    assert reader.receive(frame) == failure


def test_nothing_is_an_answer_before_a_question_and_after_the_answer():
    request, answer, frame = answers()[0]
    reader = ReplyReader()
    assert reader.receive(frame) is None and reader.end() is None
    reader.expect(request)
    assert reader.receive(frame) == answer
    assert reader.receive(frame) is None
    reader.expect(request)
    reader.close()
    assert reader.receive(frame) is None


def test_bytes_of_an_earlier_exchange_do_not_complete_a_later_answer():
    request, _, frame = answers()[0]
    reader = ReplyReader()
    reader.expect(request)
    reader.receive(frame[:10])
    reader.expect(request)
    assert reader.receive(frame[10:]) is None and reader.end() is None


def test_endless_noise_holds_a_bounded_buffer():
    reader = ReplyReader()
    reader.expect(TUF_REQUEST)
    state = 1
    fed = 0
    for _ in range(100):
        chunk = bytearray(400)
        for at in range(400):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            chunk[at] = (1, 3, 24, state >> 16 & 0xFF)[state >> 24 & 3]
        fed += 400
        assert reader.receive(chunk) is None
        assert len(reader._buffer) <= reader.BUFFER_BYTES_MAX
    reader.end()
    assert reader.noise_bytes + reader.zero_bytes == fed and reader.crc_errors > 0
