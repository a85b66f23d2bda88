"""Signed notes and checkpoints: other people's examples byte for byte, and every corruption refused."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from karez_gateway.verifier.checkpoint import Checkpoint, open_checkpoint
from karez_gateway.verifier.errors import BadSignature, Malformed, VerificationError
from karez_gateway.verifier.merkle import EMPTY_ROOT
from karez_gateway.verifier.note import (
    COSIGNATURE,
    NOTE_BYTES_MAX,
    SIGNATURES_MAX,
    Note,
    Signature,
    Signer,
    VerifierKey,
    open_note,
    sign_note,
)

# golang.org/x/mod/sumdb/note, package documentation and its tests: a key pair made to be published.
GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZ"
    "SNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
GO_NOTE = GO_TEXT + b"\n" + GO_LINE
# Verifier keys the same tests call wrong: a key of another length and an unknown algorithm, ids adjusted.
GO_BAD_KEYS = (
    "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
    "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
)
# C2SP signed-note, section "Verifier keys", the example.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E"
    "RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()

ORIGIN = "county.example/log"
LOG = Signer(ORIGIN, bytes(range(32)))
ROOT = bytes(range(100, 132))
CHECKPOINT = Checkpoint(ORIGIN, 70_000, ROOT)


def refusal(call, *arguments):
    """The declared error a call ends with, None if it goes through; another error fails the test."""
    try:
        call(*arguments)
    except VerificationError as error:
        return type(error) if str(error) else None
    return None


def witness(name, number, time_s, text):
    """A witness key and its line, made without the product's help as tlog-cosignature says."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
    key = VerifierKey(name, private.public_key().public_bytes_raw(), COSIGNATURE)
    signature = private.sign(b"cosignature/v1\ntime " + str(time_s).encode() + b"\n" + text)
    return key, Signature(name, key.key_id, time_s.to_bytes(8, "big") + signature)


def test_the_go_example_is_signed_and_opened_byte_for_byte():
    signer = Signer.parse(GO_SIGNER)
    assert str(signer.verifier_key) == GO_KEY
    assert signer.export() == GO_SIGNER
    assert sign_note(GO_TEXT, signer) == GO_NOTE
    opened = open_note(GO_NOTE, [VerifierKey.parse(GO_KEY)])
    assert opened.text == GO_TEXT
    assert [one.key.name for one in opened.verified] == ["PeterNeumann"]
    assert opened.unknown == 0


def test_the_specification_s_example_opens():
    key = VerifierKey.parse(SPEC_KEY)
    assert str(key) == SPEC_KEY
    assert open_note(SPEC_NOTE, [key]).text == b"This is an example message.\n"


def test_a_private_key_is_not_shown_by_accident():
    assert repr(Signer.parse(GO_SIGNER)) == f"Signer({GO_KEY})"


def test_every_piece_of_a_key_and_every_changed_byte_of_it_is_refused():
    for text, parse in ((GO_KEY, VerifierKey.parse), (GO_SIGNER, Signer.parse)):
        for start in range(len(text)):
            for end in range(start, len(text) + 1):
                if (start, end) != (0, len(text)):
                    assert refusal(parse, text[start:end])
        for at in range(len(text)):
            for other in (chr(ord(text[at]) + 1), chr(ord(text[at]) ^ 0x20), "\n", "é", "\ud800", " "):
                assert refusal(parse, text[:at] + other + text[at + 1 :]), (at, other)
    for text in GO_BAD_KEYS:
        assert refusal(VerifierKey.parse, text)


def test_every_flipped_bit_of_a_note_is_refused_or_makes_its_only_signature_unknown():
    keys = [VerifierKey.parse(GO_KEY)]
    for at in range(len(GO_NOTE)):
        for bit in range(8):
            changed = GO_NOTE[:at] + bytes([GO_NOTE[at] ^ 1 << bit]) + GO_NOTE[at + 1 :]
            assert refusal(open_note, changed, keys), (at, bit)


def test_every_shortened_note_is_refused():
    keys = [VerifierKey.parse(GO_KEY)]
    for end in range(len(GO_NOTE)):
        assert refusal(open_note, GO_NOTE[:end], keys)
        assert refusal(open_note, GO_NOTE[end:], keys) or end == 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        GO_TEXT,
        GO_TEXT + b"\n",
        GO_NOTE[:-1],
        GO_NOTE + b"\n",
        b"\x01" + GO_NOTE,
        b"\xff" + GO_NOTE,
        GO_NOTE.replace(b"\n", b"\r\n"),
        GO_NOTE.replace(b"is.", b"is\t"),
        GO_NOTE + b"Unexpected line.\n",
        GO_NOTE.replace("— ".encode(), b"- "),
        GO_NOTE.replace("— ".encode(), "—  ".encode()),
        GO_NOTE.replace(b"PeterNeumann", b"Peter Neumann"),
        GO_NOTE.replace(b"PeterNeumann", "Peter\u2003Neumann".encode()),
        GO_NOTE.replace(b"PeterNeumann", b"Peter+Neumann"),
        GO_NOTE.replace(b"PeterNeumann ", b" "),
        GO_NOTE.replace(b"AM=\n", b"AM\n"),
        GO_NOTE.replace(b"AM=\n", b"AM==\n"),
        GO_NOTE.replace(b"AM=\n", b"AN=\n"),  # the same bytes, but bits beyond them are not zero
        GO_NOTE.replace(b"x08go/", b"x08go_"),
        GO_NOTE + "— other AAAA\n".encode(),
        GO_NOTE + "— other AAAAAA==\n".encode(),  # a key id and no signature
    ],
)
def test_what_is_not_in_the_form_is_malformed(data):
    assert refusal(open_note, data, [VerifierKey.parse(GO_KEY)]) is Malformed


