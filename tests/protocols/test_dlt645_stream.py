"""Raw captures of a DL/T 645 line: every frame, every damage, every stray byte has its piece."""

import binascii
import json

from karez_protocols import errors
from karez_protocols.dlt645_frames import BadFrame, Frame, encode_frame
from karez_protocols.dlt645_messages import decode_message
from karez_protocols.dlt645_stream import pieces

with open("tests/vectors/dlt645.json") as file:
    VECTORS = json.load(file)

FRAMES = [binascii.unhexlify(vector["hex"]) for vector in VECTORS]
REQUEST = FRAMES[0]  # without a preamble
REPLY = FRAMES[1]


def why(piece):
    error = piece.error
    return error.reason if isinstance(error, BadFrame) else type(error).__name__


def covered(data):
    """Return the pieces after checking that they cover every byte once, each frame or error."""
    found = pieces(data)
    at = 0
    for piece in found:
        assert piece.offset == at and piece.length > 0
        assert (piece.frame is None) != (piece.error is None)
        assert piece.error is None or isinstance(piece.error, errors.ProtocolError)
        at += piece.length
    assert at == len(data)
    return found


def test_each_published_frame_is_one_piece_with_its_preamble():
    for raw in FRAMES:
        (piece,) = covered(raw)
        assert piece.frame == decode_message(raw) and piece.error is None


def test_all_published_frames_glued_together_come_apart_again():
    found = covered(b"".join(FRAMES))
    assert len(found) == len(FRAMES)
    for piece, raw in zip(found, FRAMES):
        assert piece.frame == decode_message(raw) and piece.length == len(raw)


def test_a_frame_cut_at_any_place_is_damaged_and_the_next_is_good():
    for raw in FRAMES[:24]:
        for at in range(1, len(raw)):
            found = covered(raw[:at])
            assert all(piece.frame is None for piece in found), at
            found = covered(raw[:at] + b"\xfe" + REPLY)
            assert found[-1].frame == decode_message(REPLY)
            assert all(piece.frame is None for piece in found[:-1])


def test_a_cut_frame_says_what_is_missing():
    assert [why(piece) for piece in covered(REPLY[:4])] == ["length"]
    assert [why(piece) for piece in covered(REPLY[:9])] == ["length"]
    (piece,) = covered(REPLY[:15])
    assert why(piece) == "length" and str(piece.error) == "L = 8 makes a frame of 20 bytes, there are 15"


def test_no_published_frame_with_a_changed_byte_is_taken():
    for vector, raw in zip(VECTORS, FRAMES):
        start = vector["decoded"]["preamble_fe"]
        for at in range(start, len(raw)):
            for change in (1, 2, 4, 8, 16, 32, 64, 128, 0xFF, raw[at] ^ 0x68, raw[at] ^ 0x16, raw[at] ^ 0xFE):
                if change:
                    changed = raw[:at] + bytes((raw[at] ^ change,)) + raw[at + 1 :]
                    for piece in covered(changed):
                        assert piece.frame is None, (vector["name"], at, change)


def test_a_changed_preamble_byte_is_stray_and_the_frame_stays():
    raw = b"\xfe\xfe\x00\xfe" + REPLY
    found = covered(raw)
    assert [why(piece) for piece in found[:1]] == ["noise"]
    assert (found[1].offset, found[1].frame) == (3, decode_message(REPLY))


def test_a_train_of_preamble_bytes_belongs_to_its_frame():
    for count in (0, 5, 6, 7, 13, 64):
        found = covered(b"\xfe" * count + REPLY + b"\xfe" * count + REPLY)
        size = count + len(REPLY)
        assert [(piece.offset, piece.length) for piece in found] == [(0, size), (size, size)], count
        assert all(piece.frame == decode_message(REPLY) for piece in found), count


def test_a_damaged_frame_keeps_its_train_too():
    raw = bytearray(REPLY)
    raw[-2] ^= 1
    found = covered(b"\xfe" * 13 + bytes(raw) + b"\xfe" * 7 + REPLY)
    assert [why(piece) for piece in found[:1]] == ["BadChecksum"] and len(found) == 2
    assert found[1].offset == 13 + len(raw) and found[1].frame is not None


def test_more_than_64_preamble_bytes_are_stray():
    found = covered(b"\xfe" * 67 + REPLY)
    assert [(piece.offset, piece.length) for piece in found] == [(0, 3), (3, 64 + len(REPLY))]
    assert why(found[0]) == "noise" and found[1].frame is not None


