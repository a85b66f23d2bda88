"""Modes of SL 651: packets lost, doubled and out of order; repeats; wrong password, wrong address."""

import json
from binascii import unhexlify

from karez_protocols import errors, sl651
from karez_protocols import sl651_messages as messages
from karez_protocols.sl651_frames import ACK, ENQ, EOT, ESC, ETB, ETX, NAK, Frame
from karez_protocols.sl651_messages import Group, Line
from karez_protocols.sl651_modes import (
    DONE,
    FAILED,
    M1,
    M2,
    M3,
    M4,
    WAITING,
    Transmission,
    answers,
    check_command,
    confirm_for,
    line_of,
    next_serial,
    serial_of,
)
from karez_protocols.sl651_packets import Assembly, divided
from karez_protocols.sl651_parts import Element
from karez_protocols.sl651_reading import decode_message
from karez_protocols.sl651_times import Time
from karez_protocols.sl651_writing import encode_message

ROOT = __file__.replace("\\", "/").rsplit("/", 3)[0] if __file__.count("/") >= 3 else "."
with open(ROOT + "/tests/vectors/sl651.json") as file:
    VECTORS = json.load(file)
WELL = unhexlify("4101050001")
LINE = Line(1, WELL, 0x1234, False)
LINE_ASCII = Line(1, WELL, 0x1234, True)
NOW = Time(2024, 7, 12, 10, 15, 30)
HOUR = Time(2024, 7, 12, 11, 0, 0)
JPEG = bytes([at * 7 & 0xFF for at in range(1000)])
PICTURE = messages.Report(0x36, 5, NOW, (Group(WELL, 0x47, HOUR, (Element(0xF3, 1000, 0, JPEG),)),))


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def picture(line=LINE, size=256):
    return divided(encode_message(PICTURE, line), size)


def over_the_wire(frames):
    """The frames after they were bytes."""
    return [sl651.decode(sl651.encode(frame)) for frame in frames]


def report(serial, line=LINE):
    return encode_message(messages.Report(0x32, serial, NOW, (Group(WELL, 0x47, HOUR, ()),)), line)


def confirm(frame, end=EOT):
    return encode_message(confirm_for(frame, NOW, end), line_of(frame))


# -- packets ----------------------------------------------------------------------------


def test_a_long_message_is_divided_and_only_its_first_packet_has_serial_and_time():
    for line in (LINE, LINE_ASCII):
        frames = picture(line)
        assert [frame.packet for frame in frames] == [(len(frames), at + 1) for at in range(len(frames))]
        assert [frame.end for frame in frames] == [ETB] * (len(frames) - 1) + [ETX]
        assert [len(frame.body) for frame in frames[:-1]] == [256] * (len(frames) - 1)
        assert serial_of(frames[0]) == 5 and serial_of(frames[1]) is None
        assert over_the_wire(frames) == frames
        for frame in frames:
            packet = decode_message(frame)
            assert isinstance(packet, messages.Packet) and encode_message(packet, line) == frame


def test_packets_are_put_together_in_any_order_and_however_often_they_come():
    for line in (LINE, LINE_ASCII):
        frames = over_the_wire(picture(line))
        count = len(frames)
        for order in (
            list(range(count)),
            list(reversed(range(count))),
            [at for at in range(count) for _ in range(3)],
            [(at * 3 + 1) % count for at in range(count)] if count % 3 else [1, 0, 2, 3, 4, 5][:count],
        ):
            assembly = Assembly()
            done = [assembly.take(frames[at]) for at in order]
            assert done[-1] and assembly.is_whole() and assembly.missing() == [], order
            assert decode_message(assembly.whole()) == PICTURE


def test_a_lost_packet_is_asked_for_by_its_number_one_at_a_time():
    frames = picture()
    assembly = Assembly()
    for number in (1, 3, 5):
        assert not assembly.take(frames[number - 1])
    assert assembly.missing() == [2, 4]
    question = assembly.resend(NOW)
    assert question == messages.Resend(0x36, 5, NOW, (5, 2))
    raw = sl651.encode(encode_message(question, LINE))
    assert raw[13:17] == b"\x16\x00\x50\x02" and raw[-3] == NAK
    assert refused(errors.NotAllowed, assembly.confirm, NOW)
    assembly.take(frames[1])
    assert assembly.resend(NOW).packet == (5, 4)
    assert assembly.take(frames[3])
    assert refused(errors.NotAllowed, assembly.resend, NOW)
    assert assembly.confirm(NOW) == messages.Confirm(0x36, 5, NOW, EOT, (5, 5))
    raw = sl651.encode(encode_message(assembly.confirm(NOW, ESC), LINE))
    assert raw[13:17] == b"\x16\x00\x50\x05" and raw[-3] == ESC


