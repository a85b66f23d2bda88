"""tests/vectors/tlog.json: other people's figures, held against every implementation in the house."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

from karez_gateway.log.tiles import tile_path, tiles_of
from karez_gateway.verifier import merkle
from karez_gateway.verifier.checkpoint import Checkpoint
from karez_gateway.verifier.errors import VerificationError
from karez_gateway.verifier.note import Note, Signer, VerifierKey, open_note, sign_note
from karez_gateway.witnesses import witness
from karez_simulators import witness as simulated
from karez_simulators import witness_notes, witness_tree

from . import naive_tree, second_verifier

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "tlog.json").read_text(encoding="utf-8"))
TREE = VECTORS["merkle"]
LEAVES = [bytes.fromhex(one) for one in TREE["leaves"]]
ROOTS = [bytes.fromhex(one) for one in TREE["roots"]]


def hashes_of(case):
    return [bytes.fromhex(one) for one in case["proof"]]


def tiled(tmp_path, size):
    """Roots and proofs as the gateway's log makes them from its files."""
    from karez_gateway.log.tlog import Tlog

    log = Tlog.create(tmp_path / "log", "v.example", Signer("v.example", bytes(32)))
    log.append(LEAVES[:size])
    return log


def test_every_part_of_the_file_is_used_and_names_its_source():
    assert set(VECTORS) - {"notes", "bad_keys"} == set(VECTORS["notes"])
    assert (len(LEAVES), len(ROOTS)) == (8, 9)


def test_the_roots_come_out_of_the_log_of_the_naive_tree_and_of_the_hashes(tmp_path):
    with tiled(tmp_path, 8) as log:
        for size, root in enumerate(ROOTS):
            assert log.root_at(size) == naive_tree.root(LEAVES[:size]) == root
    assert ROOTS[0] == merkle.EMPTY_ROOT == witness_notes.EMPTY_ROOT == hashlib.sha256().digest()


@pytest.mark.parametrize("case", TREE["inclusion"])
def test_inclusion_proofs_are_made_and_checked(tmp_path, case):
    index, size, hashes = case["index"], case["size"], hashes_of(case)
    with tiled(tmp_path, 8) as log:
        assert log.inclusion_proof(index, size) == naive_tree.path(index, LEAVES[:size]) == hashes
    merkle.verify_inclusion(index, size, merkle.leaf_hash(LEAVES[index]), hashes, ROOTS[size])
    second_verifier.check_inclusion(index, size, LEAVES[index], hashes, ROOTS[size])
    for wrong in (hashes[:-1], [*hashes, bytes(32)], hashes[::-1]):
        if wrong == hashes:
            continue
        with pytest.raises(VerificationError):
            merkle.verify_inclusion(index, size, merkle.leaf_hash(LEAVES[index]), wrong, ROOTS[size])
        with pytest.raises(second_verifier.Refused):
            second_verifier.check_inclusion(index, size, LEAVES[index], wrong, ROOTS[size])


@pytest.mark.parametrize("case", TREE["consistency"])
def test_consistency_proofs_are_made_and_checked(tmp_path, case):
    old, size, hashes = case["old"], case["size"], hashes_of(case)
    with tiled(tmp_path, 8) as log:
        assert log.consistency_proof(old, size) == naive_tree.proof(old, LEAVES[:size]) == hashes
    merkle.verify_consistency(old, ROOTS[old], size, ROOTS[size], hashes)
    assert witness_tree.is_consistent(old, ROOTS[old], size, ROOTS[size], hashes)
    for wrong in (hashes[:-1], [*hashes, bytes(32)], hashes[::-1]):
        if wrong == hashes:
            continue
        with pytest.raises(VerificationError):
            merkle.verify_consistency(old, ROOTS[old], size, ROOTS[size], wrong)
        assert not witness_tree.is_consistent(old, ROOTS[old], size, ROOTS[size], wrong)


