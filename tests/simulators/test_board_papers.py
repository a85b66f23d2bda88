"""A board's image with its papers: the same bytes twice, nothing of others in it, never too large."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from karez_firmware import release
from karez_simulators import board_image, firmware_image, image_light

ROOT = Path(__file__).parents[2]
PACKAGES = {"protocols": "karez_protocols", "firmware": "karez_firmware", "simulators": "karez_simulators"}
MAKE = """
import os, pathlib, sys
os.umask(0o077)
from karez_simulators import board_image, firmware_image
assert {pathlib.Path(one.__file__).parts[:-2] for one in (board_image, firmware_image)} == {
    pathlib.Path(sys.argv[3], "simulators").parts
}
for name, data in board_image.made("esp32s3", pathlib.Path(sys.argv[1]), bytes(32)).items():
    pathlib.Path(sys.argv[2], name).write_bytes(data)
"""


@pytest.fixture
def small(tmp_path):
    """A built image of three files."""
    for name, data in (("main.mpy", b"M" * 999), (firmware_image.DIGEST, b"d" * 48), ("sub/x.mpy", b"")):
        path = tmp_path / "image" / "karez_firmware" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "image" / "karez_protocols").mkdir()
    (tmp_path / "image" / firmware_image.NAMES).write_text("")
    return tmp_path / "image"


def copied(there):
    """A checkout's packages, in another order on the disk, of another day, for this user alone."""
    for name, package in reversed(PACKAGES.items()):
        shutil.copytree(
            ROOT / name / package, there / name / package, ignore=shutil.ignore_patterns("__pycache__"),
            copy_function=shutil.copyfile,
        )  # fmt: skip
    for path in there.rglob("*"):
        os.utime(path, (86_400, 86_400))
        path.chmod(0o700 if path.is_dir() else 0o400)
    return there


@pytest.mark.timeout(300)  # an image takes a core 20 s
def test_two_builds_are_the_same_to_the_byte(tmp_path):
    """One in another process, with another umask, zone, language and seed of hashes; and from nothing.

    Its sources lie in another folder, with other times and rights than those of the checkout.
    """
    out, sources = tmp_path / "out", copied(tmp_path / "elsewhere")
    out.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", MAKE, str(tmp_path / "fresh"), str(out), str(sources)],
        env={
            **os.environ, "PYTHONPATH": os.pathsep.join(str(sources / name) for name in PACKAGES),
            "PYTHONHASHSEED": "4711", "TZ": "Asia/Urumqi", "LC_ALL": "C",
        },
        cwd=sources, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    one = board_image.made("esp32s3", None, bytes(32))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == one
    text = json.loads(one[board_image.MANIFEST])
    assert text["files"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in one.items() if name != board_image.MANIFEST
    }
    assert text["rom_bytes"] == len(one[firmware_image.ROM]) <= text["rom_bytes_max"]
    assert text["board"] == "esp32s3" and text["number"] == release.NUMBER and text["libraries"] == []
    assert text["inside"]["karez_firmware/main_esp32.mpy"] and text["vendor_key"] == "00" * 32


def test_the_vendors_key_stands_in_the_image_and_changes_no_other_file(small):
    plain = json.loads(board_image.papers("rp2350", small, {})[board_image.MANIFEST])
    keyed_files = board_image.papers("rp2350", small, {board_image.VENDOR_KEY: b"K" * 32})
    keyed = json.loads(keyed_files[board_image.MANIFEST])
    assert b"K" * 32 in keyed_files[firmware_image.ROM]
    assert keyed["inside"].pop(board_image.VENDOR_KEY) == hashlib.sha256(b"K" * 32).hexdigest()
    assert keyed["inside"] == plain["inside"] and plain["vendor_key"] is None
    number = hashlib.sha256(str(release.NUMBER).encode()).hexdigest()
    assert plain["inside"]["karez_firmware/release.number"] == number


def test_an_image_that_a_board_cannot_hold_is_refused_with_both_sizes(small):
    (small / "karez_firmware" / "large.mpy").write_bytes(bytes(300_001))
    with pytest.raises(board_image.BoardError, match=r"30\d,\d\d\d bytes, the esp32s3 holds 300,000"):
        board_image.papers("esp32s3", small, {})


def test_a_board_that_nobody_knows_is_refused_with_those_that_there_are():
    with pytest.raises(board_image.BoardError, match="called pico: there are esp32s3, rp2350"):
        board_image.made("pico")


def test_a_library_that_nobody_has_pinned_is_found_by_who_imports_it():
    texts = {
        "a": "import struct, umqtt.simple\nfrom karez_protocols import crc\nfrom . import b",
        "b": "if TYPE_CHECKING:\n    from typing import Any\ndef f():\n    import aiodns",
    }
    assert board_image.strangers(texts) == {"umqtt.simple": "a", "aiodns": "b"}


def test_every_main_module_of_a_board_has_its_board():
    assert {board.main for board in board_image.BOARDS.values()} == set(image_light.BOARDS)


def test_the_release_is_that_of_the_package():
    text = (ROOT / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.+)"', text, re.MULTILINE)[1] == release.VERSION
    assert release.NUMBER >= 1
