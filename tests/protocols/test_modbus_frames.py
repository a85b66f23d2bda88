"""Modbus frames of every function, both directions: layout, limits, refusals."""

import binascii
import json

from karez_protocols import errors, modbus_frames
from karez_protocols.exchange import Failure, Reply
from karez_protocols.modbus import Request, sealed
from karez_protocols.modbus_messages import (
    Identify,
    ReadWrite,
    UnknownFunction,
    Write,
    WriteMany,
    Written,
    WrongAddress,
    is_answer,
)

with open("tests/vectors/modbus.json") as file:
    VECTORS = [vector for vector in json.load(file) if vector["checksum_ok"]]

# Examples of the Modbus application protocol 1.1b3, section 6, sent to station 17 (0x11).
# Written from the layouts there, without their CRC, which is not printed.
EXAMPLES = (
    (Request(17, 1, 0x13, 0x13), "11 01 0013 0013", Reply(17, 1, b"\xcd\x6b\x05"), "11 01 03 CD6B05"),
    (Request(17, 2, 0xC4, 0x16), "11 02 00C4 0016", Reply(17, 2, b"\xac\xdb\x35"), "11 02 03 ACDB35"),
    (
        Request(17, 3, 0x6B, 3),
        "11 03 006B 0003",
        Reply(17, 3, b"\x02\x2b\0\0\0\x64"),
        "11 03 06 022B 0000 0064",
    ),
    (Request(17, 4, 8, 1), "11 04 0008 0001", Reply(17, 4, b"\0\x0a"), "11 04 02 000A"),
    (Write(17, 5, 0xAC, 1), "11 05 00AC FF00", Written(17, 5, 0xAC, 1), "11 05 00AC FF00"),
    (Write(17, 5, 0xAC, 0), "11 05 00AC 0000", Written(17, 5, 0xAC, 0), "11 05 00AC 0000"),
    (Write(17, 6, 1, 3), "11 06 0001 0003", Written(17, 6, 1, 3), "11 06 0001 0003"),
    (
        WriteMany(17, 15, 0x13, 10, b"\xcd\x01"),
        "11 0F 0013 000A 02 CD01",
        Written(17, 15, 0x13, 10),
        "11 0F 0013 000A",
    ),
    (
        WriteMany(17, 16, 1, 2, b"\0\x0a\1\2"),
        "11 10 0001 0002 04 000A 0102",
        Written(17, 16, 1, 2),
        "11 10 0001 0002",
    ),
    (Identify(17, 17), "11 11", Reply(17, 17, b"KZ\xff"), "11 11 03 4B5AFF"),
    (
        ReadWrite(17, 23, 3, 6, 14, b"\0\xff\0\xff\0\xff"),
        "11 17 0003 0006 000E 0003 06 00FF 00FF 00FF",
        Reply(17, 23, b"\0\xfe\x0a\xcd\0\1\0\3\0\x0d\0\xff"),
        "11 17 0C 00FE 0ACD 0001 0003 000D 00FF",
    ),
)
DECODERS = (modbus_frames.decode_request, modbus_frames.decode_reply, modbus_frames.decode_failure)


def octets(text):
    return binascii.unhexlify(text.replace(" ", ""))


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def same(one, other):
    """True if messages are equal and of one shape: named tuples of other shapes may be equal."""
    return type(one) is type(other) and one == other


def encode(message):
    if isinstance(message, Failure):
        return modbus_frames.encode_failure(message)
    if isinstance(message, (Reply, Written)):
        return modbus_frames.encode_reply(message)
    return modbus_frames.encode_request(message)


def test_every_function_encodes_and_decodes_in_both_directions():
    for request, asked, reply, answered in EXAMPLES:
        assert encode(request) == sealed(octets(asked)), asked
        assert same(modbus_frames.decode_request(sealed(octets(asked))), request), asked
        assert encode(reply) == sealed(octets(answered)), answered
        assert same(modbus_frames.decode_reply(sealed(octets(answered))), reply), answered
        assert is_answer(request, reply)


