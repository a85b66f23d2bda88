"""What a world computes in another way than the box does is the same, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_protocols import ed25519, ed25519_keys, fields
from karez_protocols.errors import Malformed, NotAllowed
from karez_protocols.slices import finish
from karez_simulators.world import native, quick_fields

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


def test_quick_fields_and_the_native_signer_are_given_back():
    before = [fields.pack, fields.each, ed25519.sign_slices, ed25519_keys.pin_slices]
    with native.signer(), quick_fields.quickened():
        assert fields.pack is quick_fields.pack and ed25519.sign_slices is native.sign_slices
        assert fields.pack_into(LAYOUT[0], bytearray(9), 1, {"a": 1, "b": 2, "c": b"abc"}) == 7
        assert fields.size_of(LAYOUT) == 26 and list(fields.each(LAYOUT)) == list(SLOW["each"](LAYOUT))
    assert before == [fields.pack, fields.each, ed25519.sign_slices, ed25519_keys.pin_slices]


def test_the_native_signer_makes_the_boxs_own_bytes():
    seed, message = bytes(range(32)), b"a statement"
    secret = finish(native.secret_slices(seed))
    assert secret == finish(ed25519_keys.secret_slices(seed))
    signature = finish(native.sign_slices(secret, message))
    assert signature == finish(ed25519.sign_slices(secret, message))
    pinned = finish(native.pin_slices(secret[64:]))
    assert len(pinned) == ed25519.PINNED_SIZE
    for key in (pinned, secret[64:]):
        assert finish(native.verify_slices(key, message, signature))
        assert not finish(native.verify_slices(key, message + b".", signature))


def test_a_key_without_its_seed_cannot_sign():
    with pytest.raises(KeyError):
        finish(native.sign_slices(bytes(96), b""))
