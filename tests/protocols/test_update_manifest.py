"""Manifests of updates: every vector gets its verdict, and is read a second way."""

import hashlib
import json
from binascii import unhexlify

from karez_protocols import ed25519, ed25519_keys, errors, update_manifest
from karez_protocols.slices import finish

with open(__file__.rsplit("/", 2)[0] + "/vectors/update_manifest.json") as file:
    VECTORS = json.load(file)
CASES = VECTORS["testGroups"][0]["tests"]
KEYS = [
    finish(ed25519_keys.pin_slices(unhexlify(VECTORS["publicKeys"][name]["pk"])))
    for name in ("vendor", "regulator")
]
SMALL = 16_384
STORED_MAX = 4080  # firmware/karez_firmware/store/objects.py, OBJECT_SIZE_MAX


def error_of(call, *args):
    """The name of the declared error a call raises, None if it raises none."""
    try:
        call(*args)
    except errors.ProtocolError as error:
        return type(error).__name__
    return None


def image_of(size):
    parts = [hashlib.sha256(b"%d" % number).digest() for number in range((size + 31) // 32)]
    return b"".join(parts)[:size]


def valid():
    """(case, signed bytes) of the manifests that hold."""
    for case in CASES:
        if case["result"] == "valid":
            yield case, unhexlify(case["data"])


def small():
    """Of these the ones whose image a small heap holds."""
    for case, data in valid():
        if case["imageSize"] <= SMALL:
            yield case, data, image_of(case["imageSize"])


def whose_is_wrong(data):
    """vendor or regulator, whichever signature does not hold first; None when both do."""
    _, _, *both = update_manifest.open_signed(data)
    for name, key, (message, signature) in zip(("vendor", "regulator"), KEYS, both):
        if not finish(ed25519.verify_slices(key, message, signature)):
            return name
    return None


def test_every_vector_gets_its_verdict():
    assert len(CASES) > 40 and len(list(valid())) == 9
    for case in CASES:
        data = unhexlify(case["data"])
        error = error_of(update_manifest.open_signed, data)
        if error is None:
            error = whose_is_wrong(data)
        assert error == case.get("error"), case["comment"]


def test_a_second_reading_by_the_offsets_of_the_page_finds_the_same():
    for case, data in valid():
        values = case["values"]
        assert data[0] == 1 and data[2:4] == bytes(2)
        for at, name in ((4, "number"), (8, "least"), (12, "issued_utc_s")):
            assert int.from_bytes(data[at : at + 4], "little") == values[name]
        assert int.from_bytes(data[16:20], "little") == case["imageSize"]
        assert str(data[20:36], "utf-8").rstrip("\0") == values["board"]
        assert str(data[36:52], "utf-8").rstrip("\0") == values["release"]
        assert len(data) == 108 + 32 * data[1] + 128 <= STORED_MAX


def test_a_body_made_of_its_image_is_that_of_the_vector():
    for case, data, image in small():
        values = dict(case["values"], core_digest=bytes(range(24)))
        body = update_manifest.of_image(values, image)
        assert body == data[:-128]
        assert update_manifest.sign(body, data[-128:-64], data[-64:]) == data


def test_every_chunk_is_named_by_its_own_digest_and_length():
    for _, data, image in small():
        values, body, _, _ = update_manifest.open_signed(data)
        assert hashlib.sha256(image).digest() == values["sha256"]
        at = 0
        for index in range(values["chunks"]):
            size = update_manifest.chunk_bytes(values, index)
            chunk = image[at : at + size]
            assert hashlib.sha256(chunk).digest() == update_manifest.chunk_digest(body, index)
            at += size
        assert at == len(image)
        for index in (-1, values["chunks"]):
            try:
                update_manifest.chunk_digest(body, index)
            except IndexError:
                continue
            raise AssertionError("a chunk that is none has a digest")


def test_what_would_not_be_read_is_not_written():
    good = {
        "number": 1, "least": 0, "issued_utc_s": 1, "board": "x", "release": "1", "core_digest": bytes(24),
    }  # fmt: skip
    assert error_of(update_manifest.of_image, good, b"") == "NotAllowed"
    assert (
        error_of(update_manifest.encode, dict(good, size=121 * 4096, sha256=bytes(32)), [bytes(32)] * 121)
        == "NotAllowed"
    )
    for name, value in (
        ("number", 0),
        ("least", 2),
        ("board", ""),
        ("release", "x" * 17),
        ("number", 1 << 32),
    ):
        assert error_of(update_manifest.of_image, dict(good, **{name: value}), b"x") == "NotAllowed", name
    body = update_manifest.of_image(good, b"x")
    assert error_of(update_manifest.sign, body, bytes(64), bytes(63)) == "NotAllowed"
