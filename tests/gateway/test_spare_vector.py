"""The spare file as docs/wire/spare.md tells it: one that the gateway wrote, and ways to be none."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from karez_gateway.technician import spare_file, visit_spare
from karez_gateway.technician.errors import WrongUse
from karez_gateway.technician.spare_file import Kept, Paper, SpareFile
from karez_protocols import record

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "tests/vectors/spare.json").read_text(encoding="utf-8"))
TESTS = [one for group in VECTORS["testGroups"] for one in group["tests"]]
FILE = TESTS[0]["file"]
BAD = [one for one in TESTS if one["result"] == "invalid"]


def test_every_vector_is_read_here():
    assert VECTORS["numberOfTests"] == len(TESTS) == 1 + len(BAD)


def test_the_file_is_read_and_written_again_to_the_byte(tmp_path):
    path = tmp_path / "w.spare"
    data = (json.dumps(FILE, ensure_ascii=False, indent=1) + "\n").encode()
    path.write_bytes(data)
    file = spare_file.load(path)
    assert spare_file.encode(file) == data
    assert {one.sort for one in file.papers} == {"grant", "order"}
    old, digest = visit_spare.of(file, path)
    said = {
        "last_seq": old.last_seq, "volume_l": old.volume_l, "energy_wh": old.energy_wh,
        "accounts": [list(one) for one in old.accounts], "config_digest": digest.hex(),
    }  # fmt: skip
    assert said == TESTS[0]["says"]
    newest = record.decode(bytes.fromhex(FILE["volume"]["slot"]))
    assert (newest["volume_l"], newest["seq"]) == (said["volume_l"], said["last_seq"])


@pytest.mark.parametrize("one", BAD, ids=[one["comment"] for one in BAD])
def test_what_is_no_such_file_is_refused(tmp_path, one):
    path = tmp_path / "w.spare"
    path.write_text(json.dumps(FILE | one["change"]), encoding="utf-8")
    with pytest.raises(WrongUse) as caught:
        visit_spare.load(path)
    assert caught.value.name == "spare-file"


def test_the_page_names_every_member_in_the_order_of_the_file():
    page = (ROOT / "docs/wire/spare.md").read_text(encoding="utf-8")
    tables = [re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) for part in page.split("\n## ")[1:]]
    names = [[one.name for one in dataclasses.fields(kind)] for kind in (SpareFile, Kept, Paper)]
    assert tables == [["format", "version", *names[0]], names[1], names[2]]
    assert tables[0] == list(FILE) and f"at most {1 << 20} bytes" in page
    assert all(f"`{sort}`" in page for sort in spare_file.PAPERS) and f"`{spare_file.FORMAT}`" in page
