"""No product code of the firmware makes, formats or mounts a writable filesystem: read with ast.

A box whose memory looks wrong after a power cut must keep what is in it (design §8): own boot
that never formats, raw NOR and FRAM in the legal path.
"""

import ast
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "firmware"
FORBIDDEN = {"mkfs", "format", "VfsLfs1", "VfsLfs2", "VfsFat", "mount", "inisetup", "flashbdev"}


def read_only(tree):
    """The `vfs.mount` of calls that mount what was made by `vfs.VfsRom(…)`: nothing can be written there."""
    roms = {
        node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        and ast.unparse(node.value).startswith("vfs.VfsRom(")
    }  # fmt: skip
    return {
        node.func
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "vfs.mount"
        and isinstance(node.args[0], ast.Name) and node.args[0].id in roms
    }  # fmt: skip


def named(tree):
    """Yield (line, name) of everything a file calls, imports, reaches for or spells out as a text."""
    allowed = read_only(tree)
    for node in ast.walk(tree):
        if node in allowed:
            continue
        if isinstance(node, ast.Attribute):
            yield node.lineno, node.attr
        elif isinstance(node, ast.Name):
            yield node.lineno, node.id
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                for part in alias.name.split("."):
                    yield node.lineno, part
            for part in (getattr(node, "module", None) or "").split("."):
                yield node.lineno, part
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value  # getattr(vfs, "mkfs")


def violations(folder):
    """Return (["file:line name"], files read)."""
    found, read = [], 0
    for path in sorted(folder.rglob("*.py")):
        read += 1
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [
            f"{path.relative_to(folder)}:{line} {name}" for line, name in named(tree) if name in FORBIDDEN
        ]
    return found, read


def test_no_code_of_the_firmware_makes_or_mounts_a_filesystem():
    found, read = violations(FIRMWARE)
    assert found == []
    assert read > 30  # else nothing was looked at


PLANTED = [
    ("import os\nos.mkfs(flash)", "x.py:2 mkfs"),
    ("from os import VfsLfs2", "x.py:1 VfsLfs2"),
    ("import vfs\nvfs.VfsLfs2.mkfs(b)", "x.py:2 mkfs"),
    ("import vfs\nvfs.mount(vfs.VfsFat(b), '/')", "x.py:2 mount"),
    ("import flashbdev", "x.py:1 flashbdev"),
    ("import os\ngetattr(os, 'mkfs')(b)", "x.py:2 mkfs"),
    ("import vfs\nimage = vfs.VfsLfs2(b)\nvfs.mount(image, '/')", "x.py:3 mount"),
    ("import vfs\nimage = vfs.VfsRom(b)\nvfs.mount(flash, '/')", "x.py:3 mount"),
    ("def f(disk):\n    disk.format()", "x.py:2 format"),
]


def test_an_image_that_nobody_can_write_may_be_mounted(tmp_path):
    (tmp_path / "x.py").write_text("import vfs\nimage = vfs.VfsRom(memory)\nvfs.mount(image, '/rom')")
    assert violations(tmp_path) == ([], 1)


@pytest.mark.parametrize(("source", "place"), PLANTED)
def test_a_planted_violation_is_caught(tmp_path, source, place):
    (tmp_path / "x.py").write_text(source)
    assert place in violations(tmp_path)[0]
