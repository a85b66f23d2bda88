"""Divided messages of SZY 206 / SL/T 427: whole, lost, repeated, out of order, too long; pictures."""

import json
from binascii import unhexlify

from karez_protocols import errors, szy206
from karez_protocols import szy206_messages as messages
from karez_protocols import szy206_parts as parts
from karez_protocols import szy206_time as times

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/szy206.json") as file:
    IMAGE = unhexlify(next(one for one in json.load(file) if one["decoded"]["afn"] == "61")["hex"])

STATION = szy206.address_of("410105", 1)
TAG = times.TimeTag(2024, 7, 12, 10, 15, 0, 5)
OLD = szy206.SZY206_2016


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def whole(size=600, afn=0xC0, divs=None):
    return szy206.Frame(True, STATION, afn, bytes([at & 0xFF for at in range(size)]), 3, 2, divs)


def assembled(frames, assembly=None):
    assembly = assembly or parts.Assembly()
    found = [assembly.take(frame) for frame in frames]
    return [frame for frame in found if frame is not None]


def repeated(frame):
    """The same fragment, sent again with a lower FCB."""
    return szy206.Frame(frame.is_up, frame.address, frame.afn, frame.body, 2, frame.type_code, frame.divs)


def test_a_message_that_fits_is_not_divided():
    for size in (0, 1, parts.BODY_BYTES_MAX):
        frame = whole(size)
        assert parts.fragments(frame) == [frame] and parts.Assembly().take(frame) is frame


def test_fragments_count_down_to_one_and_come_back_whole_at_every_size():
    for size, body_bytes, count in ((248, 247, 2), (600, 247, 3), (600, 90, 7), (255, 1, 255), (494, 247, 2)):
        frames = parts.fragments(whole(size), body_bytes)
        assert [frame.divs for frame in frames] == list(range(count, 0, -1)), size
        read = [szy206.decode(szy206.encode(frame)) for frame in frames]
        assert all(len(frame.raw) <= body_bytes + 13 for frame in read)
        (back,) = assembled(read)
        assert (back.body, back.divs, back.afn, back.type_code) == (whole(size).body, None, 0xC0, 2)


def test_a_long_report_is_divided_and_read_whole():
    rows = [{"level_mm": at} for at in range(100)]
    report = messages.SelfReport(STATION, 2, rows, 0, 0x30, TAG)
    assert refused(errors.TooLarge, report.encode, OLD)
    (back,) = assembled(parts.fragments(report.frame(OLD)))
    assert messages.decode_message(back, OLD).readings == rows


def test_a_user_function_leaves_one_byte_less():
    frames = parts.fragments(szy206.Frame(True, STATION, 0xFF01, bytes(248)))
    assert [len(frame.body) for frame in frames] == [246, 2]
    assert all(len(szy206.encode(frame)) <= szy206.FRAME_BYTES_MAX for frame in frames)
    assert refused(errors.NotAllowed, parts.fragments, szy206.Frame(True, STATION, 0xFF01, bytes(2)), 1)


def test_more_than_255_fragments_or_a_fragment_of_a_fragment_are_refused():
    assert refused(errors.TooLarge, parts.fragments, whole(256), 1)
    assert refused(errors.NotAllowed, parts.fragments, whole(10, divs=2))
    for body_bytes in (0, 248):
        assert refused(errors.NotAllowed, parts.fragments, whole(), body_bytes)


def test_repeated_fragments_are_passed_over_and_counted():
    frames = parts.fragments(whole(), 100)
    twice = []
    for frame in frames:
        twice += [frame, repeated(frame), repeated(frame)]
    assembly = parts.Assembly()
    (back,) = assembled(twice, assembly)
    assert back.body == whole().body and assembly.duplicates == 2 * len(frames) and assembly.lost == 0
    assert assembly.is_idle


def test_a_lost_fragment_costs_the_message_and_not_the_next():
    frames = parts.fragments(whole(), 100)  # six
    for missing in range(1, len(frames)):
        assembly = parts.Assembly()
        left = frames[:missing] + frames[missing + 1 :]
        refusals = 0
        for frame in left:
            try:
                assert assembly.take(frame) is None
            except errors.Malformed:
                refusals += 1
        assert refusals == len(frames) - missing - 1  # the rest of it is refused too
        (back,) = assembled(frames, assembly)
        assert back.body == whole().body and assembly.lost == 1, missing


