"""The console's grammar: what goes out comes in, and no torn, joined or flipped line passes for another."""

from karez_protocols import console, errors

# The checks are those of pymodbus's CRC (low byte last here), not of our encoder.
VECTORS = (
    (17, ["status"], b"@17 status *E9CB\r\n"),
    (0, ["raw", "water"], b"@0 raw water *EE20\r\n"),
    (65_535, ["swap", "water", "井-1", "5", "b", "0"], b"@65535 swap water \xe4\xba\x95-1 5 b 0 *8940\r\n"),
    (None, ["events", "20"], b"events 20\r\n"),
)
ANSWERS = (
    ('{"tag":17,"ok":true}', b'{"tag":17,"ok":true,"crc":"92A6"}\r\n'),
    ('{"tag":17,"more":true,"data":"00ff"}', None),
    ('{"error":"garbled","text":"again"}', None),
)


def refusal(call, *args):
    """Return the class of the declared error that a call raises, None when it returns."""
    try:
        call(*args)
    except errors.ProtocolError as error:
        return type(error)
    return None


def bitwise_crc(data):
    """CRC-16/MODBUS bit by bit, as the guide's figure draws it: no table."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value


def test_a_request_is_the_bytes_the_decision_gives():
    for tag, words, line in VECTORS:
        assert console.request(words, tag) == line, words
        assert console.parse(line[:-2]) == (tag, words)
        if tag is not None:
            assert line[-6:-2] == b"%04X" % bitwise_crc(line[:-8])


def test_an_answer_is_the_bytes_the_decision_gives():
    for text, line in ANSWERS:
        found = console.sealed(text)
        assert line is None or found == line
        assert found == text[:-1].encode() + b',"crc":"%04X"}\r\n' % bitwise_crc(text[:-1].encode())
        assert console.unsealed(found) == console.unsealed(found[:-2]) == text.encode()


def test_a_persons_line_needs_no_tag_and_no_check():
    assert console.parse(b"status") == (None, ["status"])
    assert console.parse(b"  raw   water ") == (None, ["raw", "water"])
    assert console.parse(b"") == (None, []) == console.parse(b"   ")


def test_a_person_may_send_the_check_alone():
    line = b"status"
    assert console.parse(line + b" *%04X" % bitwise_crc(line)) == (None, ["status"])


def test_a_tag_without_a_check_is_a_torn_line():
    for line in (b"@17 status", b"@17", b"@", b"@17 status *", b"@17 status *E9C", b"@17 status E9CB"):
        assert refusal(console.parse, line) == errors.BadChecksum, line


def test_every_beginning_and_every_end_of_a_tools_line_is_refused():
    for _, _, sent in VECTORS[:3]:
        line = sent[:-2]
        for cut in range(1, len(line)):
            assert refusal(console.parse, line[:cut]), cut
            # Of digits of the check alone a bare word is left, which is no verb.
            if cut < len(line) - 4:
                assert refusal(console.parse, line[cut:]), cut


def test_every_byte_of_a_tools_line_flipped_in_any_way_is_refused():
    for _, _, sent in VECTORS[:2]:
        line = sent[:-2]
        for at in range(len(line)):
            for byte in range(256):
                if byte != line[at]:
                    bad = line[:at] + bytes((byte,)) + line[at + 1 :]
                    assert refusal(console.parse, bad), (at, byte)


def test_a_line_torn_in_two_by_a_line_end_does_nothing():
    """A byte turned into CR makes two lines of one: neither is a request with an effect."""
    for _, _, sent in VECTORS[:3]:
        line = sent[:-2]
        for at in range(len(line)):
            for part in (line[:at], line[at + 1 :]):
                try:
                    tag, words = console.parse(part)
                except errors.ProtocolError:
                    continue
                # Nothing, or what is left of the check's digits: no verb.
                assert tag is None and (not words or (len(words) == 1 and len(words[0]) <= 4)), part


def test_two_lines_run_together_are_refused():
    one, other = VECTORS[0][2][:-2], VECTORS[1][2][:-2]
    for between in (b"", b" "):
        for pair in ((one, other), (other, one), (b"status", one), (one, b"status")):
            assert refusal(console.parse, pair[0] + between + pair[1]) == errors.BadChecksum, pair


def test_every_byte_of_an_answer_flipped_in_any_way_is_refused():
    for text, _ in ANSWERS:
        line = console.sealed(text)[:-2]
        for at in range(len(line)):
            for byte in range(256):
                if byte != line[at] and not (at == len(line) - 1 and byte in b"\r\n"):
                    bad = line[:at] + bytes((byte,)) + line[at + 1 :]
                    assert refusal(console.unsealed, bad), (at, byte)


def test_every_part_of_an_answer_and_two_together_are_refused():
    one, other = [console.sealed(text)[:-2] for text, _ in ANSWERS[:2]]
    for cut in range(1, len(one)):
        assert refusal(console.unsealed, one[:cut]), cut
        assert refusal(console.unsealed, one[cut:]), cut
        assert refusal(console.unsealed, one[:cut] + other), cut
    assert refusal(console.unsealed, one + other) == errors.BadChecksum


def test_what_a_terminal_shows_besides_is_no_answer():
    for line in (b"", b"karez> ", b"ok", b"karez> status", b"\r\n"):
        assert refusal(console.unsealed, line) == errors.Malformed, line
    assert refusal(console.unsealed, b'{"ok":true}') == errors.BadChecksum
    assert refusal(console.unsealed, b"{}") == errors.BadChecksum


def test_a_tag_is_written_one_way_only():
    for word in (b"@017", b"@+1", b"@-1", b"@1_0", b"@65536", b"@123456", b"@x", b"@"):
        line = word + b" status"
        assert refusal(console.parse, line + b" *%04X" % bitwise_crc(line)) == errors.Malformed, word
    line = b"@0 status"
    assert console.parse(line + b" *%04X" % bitwise_crc(line)) == (0, ["status"])
    assert refusal(console.parse, b"@1 *%04X" % bitwise_crc(b"@1")) == errors.Malformed


def test_control_characters_and_broken_utf8_are_refused():
    for line in (b"sta\ttus", b"\x00status", b"status\x7f", b"\xffstatus", b"swap \xe4\xba"):
        assert refusal(console.parse, line) == errors.Malformed, line


def test_words_that_no_line_can_carry_are_not_sent():
    for words in ([], [""], ["a b"], ["@1"], ["*1A2B"], ["a\r"], ["a\x7f"], ["status", ""]):
        assert refusal(console.request, words, 1) == errors.NotAllowed, words
    for tag in (-1, 65_536):
        assert refusal(console.request, ["status"], tag) == errors.NotAllowed


def test_lines_have_limits_and_what_must_fit_fits():
    piece = ["config", "piece", "4294967295", "ff" * console.PIECE_MAX]
    assert console.parse(console.request(piece, 65_535)[:-2]) == (65_535, piece)
    fits = ["x" * console.REQUEST_MAX]
    assert console.parse(console.request(fits)[:-2]) == (None, fits)
    assert refusal(console.request, ["x" * (console.REQUEST_MAX + 1)]) == errors.TooLarge
    assert refusal(console.parse, b"x" * (console.REQUEST_MAX + 1)) == errors.TooLarge
    text = '{"x":"%s"}'
    room = console.ANSWER_MAX - len(console.sealed(text % "")) + 2
    line = console.sealed(text % ("y" * room))
    assert len(line) - 2 == console.ANSWER_MAX
    assert console.unsealed(line) == (text % ("y" * room)).encode()
    assert refusal(console.sealed, text % ("y" * (room + 1))) == errors.TooLarge
    assert refusal(console.unsealed, line[:2] + b" " + line[2:]) == errors.TooLarge


def test_what_is_no_object_on_one_line_is_not_sealed():
    for text in ("", "{}", "[1]", '"x"', '{"a":1', '{"a":\n1}'):
        assert refusal(console.sealed, text) == errors.NotAllowed, text


def test_lines_come_whole_at_every_split():
    data = (
        b"karez> status\r\n" + console.sealed(ANSWERS[0][0]) + b"\n\r" + console.sealed(ANSWERS[1][0]) + b"ha"
    )
    whole = console.Lines().feed(data)
    assert whole == [b"karez> status", console.sealed(ANSWERS[0][0])[:-2], console.sealed(ANSWERS[1][0])[:-2]]
    for cut in range(len(data) + 1):
        lines = console.Lines()
        assert lines.feed(data[:cut]) + lines.feed(data[cut:]) == whole, cut
    lines = console.Lines()
    found: list = []
    for byte in data:
        found += lines.feed(bytes((byte,)))
    assert found == whole


def test_a_line_too_long_is_told_once_and_the_next_one_is_whole():
    data = b"x" * 50 + b"\nstatus\n"
    for cut in range(len(data) + 1):
        lines = console.Lines(10)
        assert lines.feed(data[:cut]) + lines.feed(data[cut:]) == [None, b"status"], cut
