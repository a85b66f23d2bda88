"""The entry of what a person did to the county's books: round trip, and everything cut or odd refused."""

from karez_protocols import entry, errors

DIGEST = bytes(range(32))


def refused(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return True
    return False


def test_an_act_round_trips():
    for number, sort, by, reason in (
        (1, "correction", "li", "meter swapped"),
        (70000, "month close", "水利局 李", "七月"),
        (0, "", "", ""),
    ):
        values = entry.decode(entry.encode_act(number, sort, 77, DIGEST, by, reason))
        assert (values["entry"], values["number"], values["acted_utc_s"]) == (entry.ACT, number, 77)
        assert (values["sort"], values["by"], values["reason"]) == (sort, by, reason)
        assert values["digest"] == DIGEST


def test_a_cut_act_is_refused_up_to_the_end_of_its_words():
    data = entry.encode_act(1, "close", 77, DIGEST, "李", "")
    for end in range(len(data)):
        assert refused(errors.ProtocolError, entry.decode, data[:end])
    assert refused(errors.Malformed, entry.decode, data + b"\xff\xfe")
    assert refused(errors.Malformed, entry.decode, data[:2] + b"\xff\xff" + data[4:])
    assert refused(errors.Malformed, entry.decode, data[:2] + b"\x01\x00" + data[4:])  # inside a character
    assert refused(errors.Malformed, entry.decode, data[:4] + b"\xff" * 4 + data[8:])


def test_what_does_not_fit_an_entry_is_not_encoded():
    room = entry.SIZE_MAX - 48
    assert entry.decode(entry.encode_act(1, "s", 7, DIGEST, "b", "r" * (room - 2)))["by"] == "b"
    assert refused(errors.NotAllowed, entry.encode_act, 1, "s", 7, DIGEST, "b", "r" * (room - 1))
    assert refused(errors.NotAllowed, entry.encode_act, -1, "s", 7, DIGEST, "b", "r")
