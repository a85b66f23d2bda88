"""What no path from the controller's main program leads to is left out of the image.

A module, a function, a class or a value of a module is kept if something that is kept refers to it; the
reference is followed through imports and `module.name`. What an object is, nobody can tell from a text, so
a method is kept as soon as its name stands anywhere as an attribute or as a word of a text; so is what
belongs to a module that is handed about as an object. What runs when a module is loaded is kept.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from karez_simulators.image_definitions import definitions, is_const, is_special
from karez_simulators.image_modules import Image, Module
from karez_simulators.image_scopes import FUNCTIONS, Symbol
from karez_simulators.image_walk import Transformer, children, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def reached(texts: dict[str, str], roots: list[str]) -> dict[str, str]:
    """Return the sources {key: text} that these modules need, without what they do not need of them.

    Imports name where a thing is made, and no docstring or annotation is left.
    Raises SyntaxError (`filename` is the key), and ValueError if a root is not there.
    """
    image = Image(texts)
    for root in roots:
        if root not in image.modules:
            raise ValueError(f"{root} is no module of the image")
    reach = _Reach(image)
    for root in roots:
        reach.load(root)
    reach.run()
    for name in reach.loaded:
        _Dropper(image, image.modules[name], reach).visit(image.modules[name].tree)
    needed = {package for name in reach.loaded for package in _packages(name)} & image.modules.keys()
    kept = [image.modules[name] for name in image.modules if name in reach.loaded | needed]
    return {module.key: module.text() for module in kept}


def loadable(texts: dict[str, str], roots: list[str]) -> dict[str, str]:
    """Return the sources {key: text} that any import anywhere leads to: a quick look before the slow ones.

    Raises SyntaxError (`filename` is the key).
    """
    keys = {key.removesuffix(".__init__"): key for key in texts}
    found: dict[str, str] = {}
    waiting = [root for root in roots if root in keys]
    while waiting:
        name = waiting.pop()
        if name not in found and name in keys:
            found[name] = keys[name]
            waiting += [*_packages(name), *_imported(keys[name], texts[keys[name]])]
    return {key: text for key, text in texts.items() if key in found.values()}


def _imported(key: str, text: str) -> Iterator[str]:
    """Yield every name of a module that an import might mean."""
    package = key.split(".")[:-1]
    for node in walk(ast.parse(text, filename=key)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *(node.module or "").split(".")]).strip(".")
            yield source
            yield from (f"{source}.{one.name}" for one in node.names)


def _packages(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


class _Reach:
    """Which statements, by identity, are needed; found by following names until nothing new comes."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._uses = {id(use.node): use for module in image.modules.values() for use in module.uses}
        self._defined = {name: definitions(image, module) for name, module in image.modules.items()}
        self.loaded: set[str] = set()
        self.kept: set[int] = set()
        self.handed: set[Symbol] = set()  # aliases that others take from where they are not made
        self._said: set[str] = set()  # attributes, and words of texts
        self._objects: set[str] = set()  # modules that are handed about
        self._classes: list[tuple[str, ast.ClassDef]] = []
        self._waiting: list[tuple[str, ast.AST]] = []

    def load(self, name: str) -> None:
        """A module is imported: what it does then is needed."""
        if name in self.loaded:
            return
        self.loaded.add(name)
        defined = {id(node) for nodes in self._defined[name].values() for node in nodes}
        for node in self._image.modules[name].tree.body:
            if id(node) not in defined and not isinstance(node, ast.Import | ast.ImportFrom):
                self._keep(name, node)

    def run(self) -> None:
        """Follow everything that is needed to what it needs."""
        while self._waiting:
            while self._waiting:
                self._scan(*self._waiting.pop())
            for name in sorted(self._objects):
                for word in self._said & self._defined[name].keys():
                    self._need(Symbol(name, word))
            for name, node in self._classes:
                self._keep_methods(name, node)

    def _keep(self, name: str, node: ast.AST) -> None:
        if id(node) not in self.kept:
            self.kept.add(id(node))
            self._waiting.append((name, node))

    def _keep_methods(self, name: str, node: ast.ClassDef) -> None:
        for method in node.body:
            if isinstance(method, FUNCTIONS) and (is_special(method.name) or method.name in self._said):
                self._keep(name, method)

    def _need(self, symbol: Symbol) -> None:
        if symbol.module not in self._image.modules:
            return
        self.load(symbol.module)
        for node in self._defined[symbol.module].get(symbol.name, ()):
            self._keep(symbol.module, node)

    def _scan(self, name: str, top: ast.AST) -> None:
        """Take in what one statement says; methods wait until somebody says their name."""
        module = self._image.modules[name]
        for node in _said_in(top):
            if isinstance(node, ast.ClassDef):
                self.kept.add(id(node))
                self._classes.append((name, node))
            elif isinstance(node, ast.Import | ast.ImportFrom):
                self._import(module, node)
            elif isinstance(node, ast.Attribute):
                self._said.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._said.update(WORD.findall(node.value))
            elif isinstance(node, ast.Name):
                self._name(module, node)

    def _import(self, module: Module, node: ast.Import | ast.ImportFrom) -> None:
        """An import inside a function, or under a condition: what cannot be followed by name is needed."""
        for one in node.names:
            use = self._uses[id(one)]
            if use.name in use.owner.aliases:
                continue  # needed when it is used
            if isinstance(node, ast.ImportFrom):
                source = module.source(node.level, node.module or "")
                symbol = self._image.final(Symbol(source, one.name))
            else:
                symbol = Symbol(one.name)
            self._need(symbol)
            if not symbol.name and symbol.module in self._image.modules:
                self._objects.add(symbol.module)

    def _name(self, module: Module, node: ast.Name) -> None:
        use = self._uses[id(node)]
        symbol = self._image.meaning(module, use)
        if symbol is None:
            return
        self._need(symbol)
        if symbol.name or symbol.module not in self._image.modules:
            return
        if use.over is None:
            self._objects.add(symbol.module)
            return
        found = self._image.attribute(symbol, use.over.attr)
        if found is not None:
            self._need(found)
            if use.over.attr in self._image.modules[symbol.module].top.aliases:
                self.handed.add(Symbol(symbol.module, use.over.attr))