def test_published_frames_of_all_functions_encode_to_the_same_bytes():
    told = 0
    for vector in VECTORS:
        frame, kind = octets(vector["hex"]), vector["decoded"]["kind"]
        decode = DECODERS[("request", "response", "exception").index(kind)]
        message = decode(frame)
        assert encode(message) == frame, vector["name"]
        assert (message.address, message.function) == (vector["decoded"]["addr"], vector["decoded"]["func"])
        told += vector["decoded"]["func"] in (6, 16)
    assert told == 7


def test_every_changed_byte_and_every_truncation_of_every_function_is_refused():
    kinds = (errors.Malformed, errors.BadChecksum, errors.NotAllowed)
    for request, _, reply, _ in EXAMPLES:
        for frame in (encode(request), encode(reply)):
            for at in range(len(frame)):
                for mask in (0x01, 0x80, 0xFF):
                    bad = bytearray(frame)
                    bad[at] ^= mask
                    for decode in DECODERS:
                        assert refused(errors.BadChecksum, decode, bytes(bad)), (frame, at)
                for decode in DECODERS:
                    assert refused(kinds, decode, frame[:at]), (frame, at)


def test_largest_and_smallest_quantities_stand_and_the_next_ones_are_refused():
    for good, bad in (
        (Request(1, 1, 0, 2000), Request(1, 1, 0, 2001)),
        (Request(1, 2, 0, 2000), Request(1, 2, 0, 2001)),
        (Request(1, 3, 0, 125), Request(1, 3, 0, 126)),
        (Request(1, 4, 0, 125), Request(1, 4, 0, 126)),
        (Request(1, 3, 0xFFFF, 1), Request(1, 3, 0xFFFF, 2)),
        (Request(1, 4, 0, 1), Request(1, 4, 0, 0)),
        (Request(1, 4, 0, 1), Request(1, 4, -1, 1)),
        (Write(1, 5, 0xFFFF, 1), Write(1, 5, 0xFFFF, 2)),
        (Write(1, 6, 0xFFFF, 0xFFFF), Write(1, 6, 0xFFFF, 0x10000)),
        (Write(1, 6, 0, 0), Write(1, 6, 0, -1)),
        (Write(1, 6, 0xFFFF, 0), Write(1, 6, 0x10000, 0)),
        (WriteMany(1, 15, 0, 1968, bytes(246)), WriteMany(1, 15, 0, 1969, bytes(247))),
        (WriteMany(1, 15, 0, 9, bytes(2)), WriteMany(1, 15, 0, 9, bytes(1))),
        (WriteMany(1, 16, 0, 123, bytes(246)), WriteMany(1, 16, 0, 124, bytes(248))),
        (WriteMany(1, 16, 0, 1, bytes(2)), WriteMany(1, 16, 0, 0, b"")),
        (WriteMany(1, 16, 0xFFFE, 2, bytes(4)), WriteMany(1, 16, 0xFFFF, 2, bytes(4))),
        (ReadWrite(1, 23, 0, 125, 0, bytes(242)), ReadWrite(1, 23, 0, 125, 0, bytes(244))),
        (ReadWrite(1, 23, 0, 125, 0, bytes(2)), ReadWrite(1, 23, 0, 126, 0, bytes(2))),
        (ReadWrite(1, 23, 0, 1, 0xFFFF, bytes(2)), ReadWrite(1, 23, 0, 1, 0xFFFF, bytes(4))),
        (ReadWrite(1, 23, 0, 1, 0, bytes(2)), ReadWrite(1, 23, 0, 1, 0, bytes(3))),
        (Reply(1, 1, bytes(250)), Reply(1, 1, bytes(251))),
        (Reply(1, 3, bytes(250)), Reply(1, 3, bytes(252))),
        (Reply(1, 23, bytes(2)), Reply(1, 23, bytes(3))),
        (Reply(1, 4, bytes(2)), Reply(1, 4, b"")),
        (Reply(1, 17, bytes(251)), Reply(1, 17, bytes(252))),
        (Written(1, 15, 0, 1968), Written(1, 15, 0, 1969)),
        (Written(1, 16, 0, 123), Written(1, 16, 0, 124)),
        (Failure(1, 0x7F, 255), Failure(1, 0x80, 1)),
        (Failure(1, 1, 1), Failure(1, 1, 0)),
    ):
        frame = encode(good)
        assert len(frame) <= 256, good
        decode = modbus_frames.decode_request
        if isinstance(good, (Reply, Written)):
            decode = modbus_frames.decode_reply
        elif isinstance(good, Failure):
            decode = modbus_frames.decode_failure
        assert same(decode(frame), good), good
        assert refused(errors.NotAllowed, encode, bad), bad


