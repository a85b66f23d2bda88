"""The reader of tools: the answer to a request of any function in what a bad line delivers."""

from karez_protocols import errors
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request
from karez_protocols.modbus_answer import AnswerReader
from karez_protocols.modbus_frames import encode_failure, encode_reply, encode_request
from karez_protocols.modbus_messages import Identify, ReadWrite, Write, WriteMany, Written

EXCHANGES = (
    (Request(17, 1, 0x13, 0x13), Reply(17, 1, b"\xcd\x6b\x05")),
    (Request(17, 2, 0xC4, 0x40), Reply(17, 2, b"\xac\xdb\x35\x11\x01\x11\x02\x11")),
    (Request(17, 3, 0x6B, 3), Reply(17, 3, b"\x02\x2b\0\0\0\x64")),
    (Request(17, 4, 8, 1), Reply(17, 4, b"\0\x0a")),
    (WriteMany(17, 15, 0x13, 10, b"\xcd\x01"), Written(17, 15, 0x13, 10)),
    (WriteMany(17, 16, 1, 2, b"\0\x0a\1\2"), Written(17, 16, 1, 2)),
    (Identify(17, 17), Reply(17, 17, b"KZ\xff")),
    (ReadWrite(17, 23, 3, 6, 14, bytes(range(6))), Reply(17, 23, bytes(range(12)))),
)
WRITES = ((Write(17, 5, 0xAC, 1), Written(17, 5, 0xAC, 1)), (Write(17, 6, 1, 3), Written(17, 6, 1, 3)))


def frame_of(answer):
    return encode_failure(answer) if isinstance(answer, Failure) else encode_reply(answer)


def heard(request, pieces, has_echo=False):
    """Return (answer, reader) for a request and the pieces in which the line delivers."""
    reader = AnswerReader(has_echo)
    assert reader.expect(request) == encode_request(request)
    for piece in pieces:
        answer = reader.receive(piece)
        if answer:
            return answer, reader
    return reader.end(), reader


def everywhere(request, stream, has_echo=False):
    """Yield (answer, reader) for every split of a stream in two, and byte by byte."""
    for at in range(len(stream) + 1):
        yield heard(request, (stream[:at], stream[at:]), has_echo)
    yield heard(request, [stream[at : at + 1] for at in range(len(stream))], has_echo)


def test_every_answer_is_found_at_every_split_with_echo_zeros_and_noise():
    for request, answer in EXCHANGES:
        refusal = Failure(request.address, request.function, 2)
        for wanted in (answer, refusal):
            for before in (b"", encode_request(request), b"\0\0", b"\x99\xfe\x12"):
                for got, reader in everywhere(request, before + frame_of(wanted)):
                    assert got == wanted and type(got) is type(wanted), (wanted, before)
                    assert reader.echoes == (before == encode_request(request))


def test_every_changed_byte_of_every_answer_is_refused():
    for request, answer in EXCHANGES + WRITES:
        frame = frame_of(answer)
        for at in range(len(frame)):
            for mask in (0x01, 0x10, 0x80, 0xFF):
                bad = bytearray(frame)
                bad[at] ^= mask
                assert heard(request, (bytes(bad),))[0] is None, (answer, at, mask)


def test_without_an_echo_the_first_copy_of_a_write_is_its_answer():
    for request, answer in WRITES:
        copy = encode_request(request)
        for got, reader in everywhere(request, b"\x99" + copy):
            assert got == answer and isinstance(got, Written) and reader.echoes == 0


def test_with_an_echo_the_second_copy_of_a_write_is_its_answer():
    for request, answer in WRITES:
        copy = encode_request(request)
        for got, reader in everywhere(request, copy, True):
            assert got is None and reader.echoes == 1
        for got, reader in everywhere(request, copy + b"\0" + copy, True):
            assert got == answer and isinstance(got, Written)
            assert (reader.echoes, reader.zero_bytes, reader.noise_bytes) == (1, 1, 0)


def test_a_refused_write_is_a_failure_with_and_without_echo():
    for request, _ in WRITES:
        refusal = Failure(17, request.function, 3)
        for got, _ in everywhere(request, encode_request(request) + frame_of(refusal), True):
            assert got == refusal
        for got, _ in everywhere(request, frame_of(refusal)):
            assert got == refusal


def test_a_second_exchange_begins_its_count_of_copies_anew():
    request, answer = WRITES[1]
    copy = encode_request(request)
    reader = AnswerReader(True)
    for _ in range(3):
        reader.expect(request)
        assert reader.receive(copy) is None and reader.receive(copy) == answer
    assert reader.echoes == 3
    reader.expect(request)
    assert reader.receive(copy) is None and reader.end() is None
    reader.expect(request)
    assert reader.receive(copy) is None


def test_an_answer_to_another_question_is_passed_over():
    for request, answer in EXCHANGES:
        strange = [Reply(18, 3, b"\0\1"), Failure(17, request.function % 6 + 1, 2)]
        if isinstance(answer, Written):
            strange.append(Written(17, request.function, answer.start + 1, answer.value))
        elif request.function != 17:
            strange.append(Reply(17, request.function, bytes(answer.data) + b"\1\2"))
        for other in strange:
            assert heard(request, (frame_of(other),))[0] is None, other
            assert heard(request, (frame_of(other) + frame_of(answer),))[0] == answer, other
    request, answer = WRITES[1]
    other = frame_of(Written(17, 6, 1, 4))
    assert heard(request, (other,))[0] is None
    assert heard(request, (other + frame_of(answer),))[0] == answer


def test_an_exception_among_the_data_is_not_the_answer():
    inner = frame_of(Failure(17, 23, 2))
    request = ReadWrite(17, 23, 0, 8, 0, b"\0\1")
    answer = Reply(17, 23, b"\0" + inner + bytes(10))
    frame = frame_of(answer)
    for got, _ in everywhere(request, frame):
        assert got == answer
    for at in range(3, len(frame)):
        bad = bytearray(frame)
        bad[at] ^= 0x40
        assert heard(request, (bytes(bad),))[0] is None, at


def test_nobody_waits_for_the_answer_to_a_broadcast():
    for request in (Write(0, 6, 1, 3), WriteMany(0, 16, 1, 1, b"\0\1"), Request(1, 3, 0, 0)):
        reader = AnswerReader()
        try:
            reader.expect(request)
        except errors.NotAllowed:
            continue
        raise AssertionError(request)
