"""What asks for names while it runs is looked at by a person, or there is no image.

The passes of the image follow names as they are written. A name that is made while the program runs, or a
table of names that is read, they cannot follow: what is not known to be harmless stops the build.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from karez_simulators.image_walk import walk

ASKING = {
    "getattr",
    "setattr",
    "hasattr",
    "delattr",
}  # of a text that is written there, they can be followed
TELLING = {"eval", "exec", "compile", "globals", "locals", "vars", "dir", "__import__"}
NAMED = {"__dict__", "__name__", "__qualname__", "__module__", "__class__", "__import__"}
# Looked at: {module: {what is written there: why no pass changes what it does}}.
KNOWN = {
    "karez_firmware.app": {
        "setattr(self._inputs, name, reading)": "a quantity of a meter; Inputs names each in a text",
    },
    "karez_firmware.unload": {
        "hasattr(sys.modules.get(package), leaf)": "parts of the names of modules, which keep theirs",
        "delattr(sys.modules[package], leaf)": "the same",
    },
    "karez_firmware.ports.boot": {"type(error).__name__": "errors keep their names"},
    "karez_firmware.supervisor": {"type(error).__name__": "errors keep their names"},
    "karez_firmware.uplink.mqtt_client": {"type(error).__name__": "errors keep their names"},
}

# Classes whose objects are asked by those for any word that stands in a text.
CLASSES = frozenset({"Inputs"})


@dataclass(frozen=True)
class Asked:
    """`names` that a text asks some object for; objects of `classes` may be asked for any word of a text."""

    names: frozenset[str]
    classes: frozenset[str] = CLASSES


def found(texts: dict[str, str]) -> Asked:
    """Return what sources that passed the check ask for by texts."""
    calls = (
        node
        for key, text in texts.items()
        for node in walk(ast.parse(text, filename=key))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING
    )
    asked = (call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant))
    return Asked(frozenset(word for word in asked if isinstance(word, str)))


def check(texts: dict[str, str], known: dict[str, dict[str, str]] = KNOWN) -> None:
    """Refuse sources {key: text} that ask for names in a way that nobody has looked at.

    Raises ValueError with the place, SyntaxError (`filename` is the key).
    """
    for key, text in texts.items():
        looked_at = known.get(key.removesuffix(".__init__"), {})
        for node, reason in _asking(ast.parse(text, filename=key)):
            written = ast.unparse(node)
            if written not in looked_at:
                raise ValueError(
                    f"{key}:{node.lineno}: {written} {reason}: no pass of the image can follow it "
                    "(image_asked.KNOWN lists what somebody has looked at)"
                )


def _asking(tree: ast.Module) -> list[tuple[ast.expr | ast.stmt, str]]:
    """Return the places that ask for names, and what each of them does."""
    found: list[tuple[ast.expr | ast.stmt, str]] = []
    called = {id(node.func) for node in walk(tree) if isinstance(node, ast.Call)}
    for node in walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKING:
            name = node.args[1] if len(node.args) > 1 else None
            if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
                found.append((node, "asks for a name that is made while it runs"))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id in TELLING:
                found.append((node, "may ask for any name"))
            elif node.id in ASKING and id(node) not in called:
                found.append((node, "is handed about"))
        elif isinstance(node, ast.Attribute) and node.attr in NAMED:
            found.append((node, "tells names"))
        elif isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names):
            found.append((node, "imports names that are written nowhere"))
    return found
