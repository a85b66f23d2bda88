"""A raw Modbus capture split into frames: whose they are, what is none, and why."""

import binascii
import json

from karez_protocols import errors, modbus_stream
from karez_protocols.crc import crc16_modbus
from karez_protocols.crc_stretches import Stretches
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request, sealed
from karez_protocols.modbus_frames import encode_failure, encode_reply, encode_request
from karez_protocols.modbus_gaps import Cut, Stray
from karez_protocols.modbus_messages import (
    Identify,
    ReadWrite,
    UnknownFunction,
    Write,
    WriteMany,
    Written,
    WrongAddress,
)

with open("tests/vectors/modbus.json") as file:
    VECTORS = json.load(file)

ASK = Request(1, 3, 0, 12)
ANSWER = Reply(1, 3, bytes(range(30, 54)))
# Second bytes that are no function and no exception: no frame begins in such noise.
NOISE = bytes([0x5A, 0xC7, 0x3B, 0xE2, 0x49, 0xD5, 0x66, 0xF9])


def octets(text):
    return binascii.unhexlify(text.replace(" ", ""))


def frame_of(message):
    if isinstance(message, Failure):
        return encode_failure(message)
    return encode_reply(message) if isinstance(message, (Reply, Written)) else encode_request(message)


def told(data):
    """Return what each piece is: its message, or the kind of its error."""
    return [piece.frame or type(piece.error) for piece in modbus_stream.pieces(data)]


def is_told(data, *expected):
    """True if the pieces of a capture are these messages (shape and values) and kinds of error."""
    found = told(data)
    shapes = [one if isinstance(one, type) else type(one) for one in found]
    return found == list(expected) and shapes == [
        one if isinstance(one, type) else type(one) for one in expected
    ]


def lies_in_order(data, found):
    """True if pieces follow each other, and what lies between them is 00."""
    at = 0
    for piece in found:
        if piece.offset < at or piece.length < 1 or any(data[at : piece.offset]):
            return False
        if (piece.frame is None) == (piece.error is None):
            return False
        at = piece.offset + piece.length
    return at <= len(data) and not any(data[at:])


def test_a_stretch_is_sealed_exactly_when_its_own_crc_says_so():
    body = bytes([(37 * at + 11) & 0xFF for at in range(254)])
    for size in (0, 1, 2, 3, 5, 8, 13, 39, 100, 253, 254):
        frame = sealed(body[:size])
        for before in (b"", b"\0", NOISE):
            stretches = Stretches(before + frame + b"\x01")
            first, end = len(before), len(before) + len(frame)
            assert stretches.is_sealed(first, end), size
            assert crc16_modbus(frame) == 0
            assert not stretches.is_sealed(first, end + 1) and not stretches.is_sealed(first, end - 1)


def test_each_published_frame_is_one_piece_with_its_facts():
    for vector in VECTORS:
        facts, data = vector["decoded"], octets(vector["hex"])
        found = modbus_stream.pieces(data)
        assert lies_in_order(data, found), vector["name"]
        if facts["kind"] == "raw":
            places = [{"offset": piece.offset, "length": piece.length} for piece in found]
            assert places == facts["frames"] and all(piece.frame for piece in found)
            continue
        assert len(found) == 1 and found[0].length == len(data), vector["name"]
        if facts["kind"] == "invalid":
            error = found[0].error
            assert isinstance(error, errors.BadChecksum), vector["name"]
            assert error.expected == crc16_modbus(data[:-2]) and error.found == data[-2] | data[-1] << 8
            continue
        message = found[0].frame
        assert (message.address, message.function) == (facts["addr"], facts["func"]), vector["name"]
        assert frame_of(message) == data, vector["name"]
        is_answer = isinstance(message, (Reply, Written, Failure))
        assert is_answer == (facts["kind"] != "request"), vector["name"]


def test_all_published_frames_glued_together_come_apart():
    frames = [octets(v["hex"]) for v in VECTORS if v["checksum_ok"]]
    for glue in (b"", b"\0", b"\0\0\0"):
        data = glue.join(frames)
        found = modbus_stream.pieces(data)
        assert [data[p.offset : p.offset + p.length] for p in found] == frames
        assert all(p.frame for p in found)


