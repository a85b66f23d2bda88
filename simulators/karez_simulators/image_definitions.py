"""Which statements of a module only give a value to names: without a reader of those, they may go.

A function, a class, an assignment whose value can be made without anybody noticing. Everything else is
something that a module does when it is loaded.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from karez_simulators.image_walk import children, walk

if TYPE_CHECKING:
    from karez_simulators.image_modules import Image, Module

# Calls that only make a value: without a reader of it they need not happen.
PURE_BUILTINS = {
    "bytes", "bytearray", "dict", "frozenset", "int", "len", "list", "max", "min", "range", "set", "sorted",
    "str", "sum", "tuple",
}  # fmt: skip
PURE_OTHERS = {"collections.namedtuple", "struct.calcsize", "micropython.const", "binascii.unhexlify"}


def is_special(name: str) -> bool:
    """True for the language's own names: `__init__`."""
    return name.startswith("__") and name.endswith("__")


def is_const(node: ast.AST) -> bool:
    """True for `NAME = const(value)`: mpy-cross puts the value, and needs no function of that name."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "const"
    )


def definitions(image: Image, module: Module) -> dict[str, list[ast.stmt]]:
    """Return the statements of a module that only give a value to names, by name."""
    judge = _Judge(image, module)
    found: dict[str, list[ast.stmt]] = {}
    for node in module.tree.body:
        for name in judge.names(node):
            found.setdefault(name, []).append(node)
    return found


class _Judge:
    """Tells of the statements of one module which names they give a value to, and do nothing else."""

    def __init__(self, image: Image, module: Module) -> None:
        self._image, self._module = image, module
        self._uses = {id(use.node): use for use in module.uses}

    def names(self, node: ast.stmt) -> list[str]:
        """Return the names of a statement; none of one that does something else too."""
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.decorator_list:
            return [node.name]
        if isinstance(node, ast.Assign) and (is_const(node) or self._is_pure(node.value)):
            targets = [one for target in node.targets for one in walk(target)]
            if all(isinstance(one, ast.Name | ast.Tuple | ast.expr_context) for one in targets):
                return [one.id for one in targets if isinstance(one, ast.Name)]
        if isinstance(node, ast.Try) and not node.orelse and not node.finalbody:
            return self._tried(node)
        return []

    def _tried(self, node: ast.Try) -> list[str]:
        """`try: from ... import const`, with something for where there is none."""
        inner = [*node.body, *(one for handler in node.handlers for one in handler.body)]
        imported = [one for part in inner if isinstance(part, ast.ImportFrom) for one in part.names]
        known = [self.names(part) for part in inner if not isinstance(part, ast.ImportFrom)]
        if not all(known):
            return []
        return [*(one.asname or one.name for one in imported), *(one for row in known for one in row)]

    def _is_pure(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            parts: list[ast.AST] = [*node.args, *node.keywords]
            return self._is_made(node.func) and all(map(self._is_pure, parts))
        if isinstance(node, ast.Lambda):
            return True
        is_act = isinstance(node, ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr)
        return not is_act and all(map(self._is_pure, children(node)))

    def _is_made(self, function: ast.expr) -> bool:
        """True for a call of this that makes a value and does nothing."""
        of = function.value if isinstance(function, ast.Attribute) else function
        if isinstance(of, ast.Constant):
            return True  # a method of a text
        if not isinstance(of, ast.Name):
            return False
        symbol = self._image.meaning(self._module, self._uses[id(of)])
        if isinstance(function, ast.Attribute):
            return symbol is not None and f"{symbol.dotted}.{function.attr}" in PURE_OTHERS
        return of.id in PURE_BUILTINS if symbol is None else symbol.dotted in PURE_OTHERS
