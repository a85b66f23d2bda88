"""SZY 206 / SL/T 427 frames in a stream: every cut, every damaged byte, garbage."""

import json
from binascii import unhexlify

from karez_protocols import szy206
from karez_protocols.szy206_stream import StreamReader

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
GOOD = []
for name in ("szy206", "szy206_more"):
    with open(ROOT + "/tests/vectors/" + name + ".json") as file:
        GOOD += [vector for vector in json.load(file) if vector["checksum_ok"]]
CONFIRM = unhexlify("680868334101050100C0000916")  # constructed: confirm of C0H, 206


def test_a_stream_gives_the_same_frames_at_every_split_point():
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        stream = CONFIRM + raw + CONFIRM
        step = 1 if len(raw) <= 260 else 13
        for at in range(0, len(stream) + 1, step):
            reader = StreamReader()
            frames = reader.feed(stream[:at]) + reader.feed(stream[at:])
            assert [frame.raw for frame in frames] == [CONFIRM, raw, CONFIRM], (vector["name"], at)
            assert reader.noise_bytes == reader.bad_checksums == 0 and reader.frames == 3


def test_a_stream_fed_byte_by_byte_gives_every_frame_at_its_last_byte():
    stream = b"".join([unhexlify(vector["hex"]) for vector in GOOD])
    reader = StreamReader()
    ends = []
    for at in range(len(stream)):
        ends += [(at + 1, frame.raw) for frame in reader.feed(stream[at : at + 1])]
    at = 0
    expected = []
    for vector in GOOD:
        at += len(vector["hex"]) // 2
        expected.append((at, unhexlify(vector["hex"])))
    assert ends == expected


def test_after_any_corrupted_byte_the_reader_finds_the_frames_behind_it():
    for vector in GOOD:
        raw = unhexlify(vector["hex"])
        step = 1 if len(raw) <= 260 else 29
        for at in range(0, len(raw), step):
            bad = bytearray(raw)
            bad[at] ^= 0xFF
            reader = StreamReader()
            frames = reader.feed(bytes(bad) + CONFIRM + CONFIRM)
            frames += reader.silence()  # a corrupted L may promise more than came
            assert [frame.raw for frame in frames] == [CONFIRM, CONFIRM], (vector["name"], at)
            assert reader.noise_bytes == len(raw)


def test_silence_ends_the_wait_for_a_frame_that_never_was():
    reader = StreamReader()
    assert reader.feed(b"\x68\xff\x68" + CONFIRM) == []
    assert [frame.raw for frame in reader.silence()] == [CONFIRM]
    assert reader.noise_bytes == 3
    assert reader.silence() == [] and [frame.raw for frame in reader.feed(CONFIRM)] == [CONFIRM]


def test_garbage_gives_counters_and_a_bounded_rest_only():
    value = 1
    block = bytearray(256)
    for pattern in (b"\x68\x68\x68\x68", b"\x68\x01\x68\xf0", b"\x68\xfb\x68\x16", b"\x68\x08\x68\x33"):
        garbage = pattern * 1024
        reader = StreamReader()
        for at in range(0, len(garbage), 512):
            assert reader.feed(garbage[at : at + 512]) == []
            assert len(reader._rest) < szy206.IMAGE_FRAME_BYTES
        reader.silence()
        assert reader.noise_bytes == len(garbage) and reader.frames == 0
    reader = StreamReader()
    fed = 0
    for _ in range(256):  # 64 KiB of a linear congruential sequence
        for at in range(len(block)):
            value = (value * 1103515245 + 12345) & 0x7FFFFFFF
            block[at] = value >> 16 & 0xFF
        assert reader.feed(bytes(block)) == []
        fed += len(block)
    reader.silence()
    assert fed == 65536 and reader.noise_bytes == fed and reader._rest == b""
    assert [frame.raw for frame in reader.feed(CONFIRM)] == [CONFIRM]