def _said_in(top: ast.AST) -> Iterator[ast.AST]:
    """Walk through a statement, but not into methods, nor into what the compiler alone reads."""
    yield top
    if is_const(top):
        below: Iterable[ast.AST] = [*top.targets, *top.value.args]  # type: ignore[attr-defined]
    else:
        below = children(top)
    for child in below:
        if not (isinstance(top, ast.ClassDef) and isinstance(child, FUNCTIONS)):
            yield from _said_in(child)
        else:
            for part in child.decorator_list + child.args.defaults:  # these run with the class
                yield from _said_in(part)


class _Dropper(Transformer):
    """Takes away what is not needed, and the imports that brought it."""

    def __init__(self, image: Image, module: Module, reach: _Reach) -> None:
        self._image, self._module, self._reach = image, module, reach
        kept = {id(one) for node in module.tree.body if id(node) in reach.kept for one in self._alive(node)}
        self._used = {(id(use.owner), use.name) for use in module.uses if id(use.node) in kept}
        self._uses = {id(use.node): use for use in module.uses}

    def _alive(self, top: ast.AST) -> Iterator[ast.AST]:
        yield top
        if is_const(top):
            for part in [*top.targets, *top.value.args]:  # type: ignore[attr-defined]
                yield from self._alive(part)
            return
        for child in children(top):
            is_method = isinstance(top, ast.ClassDef) and isinstance(child, FUNCTIONS)
            is_alive = not is_method or id(child) in self._reach.kept
            if is_alive and not isinstance(child, ast.alias):
                yield from self._alive(child)

    def visit_Module(self, node: ast.Module) -> ast.Module:
        node.body = [
            one
            for one in node.body
            if id(one) in self._reach.kept or isinstance(one, ast.Import | ast.ImportFrom)
        ]
        self.generic_visit(node)
        node.body = [one for one in node.body if not isinstance(one, ast.Pass)]
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        node.body = [
            one for one in node.body if not isinstance(one, FUNCTIONS) or id(one) in self._reach.kept
        ] or [ast.Pass()]
        self.generic_visit(node)
        return node

    def _is_used(self, one: ast.alias) -> bool:
        use = self._uses[id(one)]
        if (id(use.owner), use.name) in self._used:
            return True
        is_top = use.owner is self._module.top
        return is_top and Symbol(self._module.name, use.name) in self._reach.handed

    def visit_Import(self, node: ast.Import) -> ast.AST | None:
        node.names = [one for one in node.names if self._is_used(one)]
        return node if node.names else ast.Pass()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.AST]:
        """Import from where a thing is made."""
        source = self._module.source(node.level, node.module or "")
        rows: list[ast.AST] = []
        for one in node.names:
            use = self._uses[id(one)]
            if not self._is_used(one):
                continue
            symbol = use.owner.aliases.get(use.name) or self._image.final(Symbol(source, one.name))
            home, name = (symbol.module, symbol.name) if symbol.name else symbol.module.rpartition(".")[::2]
            rows.append(ast.ImportFrom(home, [ast.alias(name, use.name if use.name != name else None)], 0))
        return rows or ast.Pass()