def test_no_single_changed_byte_of_a_published_frame_leaves_a_good_one():
    for vector in VECTORS:
        if vector["checksum_ok"]:
            data = octets(vector["hex"])
            for at in range(len(data)):
                for mask in (0x01, 0x10, 0x80, 0xFF):
                    bad = bytearray(data)
                    bad[at] ^= mask
                    found = modbus_stream.pieces(bad)
                    assert found and lies_in_order(bad, found), (vector["name"], at)
                    assert not any(piece.frame for piece in found), (vector["name"], at, mask)


def test_every_truncation_of_a_published_frame_is_bad_and_the_next_frame_good():
    next_frame = frame_of(Request(9, 4, 0x100, 4))
    for vector in VECTORS:
        if vector["checksum_ok"]:
            data = octets(vector["hex"])
            for end in range(1, len(data)):
                found = modbus_stream.pieces(data[:end])
                assert not any(piece.frame for piece in found), (vector["name"], end)
                assert found or not any(data[:end])
                found = modbus_stream.pieces(data[:end] + next_frame)
                good = [(p.offset, p.length) for p in found if p.frame]
                assert good == [(end, 8)], (vector["name"], end)


def test_every_split_of_a_capture_is_the_same_capture():
    # There is no state between calls: what a split loses is the frame it cuts, and nothing else.
    stream = frame_of(ASK) + frame_of(ANSWER) + frame_of(Request(2, 4, 0, 1))
    edges = (0, 8, 37, 45)
    for at in range(len(stream) + 1):
        first, second = modbus_stream.pieces(stream[:at]), modbus_stream.pieces(stream[at:])
        good = [(p.offset, p.length) for p in first if p.frame]
        good += [(p.offset + at, p.length) for p in second if p.frame]
        whole = [(a, b - a) for a, b in zip(edges, edges[1:]) if b <= at or a >= at]
        assert good == whole, at


# -- questions and answers --------------------------------------------------------------


def test_question_and_answer_of_every_function_are_told_apart():
    for ask, answer in (
        (Request(17, 1, 0x13, 0x13), Reply(17, 1, b"\xcd\x6b\x05")),
        (Request(17, 2, 0xC4, 0x40), Reply(17, 2, bytes(range(1, 9)))),
        (ASK, ANSWER),
        (Request(17, 4, 8, 1), Reply(17, 4, b"\0\x0a")),
        (Write(17, 5, 0xAC, 1), Written(17, 5, 0xAC, 1)),
        (Write(17, 6, 1, 3), Written(17, 6, 1, 3)),
        (WriteMany(17, 15, 0x13, 10, b"\xcd\x01"), Written(17, 15, 0x13, 10)),
        (WriteMany(17, 16, 1, 2, b"\0\x0a\1\2"), Written(17, 16, 1, 2)),
        (Identify(17, 17), Reply(17, 17, b"KZ\xff")),
        (ReadWrite(17, 23, 3, 6, 14, bytes(range(6))), Reply(17, 23, bytes(range(12)))),
    ):
        one, other = frame_of(ask), frame_of(answer)
        assert is_told(one, ask) and is_told(one + other, ask, answer)
        assert is_told(one + other + one + other, ask, answer, ask, answer)
        refusal = Failure(ask.address, ask.function, 2)
        assert is_told(one + frame_of(refusal) + one, ask, refusal, ask)
        if ask.function not in (5, 6):  # there the copies cannot tell whose they are
            assert is_told(one + one + other, ask, ask, answer)


