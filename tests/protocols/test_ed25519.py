"""Ed25519: the RFC's vectors, forgeries that fool ordinary verifiers, every byte changed."""

import json
from binascii import unhexlify

from karez_protocols import ed25519, ed25519_base, ed25519_comb, ed25519_keys, errors
from karez_protocols.field25519 import D, P
from karez_protocols.slices import finish

with open(__file__.rsplit("/", 2)[0] + "/vectors/ed25519.json") as file:
    VECTORS = json.load(file)
# RFC 8032, 5.1: the base point.
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def refused(kind, call, *args):
    """True if the slices raise exactly the declared error."""
    try:
        finish(call(*args))
    except kind:
        return True
    return False


def verify(key, message, signature):
    """The verdict, run through."""
    return finish(ed25519.verify_slices(key, message, signature))


def signed():
    """(seed, public key, message, signature) of each of the RFC's tests."""
    for group in VECTORS["testGroups"]:
        if "sk" in group["publicKey"]:
            case = group["tests"][0]
            keys = group["publicKey"]
            yield [unhexlify(text) for text in (keys["sk"], keys["pk"], case["msg"], case["sig"])]


def with_byte(data, index, value):
    """`data` with one byte replaced."""
    return data[:index] + bytes([value]) + data[index + 1 :]


def same(first, second):
    """Whether two projective points are one."""
    x1, y1, z1, _ = first
    x2, y2, z2, _ = second
    return (x1 * z2 - x2 * z1) % P == 0 and (y1 * z2 - y2 * z1) % P == 0


def test_the_vector_file_is_whole():
    cases = [case for group in VECTORS["testGroups"] for case in group["tests"]]
    assert len(cases) == VECTORS["numberOfTests"]
    valid = len([case for case in cases if case["result"] == "valid"])
    assert valid == len(list(signed())) == 5 and len(cases) > 10 * valid


def test_every_vector_gets_its_verdict():
    for group in VECTORS["testGroups"]:
        key = unhexlify(group["publicKey"]["pk"])
        if len(group["tests"]) > 1:
            key = finish(ed25519_keys.pin_slices(key))
        for case in group["tests"]:
            verdict = verify(key, unhexlify(case["msg"]), unhexlify(case["sig"]))
            assert verdict is (case["result"] == "valid"), (case["tcId"], case["comment"])


def test_bytes_that_are_no_key_of_order_l_are_not_pinned():
    bad = 0
    for group in VECTORS["testGroups"]:
        flags = group["tests"][0]["flags"]
        if "SmallOrderKey" in flags or "MixedOrderKey" in flags or "NonCanonicalKey" in flags:
            bad += 1
            key = unhexlify(group["publicKey"]["pk"])
            assert refused(errors.NotAllowed, ed25519_keys.pin_slices, key), group
    assert bad > 15


def test_seeds_give_the_published_keys_and_signatures():
    for seed, public, message, signature in signed():
        secret = finish(ed25519_keys.secret_slices(seed))
        assert len(secret) == ed25519.SECRET_SIZE and secret[64:] == public
        assert finish(ed25519.sign_slices(secret, message)) == signature


def test_a_pinned_key_gives_the_verdict_of_its_32_bytes():
    for _, public, message, signature in signed():
        pinned = finish(ed25519_keys.pin_slices(public))
        assert len(pinned) == ed25519.PINNED_SIZE and pinned[-32:] == public
        assert verify(pinned, message, signature) is True
        assert verify(pinned, message + b"!", signature) is False


def test_every_changed_byte_of_signature_and_message_is_refused():
    _, public, message, signature = list(signed())[4]
    pinned = finish(ed25519_keys.pin_slices(public))
    for index in range(64):
        changed = with_byte(signature, index, signature[index] ^ (1 << index % 8))
        assert verify(pinned, message, changed) is False, index
    for index in range(0, 64, 3):
        changed = with_byte(message, index, message[index] ^ (0x80 >> index % 8))
        assert verify(pinned, changed, signature) is False, index
    assert verify(pinned, message, signature) is True


