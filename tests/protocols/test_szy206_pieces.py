"""A raw capture of SZY 206 frames: good ones first, then what is damaged, then what is stray."""

import json
from binascii import unhexlify

from karez_protocols import errors, szy206
from karez_protocols.szy206_pieces import pieces

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/szy206.json") as file:
    GOOD = [unhexlify(one["hex"]) for one in json.load(file) if one["checksum_ok"]]
CONFIRM = unhexlify("680868334101050100C0000916")


def covered(data, found):
    """True if the pieces stand side by side from the first byte to the last."""
    at = 0
    for piece in found:
        if piece.offset != at or piece.length < 1:
            return False
        at += piece.length
    return at == len(data)


def reasons(data):
    found = pieces(data)
    assert covered(data, found)
    return [getattr(piece.error, "reason", type(piece.error).__name__) for piece in found if piece.error]


def test_glued_frames_come_apart():
    data = b"".join(GOOD)
    found = pieces(data)
    assert covered(data, found) and [piece.frame.raw for piece in found] == GOOD
    assert pieces(b"") == []


def test_stray_bytes_stand_alone():
    found = pieces(b"\x01\x02" + CONFIRM + b"\x16" + CONFIRM)
    assert [piece.length for piece in found] == [2, 13, 1, 13]
    assert str(found[0].error) == "2 stray bytes" and str(found[2].error) == "1 stray byte"


def test_a_damaged_frame_says_what_is_wrong_with_it():
    for at, reason in (
        (0, "noise"),
        (1, "length"),
        (2, "noise"),
        (4, "BadChecksum"),
        (11, "BadChecksum"),
        (12, "end"),
    ):
        bad = bytearray(CONFIRM)
        bad[at] ^= 0xFF if at != 1 else 0x40
        assert reasons(bytes(bad)) == [reason], at
        found = pieces(CONFIRM + bytes(bad) + CONFIRM)
        assert [piece.frame.raw for piece in found if piece.frame] == [CONFIRM, CONFIRM], at
    assert reasons(b"\x68\x03\x68\x33\x00") == ["length"]
    assert reasons(b"\x68\x08\x68") == ["length"]


def test_every_cut_and_every_changed_byte_leaves_the_other_frames():
    for raw in GOOD[:3]:
        for size in range(1, len(raw)):
            data = raw[:size] + CONFIRM
            found = pieces(data)
            assert covered(data, found) and found[-1].frame is not None, size
        for at in range(len(raw)):
            bad = bytearray(raw)
            bad[at] ^= 0x5A
            data = CONFIRM + bytes(bad) + CONFIRM
            found = pieces(data)
            assert covered(data, found), at
            assert [piece.frame.raw for piece in found if piece.frame] == [CONFIRM, CONFIRM], at
            assert all(isinstance(piece.error, errors.ProtocolError) for piece in found if piece.error)


def test_a_frame_inside_a_promise_too_long_is_found():
    data = b"\x68\xff\x68" + CONFIRM + GOOD[0]
    found = pieces(data)
    assert covered(data, found) and [piece.frame.raw for piece in found if piece.frame] == [CONFIRM, GOOD[0]]


def test_frames_of_the_shortest_and_longest_kind_are_pieces():
    shortest = szy206.encode(szy206.Frame(False, bytes(5), 0x50))
    longest = szy206.encode(szy206.Frame(True, bytes(5), 0xC0, bytes(248)))
    found = pieces(longest + shortest)
    assert [piece.length for piece in found] == [260, 12]