def test_an_echoed_question_that_could_be_an_answer_is_a_question():
    # 24 coils from 0300H: as an answer it would hold the three bytes 00 00 18.
    ask = Request(1, 1, 0x0300, 24)
    answer = Reply(1, 1, b"\x01\x02\x03")
    question, reply = frame_of(ask), frame_of(answer)
    assert is_told(question, ask)
    assert is_told(question + question + reply, ask, ask, answer)
    assert is_told(question + reply, ask, answer)
    # An answer of three bytes whose own reading as a question is out of range needs no context.
    assert is_told(frame_of(Reply(17, 1, b"\xcd\x6b\x05")), Reply(17, 1, b"\xcd\x6b\x05"))
    # One that could be either is the answer where it has a question.
    either = Reply(1, 2, b"\0\0\x18")
    assert is_told(frame_of(either), Request(1, 2, 0x0300, 24))
    assert is_told(frame_of(Request(1, 2, 7, 20)) + frame_of(either), Request(1, 2, 7, 20), either)
    assert is_told(
        frame_of(Request(1, 2, 7, 16)) + frame_of(either), Request(1, 2, 7, 16), Request(1, 2, 0x0300, 24)
    )


def test_a_write_to_everybody_has_no_answer():
    everybody = Write(0, 6, 0x1000, 3)
    frame = frame_of(everybody)
    assert is_told(frame + frame, everybody, everybody)


def test_frames_of_another_master_are_frames():
    other = Request(200, 4, 0x1010, 10), Reply(200, 4, bytes(20))
    stream = frame_of(ASK) + frame_of(other[0]) + frame_of(other[1]) + frame_of(ANSWER)
    assert is_told(stream, ASK, other[0], other[1], ANSWER)


def test_an_exception_of_any_code_or_function_is_read_where_a_frame_should_begin():
    for odd in (Failure(1, 3, 0x63), Failure(1, 0x2B, 1)):
        assert is_told(frame_of(odd), odd)
        assert is_told(frame_of(ASK) + frame_of(odd) + frame_of(ASK), ASK, odd, ASK)


# -- zeros, noise, damage ---------------------------------------------------------------


def test_zeros_around_frames_are_skipped():
    for before in (b"", b"\0", bytes(5)):
        for after in (b"", b"\0", bytes(300)):
            stream = before + frame_of(ASK) + after + frame_of(ANSWER) + after
            found = modbus_stream.pieces(stream)
            assert [p.offset for p in found] == [len(before), len(before) + 8 + len(after)]
            assert [p.frame for p in found] == [ASK, ANSWER]


def test_zeros_behind_a_question_do_not_make_it_an_answer():
    # 01 03 06 00 00 01 CRC 00 00 00 passes a CRC over all eleven bytes, as an answer of 06 bytes.
    ask = Request(1, 3, 0x0600, 1)
    for zeros in range(12):
        assert is_told(frame_of(ask) + bytes(zeros), ask), zeros


def test_nothing_but_zeros_is_one_stray_piece():
    assert modbus_stream.pieces(b"") == []
    for size in (1, 4, 8, 600):
        (piece,) = modbus_stream.pieces(bytes(size))
        assert isinstance(piece.error, Stray) and (piece.offset, piece.length) == (0, size)


def test_noise_before_between_and_behind_frames_is_one_stray_piece_each():
    for noise in (NOISE, NOISE * 3, NOISE[:2], b"\0" + NOISE + b"\0\0"):
        stream = noise + frame_of(ASK) + noise + frame_of(ANSWER) + noise
        assert is_told(stream, Stray, ASK, Stray, ANSWER, Stray), noise
        assert lies_in_order(stream, modbus_stream.pieces(stream))


def test_a_damaged_frame_between_good_ones_is_named_with_the_right_crc():
    damaged = bytearray(frame_of(ANSWER))
    damaged[10] ^= 4
    stream = frame_of(ASK) + bytes(damaged) + frame_of(ASK) + frame_of(ANSWER)
    assert is_told(stream, ASK, errors.BadChecksum, ASK, ANSWER)
    piece = modbus_stream.pieces(stream)[1]
    assert (piece.offset, piece.length) == (8, 29)
    assert piece.error.expected == crc16_modbus(damaged[:-2])
    for at in range(2, 8):  # of a damaged question too, whichever byte it is
        bad = bytearray(frame_of(ASK))
        bad[at] ^= 0xFF
        assert is_told(bytes(bad) + frame_of(ANSWER), errors.BadChecksum, ANSWER), at


