"""The first entry of a log that follows another: round trip, and everything cut or odd refused."""

from karez_protocols import entry, errors

NOTE = b"county\n5\nroot\n\n\xe2\x80\x94 county sig\n"


def refused(error, call, *arguments):
    try:
        call(*arguments)
    except error:
        return True
    return False


def test_an_origin_entry_round_trips():
    for note, reason in ((NOTE, "restored"), (b"", ""), (NOTE, ""), (b"", "从备份恢复")):
        values = entry.decode(entry.encode_origin(77, 1234, note, reason))
        assert values["entry"] == entry.ORIGIN
        assert (values["note"], values["reason"]) == (note, reason)
        assert (values["opened_utc_s"], values["first_entry"]) == (77, 1234)


def test_a_cut_origin_entry_is_refused_up_to_the_end_of_its_note():
    data = entry.encode_origin(77, 1234, NOTE, "")
    for end in range(len(data)):
        assert refused(errors.ProtocolError, entry.decode, data[:end])
    assert refused(errors.Malformed, entry.decode, data + b"\xff\xfe")
    assert refused(errors.ProtocolError, entry.decode, data[:2] + b"\xff\xff" + data[4:])
    assert refused(errors.ProtocolError, entry.decode, data[:8] + b"\xff" * 6 + data[14:])
    assert refused(errors.ProtocolError, entry.decode, data[:14] + b"\1" + data[15:])


def test_what_does_not_fit_an_entry_is_not_encoded():
    room = entry.SIZE_MAX - 16
    assert entry.decode(entry.encode_origin(1, 0, b"n" * room, ""))["note"] == b"n" * room
    assert refused(errors.NotAllowed, entry.encode_origin, 1, 0, b"n" * room, "r")
    assert refused(errors.NotAllowed, entry.encode_origin, 1, -1, b"", "")
