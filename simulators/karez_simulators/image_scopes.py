"""What every name in the image's modules stands for: what the passes that move and drop names rest on.

Python's own rules: a name belongs to the innermost function that binds it, to the module otherwise; a
class body sees its own names, its methods do not. A name that a scope has by import alone is an alias:
it stands for what it was imported from, however many modules handed it on.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Binder = ast.Name | ast.FunctionDef | ast.ClassDef | ast.ExceptHandler | ast.Global | ast.alias | ast.arg


@dataclass(frozen=True)
class Symbol:
    """What a name stands for: `name` in `module`, or the module itself (`name` is empty)."""

    module: str
    name: str = ""

    @property
    def dotted(self) -> str:
        """The full name."""
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(eq=False)
class Scope:
    """A module, a function, a comprehension or a class body, and the names it binds."""

    node: ast.AST
    parent: Scope | None
    bound: Counter[str] = field(default_factory=Counter)
    elsewhere: dict[str, str] = field(default_factory=dict)  # name -> "global", "nonlocal"
    imports: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)  # (level, source, name)
    aliases: dict[str, Symbol] = field(default_factory=dict)

    @property
    def is_class(self) -> bool:
        """True for the body of a class: functions inside do not see its names."""
        return isinstance(self.node, ast.ClassDef)

    def owner(self, name: str) -> Scope:
        """Return the scope that a name belongs to when it is written here."""
        scope: Scope = self
        while scope.parent is not None:
            where = scope.elsewhere.get(name)
            if where == "global":
                break
            if not where and name in scope.bound and (scope is self or not scope.is_class):
                return scope
            scope = scope.parent
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def seen(self) -> Iterator[Scope]:
        """The scopes, but for the module, whose names come before the module's when written here."""
        scope: Scope = self
        while scope.parent is not None:
            if scope is self or not scope.is_class:
                yield scope
            scope = scope.parent


@dataclass(eq=False)
class Use:
    """One place where a name is written. `over`: the attribute that is taken of it at once, if any."""

    node: Binder
    name: str
    scope: Scope
    owner: Scope
    over: ast.Attribute | None = None

    def rename(self, new: str) -> None:
        """Write another name there."""
        node = self.node
        if isinstance(node, ast.Name):
            node.id = new
        elif isinstance(node, ast.Global):
            node.names = [new if one == self.name else one for one in node.names]
        elif isinstance(node, ast.alias):
            node.asname = new if new != node.name else None
        elif isinstance(node, ast.arg):
            node.arg = new
        else:
            node.name = new

    @property
    def is_load(self) -> bool:
        """True where the name is read."""
        return isinstance(self.node, ast.Name) and isinstance(self.node.ctx, ast.Load)


class Module:
    """One module of the image: its tree without docstrings and annotations, its scopes, its names."""

    def __init__(self, key: str, text: str) -> None:
        self.key = key  # of a package: `package.__init__`
        self.is_package = key.endswith(".__init__")
        self.name = key.removesuffix(".__init__")
        self.package = self.name if self.is_package else self.name.rpartition(".")[0]
        self.tree: ast.Module = _Bare().visit(ast.parse(text, filename=key))
        self.look()

    def look(self) -> None:
        """Find scopes and names anew, after the tree was changed."""
        self.top = Scope(self.tree, None)
        self.scopes: dict[ast.AST, Scope] = {self.tree: self.top}
        self.places: list[tuple[Binder, str, Scope]] = []
        _Binding(self).visit(self.tree)
        over = {
            id(node.value): node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        }
        self.uses = [
            Use(node, name, scope, scope.owner(name), over.get(id(node))) for node, name, scope in self.places
        ]

    def source(self, level: int, source: str) -> str:
        """Return the full name of a module that something is imported from."""
        parts = self.package.split(".")
        above = parts[: len(parts) - level + 1] if level else []
        return ".".join([*above, *source.split(".")]).strip(".")

    def text(self) -> str:
        """Return the tree as it is now."""
        return ast.unparse(ast.fix_missing_locations(self.tree))