def test_decoders_refuse_what_encoders_refuse():
    for text, kind in (
        ("01 03 0000 0000", errors.NotAllowed),  # no register
        ("01 03 0000 007E", errors.NotAllowed),
        ("01 03 FFFF 0002", errors.NotAllowed),
        ("01 05 0000 0001", errors.NotAllowed),  # a coil is FF00 or 0000
        ("01 05 0000 FF01", errors.NotAllowed),
        ("01 0F 0000 0009 01 FF", errors.NotAllowed),  # nine bits are two bytes
        ("01 10 0000 0002 02 0001", errors.NotAllowed),
        ("01 10 0000 0001 03 0001", errors.Malformed),  # the byte count lies about the length
        ("01 17 0000 0001 0000 0002 02 0001", errors.Malformed),
        ("01 03 0000 0001 00", errors.Malformed),
        ("01 2B 0E 01 00", UnknownFunction),
        ("F8 03 0000 0001", WrongAddress),
        ("FF 06 0000 0001", WrongAddress),
        ("00 03 0000 0001", WrongAddress),  # who should answer?
        ("00 17 0000 0001 0000 0001 02 0001", WrongAddress),
        ("00 11", WrongAddress),
    ):
        assert refused(kind, modbus_frames.decode_request, sealed(octets(text))), text
    for text, kind in (
        ("01 03 03 010203", errors.NotAllowed),
        ("01 03 04 0102", errors.Malformed),
        ("01 03 00", errors.NotAllowed),
        ("01 06 0000 0001 00", errors.Malformed),
        ("00 06 0000 0001", WrongAddress),
        ("01 14 02 0102", UnknownFunction),
    ):
        assert refused(kind, modbus_frames.decode_reply, sealed(octets(text))), text
    for text in ("01 03 02", "01 83 00", "00 83 02", "F9 83 02", "01 80 02", "01 83 02 00"):
        kinds = (errors.Malformed, errors.NotAllowed)
        assert refused(kinds, modbus_frames.decode_failure, sealed(octets(text))), text


def test_only_writes_go_to_everybody():
    for request, _, _, _ in EXAMPLES:
        everybody = type(request)(0, *tuple(request)[1:])
        if request.function in (5, 6, 15, 16):
            assert same(modbus_frames.decode_request(encode(everybody)), everybody)
        else:
            assert refused(WrongAddress, encode, everybody), everybody
    assert not is_answer(Write(0, 6, 1, 3), Written(0, 6, 1, 3))


def test_a_message_of_the_wrong_shape_is_refused():
    for message in (Request(1, 6, 0, 1), Write(1, 3, 0, 1), Identify(1, 3), Request(1, 23, 0, 1)):
        assert refused(errors.NotAllowed, modbus_frames.encode_request, message), message
    for message in (Reply(1, 6, b"\0\1"), Written(1, 3, 0, 1), Written(1, 17, 0, 1), Reply(1, 7, b"\0\1")):
        assert refused(errors.NotAllowed, modbus_frames.encode_reply, message), message


def test_an_answer_fits_its_own_question_only():
    for request, _, reply, _ in EXAMPLES:
        assert is_answer(request, Failure(17, request.function, 2))
        assert not is_answer(request, Failure(18, request.function, 2))
        assert not is_answer(request, Failure(17, request.function % 6 + 1, 2))
        other = type(reply)(18, *tuple(reply)[1:])
        assert not is_answer(request, other), other
    assert not is_answer(Request(1, 3, 0, 2), Reply(1, 3, bytes(2)))
    assert not is_answer(Request(1, 1, 0, 8), Reply(1, 1, bytes(2)))
    assert not is_answer(Write(1, 6, 0, 2), Written(1, 6, 0, 3))
    assert not is_answer(WriteMany(1, 16, 0, 1, bytes(2)), Written(1, 16, 1, 1))