def test_unknown_signatures_are_ignored_and_counted_even_under_a_known_name_or_id():
    key = VerifierKey.parse(GO_KEY)
    other_id = Signature("PeterNeumann", b"\0\1\2\3", b"x" * 64)
    other_name = Signature("CarmenSandiego", key.key_id, b"x" * 64)
    note = Note(GO_TEXT, (other_id, Note.parse(GO_NOTE).signatures[0], other_name, other_name)).format()
    opened = open_note(note, [key])
    assert opened.text == GO_TEXT and opened.unknown == 3
    assert refusal(open_note, note, [VerifierKey.parse(SPEC_KEY)]) is BadSignature
    assert refusal(open_note, note, []) is BadSignature


def test_one_bad_signature_of_a_known_key_refuses_the_whole_note():
    good, second = Signer("a", b"a" * 32), Signer("b", b"b" * 32)
    lines = good.sign(GO_TEXT), second.sign(b"another text\n")
    keys = [good.verifier_key, second.verifier_key]
    assert refusal(open_note, Note(GO_TEXT, lines).format(), keys) is BadSignature
    assert refusal(open_note, Note(GO_TEXT, lines[::-1]).format(), keys) is BadSignature
    for length in (1, 8, 63, 65):
        cut = Signature("a", good.verifier_key.key_id, b"s" * length)
        assert refusal(open_note, Note(GO_TEXT, (cut,)).format(), keys) is BadSignature


def test_a_note_that_would_be_read_otherwise_is_not_written():
    for key_id in (b"abc", b"abcde"):
        assert refusal(Note(GO_TEXT, (Signature("name", key_id, b"x" * 64),)).format) is Malformed


def test_a_known_key_signs_once():
    assert refusal(open_note, GO_NOTE + GO_LINE, [VerifierKey.parse(GO_KEY)]) is Malformed
    assert open_note(GO_NOTE, [VerifierKey.parse(GO_KEY)] * 2).unknown == 0


def test_sixteen_signatures_and_more_are_read_but_not_without_end():
    signers = [Signer(f"log{number}.example", bytes([number]) * 32) for number in range(SIGNATURES_MAX + 1)]
    keys = [signer.verifier_key for signer in signers]
    for count in (16, SIGNATURES_MAX):
        assert len(open_note(sign_note(GO_TEXT, *signers[:count]), keys).verified) == count
    assert refusal(sign_note, GO_TEXT, *signers) is Malformed
    line = signers[0].sign(b"x" * NOTE_BYTES_MAX + b"\n").line()
    assert refusal(open_note, b"x" * NOTE_BYTES_MAX + b"\n\n" + line, keys) is Malformed


def test_a_text_may_hold_empty_lines_and_other_people_s_signature_lines():
    text = b"one\n\n" + GO_LINE + "\n漏斗\n\n".encode()
    assert open_note(sign_note(text, LOG), [LOG.verifier_key]).text == text