def test_while_the_first_packet_is_missing_its_serial_is_0():
    assembly = Assembly()
    assembly.take(picture()[1])
    assert assembly.resend(NOW) == messages.Resend(0x36, 0, NOW, (5, 1))
    ascii_frames = picture(LINE_ASCII)
    assembly = Assembly()
    assembly.take(ascii_frames[0])
    assert assembly.resend(NOW).serial == 5
    broken = Assembly()
    broken.take(rebodied(ascii_frames[0], b"zz"))
    assert broken.resend(NOW).serial == 0


def rebodied(frame, body, packet=None, station=WELL, function=0x36):
    """The frame with another body, and what else is named."""
    return Frame(True, 1, station, 0x1234, function, body, ETB, packet or frame.packet, frame.is_ascii)


def test_a_packet_of_another_message_is_refused_and_changes_nothing():
    frames = picture()
    assembly = Assembly()
    assembly.take(frames[0])
    for other in (
        rebodied(frames[1], b"x", (6, 2)),
        rebodied(frames[1], b"x", None, unhexlify("4101050002")),
        rebodied(frames[1], b"x", None, WELL, 0x31),
        rebodied(frames[0], b"other bytes"),
        report(1),
        picture(LINE_ASCII)[1],
    ):
        assert refused(errors.Malformed, assembly.take, other), other
    assert assembly.missing() == [2, 3, 4, 5] and not assembly.fits(rebodied(frames[1], b"x", (6, 2)))
    assert assembly.fits(frames[1])
    assert refused(errors.Malformed, assembly.whole)


def test_nothing_is_assembled_before_the_first_packet():
    assembly = Assembly()
    assert assembly.total == 0 and not assembly.is_whole() and assembly.missing() == []
    for call in (assembly.confirm, assembly.resend):
        assert refused(errors.NotAllowed, call, NOW)
    down = encode_message(messages.Confirm(0x36, 5, NOW, EOT, (13, 13)), LINE)
    assert refused(errors.Malformed, assembly.whole) and refused(errors.Malformed, assembly.take, report(1))
    assert refused(errors.Malformed, assembly.take, down)


def test_a_message_above_the_limit_is_refused():
    frames = picture()
    assembly = Assembly(600)
    assembly.take(frames[0])
    assembly.take(frames[1])
    assert refused(errors.TooLarge, assembly.take, frames[2])
    assert assembly.take(frames[0]) is False and assembly.missing() == [3, 4, 5]


def test_what_fits_in_one_frame_is_not_divided():
    frame = encode_message(messages.KeepAlive(1, NOW), LINE)
    assert divided(frame, 8) == [frame]
    long = encode_message(PICTURE, LINE)
    assert refused(errors.NotAllowed, divided, long, 7)
    assert refused(errors.NotAllowed, divided, encode_message(PICTURE, LINE_ASCII), 15)
    assert refused(errors.NotAllowed, divided, picture()[0], 256)
    down = encode_message(messages.Query(0x37, 0, NOW), LINE)
    assert refused(errors.NotAllowed, divided, down, 256)
    huge = Frame(True, 1, WELL, 0, 0x36, bytes(8 * 4096), ETX, None, False)
    assert refused(errors.TooLarge, divided, huge, 8)


def test_the_published_picture_has_packets_of_256_bytes_and_ends_with_etx():
    first, last = [
        sl651.decode(unhexlify(vector["hex"])) for vector in VECTORS if "picture" in vector["name"]
    ]
    assembly = Assembly()
    assert not assembly.take(first) and not assembly.take(last)
    assert assembly.missing() == list(range(2, 13)) and last.end == ETX
    assert assembly.resend(NOW) == messages.Resend(0x36, 5, NOW, (13, 2))


# -- who answers whom -------------------------------------------------------------------


def test_serials_roll_from_65535_to_1():
    assert next_serial(1) == 2 and next_serial(65534) == 65535
    assert next_serial(65535) == 1 and next_serial(0) == 1


