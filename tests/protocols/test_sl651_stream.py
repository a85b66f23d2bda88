"""Streams and captures of SL 651: every split point, every damage; nothing is lost and nothing grows."""

import json
from binascii import unhexlify

from karez_protocols import errors, sl651
from karez_protocols.crc import crc16_modbus
from karez_protocols.sl651_crc import Stretches
from karez_protocols.sl651_dialect import Dialect
from karez_protocols.sl651_frames import Frame
from karez_protocols.sl651_stream import StreamReader, pieces

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/sl651.json") as file:
    VECTORS = json.load(file)
GOOD = [unhexlify(vector["hex"]) for vector in VECTORS if vector["checksum_ok"]]
BAD = [unhexlify(vector["hex"]) for vector in VECTORS if not vector["checksum_ok"]]
ASCII = (
    b"\x01010010100001A00032003E\x021234240109160128 ST 0010100001 H TT 2401091601 PJ 3.5 Z 12.34 \x038279"
)
SHORT = GOOD[0]
ALL = list(GOOD)
ALL.append(ASCII)


def covered(data, dialect=None):
    """The pieces after checking that they cover every byte once, each a frame or an error."""
    found = pieces(data) if dialect is None else pieces(data, dialect)
    at = 0
    for piece in found:
        assert piece.offset == at and piece.length > 0
        assert (piece.frame is None) != (piece.error is None)
        assert piece.error is None or isinstance(piece.error, errors.ProtocolError)
        at += piece.length
    assert at == len(data)
    return found


def test_frames_of_both_writings_come_out_whole_wherever_the_stream_is_cut():
    stream = SHORT + ASCII + GOOD[1] + b"\x7e" + GOOD[2] + b"noise" + ASCII
    expected = [sl651.decode(raw) for raw in (SHORT, ASCII, GOOD[1], GOOD[2], ASCII)]
    for at in range(len(stream) + 1):
        reader = StreamReader()
        found = reader.feed(stream[:at]) + reader.feed(stream[at:])
        assert found == expected and reader.noise_bytes == 6, at
        assert reader.silence() == [] and reader.frames == 5


def test_every_published_frame_comes_byte_by_byte():
    reader = StreamReader()
    found = []
    for raw in GOOD:
        for at in range(len(raw)):
            found += reader.feed(raw[at : at + 1])
    assert found == [sl651.decode(raw) for raw in GOOD] and reader.noise_bytes == 0


def test_a_frame_with_a_wrong_crc_is_counted_and_the_next_is_found():
    reader = StreamReader()
    found = reader.feed(BAD[0] + GOOD[0] + BAD[1] + ASCII)
    assert found == [sl651.decode(GOOD[0]), sl651.decode(ASCII)]
    assert reader.bad_checksums == 2 and reader.noise_bytes == len(BAD[0]) + len(BAD[1])


def test_one_changed_byte_costs_one_frame_and_no_more():
    for raw in (GOOD[2], ASCII):
        for at in range(len(raw)):
            for change in (0x01, 0x80, 0xFF):
                bad = raw[:at] + bytes([raw[at] ^ change]) + raw[at + 1 :]
                reader = StreamReader()
                found = reader.feed(bad + SHORT) + reader.silence()
                assert found == [sl651.decode(SHORT)], (at, change)


def test_a_length_that_promises_more_than_comes_is_given_up_at_silence():
    liar = bytearray(SHORT)
    liar[11:13] = b"\x0f\xff"
    reader = StreamReader()
    assert reader.feed(bytes(liar) + SHORT) == []
    assert reader.silence() == [sl651.decode(SHORT)] and reader.noise_bytes == len(liar)


def test_a_start_is_given_up_as_soon_as_its_header_cannot_be_one():
    for false in (b"\x7e\x7e" + bytes(9) + b"\x50", b"\x01ABCDX", b"\x7e\x7e" + bytes(11) + b"\x00"):
        reader = StreamReader()
        assert reader.feed(false + SHORT) == [sl651.decode(SHORT)], false
        assert reader.noise_bytes == len(false)


def test_7e_inside_a_body_is_no_start():
    frame = sl651.decode(SHORT)
    inner = Frame(
        True, 1, frame.station, 0x7E7E, 0x35, SHORT[14:22] + b"\xf2\xf2" + SHORT + b"\x7e\x7e", 3, None, False
    )
    raw = sl651.encode(inner)
    reader = StreamReader()
    assert reader.feed(raw) == [inner] and reader.noise_bytes == 0