@pytest.mark.parametrize("text", [b"", b"no newline", b"tab\t\n", b"\xff\n", b"carriage\r\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text):
    assert refusal(sign_note, text, LOG) is Malformed


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u00a0b", "a\nb", "a\u2028b", "a\x00", "\ud800", "n" * 256]
)
def test_names_that_no_note_can_hold_are_refused(name):
    assert refusal(Signer.generate, name) is Malformed
    assert refusal(VerifierKey, name, bytes(32)) is Malformed


def test_a_key_made_here_is_read_back():
    signer = Signer.generate(ORIGIN)
    assert Signer.parse(signer.export()).verifier_key == signer.verifier_key
    assert VerifierKey.parse(str(signer.verifier_key)) == signer.verifier_key
    assert refusal(Signer, ORIGIN, bytes(31)) is Malformed
    assert refusal(VerifierKey, ORIGIN, bytes(31)) is Malformed
    assert refusal(VerifierKey, ORIGIN, bytes(32), 6) is VerificationError


def test_keys_that_cannot_be_told_apart_are_refused():
    # 32-bit ids collide on purpose within minutes; the second key of the same name and id is made up here.
    class Collision(VerifierKey):
        key_id = LOG.verifier_key.key_id

    twin = Collision(ORIGIN, bytes(32))
    assert refusal(open_note, GO_NOTE, [LOG.verifier_key, twin]) is VerificationError


def test_a_checkpoint_is_three_lines():
    text = CHECKPOINT.format()
    assert text == b"county.example/log\n70000\n" + base64.b64encode(ROOT) + b"\n"
    assert Checkpoint.parse(text) == CHECKPOINT
    assert Checkpoint.parse(text + b"extension\n").extensions == ("extension",)
    assert Checkpoint.parse(Checkpoint(ORIGIN, 0, EMPTY_ROOT).format()).size == 0
    assert Checkpoint.parse(Checkpoint(ORIGIN, 2**63 - 1, ROOT).format()).size == 2**63 - 1


@pytest.mark.parametrize(
    "size", ["", "-1", "+1", "01", "00", "1 ", " 1", "1.0", "1e3", "٣", "9" * 5000, str(2**63)]
)
def test_a_size_is_a_plain_decimal_number(size):
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(ROOT).decode()}\n".encode()
    assert refusal(Checkpoint.parse, text) is Malformed


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        CHECKPOINT.format()[:-1],
        CHECKPOINT.format() + b"\n",
        CHECKPOINT.format() + b"extension",
        CHECKPOINT.format() + b"extension\n\n",
        b"\n" + CHECKPOINT.format(),
        ORIGIN.encode() + b"\n7\n",
        CHECKPOINT.format().replace(b"=", b""),
        CHECKPOINT.format().replace(b"70000", b"0"),  # the empty tree has one root
        f"{ORIGIN}\n7\n{base64.b64encode(ROOT[:31]).decode()}\n".encode(),
        f"{ORIGIN}\n7\n{base64.b64encode(ROOT + b'x').decode()}\n".encode(),
    ],
)
def test_a_checkpoint_in_another_form_is_malformed(text):
    assert refusal(Checkpoint.parse, text) is Malformed


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 1, ROOT),
        Checkpoint("two\nlines", 1, ROOT),
        Checkpoint("\ud800", 1, ROOT),
        Checkpoint(ORIGIN, -1, ROOT),
        Checkpoint(ORIGIN, 2**63, ROOT),
        Checkpoint(ORIGIN, 1, ROOT[:31]),
        Checkpoint(ORIGIN, 1, ROOT, ("",)),
        Checkpoint(ORIGIN, 1, ROOT, ("two\nlines",)),
    ],
)
def test_a_checkpoint_that_would_be_read_otherwise_is_not_written(checkpoint):
    assert refusal(checkpoint.format) is Malformed


def test_a_checkpoint_opens_with_the_log_s_signature_and_says_which_witnesses_signed():
    text = CHECKPOINT.format()
    keys, lines = zip(
        *(witness(f"witness{n}.example", n, 1_763_000_000 + n, text) for n in (1, 2, 3)), strict=True
    )
    note = Note(text, (LOG.sign(text), *lines)).format()
    opened = open_checkpoint(note, ORIGIN, LOG.verifier_key, keys[:2])
    assert opened.checkpoint == CHECKPOINT
    assert [(one.key.name, one.time_s) for one in opened.witnesses] == [
        ("witness1.example", 1_763_000_001),
        ("witness2.example", 1_763_000_002),
    ]
    assert opened.unknown == 1
    assert VerifierKey.parse(str(keys[0])) == keys[0]


def test_witnesses_alone_do_not_make_a_checkpoint():
    text = CHECKPOINT.format()
    key, line = witness("witness1.example", 1, 1, text)
    assert (
        refusal(open_checkpoint, Note(text, (line,)).format(), ORIGIN, LOG.verifier_key, [key])
        is BadSignature
    )


def test_a_cosignature_counts_for_its_own_text_and_time_only():
    text = CHECKPOINT.format()
    key, line = witness("witness1.example", 1, 1000, text)
    later = Signature(line.name, line.key_id, (1001).to_bytes(8, "big") + line.signature[8:])
    beyond = witness("witness1.example", 1, 1 << 63, text)[1]
    plain = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).sign(text)
    for wrong in (
        later,
        beyond,
        Signature(line.name, line.key_id, plain),
        Signature(line.name, line.key_id, b"12345"),
    ):
        note = Note(text, (LOG.sign(text), wrong)).format()
        assert refusal(open_checkpoint, note, ORIGIN, LOG.verifier_key, [key])


def test_one_machine_under_two_names_is_not_two_witnesses():
    text = CHECKPOINT.format()
    first, second = witness("w1.example", 1, 5, text), witness("w2.example", 1, 5, text)
    note = Note(text, (LOG.sign(text), first[1], second[1])).format()
    assert (
        refusal(open_checkpoint, note, ORIGIN, LOG.verifier_key, [first[0], second[0]]) is VerificationError
    )
    as_witness = VerifierKey("w3.example", LOG.verifier_key.public_key, COSIGNATURE)
    assert refusal(open_checkpoint, note, ORIGIN, LOG.verifier_key, [as_witness]) is VerificationError


def test_another_log_s_checkpoint_is_refused_though_the_key_be_right():
    text = Checkpoint("other.example/log", 1, ROOT).format()
    assert refusal(open_checkpoint, sign_note(text, LOG), ORIGIN, LOG.verifier_key) is BadSignature
    assert refusal(open_checkpoint, sign_note(b"no checkpoint\n", LOG), ORIGIN, LOG.verifier_key) is Malformed
