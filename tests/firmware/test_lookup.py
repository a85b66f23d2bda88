"""The name server's answer: taken when it fits our question, and nothing else does any harm."""

from karez_firmware.uplink.lookup import Lookup

NAME = "broker.karez.test"
QUESTION = b"\x06broker\x05karez\x04test\x00\x00\x01\x00\x01"
QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + QUESTION
POINTER = b"\xc0\x0c"


def row(data, kind=1, name=POINTER, size=None):
    size = len(data) if size is None else size
    return name + bytes((0, kind, 0, 1, 0, 0, 0, 60, size >> 8, size & 255)) + data


def answer(*rows, number=b"\x12\x34", flags=b"\x81\x80", question=QUESTION, count=None):
    count = len(rows) if count is None else count
    return number + flags + bytes((0, 1, count >> 8, count & 255, 0, 0, 0, 0)) + question + b"".join(rows)


def asked(name=NAME):
    return Lookup(name, 0x1234, 5_000)


def error_of(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return str(error)
    raise AssertionError(arguments)


def refused(data):
    return error_of(asked().take, data)


def test_the_question_is_as_the_standard_has_it():
    assert asked().poll(5_000) == QUERY


def test_it_is_asked_four_times_and_given_up_after_ten_seconds():
    lookup = asked()
    times = [at_ms for at_ms in range(5_000, 14_999, 50) if lookup.poll(at_ms)]
    assert times == [5_000, 6_000, 8_000, 12_000]
    assert lookup.poll(14_999) is None
    said = error_of(lookup.poll, 15_000)
    assert said == "no name server answers for broker.karez.test"


def test_an_answer_gives_every_address_in_it():
    assert asked().take(answer(row(b"\xc0\0\2\x0a"))) == ["192.0.2.10"]
    alias = b"\x06county" + POINTER
    found = answer(row(alias, 5), row(b"\1\2\3\4", name=alias), row(b"\1\2\3\5"))
    assert asked().take(found) == ["1.2.3.4", "1.2.3.5"]
    assert asked().take(answer(row(bytes(16), 28), row(b"\1\2\3\4"))) == ["1.2.3.4"]  # IPv6 beside it
    loud = QUESTION[:-4].upper() + QUESTION[-4:]
    assert asked().take(answer(row(b"\1\2\3\4"), question=loud)) == ["1.2.3.4"]


def test_what_does_not_fit_the_question_is_nobodys():
    good = row(b"\1\2\3\4")
    for data in (
        b"", b"\x12", QUERY, answer(good, number=b"\x12\x35"), answer(good, flags=b"\x01\x80"),
        answer(good, flags=b"\x89\x80"), answer(good, question=QUESTION.replace(b"karez", b"kares")),
        answer(good, question=QUESTION[:-3] + b"\x1c\0\1"), answer(good)[:20],
        answer(good)[:5] + b"\2" + answer(good)[6:],
    ):  # fmt: skip
        assert asked().take(data) is None, data


def test_a_refusal_says_why():
    assert refused(answer(flags=b"\x81\x83")) == "name broker.karez.test: none such"
    assert refused(answer()) == "name broker.karez.test: none such"
    assert refused(answer(row(bytes(16), 28))) == "name broker.karez.test: none such"
    assert refused(answer(flags=b"\x81\x82")) == "name broker.karez.test: refused, code 2"
    assert refused(answer(row(b"\1\2\3\4"), flags=b"\x81\x85")) == "name broker.karez.test: refused, code 5"


def test_what_is_torn_or_lies_about_its_lengths_ends_the_reading_and_nothing_else():
    good = row(b"\1\2\3\4")
    assert asked().take(answer(good, row(b"\5\6\7\x08", size=600))) == ["1.2.3.4"]
    assert asked().take(answer(good, good, count=0xFFFF)) == ["1.2.3.4"] * 2
    assert asked().take(answer(*[good] * 40)) == ["1.2.3.4"] * 16
    whole = answer(good, row(b"\5\6\7\x08"))
    for size in range(len(whole)):
        try:
            found = asked().take(whole[:size])
        except OSError:
            continue
        assert found in (None, ["1.2.3.4"]), size


def numbers(seed):
    while True:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        yield seed >> 8


def test_no_byte_changed_in_an_answer_does_more_than_refuse_it_or_give_an_address():
    whole = answer(row(b"\x06county" + POINTER, 5), row(b"\1\2\3\4"), row(b"\1\2\3\5"))
    dice = numbers(7)
    for at in range(len(whole)):
        for value in (0, 255, whole[at] ^ 0x40, next(dice) & 255):
            data = whole[:at] + bytes((value,)) + whole[at + 1 :]
            try:
                found = asked().take(data)
            except OSError:
                continue
            assert found is None or all(one.count(".") == 3 for one in found)


def test_what_is_no_name_is_refused_before_anybody_is_asked():
    for name in ("", ".", "a..b", "broker.", "x" * 64 + ".test", ".".join(["x" * 60] * 5), "1.2.3.4.x" * 40):
        assert "neither an address nor a name" in error_of(Lookup, name, 1, 0)
