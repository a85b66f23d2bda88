"""The table that reads a traceback of the image: where each function stands in the sources, and short names.

karez_firmware.image_app:812 karez_firmware.core.books Books.take
    from line 812 of that module on: this function of the sources
karez_firmware.core.books _ab _register
    a private name of that module, short and long
* ceiling_l acknowledge
    a public name of any module, as the image and as the sources write it
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from karez_simulators.image_branches import starts
from karez_simulators.image_scopes import FUNCTIONS
from karez_simulators.image_walk import children

if TYPE_CHECKING:
    from collections.abc import Iterator

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# module of the image -> of each definition, what of the sources it is: (module, name in it), one or several
Labels = dict[str, list[list[tuple[str, str]]]]


def definitions(tree: ast.AST, path: str = "") -> Iterator[tuple[Definition, str]]:
    """Yield every function and class with its path in the module, as they stand one after another."""
    for child in children(tree):
        if isinstance(child, ast.expr):
            continue  # no statement stands in one
        below = path
        if isinstance(child, (*FUNCTIONS, ast.ClassDef)):
            below = f"{path}.{child.name}".strip(".")
            yield child, below
        yield from definitions(child, below)


def labels(
    texts: dict[str, str], tables: dict[str, dict[str, str]], parts: dict[tuple[str, str], list[str]]
) -> Labels:
    """Return what stands in each module, by key, under the long names of its table {long: short}.

    `parts`: what joined functions are made of.
    """
    found: Labels = {}
    for key, text in texts.items():
        long = {short: name for name, short in tables[key].items()}
        paths = [path for _, path in definitions(ast.parse(text))]
        words = [".".join(long.get(part, part) for part in path.split(".")) for path in paths]
        found[key] = [[(key, part) for part in parts.get((key, word), [word])] for word in words]
    return found


def table(
    texts: dict[str, str], where: Labels, private: dict[str, dict[str, str]], public: dict[str, str]
) -> str:
    """Return the rows for the modules of an image; its functions stand in the order of `where`."""
    rows = []
    for key in sorted(texts):
        found = definitions(ast.parse(texts[key]))
        for (node, _), of in zip(found, where.get(key, []), strict=True):
            lines = starts(node, len(of)) if isinstance(node, ast.FunctionDef) else [node.lineno]
            lines[0] = min(lines[0], node.lineno) if len(of) == 1 else lines[0]
            rows += [f"{key}:{line} {module} {path}" for line, (module, path) in zip(lines, of, strict=True)]
    for module, names in sorted(private.items()):
        rows += [f"{module} {short} {long}" for long, short in sorted(names.items())]
    rows += [f"* {new} {old}" for old, new in sorted(public.items())]
    return "\n".join(rows) + "\n"
