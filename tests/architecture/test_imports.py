"""Imports point one way, and the shared code stays pure: read with ast, so nothing is run for it.

    protocols  <-  firmware      protocols  <-  gateway      protocols, firmware  <-  simulators

Firmware and gateway never import each other; simulators meet the gateway over a wire.
"""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PURE = {"struct", "binascii", "hashlib", "collections"}
OURS = {"karez_protocols", "karez_firmware", "karez_gateway", "karez_simulators", "karez_hardware"}
# From the repository root a folder imports as a namespace package: that works by accident.
FOLDERS = {"protocols", "firmware", "gateway", "simulators", "hardware", "tests", "docs"}
DYNAMIC = {"import_module", "__import__"}

# Folder -> what its modules may import: "" and any name = everything but ours; the first folder that fits
# counts. Names with a dot fit the package and all below it.
RULES = (
    ("protocols/karez_protocols", PURE | {"karez_protocols"}),
    ("firmware/karez_firmware/core", PURE | {"karez_protocols", "karez_firmware.core"}),
    ("firmware/karez_firmware", {"", "karez_protocols", "karez_firmware"}),
    ("gateway/karez_gateway/verifier", {"", "karez_protocols", "karez_gateway.verifier"}),
    ("gateway/karez_gateway/decoder", {"", "karez_protocols", "karez_gateway.decoder"}),
    ("gateway/karez_gateway/technician", {"", "karez_protocols", "karez_gateway.technician"}),
    (
        "gateway/karez_gateway/regulator",
        {
            "",
            "karez_protocols",
            "karez_gateway.regulator",
            "karez_gateway.verifier",
            "karez_gateway.technician.keys",  # key files and passphrases: one way to keep a key
            "karez_gateway.technician.passphrase",
            "karez_gateway.technician.errors",
        },
    ),
    ("gateway/karez_gateway", {"", "karez_protocols", "karez_gateway"}),
    ("simulators/karez_simulators", {"", "karez_protocols", "karez_firmware", "karez_simulators"}),
    ("hardware/karez_hardware", {"", "karez_hardware"}),  # data flows from there by generation
)