def test_a_confirm_repeats_serial_function_addresses_and_writing():
    for line in (LINE, LINE_ASCII):
        up = report(0xABCD, line)
        down = confirm(up, ESC)
        assert decode_message(down) == messages.Confirm(0x32, 0xABCD, NOW, ESC, None)
        assert (down.centre, down.station, down.password, down.is_ascii) == (1, WELL, 0x1234, line.is_ascii)
        assert answers(up, down) and not answers(down, up)
        assert not answers(report(0xABCC, line), down)
    assert not answers(report(0xABCD), confirm(report(0xABCD, LINE_ASCII)))
    for other in (
        encode_message(messages.Confirm(0x30, 0xABCD, NOW, EOT, None), LINE),
        encode_message(messages.Confirm(0x32, 0xABCD, NOW, EOT, None), Line(1, bytes(5), 0x1234, False)),
        Frame(False, 1, WELL, 0x1234, 0x32, b"\xab", EOT, None, False),
        Frame(False, 1, WELL, 0x1234, 0x32, down.body, ENQ, None, True),  # a question of the centre's own
    ):
        assert not answers(report(0xABCD, LINE_ASCII), other) and not answers(report(0xABCD), other), other
    assert refused(errors.Malformed, confirm_for, down, NOW)
    assert refused(errors.Malformed, confirm_for, picture()[1], NOW)
    assert confirm_for(picture()[0], NOW).packet == (5, 5)


def test_published_confirms_answer_published_reports():
    frames = {
        vector["name"]: sl651.decode(unhexlify(vector["hex"])) for vector in VECTORS if vector["checksum_ok"]
    }
    up = frames["up_32_regular_report"]
    assert answers(up, frames["down_32_ack_ACK_nonstandard_end"])
    assert not answers(up, frames["down_30_ack_ESC"])
    assert answers(frames["down_37_query_realtime"], frames["up_37_realtime"])
    assert not answers(frames["down_37_query_realtime"], frames["up_3A_element"])
    assert serial_of(up) == 12


def test_a_command_is_for_one_station_and_needs_its_password():
    command = encode_message(messages.Switches(0x4C, False, 0, NOW, None, (True,)), LINE)
    check_command(command, WELL, 0x1234)
    assert refused(errors.NotAllowed, check_command, command, WELL, 0x1235)
    assert refused(errors.NotAllowed, check_command, command, unhexlify("4101050002"), 0x1234)
    assert refused(errors.NotAllowed, check_command, report(1), WELL, 0x1234)
    to_all = encode_message(messages.Query(0x4A, 0, NOW), Line(1, unhexlify("410105FFFF"), 0x1234, False))
    check_command(to_all, WELL, 0x1234)
    assert refused(errors.NotAllowed, check_command, to_all, unhexlify("4101060001"), 0x1234)


def test_a_body_without_a_serial_is_malformed():
    for body, is_ascii in ((b"\x01", False), (b"00", True), (b"00GZ2407", True)):
        assert refused(errors.Malformed, serial_of, Frame(True, 1, WELL, 0, 0x32, body, ETX, None, is_ascii))


# -- a message on its way ---------------------------------------------------------------


def test_m1_is_sent_once_and_is_done():
    way = Transmission([report(1)], M1, 1000)
    assert way.start(0) == [report(1)] and way.state == DONE
    assert way.time_passed(5000) == [] and way.receive(confirm(report(1)), 1) == []
    assert way.answer is None


def test_m2_is_confirmed_by_its_serial_only():
    way = Transmission([report(7)], M2, 1000)
    assert way.receive(confirm(report(7)), 0) == [] and way.state == WAITING  # not begun
    assert way.start(0) == [report(7)]
    way.receive(confirm(report(6)), 10)
    way.receive(report(7), 10)
    assert way.state == WAITING
    way.receive(confirm(report(7), ESC), 20)
    assert way.state == DONE and way.stays_on_line and way.answer.end == ESC
    for end in (EOT, ACK):
        way = Transmission([report(7)], M2, 1000)
        way.start(0)
        way.receive(confirm(report(7), end), 20)
        assert way.state == DONE and not way.stays_on_line
        way.receive(confirm(report(7), ESC), 30)
        assert way.answer.end == end