def test_a_frame_that_is_cut_off_says_how_much_is_missing():
    (piece,) = modbus_stream.pieces(frame_of(ANSWER)[:20])
    assert isinstance(piece.error, Cut) and "20 bytes" in str(piece.error) and "29" in str(piece.error)
    stream = frame_of(ASK) + frame_of(ANSWER)[:20] + frame_of(Request(2, 3, 0, 1))
    assert is_told(stream, ASK, Cut, Request(2, 3, 0, 1))


def test_good_frames_that_mean_nothing_known_say_why():
    for text, kind, words in (
        ("01 2B 0E 01 00", UnknownFunction, "0x2B"),
        ("01 08 0000 1234", UnknownFunction, "0x08"),
        ("F8 03 0000 0001", WrongAddress, "248"),
        ("00 03 0000 0001", WrongAddress, "broadcast"),
        ("01 03 0000 0000", errors.NotAllowed, "quantity 0"),
        ("01 04 0000 007E", errors.NotAllowed, "quantity 126"),
        ("01 05 0000 1234", errors.NotAllowed, "0x1234"),
        ("01 03 0000 0001 55", errors.Malformed, "9 bytes"),
        ("01 83 02 55", errors.Malformed, "6 bytes"),
    ):
        for before, after in ((b"", b""), (frame_of(ASK), frame_of(ASK)), (b"", b"\0\0")):
            frame = sealed(octets(text))
            stream = before + frame + after
            found = [p for p in modbus_stream.pieces(stream) if p.error]
            assert len(found) == 1 and type(found[0].error) is kind, text
            assert words in str(found[0].error), (text, str(found[0].error))
            assert (found[0].offset, found[0].length) == (len(before), len(frame)), text
    # Behind noise it is found at the end of the run.
    unknown = sealed(octets("01 2B 0E 01 00"))
    assert is_told(NOISE + unknown, Stray, UnknownFunction)
    # The last byte of the noise and the first of the frame look like a header: 0A 01.
    assert is_told(NOISE + b"\x0a" + unknown, Stray, UnknownFunction)


# -- frames inside frames ---------------------------------------------------------------


def nested():
    """A reply whose registers hold whole frames, and those frames."""
    inner = [frame_of(Failure(1, 3, 2)), frame_of(ASK), frame_of(Reply(1, 3, b"\x12\x34"))]
    return Reply(1, 3, b"\x11" + b"\x22".join(inner) + b"\x33\x44\x55\x66"[: 1 + len(inner) % 2 * 2]), inner


def test_what_lies_inside_a_good_frame_is_not_believed():
    outer, _ = nested()
    for stream in (frame_of(outer), NOISE + frame_of(outer) + NOISE, frame_of(ASK) + frame_of(outer)):
        good = [piece.frame for piece in modbus_stream.pieces(stream) if piece.frame]
        assert good[-1] == outer and good[:-1] in ([], [ASK])


def test_what_lies_inside_a_damaged_frame_is_not_believed():
    outer, _ = nested()
    frame = frame_of(outer)
    for at in range(3, len(frame)):
        bad = bytearray(frame)
        bad[at] ^= 0x40
        for after in (b"", frame_of(ASK), b"\0\0"):
            good = [p.frame for p in modbus_stream.pieces(bytes(bad) + after) if p.frame]
            assert good == ([ASK] if after[:1] == b"\1" else []), (at, after)


# -- bounds -----------------------------------------------------------------------------


def test_junk_of_any_kind_raises_nothing_and_lies_in_order():
    state = 1
    for alphabet in (
        bytes(range(256)),
        b"\1\3\x18",
        b"\x11\x11\xfb",
        b"\6",
        b"\1\x10\0\2\4",
        b"\xff",
        b"\0\5",
    ):
        junk = bytearray(768)  # what MicroPython's heap holds beside the vectors
        for at in range(len(junk)):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            junk[at] = alphabet[(state >> 16) % len(alphabet)]
        found = modbus_stream.pieces(junk)
        assert found and lies_in_order(junk, found), alphabet
        stream = bytes(junk) + NOISE + frame_of(ASK) + frame_of(ANSWER)
        assert [p.frame for p in modbus_stream.pieces(stream)][-2:] == [ASK, ANSWER], alphabet