def test_a_reader_keeps_less_than_one_frame():
    head = SHORT[:11] + b"\x0f\xff\x02"
    for data in (head * 1200, b"\x7e" * 20000, b"\x01" * 20000, b"\x01" + b"0" * 20000, ASCII[:23] * 900):
        reader = StreamReader()
        for at in range(0, len(data), 997):
            reader.feed(data[at : at + 997])
            assert len(reader._rest) < sl651.FRAME_BYTES_MAX
        reader.silence()
        assert reader._rest == b"" and reader.frames == 0 and reader.noise_bytes == len(data)


def test_a_wide_reader_takes_a_packet_longer_than_4095_bytes():
    dialect = Dialect(wide_packets=True)
    frame = Frame(True, 1, bytes(5), 0, 0x36, b"\x01" * 9000, 0x17, (2, 1), False)
    raw = sl651.encode(frame, dialect)
    reader = StreamReader(dialect)
    assert reader.feed(raw[:8000]) == [] and reader.feed(raw[8000:]) == [frame]
    assert [piece.frame for piece in covered(raw, dialect)] == [frame]


def test_glued_frames_are_one_piece_each():
    data = b"".join(ALL)
    found = covered(data)
    assert [piece.frame for piece in found] == [sl651.decode(raw) for raw in ALL]


def test_damage_and_stray_bytes_are_pieces_of_their_own():
    found = covered(b"\x00\x7e" + BAD[0] + SHORT + b"\x7e" + ASCII + b"end")
    assert [type(piece.error).__name__ for piece in found] == [
        "BadPiece",
        "BadChecksum",
        "NoneType",
        "BadPiece",
        "NoneType",
        "BadPiece",
    ]
    assert [str(found[at].error) for at in (0, 3, 5)] == ["2 stray bytes", "1 stray byte", "3 stray bytes"]
    assert found[1].length == len(BAD[0]) and found[0].error.reason == "noise"
    (piece,) = covered(SHORT[:-3] + b"\x00" + SHORT[-2:])
    assert piece.error.reason == "form" and str(piece.error) == "00 ends no frame"


def test_a_frame_cut_at_any_place_is_no_frame_and_the_next_is_good():
    for raw in (GOOD[2], ASCII, GOOD[-1]):
        for at in range(1, len(raw)):
            assert all(piece.frame is None for piece in covered(raw[:at])), at
            found = covered(raw[:at] + SHORT)
            assert found[-1].frame == sl651.decode(SHORT) and found[-1].length == len(SHORT), at
            assert all(piece.frame is None for piece in found[:-1])
    (piece,) = covered(SHORT[:20])
    assert str(piece.error) == "cut: 20 bytes, 25 needed"
    (piece,) = covered(ASCII[:20])
    assert str(piece.error) == "cut: 20 bytes, a header has 24" and piece.error.reason == "length"


def test_no_changed_byte_is_taken_from_a_capture():
    for raw in (GOOD[2], ASCII):
        for at in range(len(raw)):
            bad = raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]
            if bad.upper() != raw:
                assert all(piece.frame is None for piece in covered(bad)), at


def test_the_crc_of_any_stretch_is_that_of_its_bytes():
    data = b"".join(ALL)[:1200]
    stretches = Stretches(data)
    for start in range(0, len(data), 101):
        for end in (start, start + 1, start + 2, start + 17, start + 512, len(data)):
            if start <= end <= len(data):
                assert stretches.crc(start, end) == crc16_modbus(data, start, end), (start, end)


def test_behind_a_frame_with_a_wrong_crc_the_good_ones_are_found_all_the_same():
    long = sl651.encode(Frame(True, 1, bytes(5), 0, 0x36, bytes(range(256)) * 15, 3, None, False))
    for good in (SHORT, ASCII, long):
        for bad in (BAD[0], ASCII[:-1] + b"0", long[:-1] + b"\x00"):
            found = covered(bad + good + bad + good)
            assert [piece.frame for piece in found] == [None, sl651.decode(good)] * 2


def test_the_bytes_of_each_frame_are_kept_as_they_came_until_the_next_call():
    reader = StreamReader()
    lower = ASCII[:-4] + ASCII[-4:].lower()
    data = b"\x7e" + SHORT + b"rubbish" + lower
    for cut in range(len(data) + 1):
        found = reader.feed(data[:cut])
        raws = list(reader.raws)
        found += reader.feed(data[cut:])
        raws += reader.raws
        assert raws == [SHORT, lower] and found == [sl651.decode(raw) for raw in raws], cut
    reader.feed(b"")
    assert reader.raws == [] and reader.silence() == [] and reader.raws == []