def test_without_an_answer_it_is_sent_three_times_in_all_and_then_given_up():
    way = Transmission([report(7)], M2, 1000)
    sent = [(0, way.start(0))]
    for now_ms in range(0, 5001, 250):
        frames = way.time_passed(now_ms)
        if frames:
            sent.append((now_ms, frames))
        if now_ms < 3000:
            assert way.state == WAITING, now_ms
    assert [at for at, _ in sent] == [0, 1000, 2000] and all(frames == [report(7)] for _, frames in sent)
    assert way.state == FAILED
    way.receive(confirm(report(7)), 6000)
    assert way.state == FAILED and way.answer is None


def test_m3_sends_one_packet_again_for_each_nak_and_is_done_with_one_confirm():
    frames = picture()
    way = Transmission(frames, M3, 1000)
    assembly = Assembly()
    for frame in way.start(0):
        if frame.packet[1] not in (2, 4):
            assembly.take(frame)
    for number in (2, 4):
        (again,) = way.receive(encode_message(assembly.resend(NOW), LINE), 100)
        assert again.packet == (5, number) and again.end == ETX and again.body == frames[number - 1].body
        assembly.take(again)
    assert way.receive(encode_message(assembly.confirm(NOW), LINE), 200) == [] and way.state == DONE
    assert decode_message(assembly.whole()) == PICTURE


def test_m3_sends_a_packet_twice_more_at_most_and_everything_after_silence():
    frames = picture()
    way = Transmission(frames, M3, 1000)
    way.start(0)
    nak = encode_message(messages.Resend(0x36, 5, NOW, (5, 3)), LINE)
    assert len(way.receive(nak, 100)) == 1 and len(way.receive(nak, 200)) == 1
    assert way.receive(nak, 300) == [] and way.state == WAITING
    assert way.time_passed(1199) == [] and way.time_passed(1200) == frames
    assert len(way.receive(nak, 1300)) == 1
    for wrong in ((4, 3), (5, 6)):
        strange = Frame(False, 1, WELL, 0x1234, 0x36, nak.body, NAK, wrong, False)
        assert way.receive(strange, 1300) == [], wrong
    assert way.receive(Frame(False, 1, WELL, 0x1234, 0x36, nak.body, NAK, None, False), 1300) == []


def test_a_nak_whose_serial_nobody_could_know_counts_too():
    way = Transmission(picture(), M3, 1000)
    way.start(0)
    nak = encode_message(messages.Resend(0x36, 0, NOW, (5, 1)), LINE)
    assert [frame.packet for frame in way.receive(nak, 1)] == [(5, 1)]


def test_m4_waits_for_the_answer_of_the_station_and_longer_while_more_follows():
    query = encode_message(messages.Query(0x37, 0, NOW), LINE)
    answer = encode_message(messages.Report(0x37, 9, NOW, (Group(WELL, 0x47, HOUR, ()),)), LINE)
    more = Frame(True, 1, WELL, 0x1234, 0x37, answer.body, ETB, None, False)
    way = Transmission([query], M4, 1000)
    assert way.start(0) == [query] and query.end == ENQ
    assert way.receive(more, 900) == [] and way.state == WAITING
    assert way.time_passed(1899) == [] and way.receive(answer, 1899) == []
    assert way.state == DONE and way.answer == answer and not way.stays_on_line
    other = encode_message(
        messages.Report(0x37, 9, NOW, (Group(WELL, 0x47, HOUR, ()),)), Line(1, bytes(5), 0, False)
    )
    way = Transmission([query], M4, 1000)
    way.start(0)
    way.receive(other, 1)
    assert way.state == WAITING


def test_a_transmission_of_the_wrong_sort_is_refused():
    query = encode_message(messages.Query(0x37, 0, NOW), LINE)
    for frames, mode in (([], M2), (picture(), M2), ([report(1)], M4), ([query], M2), ([report(1)], 5)):
        assert refused(errors.NotAllowed, Transmission, frames, mode, 1000), mode
    way = Transmission([report(1)], M2, 1000)
    way.start(0)
    assert refused(errors.NotAllowed, way.start, 1)


def test_a_transmission_says_until_when_it_waits():
    way = Transmission([report(1)], M2, 1000)
    assert way.next_deadline_ms is None
    way.start(5)
    assert way.next_deadline_ms == 1005
    way.time_passed(1005)
    assert way.next_deadline_ms == 2005
    way.receive(encode_message(confirm_for(report(1), NOW), LINE), 1500)
    assert way.state == DONE and way.next_deadline_ms is None
    once = Transmission([report(1)], M1, 1000)
    once.start(5)
    assert once.next_deadline_ms is None