def test_fragments_out_of_order_are_refused():
    frames = parts.fragments(whole(), 100)
    assembly = parts.Assembly()
    assert assembly.take(frames[0]) is None
    assert refused(errors.Malformed, assembly.take, frames[2])
    assert refused(errors.Malformed, assembly.take, frames[3]) and assembly.is_idle
    assert assembly.take(frames[1]) is None  # a higher DIVS than awaited: taken for a new beginning
    assert assembly.take(frames[2]) is None and not assembly.is_idle


def test_the_same_count_with_other_bytes_is_no_repeat():
    frames = parts.fragments(whole(), 100)
    assembly = parts.Assembly()
    assembly.take(frames[0])
    other = szy206.Frame(True, STATION, 0xC0, b"other", 3, 2, frames[0].divs)
    assert assembly.take(other) is None and assembly.lost == 1  # a new message of the same length


def test_a_message_of_another_function_or_station_ends_the_one_before():
    frames = parts.fragments(whole(), 100)
    other = parts.fragments(whole(150, afn=0x82), 100)
    assembly = parts.Assembly()
    assembly.take(frames[0])
    (back,) = assembled(other, assembly)
    assert back.afn == 0x82 and assembly.lost == 1
    undivided = whole(20)
    assembly.take(frames[0])
    assert assembly.take(undivided) is undivided  # comes between, and disturbs nothing
    (back,) = assembled(frames[1:], assembly)
    assert back.body == whole().body


def test_a_message_above_the_limit_is_given_up():
    frames = parts.fragments(whole(), 100)
    assembly = parts.Assembly(bytes_max=250)
    assert assembled(frames[:2], assembly) == []
    assert refused(errors.TooLarge, assembly.take, frames[2]) and assembly.is_idle
    assert refused(errors.Malformed, assembly.take, frames[3])
    assembly.reset()
    assert len(assembled(parts.fragments(whole(200), 100), assembly)) == 1


def test_a_silence_ends_a_message_and_the_next_may_be_shorter():
    frames = parts.fragments(whole(), 100)
    short = parts.fragments(whole(150), 100)
    for is_broken in (False, True):
        assembly = parts.Assembly()
        assembly.take(frames[0])
        if is_broken:
            assert refused(errors.Malformed, assembly.take, frames[2])
            assert refused(errors.Malformed, assembly.take, short[0])
        assembly.reset()
        assert assembly.is_idle and assembly.lost == 1
        (back,) = assembled(short, assembly)
        assert back.body == whole(150).body


def test_a_real_fragment_of_a_picture_gives_its_1024_bytes():
    frame = szy206.decode(IMAGE)
    piece = parts.picture_of(frame)
    assert len(piece) == 1024 and piece[:4] == b"\x51\x61\x16\x25"
    assembly = parts.Assembly()
    assert assembly.take(frame) is None and not assembly.is_idle


def test_pictures_are_cut_in_kilobytes_and_come_back_to_the_byte():
    for size, count in ((1, 1), (1024, 1), (1025, 2), (3000, 3)):
        picture = bytes([at * 7 & 0xFF for at in range(size)])
        frames = parts.picture_fragments(szy206.Frame(True, STATION, 0x61, picture))
        assert len(frames) == count
        raws = [szy206.encode(frame) for frame in frames]
        assert all(len(raw) == szy206.IMAGE_FRAME_BYTES for raw in raws)
        (back,) = assembled([szy206.decode(raw) for raw in raws])
        assert back.body == picture, size
    for frame in (szy206.Frame(False, STATION, 0x61, b"x"), szy206.Frame(True, STATION, 0x61), whole(5)):
        assert refused(errors.NotAllowed, parts.picture_fragments, frame)


def test_a_fragment_that_promises_more_than_it_holds_is_malformed():
    for body in (b"", b"\x01", b"\x02\x00\x01"):
        frame = szy206.Frame(True, STATION, 0x61, body, divs=2)
        assert refused(errors.Malformed, parts.picture_of, frame)
        assembly = parts.Assembly()
        assert refused(errors.Malformed, assembly.take, frame) and assembly.is_idle