def test_damage_is_named():
    end = bytearray(REPLY)
    end[-1] = 0x17
    total = bytearray(REPLY)
    total[-2] ^= 1
    longer = bytearray(REPLY)
    longer[9] += 1
    shorter = bytearray(REPLY)
    shorter[9] -= 1
    huge = bytearray(REPLY)
    huge[9] = 201
    for raw, expected in (
        (end, "end"),
        (total, "BadChecksum"),
        (longer, "length"),
        (shorter, "length"),
        (huge, "TooLarge"),
        (encode_frame(Frame("000000000001", 0x1E, b"")), "function"),
        (encode_frame(Frame("000000000001", 0x93, b"\x0a" + bytes(5))), "digits"),
        (encode_frame(Frame("000000000001", 0x11, b"\x00")), "length"),
    ):
        found = covered(bytes(raw))
        assert why(found[0]) == expected, expected
        assert all(piece.frame is None for piece in found)
        found = covered(bytes(raw) + REQUEST)
        assert why(found[0]) == expected and found[-1].frame == decode_message(REQUEST), expected


def test_a_wrong_checksum_is_one_piece_and_carries_the_right_one():
    raw = bytearray(REPLY)
    raw[-2] ^= 1
    (piece,) = covered(bytes(raw))
    assert (piece.error.expected, piece.error.found) == (0x8A, 0x8B)
    found = covered(b"\xfe\xfe" + bytes(raw) + b"\xfe" + bytes(raw))
    assert [(piece.offset, piece.length) for piece in found] == [(0, 22), (22, 21)]


def test_a_damaged_frame_does_not_swallow_the_damaged_one_behind_it():
    raw = bytearray(REPLY)
    raw[9] = 0x60
    total = bytearray(REPLY)
    total[-2] ^= 1
    found = covered(bytes(raw) + b"\xfe\xfe" + bytes(total) + bytes(60))
    assert [why(piece) for piece in found] == ["length", "BadChecksum", "noise"]
    assert found[1].offset == len(REPLY)


def test_what_looks_like_a_header_inside_a_damaged_frame_does_not_divide_it():
    inner = b"\x68" + bytes(6) + b"\x68\x91\x08" + bytes(8)
    raw = bytearray(encode_frame(Frame("000000000001", 0x91, bytes((byte - 0x33) & 0xFF for byte in inner))))
    assert inner in bytes(raw)
    raw[-1] = 0x17
    (piece,) = covered(bytes(raw) + b"\x68")[:-1]
    assert why(piece) == "end" and piece.length == len(raw)


def test_a_whole_frame_with_a_length_above_200_is_one_piece():
    raw = b"\x68" + bytes(6) + b"\x68\x91\xff" + bytes(255)
    (piece,) = covered(raw + bytes((sum(raw) & 0xFF, 0x16)))
    assert why(piece) == "TooLarge" and piece.error.limit == 200


def test_noise_without_a_header_is_one_stray_piece():
    noise = bytes(range(1, 100)) + b"\x68\xff"
    (piece,) = covered(noise)
    assert why(piece) == "noise" and str(piece.error) == "101 stray bytes"
    assert [why(piece) for piece in covered(b"\xfe" * 7)] == ["noise"]
    assert [why(piece) for piece in covered(b"\x00\x68")] == ["noise"]
    assert covered(b"") == []
    found = covered(noise + REPLY + noise)
    assert [piece.length for piece in found] == [101, 20, 101]


def test_starts_and_ends_inside_address_and_data_do_not_confuse():
    raw = encode_frame(Frame("166816681668", 0x93, b"\x16\x68\x16\x68\x16\x68"), 4)
    for noise in (b"", b"\x68", b"\x68\x16", b"\x68" * 9, b"\x16" * 3):
        found = covered(noise + raw + raw)
        assert [piece.length for piece in found[-2:]] == [len(raw)] * 2
        assert found[-1].frame.meter_number == "681668166816"
        assert all(piece.frame is None for piece in found[:-2])


def test_long_stretches_without_a_frame_are_few_pieces():
    for junk in (b"\x68", b"\xfe", b"\x68\x16", REPLY[:10], b"\x68" + bytes(6), bytes(1)):
        data = (junk * (2048 // len(junk) + 1))[:2048]
        found = covered(data)
        assert len(found) <= len(data) // 7 + 1 and all(piece.frame is None for piece in found)
