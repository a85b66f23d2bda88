"""What a machine with room computes from tables is what the controller's codec says, byte by byte."""

from hypothesis import given
from hypothesis import strategies as st

from karez_protocols import fields, quick_fields
from karez_protocols.errors import Malformed, NotAllowed

LAYOUT = ("a u1\nb s2\nc b3\n", "d t4\ne x2\nf u8\ng s6\n")
VALUES = {
    "a": st.none() | st.integers(-1, 300),
    "b": st.none() | st.integers(-40_000, 40_000),
    "c": st.binary(min_size=2, max_size=4),
    "d": st.text(max_size=3),
    "f": st.none() | st.integers(0, 1 << 64),
    "g": st.none() | st.integers(-(1 << 47), 1 << 47),
}
SLOW = {name: getattr(fields, name) for name in ("each", "size_of", "pack", "unpack")}


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except NotAllowed as error:
        return str(error)
    except Malformed:
        return Malformed  # of several faults the one finds this, the other that first


@given(values=st.fixed_dictionaries(VALUES))
def test_quick_fields_write_the_same_bytes_and_refuse_the_same_values(values):
    assert outcome(quick_fields.pack, LAYOUT, values) == outcome(SLOW["pack"], LAYOUT, values)


@given(data=st.binary(max_size=40), offset=st.integers(0, 9))
def test_quick_fields_read_the_same_values_and_refuse_the_same_bytes(data, offset):
    assert outcome(quick_fields.unpack, LAYOUT, data, offset) == outcome(SLOW["unpack"], LAYOUT, data, offset)


def test_the_codec_is_given_back():
    before = [getattr(fields, name) for name in SLOW]
    with quick_fields.Quickened():
        assert fields.pack is quick_fields.pack
        assert fields.pack_into(LAYOUT[0], bytearray(9), 1, {"a": 1, "b": 2, "c": b"abc"}) == 7
        assert fields.size_of(LAYOUT) == 26 and list(fields.each(LAYOUT)) == list(SLOW["each"](LAYOUT))
    assert before == [getattr(fields, name) for name in SLOW]