@pytest.mark.parametrize("case", VECTORS["signed_note"], ids=lambda case: case["comment"])
def test_published_notes_open_and_are_signed_alike(case):
    key, data = VerifierKey.parse(case["key"]), case["note"].encode()
    assert (str(key), key.key_id.hex()) == (case["key"], case["key_id"])
    assert open_note(data, [key]).text == data.partition(b"\n\n")[0] + b"\n"
    theirs = witness_notes.LogKey.parse(case["key"])
    assert theirs.id.hex() == case["key_id"]
    text = Note.parse(data).text
    assert theirs.has_signed(text, Note.parse(data).signatures[0].signature)
    assert not theirs.has_signed(text + b"x\n", Note.parse(data).signatures[0].signature)
    if "private" in case:
        assert sign_note(text, Signer.parse(case["private"])) == data


@pytest.mark.parametrize("text", VECTORS["bad_keys"])
def test_keys_called_wrong_are_refused(text):
    with pytest.raises(VerificationError):
        VerifierKey.parse(text)
    with pytest.raises(witness_notes.BadNote):
        witness_notes.LogKey.parse(text)


def test_the_published_cosignature_has_the_layout_that_is_read_here():
    case = VECTORS["cosignature"]["published"]
    text = "".join(case["signed"].splitlines(keepends=True)[2:])
    (line,) = Note.parse(f"{text}\n{case['line']}".encode()).signatures
    assert (line.name, line.key_id.hex(), len(line.signature)) == (case["name"], case["key_id"], 72)
    assert int.from_bytes(line.signature[:8], "big") == case["time_s"]
    assert case["signed"] == f"cosignature/v1\ntime {case['time_s']}\n{text}"
    assert line.line().decode() == case["line"]


def test_our_cosignature_is_the_same_in_all_three_implementations():
    case = VECTORS["cosignature"]["made"]
    key = VerifierKey.parse(case["key"])
    made = witness_notes.WitnessKey(key.name, bytes.fromhex(case["seed"]))
    text = case["text"].encode()
    assert str(made) == case["key"] and made.cosign(text, case["time_s"]).decode() == case["line"]
    (line,) = Note.parse(text + b"\n" + case["line"].encode()).signatures
    assert key.check(text, line.signature) == case["time_s"]
    with pytest.raises(VerificationError):
        key.check(text, (case["time_s"] + 1).to_bytes(8, "big") + line.signature[8:])
    log = Signer("example.com/behind-the-sofa", bytes(32))
    note = sign_note(text, log) + case["line"].encode()
    size, root = second_verifier.open_note(note, [str(log.verifier_key)], [case["key"]], 1)
    assert (size, root) == (Checkpoint.parse(text).size, Checkpoint.parse(text).root)
    with pytest.raises(second_verifier.Refused):
        second_verifier.open_note(sign_note(text, log), [str(log.verifier_key)], [case["key"]], 1)


def test_the_published_request_is_written_and_read_alike():
    case = VECTORS["add_checkpoint"]
    body = case["body"].encode()
    proof = [base64.b64decode(one) for one in case["proof"]]
    note = body.partition(b"\n\n")[2]
    assert witness.request(case["old"], proof, note) == body
    read = simulated.parse(body)
    assert (read.old_size, read.proof) == (case["old"], proof)
    assert (read.checkpoint.origin, read.checkpoint.size) == (case["origin"], case["size"])
    assert len(read.checkpoint.lines) == 2
    assert witness.request(0, [], note) == b"old 0\n\n" + note
    witness.request(1, [bytes(32)] * 63, note)
    with pytest.raises(ValueError, match="64 hashes"):
        witness.request(1, [bytes(32)] * 64, note)


def test_tiles_have_the_paths_and_trees_the_tiles_that_are_published():
    for case in VECTORS["tiles"]["paths"]:
        assert tile_path(case["level"], case["index"], case["width"]) == case["path"]
    for case in VECTORS["tiles"]["trees"]:
        assert [list(one) for one in tiles_of(case["size"])] == case["levels"]
