"""Key lists: every vector gets its verdict, and is read a second way."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import ed25519, ed25519_keys, errors, fields, key_list
from karez_protocols.slices import finish

with open(__file__.rsplit("/", 2)[0] + "/vectors/order.json") as file:
    VECTORS = json.load(file)
CASES = VECTORS["testGroups"][1]["tests"]
KEY = finish(ed25519_keys.pin_slices(unhexlify(VECTORS["publicKey"]["pk"])))


def error_of(call, *args):
    """The name of the declared error a call raises, None if it raises none."""
    try:
        call(*args)
    except errors.ProtocolError as error:
        return type(error).__name__
    return None


def valid():
    """(case, signed bytes) of the lists that hold."""
    for case in CASES:
        if case["result"] == "valid":
            yield case, unhexlify(case["data"])


def rows_of(case):
    """The rows of a vector as the codec takes them."""
    return [
        {"office": row["office"], "may": row["may"], "key": unhexlify(row["key"])} for row in case["rows"]
    ]


def test_every_vector_gets_its_verdict():
    assert len(CASES) > 5 * len(list(valid())) > 5 * 2
    for case in CASES:
        data = unhexlify(case["data"])
        error = error_of(key_list.open_signed, data)
        if error is None:
            _, _, message, signature = key_list.open_signed(data)
            error = None if finish(ed25519.verify_slices(KEY, message, signature)) else "signature"
        assert error == case.get("error"), case["comment"]


def test_a_second_reading_by_the_offsets_of_the_page_finds_the_same():
    for case, data in valid():
        assert data[0] == 1 and data[1] == len(case["rows"]) and data[2:4] == bytes(2)
        assert int.from_bytes(data[4:8], "little") == case["values"]["seq"]
        assert int.from_bytes(data[8:12], "little") == case["values"]["issued_utc_s"]
        for at, row in enumerate(case["rows"]):
            raw = data[12 + 35 * at : 47 + 35 * at]
            assert (raw[0] + 256 * raw[1], raw[2]) == (row["office"], row["may"])
            assert hexlify(raw[3:]).decode() == row["key"]
        assert len(data) == 12 + 35 * len(case["rows"]) + 64


def test_a_list_round_trips_and_a_full_one_has_the_largest_size():
    for case, data in valid():
        assert key_list.encode(case["values"], rows_of(case)) == data[:-64]
        values, rows, _, _ = key_list.open_signed(data)
        assert rows == rows_of(case) and values["seq"] == case["values"]["seq"]
    assert max([len(data) for _, data in valid()]) == key_list.SIZE_MAX


def test_every_other_length_is_refused():
    _, data = list(valid())[1]
    for end in range(len(data)):
        assert error_of(key_list.open_signed, data[:end]) in ("Malformed", "NotAllowed")
    for more in (1, 34, 35, 36, 300):
        assert error_of(key_list.open_signed, data + bytes(more)) is not None


def test_nine_offices_are_not_written():
    rows = [{"office": office, "may": 1, "key": bytes([office]) * 32} for office in range(1, 10)]
    values = {"seq": 1, "issued_utc_s": 1}
    assert error_of(key_list.encode, values, rows) == "NotAllowed"
    assert error_of(key_list.encode, values, rows[:8]) is None


def test_no_byte_of_a_list_says_nothing():
    _, data = list(valid())[2]
    before = key_list.open_signed(data)[:2]
    for at in range(len(data) - 64):
        bad = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        if error_of(key_list.open_signed, bad) is None:
            assert key_list.open_signed(bad)[:2] != before, at


def test_an_office_signs_only_what_it_may():
    rows = [
        {"office": 1, "may": key_list.GRANTS, "key": b"g" * 32},
        {"office": 2, "may": key_list.ORDERS, "key": b"o" * 32},
        {"office": 7, "may": key_list.GRANTS | key_list.ORDERS, "key": b"b" * 32},
    ]
    found = [
        [key_list.key_of(rows, office, may) for office in (0, 1, 2, 3, 7)]
        for may in (key_list.GRANTS, key_list.ORDERS)
    ]
    assert found == [
        [None, b"g" * 32, None, None, b"b" * 32],
        [None, None, b"o" * 32, None, b"b" * 32],
    ]


def test_one_list_has_one_encoding():
    row = fields.size_of(key_list.ROW)
    _, data = list(valid())[2]
    body = data[:-64]
    swapped = body[:12] + body[12 + row : 12 + 2 * row] + body[12 : 12 + row] + body[12 + 2 * row :]
    assert error_of(key_list.decode, swapped) == "NotAllowed"
