"""Orders: every vector gets its verdict, is read a second way, and no byte of one can be changed."""

import json
from binascii import unhexlify

from karez_protocols import ed25519, ed25519_keys, errors, fields, order, signed
from karez_protocols.slices import finish

with open(__file__.rsplit("/", 2)[0] + "/vectors/order.json") as file:
    VECTORS = json.load(file)
CASES = VECTORS["testGroups"][0]["tests"]
KEY = finish(ed25519_keys.pin_slices(unhexlify(VECTORS["publicKey"]["pk"])))


def error_of(call, *args):
    """The name of the declared error a call raises, None if it raises none."""
    try:
        call(*args)
    except errors.ProtocolError as error:
        return type(error).__name__
    return None


def number(data, at, size):
    """An unsigned integer as the page docs/wire/order.md lays it out; all ones is None."""
    value = 0
    for byte in reversed(data[at : at + size]):
        value = value * 256 + byte
    return None if value == 256**size - 1 else value


def read_again(data):
    """The fields of an order by the offsets of the page, without the codec."""
    found = {}
    for name, at, size in (
        ("kind", 1, 1), ("scope", 2, 1), ("basis", 3, 1), ("office", 4, 2), ("from_min", 6, 2),
        ("to_min", 8, 2), ("lift_office", 10, 2), ("seq", 12, 4), ("lift_seq", 16, 4),
        ("issued_utc_s", 36, 4), ("until_utc_s", 40, 4),
    ):  # fmt: skip
        found[name] = number(data, at, size)
    for name, at, size in (("target", 20, 16), ("document", 44, 24)):
        found[name] = data[at : at + size].split(b"\0")[0].decode()
    return found


def valid():
    """(case, signed bytes) of the orders that hold."""
    for case in CASES:
        if case["result"] == "valid":
            yield case, unhexlify(case["data"])


def test_the_vector_file_is_whole():
    groups = VECTORS["testGroups"]
    assert sum([len(group["tests"]) for group in groups]) == VECTORS["numberOfTests"]
    assert VECTORS["publicKey"]["pk"].startswith("d75a9801")  # RFC 8032, 7.1, TEST 1
    assert len(CASES) > 4 * len(list(valid())) > 4 * 8


def test_every_vector_gets_its_verdict():
    for case in CASES:
        data = unhexlify(case["data"])
        error = error_of(order.open_signed, data)
        if error is None:
            _, message, signature = order.open_signed(data)
            error = None if finish(ed25519.verify_slices(KEY, message, signature)) else "signature"
        assert error == case.get("error"), case["comment"]


def test_a_second_reading_by_the_offsets_of_the_page_finds_the_same():
    for case, data in valid():
        assert len(data) == 132 <= order.SIZE_MAX and data[0] == order.VERSION
        assert read_again(data) == case["values"], case["comment"]
        values, _, _ = order.open_signed(data)
        values.pop("version")
        assert values == case["values"]


def test_what_is_read_is_written_again_to_the_same_bytes():
    for case, data in valid():
        assert order.encode(case["values"]) == data[:-64]


def test_what_would_be_refused_is_not_written():
    case, _ = next(iter(valid()))
    for name, value in (("kind", 9), ("seq", 0), ("seq", 1 << 32), ("target", "x" * 17), ("document", "")):
        values = dict(case["values"])
        values[name] = value
        assert error_of(order.encode, values) == "NotAllowed", name


def test_every_length_but_the_one_is_refused():
    _, data = next(iter(valid()))
    for end in range(len(data)):
        assert error_of(order.open_signed, data[:end]) == "Malformed"
    for more in range(1, 80):
        assert error_of(order.open_signed, data + bytes(more)) in ("Malformed", "TooLarge")


def test_no_byte_of_an_order_says_nothing():
    for _, data in valid():
        before = order.open_signed(data)[0]
        for at in range(len(data) - 64):
            bad = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            if error_of(order.open_signed, bad) is None:
                assert order.open_signed(bad)[0] != before, at


def test_a_changed_bit_anywhere_is_not_confirmed_by_the_key():
    _, data = list(valid())[6]
    for at in range(0, len(data), 7):
        bad = data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :]
        if error_of(order.open_signed, bad) is None:
            _, message, signature = order.open_signed(bad)
            assert not finish(ed25519.verify_slices(KEY, message, signature)), at


def test_an_order_is_no_grant_and_no_key_list():
    body = bytes(fields.size_of(order.HEADER))
    messages = {signed.message(label, body) for label in (order.LABEL, b"KZ grant 1", b"KZ keys 1")}
    assert len(messages) == 3