def test_every_changed_byte_of_the_key_is_refused():
    _, public, message, signature = list(signed())[2]
    for index in range(32):
        changed = with_byte(public, index, public[index] ^ (1 << index % 8))
        assert verify(changed, message, signature) is False, index


def test_lengths_that_are_not_the_documents_are_malformed():
    seed, public, message, signature = list(signed())[1]
    pinned = finish(ed25519_keys.pin_slices(public))
    for size in (0, 1, 31, 33, 64):
        assert refused(errors.Malformed, ed25519_keys.secret_slices, bytes(size)), size
        assert refused(errors.Malformed, ed25519_keys.pin_slices, bytes(size)), size
        assert refused(errors.Malformed, ed25519.verify_slices, bytes(size), message, signature), size
    assert refused(errors.Malformed, ed25519.verify_slices, pinned + b"\0", message, signature)
    for size in range(64):
        assert refused(errors.Malformed, ed25519.verify_slices, pinned, message, signature[:size]), size
    assert refused(errors.Malformed, ed25519.verify_slices, pinned, message, signature + b"\0")
    secret = finish(ed25519_keys.secret_slices(seed))
    for wrong in (b"", seed, secret[:-1], secret + b"\0"):
        assert refused(errors.Malformed, ed25519.sign_slices, wrong, message), len(wrong)


def test_the_base_point_is_a_point_and_the_shipped_comb_is_built_from_it():
    x, y = BASE
    assert (y * y - x * x - 1 - D * x * x % P * y * y) % P == 0
    assert finish(ed25519_keys.comb_slices(x, y)) == ed25519_base.COMB


def test_the_ends_of_the_scalar_range_multiply_right():
    x, y = BASE
    ends = ((0, 0, 1), (1, x, y), (ed25519_comb.L - 1, P - x, y), (ed25519_comb.L, 0, 1))
    for scalar, expected_x, expected_y in ends:
        point = finish(ed25519_comb.multiply_slices((scalar, ed25519_base.COMB)))
        assert same(point, (expected_x, expected_y, 1, 0)), scalar


def test_every_bit_of_the_scalar_counts():
    comb = ed25519_base.COMB
    power = finish(ed25519_comb.multiply_slices((1, comb)))
    for bit in range(1, 253):
        power = ed25519_comb.double(power)
        if bit % 3 == 0 or bit % 52 in (0, 51):
            assert same(finish(ed25519_comb.multiply_slices((1 << bit, comb))), power), bit


def test_two_combs_add_up():
    comb = ed25519_base.COMB
    first, second = 3**150, 5**107
    together = finish(ed25519_comb.multiply_slices((first, comb), (second, comb)))
    assert same(together, finish(ed25519_comb.multiply_slices((first + second, comb))))


def test_every_secret_takes_the_same_number_of_slices():
    counts = []
    for seed in (bytes(32), b"\xff" * 32, bytes(range(32))):
        making = len(list(ed25519_keys.secret_slices(seed)))
        secret = finish(ed25519_keys.secret_slices(seed))
        signing = [len(list(ed25519.sign_slices(secret, fill * 140))) for fill in (b"\x00", b"\xff")]
        counts.append((making, signing))
    assert counts == [counts[0]] * 3
    # 52 columns and 24 parts of the inverse, and SHA-512 where the platform has none.
    assert counts[0][1][0] >= 76


def test_signing_and_verifying_may_take_turns():
    seed, public, message, signature = list(signed())[2]
    signing = ed25519.sign_slices(finish(ed25519_keys.secret_slices(seed)), message)
    verifying = ed25519.verify_slices(public, message, signature)
    for _ in range(60):
        next(signing)
        next(verifying)
    assert finish(signing) == signature
    assert finish(verifying) is True


def test_an_abandoned_signature_leaves_no_trace_on_the_next():
    seed, _, message, signature = list(signed())[2]
    secret = finish(ed25519_keys.secret_slices(seed))
    abandoned = ed25519.sign_slices(secret, b"another")
    for _ in range(40):
        next(abandoned)
    abandoned.close()
    assert finish(ed25519.sign_slices(secret, message)) == signature
