"""Our Ed25519 and SHA-512 against OpenSSL's, behind `cryptography`."""

import hashlib
import json
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from karez_protocols import ed25519, ed25519_keys, errors, sha512
from karez_protocols.slices import finish

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/ed25519.json").read_text())
SEEDS = st.binary(min_size=32, max_size=32)
MESSAGES = st.binary(max_size=300)
ORDINARY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = ORDINARY.public_key().public_bytes_raw()
PINNED = finish(ed25519_keys.pin_slices(PUBLIC))


def theirs(key, message, signature):
    """OpenSSL's verdict."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def ours(key, message, signature):
    """The controller's verdict."""
    return finish(ed25519.verify_slices(key, message, signature))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=400))
def test_sha512_is_openssl_s(data):
    assert finish(sha512.pure_digest_slices(data)) == hashlib.sha512(data).digest()


@settings(deadline=None, max_examples=40)
@given(SEEDS, MESSAGES)
def test_keys_and_signatures_are_openssl_s_to_the_byte(seed, message):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    secret = finish(ed25519_keys.secret_slices(seed))
    assert secret[64:] == key.public_key().public_bytes_raw()
    signature = finish(ed25519.sign_slices(secret, message))
    assert signature == key.sign(message)
    assert ours(secret[64:], message, signature)
    assert theirs(secret[64:], message, signature)


@settings(deadline=None, max_examples=80)
@given(MESSAGES, st.integers(0, 511), st.integers(0, 511))
def test_flipped_bits_get_openssl_s_verdict(message, first, second):
    flipped = int.from_bytes(ORDINARY.sign(message), "little") ^ 1 << first ^ 1 << second
    signature = flipped.to_bytes(64, "little")
    assert ours(PINNED, message, signature) is theirs(PUBLIC, message, signature) is (first == second)


@settings(deadline=None, max_examples=40)
@given(SEEDS, MESSAGES, st.integers(-16, 16))
def test_multiples_of_the_order_added_to_s_get_openssl_s_verdict(seed, message, times):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    signature = key.sign(message)
    proof = int.from_bytes(signature[32:], "little") + times * ed25519.L
    if 0 <= proof < 1 << 256:
        moved = signature[:32] + proof.to_bytes(32, "little")
        assert ours(public, message, moved) is theirs(public, message, moved) is (times == 0)


@settings(deadline=None, max_examples=40)
@given(SEEDS, MESSAGES, st.binary(min_size=64, max_size=64))
def test_any_32_bytes_are_pinned_or_not_allowed_and_never_believe_a_random_signature(key, message, signature):
    try:
        assert finish(ed25519_keys.pin_slices(key))[-32:] == key
    except errors.NotAllowed:
        pass
    assert ours(key, message, signature) is False


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=100), MESSAGES, st.binary(max_size=100))
def test_wrong_lengths_are_malformed_and_nothing_else_escapes(key, message, signature):
    try:
        assert ours(key, message, signature) is False
        assert len(key) == 32 and len(signature) == 64
    except errors.Malformed:
        assert len(key) != 32 or len(signature) != 64


def test_the_vectors_say_truly_which_forgeries_openssl_believes():
    believed = 0
    for group in VECTORS["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            verdict = theirs(key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            expected = case["result"] == "valid" or "CofactorlessAccepts" in case["flags"]
            assert verdict is expected, (case["tcId"], case["comment"])
            believed += expected and case["result"] == "invalid"
    assert believed > 15
