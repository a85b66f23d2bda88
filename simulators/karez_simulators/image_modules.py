"""The modules of the image, and what a name in one of them stands for.

A name that a scope has by import alone is an alias: it stands for what it was imported from, however many
modules handed it on.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from karez_simulators.image_scopes import FUNCTIONS, Scope, Symbol, Use, found
from karez_simulators.image_walk import Transformer, children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator


class Module:
    """One module of the image: its tree without docstrings and annotations, its scopes, its names.

    Whoever asks for neither may do without scopes and names: they take half the time.
    """

    def __init__(self, key: str, text: str, *, has_scopes: bool = True) -> None:
        self.key = key  # of a package: `package.__init__`
        self.is_package = key.endswith(".__init__")
        self.name = key.removesuffix(".__init__")
        self.package = self.name if self.is_package else self.name.rpartition(".")[0]
        self.tree: ast.Module = _Bare().visit(ast.parse(text, filename=key))
        self.top, self.scopes, self.uses = found(self.tree if has_scopes else ast.Module([], []))

    def source(self, level: int, source: str) -> str:
        """Return the full name of a module that something is imported from."""
        parts = self.package.split(".")
        above = parts[: len(parts) - level + 1] if level else []
        return ".".join([*above, *source.split(".")]).strip(".")

    def text(self) -> str:
        """Return the tree as it is now."""
        return ast.unparse(self.tree)


class Image:
    """All modules by name, and what their aliases stand for."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.modules = {module.name: module for module in (Module(key, text) for key, text in texts.items())}
        for module in self.modules.values():
            for scope in module.scopes.values():
                scope.aliases = {
                    name: symbol
                    for name, wanted in scope.imports.items()
                    if (symbol := self._alias(module, scope, name, wanted)) is not None
                }
        for module in self.modules.values():
            for scope in module.scopes.values():
                scope.aliases = {name: self.final(symbol) for name, symbol in scope.aliases.items()}

    def _alias(
        self, module: Module, scope: Scope, name: str, wanted: list[tuple[int, str, str]]
    ) -> Symbol | None:
        if scope.bound[name] != len(wanted) or scope.elsewhere.get(name):
            return None  # bound in some other way, too
        meant = {Symbol(module.source(level, source), attribute) for level, source, attribute in wanted}
        return meant.pop() if len(meant) == 1 else None

    def final(self, symbol: Symbol) -> Symbol:
        """Follow a symbol to where it is made: a module, what a module binds, or what is not ours."""
        seen = set()
        while symbol not in seen:
            seen.add(symbol)
            home = self.modules.get(symbol.module)
            if home is not None and symbol.name in home.top.aliases:
                symbol = home.top.aliases[symbol.name]
            elif (
                symbol.name
                and symbol.dotted in self.modules
                and not (home is not None and home.top.bound[symbol.name])
            ):
                symbol = Symbol(symbol.dotted)
        return symbol

    def meaning(self, module: Module, use: Use) -> Symbol | None:
        """Return what a name stands for; None for a local name or a builtin."""
        if use.name in use.owner.aliases:
            return use.owner.aliases[use.name]
        if use.owner is module.top and use.name in module.top.bound:
            return Symbol(module.name, use.name)
        return None

    def attribute(self, symbol: Symbol, name: str) -> Symbol | None:
        """Return what an attribute of one of our modules stands for; None of anything else."""
        if symbol.name or symbol.module not in self.modules:
            return None
        return self.final(Symbol(symbol.module, name))

    def imports(self, name: str, *, deep: bool = False) -> list[str]:
        """Return our modules that one imports when it is loaded (`deep`: also later), in that order."""
        module = self.modules[name]
        names = []
        for node in walk(module.tree) if deep else _at_once(module.tree):
            if isinstance(node, ast.ImportFrom):
                source = module.source(node.level, node.module or "")
                names += [self.final(Symbol(source, one.name)).module for one in node.names]
                names.append(source)
            elif isinstance(node, ast.Import):
                names += [one.name for one in node.names]
        own = dict.fromkeys(one for one in names if one in self.modules and one != name)
        return [one for one in own if not self.modules[one].is_package]

    def closure(self, roots: list[str], *, deep: bool = False) -> list[str]:
        """Return our modules in the order in which loading these roots would run them.

        Raises ValueError for modules that import each other.
        """
        order: list[str] = []
        self._load(roots, [], order, deep=deep)
        return order

    def _load(self, names: list[str], loading: list[str], order: list[str], *, deep: bool) -> None:
        for name in names:
            if name in loading and not deep:
                circle = [*loading[loading.index(name) :], name]
                raise ValueError(" -> ".join(circle) + ": modules import each other")
            if name not in order and name not in loading:
                self._load(self.imports(name, deep=deep), [*loading, name], order, deep=deep)
                order.append(name)

    def texts(self) -> dict[str, str]:
        """Return the sources as they are now, by key."""
        return {module.key: module.text() for module in self.modules.values()}


def _at_once(tree: ast.AST) -> Iterator[ast.AST]:
    """Walk through what runs when a module is loaded: everything but the bodies of functions."""
    for node in children(tree):
        if not isinstance(node, (*FUNCTIONS, ast.Lambda)):
            yield node
            yield from _at_once(node)


def is_type_checking(node: ast.AST) -> bool:
    """True for what only a type checker reads: `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


class _Bare(Transformer):
    """Takes away what no controller runs: docstrings, annotations, what is for type checkers."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        super().generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [one for one in body if not _is_idle(one)]  # type: ignore[attr-defined]
            if not node.body and not isinstance(node, ast.Module):  # type: ignore[attr-defined]
                node.body = [ast.Pass()]  # type: ignore[attr-defined]
        return node

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            return None
        return ast.copy_location(ast.Assign([node.target], node.value), node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if is_type_checking(node) and not node.orelse else self.generic_visit(node)


def _is_idle(node: ast.AST) -> bool:
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return is_text or (isinstance(target, ast.Name) and target.id == "TYPE_CHECKING")
