"""karez decode of manifests, steps and statuses of an update: good, cut, changed and hostile ones."""

import json
import random
from pathlib import Path

import pytest

from karez_gateway.decoder import chinese, update
from karez_gateway.decoder.finding import Options
from karez_protocols import fields, link, update_link
from updates import REGULATOR, VENDOR, image_of, manifest_of

MANIFEST = manifest_of(image_of())
VALUES = {"step": update_link.CHUNK, "index": 1, "offset": 512, "update": b"12345678"}
STEP = bytes((link.UPDATE,)) + update_link.encode(VALUES, b"bytes")
STATUS = fields.pack(
    update_link.STATUS,
    {
        "version": 1, "state": 2, "is_wanted": 0, "number": 6, "index": 3, "offset": 0, "update": b"12345678",
        "reason": "busy: the pump runs",
    },
)  # fmt: skip
CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus" / "update"


def decoded(data, *settings):
    """The one finding of some bytes, whose fields show the bytes they name."""
    (found,) = update.decode(data, Options(settings=settings))
    assert (found.offset, found.length) == (0, len(data)) and json.dumps(found.facts)
    for one in found.fields:
        assert data[one.offset : one.offset + len(one.raw)] == one.raw
    for one in chinese.fields(found.fields):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one.name), one.name
    return found


def test_manifest_step_and_status_say_what_they_are():
    found = decoded(MANIFEST, ("vendor", VENDOR[64:].hex()), ("regulator", REGULATOR[64:].hex()))
    assert found.title == "firmware 6 for fake" and found.facts["chunks"] == 2
    assert found.facts["vendor"] == found.facts["regulator"] == "good"
    assert decoded(MANIFEST[:-64]).facts["vendor"] == "not checked"  # the vendor's half
    assert "vendor" not in decoded(MANIFEST[:-128]).facts
    found = decoded(STEP)
    assert (found.facts["step_name"], found.facts["index"], found.facts["bytes"]) == (
        "bytes of a chunk",
        1,
        5,
    )
    assert decoded(STATUS).facts["state_name"] == "chunks come"
    assert chinese.sentence("firmware 6 for fake") == "第 6 号固件，用于 fake"


def test_a_signature_of_another_is_said_to_be_bad():
    found = decoded(MANIFEST, ("vendor", REGULATOR[64:].hex()))
    assert found.facts["reason"] == "signature" and not found.is_good


@pytest.mark.parametrize("data", [MANIFEST, STEP, STATUS])
def test_every_cut_and_changed_bytes_are_met(data):
    for end in range(1, len(data)):
        decoded(data[:end])
    chance = random.Random(7)
    for _ in range(300):
        at = chance.randrange(len(data))
        decoded(data[:at] + bytes((chance.randrange(256),)) + data[at + 1 :])
    assert update.decode(b"", Options()) == []


def test_the_corpus_of_the_fuzz_target_is_of_this_format():
    found = {path.name: decoded(path.read_bytes()).facts["kind"] for path in CORPUS.iterdir()}
    assert set(found.values()) >= {"update manifest", "update step", "update status", "invalid"}, found
