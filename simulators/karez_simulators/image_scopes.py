"""Which function, class or module every name of a text belongs to: what the passes over the image rest on.

Python's own rules: a name belongs to the innermost function that binds it, to the module otherwise; a
class body sees its own names, its methods do not.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from karez_simulators.image_walk import Visitor, children, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Binder = (
    ast.Name
    | ast.FunctionDef
    | ast.ClassDef
    | ast.ExceptHandler
    | ast.Global
    | ast.Nonlocal
    | ast.alias
    | ast.arg
)


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
    written: str = ""  # the name as it is written there now

    def __post_init__(self) -> None:
        self.written = self.written or self.name

    def rename(self, new: str) -> None:
        """Write another name there."""
        node, old = self.node, self.written
        self.written = new
        if isinstance(node, ast.Name):
            node.id = new
        elif isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [new if one == old else one for one in node.names]
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


def found(tree: ast.Module) -> tuple[Scope, dict[ast.AST, Scope], list[Use]]:
    """Return the scope of a module, all scopes by their nodes, and every place where a name is written."""
    over = {}
    is_told = False
    for node in walk(tree):
        if isinstance(node, ast.Attribute):
            over[id(node.value)] = node
        elif isinstance(node, ast.Global | ast.Nonlocal):
            is_told = True
    binding = Binding(tree, is_told=is_told)
    binding.visit(tree)
    uses = [Use(at, name, scope, scope.owner(name), over.get(id(at))) for at, name, scope in binding.places]
    return binding.scopes[tree], binding.scopes, uses


class Binding(Visitor):
    """Fills the scopes of a module, and lists where names are written.

    `is_told`: somewhere in it stands `global` or `nonlocal`.
    """

    def __init__(self, tree: ast.Module, *, is_told: bool) -> None:
        self._is_told = is_told
        self._scope = Scope(tree, None)
        self.scopes: dict[ast.AST, Scope] = {tree: self._scope}
        self.places: list[tuple[Binder, str, Scope]] = []

    def _bind(self, node: Binder, name: str) -> None:
        if name not in self._scope.elsewhere:
            self._scope.bound[name] += 1
        self.places.append((node, name, self._scope))

    def _inside(self, node: ast.AST, parts: list[ast.AST]) -> None:
        scope = self.scopes[node] = Scope(node, self._scope)
        # Known before anything else: they may stand below what they change.
        for one in _own(node) if self._is_told else ():
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
            self.places.append((node, node.id, self._scope))

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
        self.places += [(node, name, self._scope) for name in node.names]

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.places += [(node, name, self._scope) for name in node.names]

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
            for child in children(node):
                self.visit(child)
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
    for child in children(node):
        if not isinstance(child, (*FUNCTIONS, ast.Lambda, ast.ClassDef, *COMPREHENSIONS)):
            yield child
            yield from _own(child)