class Image:
    """All modules by name, and what their aliases stand for."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.modules = {module.name: module for module in (Module(key, text) for key, text in texts.items())}
        self.resolve()

    def resolve(self) -> None:
        """Say of every alias what it stands for."""
        for module in self.modules.values():
            for scope in module.scopes.values():
                scope.aliases = {
                    name: found
                    for name, wanted in scope.imports.items()
                    if (found := self._alias(module, scope, name, wanted)) is not None
                }
        for module in self.modules.values():
            for scope in module.scopes.values():
                scope.aliases = {name: self.final(symbol) for name, symbol in scope.aliases.items()}

    def _alias(
        self, module: Module, scope: Scope, name: str, wanted: list[tuple[int, str, str]]
    ) -> Symbol | None:
        if scope.bound[name] != len(wanted) or scope.elsewhere.get(name):
            return None  # bound in some other way, too
        found = {Symbol(module.source(level, source), attribute) for level, source, attribute in wanted}
        return found.pop() if len(found) == 1 else None

    def final(self, symbol: Symbol) -> Symbol:
        """Follow a symbol to where it is made: a module, what a module binds, or what is not ours."""
        seen = set()
        while symbol not in seen:
            seen.add(symbol)
            home = self.modules.get(symbol.module)
            if home is not None and symbol.name in home.top.aliases:
                symbol = home.top.aliases[symbol.name]
            elif symbol.name and symbol.dotted in self.modules and not (home and home.top.bound[symbol.name]):
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
        """Return what an attribute of one of our modules stands for; None for an attribute of anything else."""
        if symbol.name or symbol.module not in self.modules:
            return None
        return self.final(Symbol(symbol.module, name))

    def imports(self, name: str, *, deep: bool = False) -> list[str]:
        """Return our modules that one imports when it is loaded (`deep`: also later), in that order."""
        module = self.modules[name]
        found = []
        for node in ast.walk(module.tree) if deep else _at_once(module.tree):
            if isinstance(node, ast.ImportFrom):
                source = module.source(node.level, node.module or "")
                found += [self.final(Symbol(source, one.name)).module for one in node.names]
                found.append(source)
            elif isinstance(node, ast.Import):
                found += [one.name for one in node.names]
        own = dict.fromkeys(one for one in found if one in self.modules and one != name)
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
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, (*FUNCTIONS, ast.Lambda)):
            yield node
            yield from _at_once(node)


def is_type_checking(node: ast.AST) -> bool:
    """True for what only a type checker reads: `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


class _Bare(ast.NodeTransformer):
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
    is_flag = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TYPE_CHECKING"
    return is_text or is_flag


class _Binding(ast.NodeVisitor):
    """Fills the scopes of a module, and lists where names are written."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._scope = module.top

    def _bind(self, node: Binder, name: str) -> None:
        if name not in self._scope.elsewhere:
            self._scope.bound[name] += 1
        self._module.places.append((node, name, self._scope))

    def _inside(self, node: ast.AST, parts: list[ast.AST]) -> None:
        scope = self._module.scopes[node] = Scope(node, self._scope)
        # Known before anything else: they may stand below what they change.
        for one in _own(node):
            if isinstance(one, ast.Global | ast.Nonlocal):
                word = "global" if isinstance(one, ast.Global) else "nonlocal"
                scope.elsewhere.update(dict.fromkeys(one.names, word))
        self._scope = scope
        for part in parts:
            self.visit(part)
        self._scope = scope.parent  # type: ignore[assignment]

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._bind(node, node.id)
        else:  # what is deleted was bound elsewhere
            self._module.places.append((node, node.id, self._scope))

    def visit_arg(self, node: ast.arg) -> None:
        self._bind(node, node.arg)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        inner = self._scope
        while isinstance(self._scope.node, COMPREHENSIONS) and self._scope.parent is not None:
            self._scope = self._scope.parent  # PEP 572: it binds outside of the comprehension
        self.visit(node.target)
        self._scope = inner

    def visit_Global(self, node: ast.Global) -> None:
        self._module.places += [(node, name, self._scope) for name in node.names]

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node, node.name)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for one in node.names:
            source = one.name if one.asname else one.name.partition(".")[0]
            self._import(one, one.asname or source, (0, source, ""))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for one in node.names:
            self._import(one, one.asname or one.name, (node.level, node.module or "", one.name))

    def _import(self, node: ast.alias, name: str, wanted: tuple[int, str, str]) -> None:
        self._bind(node, name)
        self._scope.imports.setdefault(name, []).append(wanted)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._bind(node, node.name)
        outside = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        for part in outside:
            self.visit(part)
        self._inside(node, [*_arguments(node.args), *node.body])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(part)
        self._inside(node, [*_arguments(node.args), node.body])

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node, node.name)
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        self._inside(node, list(node.body))

    def generic_visit(self, node: ast.AST) -> None:
        if not isinstance(node, COMPREHENSIONS):
            super().generic_visit(node)
            return
        self.visit(node.generators[0].iter)  # the first one belongs to the outside
        results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        rest: list[ast.AST] = [node.generators[0].target, *node.generators[0].ifs, *node.generators[1:]]
        self._inside(node, [*rest, *results])


def _arguments(arguments: ast.arguments) -> list[ast.AST]:
    stars = [arguments.vararg, arguments.kwarg]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *filter(None, stars)]


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """Walk through what is written in a scope itself, not in the scopes inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda, ast.ClassDef, *COMPREHENSIONS)):
            yield child
            yield from _own(child)
