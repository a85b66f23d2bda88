"""The entry that revokes a controller: round trip, and everything cut or odd refused."""

from karez_protocols import entry, errors

NAME = "0123456789abcdef"


def refused(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return True
    return False


def test_a_revocation_round_trips():
    for chain, seq, by, reason in (
        (3, 88, "li", "stolen"),
        (None, None, "li", "stolen"),
        (1, 0, "水利局 李", "被盗"),
        (1, 5, "", ""),
    ):
        values = entry.decode(entry.encode_revocation(NAME, chain, seq, 77, by, reason))
        assert (values["entry"], values["controller"]) == (entry.REVOCATION, NAME)
        assert (values["chain"], values["seq"], values["revoked_utc_s"]) == (chain, seq, 77)
        assert (values["by"], values["reason"]) == (by, reason)


def test_a_cut_revocation_is_refused_up_to_the_end_of_the_name():
    data = entry.encode_revocation(NAME, 1, 5, 77, "李", "")
    for end in range(len(data)):
        assert refused(errors.ProtocolError, entry.decode, data[:end])
    assert refused(errors.Malformed, entry.decode, data + b"\xff\xfe")
    assert refused(errors.Malformed, entry.decode, data[:2] + b"\xff\xff" + data[4:])
    assert refused(errors.Malformed, entry.decode, data[:2] + b"\x01\x00" + data[4:])  # inside a character
    assert refused(errors.Malformed, entry.decode, data[:4] + b"\xff" * 4 + data[8:])


def test_what_does_not_fit_an_entry_is_not_encoded():
    room = entry.SIZE_MAX - 32
    assert entry.decode(entry.encode_revocation(NAME, 1, 5, 7, "b", "r" * (room - 1)))["by"] == "b"
    assert refused(errors.NotAllowed, entry.encode_revocation, NAME, 1, 5, 7, "b", "r" * room)
    assert refused(errors.NotAllowed, entry.encode_revocation, NAME, -1, 5, 7, "b", "r")
    assert refused(errors.NotAllowed, entry.encode_revocation, NAME + "0", 1, 5, 7, "b", "r")
