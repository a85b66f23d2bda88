"""Whole numbers with public names become plain numbers, so that a controller's heap is not filled with them.

MicroPython keeps a public constant as a row of its module and its name for ever, and looks both up
each time. In the image nobody but the image reads them: each use gets the number, and a name that is
then written nowhere any more goes. `_X = const(n)` needs none of this: the compiler does the same.
A table made of such numbers, `bytes((...))`, is written as what it is made of: it then lies in the flash.
"""

from __future__ import annotations

import ast
import operator
import re
from collections import Counter
from typing import TYPE_CHECKING

from karez_simulators.image_walk import Transformer, walk

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = re.compile(r"[A-Z][A-Z0-9_]*")
VALUE_MAX = 2**30 - 1  # a larger one is an object of its own on a board with 32 bits
ARITHMETIC: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
}
AMBIGUOUS = object()


class Module:
    """One module: its tree, what it binds, its constants, and what its imports stand for."""

    def __init__(self, name: str, text: str) -> None:
        self.tree = ast.parse(text, filename=name)
        self.package = name.split(".")[:-1]
        self.bound = _bound(self.tree)
        self.constants: dict[str, int] = {}
        self.imported: dict[str, tuple[str, str] | object] = {}  # local name -> (module, name in it)
        for node in walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    local, found = alias.asname or alias.name, (self.source(node), alias.name)
                    known = self.imported.setdefault(local, found)
                    if known != found or local in self.bound:
                        self.imported[local] = AMBIGUOUS
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    self.imported[(alias.asname or alias.name).partition(".")[0]] = AMBIGUOUS

    def source(self, node: ast.ImportFrom) -> str:
        """Return the full name of the module that something is imported from."""
        above = self.package[: len(self.package) - node.level + 1] if node.level else []
        return ".".join([*above, *(node.module or "").split(".")]).strip(".")


def _bound(tree: ast.Module) -> Counter[str]:
    """Return how often each name is bound in a module, at whatever depth; imports apart."""
    bound: Counter[str] = Counter()
    for node in walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound[node.id] += 1
        elif isinstance(node, ast.arg):
            bound[node.arg] += 2
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound[node.name] += 1
        elif isinstance(node, ast.Global | ast.Nonlocal):
            bound.update(dict.fromkeys(node.names, 2))
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound[node.name] += 1
    return bound


def folded(modules: dict[str, str]) -> dict[str, str]:
    """Return the sources {dotted name: text; a package's is `package.__init__`} without such names.

    Raises SyntaxError (`filename` is the module).
    """
    image = {name: Module(name, text) for name, text in modules.items()}
    found = -1
    while found != (found := sum(len(module.constants) for module in image.values())):
        for module in image.values():  # again and again: one constant is made of others
            _find(module, image)
    for module in image.values():
        module.tree = _Folder(module, image).visit(module.tree)
    written = {word for module in image.values() for word in _words(module, image)}
    for module in image.values():
        _drop(module, image, written)
    return {name: ast.unparse(module.tree) for name, module in image.items()}


def _find(module: Module, image: dict[str, Module]) -> None:
    for node in module.tree.body:
        name, expression = _definition(node)
        if expression is None or module.bound[name] != 1 or name in module.imported:
            continue
        value = _value(expression, module, image)
        if value is not None:
            module.constants[name] = value


def _definition(node: ast.stmt) -> tuple[str, ast.expr | None]:
    """Return (name, expression) of `NAME = expression`; of anything else ("", None)."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Name) and NAME.fullmatch(target.id):
            return target.id, node.value
    return "", None


def _value(node: ast.expr, module: Module, image: dict[str, Module]) -> int | None:
    """Return the whole number that an expression always has, if it has one and it is a small one."""
    value: int | None = None
    if isinstance(node, ast.Constant) and type(node.value) is int:
        value = node.value
    elif isinstance(node, ast.Name | ast.Attribute):
        value = _known(node, module, image)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(node.operand, module, image)
        value = None if inner is None else -inner
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        left, right = _value(node.left, module, image), _value(node.right, module, image)
        if left is not None and right is not None and right >= 0:
            value = ARITHMETIC[type(node.op)](left, right)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "const":
        value = _value(node.args[0], module, image)
    return value if value is not None and abs(value) <= VALUE_MAX else None


def _known(node: ast.Name | ast.Attribute, module: Module, image: dict[str, Module]) -> int | None:
    """Return the number that a name, or a name of a module, stands for."""
    if isinstance(node, ast.Name):
        if node.id in module.constants:
            return module.constants[node.id]
        source, name = _import(module, node.id)
        return image[source].constants.get(name) if source in image else None
    if isinstance(node.value, ast.Name):
        source = ".".join(filter(None, _import(module, node.value.id)))
        return image[source].constants.get(node.attr) if source in image else None
    return None


def _import(module: Module, local: str) -> tuple[str, str]:
    found = module.imported.get(local)
    return found if isinstance(found, tuple) else ("", "")


def _table(node: ast.expr, module: Module, image: dict[str, Module]) -> bytes | None:
    """Return the bytes that a row of known numbers is, None of anything else."""
    numbers = [_value(one, module, image) for one in node.elts] if isinstance(node, ast.Tuple) else [None]
    known = [one for one in numbers if one is not None and 0 <= one <= 255]
    return bytes(known) if len(known) == len(numbers) else None


class _Folder(Transformer):
    """Puts numbers where constants are used."""

    def __init__(self, module: Module, image: dict[str, Module]) -> None:
        self._module, self._image = module, image

    def _number(self, node: ast.Name | ast.Attribute) -> ast.expr | None:
        value = _known(node, self._module, self._image) if isinstance(node.ctx, ast.Load) else None
        if value is None:
            return None
        return ast.Constant(value) if value >= 0 else ast.UnaryOp(ast.USub(), ast.Constant(-value))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._number(node) or node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self._number(node) or self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        found = None
        if isinstance(node.func, ast.Name) and node.func.id == "bytes" and len(node.args) == 1:
            is_own = not self._module.bound["bytes"] and "bytes" not in self._module.imported
            found = _table(node.args[0], self._module, self._image) if is_own and not node.keywords else None
        return self.generic_visit(node) if found is None else ast.Constant(found)


def _words(module: Module, image: dict[str, Module]) -> set[str]:
    """Return every name and text that is read in a module, by which a constant might be asked for."""
    found: set[str] = set()
    for node in walk(module.tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        elif isinstance(node, ast.ImportFrom):  # of a module that itself only imported it
            source = image.get(module.source(node))
            found.update(one.name for one in node.names if not source or one.name not in source.constants)
    return found


def _drop(module: Module, image: dict[str, Module], written: set[str]) -> None:
    """Take away the constants that nobody reads any more, and the imports that brought them."""

    class Dropper(Transformer):
        def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
            source = image.get(module.source(node))
            if source is None:
                return node
            node.names = [
                one
                for one in node.names
                if one.name not in source.constants or {one.name, one.asname or one.name} & written
            ]
            return node if node.names else ast.Pass()

    gone = module.constants.keys() - written
    module.tree.body = [node for node in module.tree.body if _definition(node)[0] not in gone]
    Dropper().visit(module.tree)
