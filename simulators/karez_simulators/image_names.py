"""Short names for what is private, so that a controller's heap is not filled with words.

MicroPython keeps every name of every module for ever and doubles the table that holds
them when it is full. A name with one leading underscore belongs to its module, so many
names can share a short one that never stand in one module. A long name has one short name
everywhere. Modules whose classes inherit from each other count as one, since their objects
carry the names of both; and a name that a module takes of another object than `self` shares
with none. `_X = const(n)` stays private: it leaves no name.
"""

from __future__ import annotations

import ast
from collections import Counter
from itertools import count, product
from string import ascii_lowercase
from typing import TYPE_CHECKING

from karez_simulators.image_walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ("id", "attr", "name", "arg", "asname")  # of a node, where an identifier stands


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
    alone = {
        private
        for tree in trees.values()
        for private, is_set in _of_others(tree)
        if is_set or _spread(private, used) > 1  # read in one module alone, it is of an object of that one
    }
    short = _coloured(used, alone)
    result, tables = {}, {}
    for name, tree in trees.items():
        tables[name] = {private: short[private] for private in sorted(used[families[name]])}
        rename(tree, tables[name])
        result[name] = ast.unparse(tree)
    return result, tables


def _spread(private: str, used: dict[str, set[str]]) -> int:
    return sum(private in names for names in used.values())


def _coloured(used: dict[str, set[str]], alone: set[str]) -> dict[str, str]:
    """Give every private name a short one that no other name of its families has, and few in all."""
    spread = Counter(private for names in used.values() for private in names)
    fresh = _short_names()
    palette: list[str] = []
    short = {private: next(fresh) for private in sorted(alone)}
    taken: dict[str, set[str]] = {family: set() for family in used}
    for private in sorted(spread.keys() - alone, key=lambda one: (-spread[one], one)):
        homes = [family for family, names in used.items() if private in names]
        near = set().union(*(taken[home] for home in homes))
        free = [one for one in palette if one not in near]
        if not free:
            free = [next(fresh)]
            palette += free
        short[private] = free[0]
        for home in homes:
            taken[home].add(free[0])
    return short


def _of_others(tree: ast.Module) -> set[tuple[str, bool]]:
    """Return (private name taken of another object than `self` or imported, whether it is set there)."""
    names = set()
    for node in walk(tree):
        if isinstance(node, ast.Attribute):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                names.add((node.attr, not isinstance(node.ctx, ast.Load)))
        elif isinstance(node, ast.ImportFrom):
            names.update((one.name, False) for one in node.names)
    return {(name, is_set) for name, is_set in names if is_private(name)}


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
    for node in walk(tree):
        if not isinstance(node, ast.ImportFrom):
            continue
        above = package[: len(package) - node.level + 1] if node.level else []
        source = ".".join([*above, *(node.module or "").split(".")]).strip(".")
        for alias in node.names:
            home[alias.asname or alias.name] = source
            home[f"module {alias.asname or alias.name}"] = f"{source}.{alias.name}"
    found = set()
    for node in walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            if isinstance(base, ast.Name) and base.id in home:
                found.add(home[base.id])
            elif isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name):
                found.add(home.get(f"module {base.value.id}", ""))
    return found


def _private_names(module: str, tree: ast.Module) -> set[str]:
    names = set()
    for node in walk(tree):
        for attribute in FIELDS:
            text = getattr(node, attribute, None)
            if isinstance(text, str) and is_private(text):
                names.add(text)
        if isinstance(node, ast.Global | ast.Nonlocal):
            names.update(filter(is_private, node.names))
    for node in walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in names:
            raise ValueError(f"{module}: {node.value} is also written as a text")
    return names


def rename(tree: ast.Module, table: dict[str, str]) -> None:
    """Write other names in a tree, wherever an identifier stands: {old: new}, all at once."""
    for node in walk(tree):
        for field in FIELDS:
            text = getattr(node, field, None)
            if isinstance(text, str) and text in table:
                setattr(node, field, table[text])
        if isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [table.get(name, name) for name in node.names]
