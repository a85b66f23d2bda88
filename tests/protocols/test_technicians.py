"""Lists of technicians and logins: every vector gets its verdict, and is read a second way."""

import json
from binascii import hexlify, unhexlify

from karez_protocols import ed25519, ed25519_keys, errors, fields, technicians
from karez_protocols.slices import finish

with open(__file__.rsplit("/", 2)[0] + "/vectors/technicians.json") as file:
    VECTORS = json.load(file)
CASES = VECTORS["testGroups"][0]["tests"]
LOGINS = VECTORS["testGroups"][1]["tests"]
KEY = finish(ed25519_keys.pin_slices(unhexlify(VECTORS["publicKey"]["pk"])))
STORED_MAX = 4080  # firmware/karez_firmware/store/objects.py, OBJECT_SIZE_MAX


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
    return [dict(row, key=unhexlify(row["key"])) for row in case["rows"]]


def test_every_vector_gets_its_verdict():
    assert len(CASES) > 30 and len(list(valid())) == 6
    for case in CASES:
        data = unhexlify(case["data"])
        error = error_of(technicians.open_signed, data)
        if error is None:
            _, _, message, signature = technicians.open_signed(data)
            error = None if finish(ed25519.verify_slices(KEY, message, signature)) else "signature"
        assert error == case.get("error"), case["comment"]


def test_a_second_reading_by_the_offsets_of_the_page_finds_the_same():
    for case, data in valid():
        assert data[0] == 1 and data[1] == len(case["rows"]) and data[2:4] == bytes(2)
        assert int.from_bytes(data[4:8], "little") == case["values"]["seq"]
        assert int.from_bytes(data[8:12], "little") == case["values"]["issued_utc_s"]
        for at, row in enumerate(case["rows"]):
            raw = data[12 + 39 * at : 51 + 39 * at]
            until_utc_s = int.from_bytes(raw[2:6], "little")
            assert raw[0] + 256 * raw[1] == row["number"] and raw[6] == row["roles"]
            assert (None if until_utc_s == 0xFFFF_FFFF else until_utc_s) == row["until_utc_s"]
            assert hexlify(raw[7:]).decode() == row["key"]
        assert len(data) == 12 + 39 * len(case["rows"]) + 64


def test_a_list_round_trips_and_a_full_one_fits_one_object():
    for case, data in valid():
        assert technicians.encode(case["values"], rows_of(case)) == data[:-64]
        values, rows, _, _ = technicians.open_signed(data)
        assert list(rows) == rows_of(case) and len(rows) == values["rows"]
        assert values["seq"] == case["values"]["seq"]
    assert max([len(data) for _, data in valid()]) == technicians.SIZE_MAX <= STORED_MAX
    assert technicians.SIZE_MAX + fields.size_of(technicians.ROW) > STORED_MAX


def test_every_other_length_is_refused():
    _, data = list(valid())[2]
    for end in range(len(data)):
        assert error_of(technicians.open_signed, data[:end]) in ("Malformed", "NotAllowed")
    for more in (1, 38, 39, 40, 300, 5000):
        assert error_of(technicians.open_signed, data + bytes(more)) is not None


def test_a_hundred_and_three_are_not_written():
    rows = [
        {"number": number, "until_utc_s": None, "roles": 1, "key": bytes([number]) * 32}
        for number in range(1, 104)
    ]
    values = {"seq": 1, "issued_utc_s": 1}
    assert error_of(technicians.encode, values, rows) == "NotAllowed"
    assert error_of(technicians.encode, values, rows[:102]) is None


def test_no_byte_of_a_list_says_nothing():
    _, data = list(valid())[2]
    values, rows, _, _ = technicians.open_signed(data)
    before = (values, list(rows))
    for at in range(len(data) - 64):
        bad = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        if error_of(technicians.open_signed, bad) is None:
            values, rows, _, _ = technicians.open_signed(bad)
            assert (values, list(rows)) != before, at


def test_a_row_that_is_not_there_is_an_index_error():
    _, data = list(valid())[2]
    rows = technicians.open_signed(data)[1]
    for index in (-1, 3, 102):
        try:
            rows[index]
        except IndexError:
            continue
        raise AssertionError(index)


def test_a_technician_is_trusted_to_his_date_and_by_his_role():
    rows = [
        {"number": 1, "until_utc_s": 1000, "roles": 1, "key": b"a" * 32},
        {"number": 2, "until_utc_s": None, "roles": 3, "key": b"b" * 32},
        {"number": 7, "until_utc_s": None, "roles": 2, "key": b"c" * 32},
    ]
    found = [[technicians.key_of(rows, number, utc_s) for number in (0, 1, 2, 3, 7)] for utc_s in (999, 1000)]
    assert found == [
        [None, b"a" * 32, b"b" * 32, None, None],
        [None, None, b"b" * 32, None, None],
    ]
    # Without a time that is trusted no date stops anybody.
    assert technicians.key_of(rows, 1, None) == b"a" * 32
    assert technicians.key_of(rows, 7, 999, 2) == b"c" * 32


def test_a_login_signs_label_box_number_and_challenge():
    for case in LOGINS:
        nonce = unhexlify(case["nonce"])
        message = technicians.challenge_message(case["controller"], case["number"], nonce)
        assert hexlify(message).decode() == case["message"]
        assert finish(ed25519.verify_slices(KEY, message, unhexlify(case["signature"])))
        assert len(message) == len(technicians.LOGIN_LABEL) + 1 + 34
        for other in (
            technicians.challenge_message(case["controller"][:-1] + "X", case["number"], nonce),
            technicians.challenge_message(case["controller"], case["number"] - 1, nonce),
            technicians.challenge_message(case["controller"], case["number"], nonce[:-1] + b"\x77"),
        ):
            assert not finish(ed25519.verify_slices(KEY, other, unhexlify(case["signature"])))


def test_a_login_that_names_nobody_or_has_no_whole_challenge_is_not_signed():
    for args in (
        ("", 1, bytes(16)),
        ("0123456789abcdef0", 1, bytes(16)),
        ("box", 0, bytes(16)),
        ("box", 65535, bytes(16)),
        ("box", None, bytes(16)),
        ("box", 1, bytes(15)),
        ("box", 1, bytes(17)),
    ):
        assert error_of(technicians.challenge_message, *args) == "NotAllowed", args
