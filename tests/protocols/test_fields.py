"""Layouts: what goes in comes out, and nothing out of range gets through."""

from karez_protocols import errors, fields

LAYOUT = """
count u1
flow s4
total u6
name t8
digest b2
gap x3
"""
VALUES = {"count": 7, "flow": -5, "total": 1 << 40, "name": "井-1", "digest": b"\x01\x02"}


def refused(kind, call, *args):
    """True if the call raises exactly the declared error."""
    try:
        call(*args)
    except kind:
        return True
    return False


def test_a_layout_round_trips():
    data = fields.pack(LAYOUT, VALUES)
    assert len(data) == fields.size_of(LAYOUT) == 24
    assert fields.unpack(LAYOUT, data) == VALUES


def test_texts_in_a_tuple_stand_one_behind_another():
    lines = LAYOUT.split("\n")
    for cut in range(len(lines)):
        parts = ("\n".join(lines[:cut]), "\n".join(lines[cut:]))
        assert list(fields.each(parts)) == list(fields.each(LAYOUT)), cut
        assert fields.unpack(parts, fields.pack(parts, VALUES)) == VALUES


def test_unknown_is_a_state_of_its_own():
    values = dict(VALUES)
    values["flow"] = values["total"] = values["count"] = None
    data = fields.pack(LAYOUT, values)
    assert data[0] == 0xFF and data[1:5] == b"\x00\x00\x00\x80" and data[5:11] == b"\xff" * 6
    assert fields.unpack(LAYOUT, data) == values


def test_values_outside_their_range_are_refused():
    for name, value in (
        ("count", 255),
        ("count", -1),
        ("flow", -(1 << 31)),
        ("flow", 1 << 31),
        ("total", 1 << 48),
    ):
        values = dict(VALUES)
        values[name] = value
        assert refused(errors.NotAllowed, fields.pack, LAYOUT, values), (name, value)
    for name, value in (("name", "123456789"), ("digest", b"\x00")):
        values = dict(VALUES)
        values[name] = value
        assert refused(errors.NotAllowed, fields.pack, LAYOUT, values), (name, value)


def test_bytes_of_the_wrong_shape_are_refused():
    data = fields.pack(LAYOUT, VALUES)
    for end in range(len(data)):
        assert refused(errors.Malformed, fields.unpack, LAYOUT, data[:end])
    assert refused(errors.Malformed, fields.unpack, LAYOUT, data[:-1] + b"\x01")
    assert refused(errors.Malformed, fields.unpack, LAYOUT, data[:11] + b"a\0b" + data[14:])
    assert refused(errors.Malformed, fields.unpack, LAYOUT, data[:11] + b"\xff" + data[12:])
