"""Every port has what the contract says, the app asks for nothing else, and docs/ports.md says the same."""

import ast
import re
from pathlib import Path

from karez_firmware.ports import contract

ROOT = Path(__file__).parents[2]
FIRMWARE = ROOT / "firmware" / "karez_firmware"
PAGE = ROOT / "docs" / "ports.md"
PORTS = {"unix": "unix.py", "fake": "fake.py", "board": "board.py"}


def members(path: Path) -> set[str]:
    """Return what class Port of a module has: methods, values of the class and of its objects."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    (port,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Port")
    found = {node.name for node in port.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(port):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def asked() -> dict[str, str]:
    """Return every name that the firmware outside ports/ asks a port for, and one place that does."""
    found = {}
    for path in sorted(FIRMWARE.rglob("*.py")):
        if path.parent.name == "ports" or path.name.startswith("main_"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and is_port(node.value):
                found[node.attr] = f"{path.name}:{node.lineno}"
    return found


def is_port(node: ast.expr) -> bool:
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return name in {"port", "_port"}


def test_every_port_has_what_it_must_have():
    for name, file in PORTS.items():
        lacking = set(contract.MUST) - members(FIRMWARE / "ports" / file)
        assert not lacking, (name, lacking)


def test_the_app_asks_a_port_for_nothing_that_the_contract_does_not_name():
    # `read` and `write` are a meter line's, which drivers/master.py calls a port, too.
    known = {*contract.MUST, *contract.MAY, "read", "write", "open_console"}
    found = asked()
    assert len(found) > 20
    assert not {name: place for name, place in found.items() if name not in known}


def test_every_name_of_the_contract_is_asked_for():
    named = set(asked()) | {"hold", "start_watchdog", "reset", "resource", "await_time"}
    assert set(contract.MUST) <= named


def test_the_page_has_every_name_of_the_contract_and_no_other():
    text = PAGE.read_text(encoding="utf-8")
    for title, names in (
        ("## What a port must have", contract.MUST),
        ("## What a port may lack", contract.MAY),
    ):
        part = text.split(title)[1].split("\n## ")[0]
        rows = re.findall(r"^\| `(\w+)`", part, re.MULTILINE)
        assert rows == list(names), title


def test_the_page_tells_the_parts_of_both_boards():
    text = PAGE.read_text(encoding="utf-8")
    for module in sorted(FIRMWARE.glob("ports/*.py")):
        if module.stem not in {"__init__", "fake", "fake_broker", "fake_memory", "files"}:
            assert f"`ports/{module.name}`" in text or module.stem.startswith("unix"), module.name
