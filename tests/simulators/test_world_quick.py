"""What a world computes in another way than the box does is the same, byte by byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from karez_protocols import ed25519, ed25519_keys, fields, registers
from karez_protocols import quick_fields as quick_codec
from karez_protocols.slices import finish
from karez_simulators.world import native, quick_fields, site

PROFILES = [site.profile_of(name) for name in site.PROFILES.values()]


@given(data=st.data(), profile=st.sampled_from(PROFILES))
def test_a_profile_read_quickly_means_the_same_as_the_boxs_own_reading(data, profile):
    replies = [
        data.draw(st.none() | st.binary(min_size=2 * count, max_size=2 * count))
        for _, count in profile.requests
    ]
    slow = profile.decode(replies)
    with quick_fields.quickened():
        assert profile.decode(replies) == slow == profile.decode(replies)  # the second time from memory


def test_quick_fields_and_the_native_signer_are_given_back():
    def now():
        return [fields.pack, registers.number, ed25519.sign_slices, ed25519_keys.pin_slices]

    before = now()
    with native.signer(), quick_fields.quickened():
        assert fields.pack is quick_codec.pack and ed25519.sign_slices is native.sign_slices
        assert registers.number is not before[1]
    assert before == now()


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
