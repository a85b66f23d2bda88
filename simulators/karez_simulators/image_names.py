"""Short names for what is private, so that a controller's heap is not filled with words.

MicroPython keeps every name of every module for ever and doubles the table that holds
them when it is full. A name with one leading underscore belongs to its module, so many
modules can share one short name for theirs. Names that appear in several modules keep
one meaning everywhere; modules whose classes inherit from each other count as one, since
their objects carry the names of both. `_X = const(n)` stays private: it leaves no name.
"""

from __future__ import annotations

import ast
from collections import Counter
from itertools import count, product
from string import ascii_lowercase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_private(name: str) -> bool:
    """True for `_name`: not public, not the language's own."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def shortened(modules: dict[str, str]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Return the sources {dotted name: text} with their private names made short, and each one's table.

    A table {private name: short name} is what reads a traceback of the image.
    Raises SyntaxError (`filename` is the module), and ValueError if a private name is also
    written as a text (getattr by name), which renaming would break without a word.
    """
    trees = {name: ast.parse(text, filename=name) for name, text in modules.items()}
    families = _families(trees)
    used: dict[str, set[str]] = {}
    for name, tree in trees.items():
        used.setdefault(families[name], set()).update(_private_names(name, tree))
    spread = Counter(private for names in used.values() for private in names)
    shared = sorted(private for private, times in spread.items() if times > 1)
    fresh = _short_names()
    everywhere = {private: next(fresh) for private in shared}
    palette: list[str] = []
    result, tables = {}, {}
    for name, tree in trees.items():
        own = sorted(used[families[name]] - everywhere.keys())
        while len(palette) < len(own):
            palette.append(next(fresh))
        tables[name] = everywhere | dict(zip(own, palette, strict=False))
        result[name] = ast.unparse(_Renamer(tables[name]).visit(tree))
    return result, tables


def _short_names() -> Iterator[str]:
    for length in count(1):
        for letters in product(ascii_lowercase, repeat=length):
            yield "_" + "".join(letters)


def _families(trees: dict[str, ast.Module]) -> dict[str, str]:
    """Return the family of each module: the first, by name, of those joined by inheritance."""
    family = {name: name for name in trees}
    for name, tree in trees.items():
        for base in _foreign_bases(name, tree):
            if base in family:
                old, new = family[name], family[base]
                family = {one: new if its == old else its for one, its in family.items()}
    return family


def _foreign_bases(name: str, tree: ast.Module) -> set[str]:
    """Return the modules that classes of this one inherit from."""
    package = name.split(".")[:-1]
    home: dict[str, str] = {}  # local name -> module it stands for, or stands in
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        above = package[: len(package) - node.level + 1] if node.level else []
        source = ".".join([*above, *(node.module or "").split(".")]).strip(".")
        for alias in node.names:
            home[alias.asname or alias.name] = source
            home[f"module {alias.asname or alias.name}"] = f"{source}.{alias.name}"
    found = set()
    for node in ast.walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            if isinstance(base, ast.Name) and base.id in home:
                found.add(home[base.id])
            elif isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
                found.add(home.get(f"module {base.value.id}", ""))
    return found


def _private_names(module: str, tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        for attribute in ("id", "attr", "name", "arg", "asname"):
            text = getattr(node, attribute, None)
            if isinstance(text, str) and is_private(text):
                names.add(text)
        if isinstance(node, ast.Global):
            names.update(filter(is_private, node.names))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            raise ValueError(f"{module}: {node.value} is also written as a text")
    return names


class _Renamer(ast.NodeTransformer):
    def __init__(self, table: dict[str, str]) -> None:
        self._table = table

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for attribute in ("id", "attr", "name", "arg", "asname"):
            text = getattr(node, attribute, None)
            if isinstance(text, str) and text in self._table:
                setattr(node, attribute, self._table[text])
        if isinstance(node, ast.Global):
            node.names = [self._table.get(name, name) for name in node.names]
        return super().generic_visit(node)