def imported(path, root):
    """Yield (line, full name) of everything a file imports, relative names made absolute."""
    package = path.relative_to(root).with_suffix("").parts[1:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    folded = const_fallbacks(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node not in folded:
            base = package[: len(package) + 1 - node.level] if node.level else ()
            if node.level and path.relative_to(root).parts[0] in ("tests", "docs"):
                continue  # a neighbour: these folders hold no packages of ours
            for alias in node.names:
                yield node.lineno, ".".join([*base, *filter(None, [node.module]), alias.name])
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in DYNAMIC:
                yield node.lineno, str(node.args[0].value)


def const_fallbacks(tree):
    """`try: from micropython import const / except ImportError`: mpy-cross folds it, CPython passes by."""
    return [
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.Try)
        and any(getattr(handler.type, "id", "") == "ImportError" for handler in block.handlers)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        and node.module == "micropython"
        and [alias.name for alias in node.names] == ["const"]
    ]


def is_allowed(name, allowed):
    top = name.partition(".")[0]
    if top in FOLDERS:
        return False
    if top not in OURS:
        return "" in allowed or top in allowed
    return any(one and (name == one or name.startswith(one + ".")) for one in allowed)


def violations(root):
    """Return (["file:line: imports name"], how many files of each rule were read)."""
    found, read = [], Counter()
    for folder in ("protocols", "firmware", "gateway", "simulators", "hardware", "tests", "docs"):
        for path in sorted((root / folder).rglob("*.py")):
            inside = path.relative_to(root).as_posix()
            rule = next((rule for rule in RULES if inside.startswith(rule[0] + "/")), None)
            allowed = rule[1] if rule else {"", *OURS}
            read[rule[0] if rule else folder] += 1
            found += [
                f"{inside}:{line}: imports {name}"
                for line, name in imported(path, root)
                if not is_allowed(name, allowed)
            ]
    return found, read


def test_imports_point_one_way_and_shared_code_is_pure():
    found, read = violations(ROOT)
    assert not found, "\n".join(found)
    # Had a folder moved, this test would pass by reading nothing.
    assert all(read[folder] >= 8 for folder, _ in RULES), read


PLANTED = [
    ("protocols/karez_protocols/x.py", "import time", "imports time"),
    ("protocols/karez_protocols/x.py", "import json as struct", "imports json"),
    ("protocols/karez_protocols/x.py", "def f():\n    import os", "imports os"),
    ("protocols/karez_protocols/x.py", "from typing import Any", "imports typing.Any"),
    ("protocols/karez_protocols/x.py", "from karez_firmware.core import pump", "karez_firmware.core.pump"),
    ("protocols/karez_protocols/x.py", "from .. import karez_firmware", "imports karez_firmware"),
    ("protocols/karez_protocols/x.py", "from micropython import const", "imports micropython.const"),
    (
        "protocols/karez_protocols/x.py",
        "try:\n    from micropython import mem_info\nexcept ImportError:\n    pass",
        "imports micropython.mem_info",
    ),
    ("firmware/karez_firmware/core/x.py", "import machine", "imports machine"),
    ("firmware/karez_firmware/core/x.py", "import json", "imports json"),
    ("firmware/karez_firmware/core/x.py", "from .. import journal", "imports karez_firmware.journal"),
    ("firmware/karez_firmware/core/x.py", "from ..store import head", "imports karez_firmware.store.head"),
    ("firmware/karez_firmware/app.py", "import karez_gateway", "imports karez_gateway"),
    ("firmware/karez_firmware/app.py", "import karez_simulators.well", "imports karez_simulators.well"),
    ("gateway/karez_gateway/x.py", "from karez_firmware.core.pump import TABLE", "karez_firmware.core.pump"),
    ("gateway/karez_gateway/x.py", "import karez_simulators", "imports karez_simulators"),
    ("gateway/karez_gateway/verifier/x.py", "from karez_gateway.store import entries", "store.entries"),
    ("gateway/karez_gateway/verifier/x.py", "from .. import rights", "imports karez_gateway.rights"),
    ("gateway/karez_gateway/regulator/x.py", "from karez_gateway.store import acts", "store.acts"),
    ("gateway/karez_gateway/regulator/x.py", "from karez_gateway import rights", "karez_gateway.rights"),
    ("gateway/karez_gateway/regulator/x.py", "from karez_gateway.technician import visit", "visit"),
    ("simulators/karez_simulators/x.py", "from karez_gateway import config", "karez_gateway.config"),
    (
        "simulators/karez_simulators/x.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from karez_gateway import config",
        "karez_gateway.config",
    ),
    (
        "simulators/karez_simulators/x.py",
        "import importlib\nimportlib.import_module('karez_gateway.config')",
        "karez_gateway.config",
    ),
    ("gateway/karez_gateway/x.py", "import protocols.karez_protocols.crc", "imports protocols.karez"),
    (
        "simulators/karez_simulators/x.py",
        "from gateway import karez_gateway",
        "imports gateway.karez_gateway",
    ),
    ("hardware/karez_hardware/x.py", "from karez_firmware.ports import pins_rp2350", "karez_firmware.ports"),
    ("firmware/karez_firmware/x.py", "import karez_hardware", "imports karez_hardware"),
    ("tests/gateway/test_x.py", "import firmware", "imports firmware"),
    ("firmware/karez_firmware/x.py", "from tests import desk", "imports tests.desk"),
]


@pytest.mark.parametrize(("path", "source", "named"), PLANTED)
def test_a_planted_violation_is_caught(tmp_path, path, source, named):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(source)
    found, _ = violations(tmp_path)
    assert len(found) == 1 and found[0].startswith(path) and named in found[0], found


ALLOWED = [
    ("protocols/karez_protocols/x.py", "import struct\nfrom . import fields\nfrom .errors import Malformed"),
    (
        "protocols/karez_protocols/x.py",
        "try:\n    from micropython import const\nexcept ImportError:\n    const = int",
    ),
    ("firmware/karez_firmware/core/x.py", "from karez_protocols import record\nfrom . import pump"),
    ("firmware/karez_firmware/ports/x.py", "import machine\nfrom ..store.devices import SECTOR"),
    ("gateway/karez_gateway/x.py", "import sqlalchemy\nfrom karez_gateway.verifier import slots"),
    ("gateway/karez_gateway/verifier/x.py", "import typer\nfrom . import merkle\nfrom .note import Note"),
    ("simulators/karez_simulators/x.py", "from karez_firmware.core.settings import check"),
    ("tests/system/test_x.py", "import karez_gateway, karez_simulators, karez_firmware"),
]


@pytest.mark.parametrize(("path", "source"), ALLOWED)
def test_what_is_allowed_is_not_caught(tmp_path, path, source):
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(source)
    assert violations(tmp_path)[0] == []
