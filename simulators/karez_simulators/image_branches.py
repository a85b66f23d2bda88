"""Several functions as the branches of one: what that needs of each, and how it is put together.

A function takes 32 bytes of a heap and a row in the table of its class or module; a branch takes nothing.
The first argument of the one tells the branch: calls give its number, and every argument there is.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from itertools import count, product
from string import ascii_lowercase
from typing import TYPE_CHECKING

from karez_simulators.image_scopes import FUNCTIONS, Scope, Use
from karez_simulators.image_walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from karez_simulators.image_modules import Module


@dataclass(eq=False)
class Branch:
    """A function that may become a branch, and the number that calls it."""

    node: ast.FunctionDef
    module: Module
    first: str  # "self" of a method, "" of a function
    number: int = 0
    name: str = ""  # in the sources
    parameters: list[str] = field(default_factory=list)  # what a caller passes, in the words of the sources

    def __post_init__(self) -> None:
        names = [one.arg for one in self.node.args.args]
        self.name = self.node.name
        self.parameters = names[1:] if self.first else names

    @property
    def is_property(self) -> bool:
        """True for what is read as an attribute."""
        return bool(self.node.decorator_list)


def is_possible(node: ast.FunctionDef, module: Module, first: str) -> bool:
    """True if a function does in a branch what it does by itself."""
    arguments = node.args
    decorators = [ast.unparse(one) for one in node.decorator_list]
    if decorators not in ([], ["property"]) or (decorators and not first):
        return False
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
        return False
    if first and (not arguments.args or arguments.args[0].arg != first):
        return False
    if not all(map(_is_plain, arguments.defaults)):
        return False  # made once, when the function is: a branch has no such moment
    scope = module.scopes[node]
    return not any(_forbids(one) for one in walk(node) if one is not node) and not any(
        use.owner is scope and use.scope is not scope for use in module.uses
    )


def _is_plain(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant)


def _forbids(node: ast.AST) -> bool:
    is_inner = isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Yield, ast.YieldFrom, ast.Await, ast.Nonlocal))
    return is_inner or (isinstance(node, ast.Name) and node.id == "super")


def passed(branch: Branch, call: ast.Call) -> list[ast.expr] | None:
    """Return what a call passes, in the order of the parameters; None if that cannot be told from it."""
    names = branch.parameters
    if any(isinstance(one, ast.Starred) for one in call.args) or len(call.args) > len(names):
        return None
    found: dict[str, ast.expr] = dict(zip(names, call.args, strict=False))
    place = len(found) - 1
    for keyword in call.keywords:
        if keyword.arg not in names or names.index(keyword.arg) <= place:
            return None  # in another order it would be worked out in another order
        place = names.index(keyword.arg)
        found[keyword.arg] = keyword.value
    defaults = branch.node.args.defaults
    for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
        found.setdefault(name, value)
    return [found[name] for name in names] if len(found) == len(names) else None


def give(call: ast.Call, number: int, values: list[ast.expr], most: int) -> None:
    """Let a call say the number of its branch, and pass as many arguments as the joined function takes."""
    pads: list[ast.expr] = [ast.Constant(None) for _ in range(most - len(values))]
    call.args, call.keywords = [ast.Constant(number), *values, *pads], []


def joined(
    branches: list[Branch], name: str, most: int, kept: AbstractSet[str] = frozenset()
) -> ast.FunctionDef:
    """Return one function with all these branches, that takes a number and `most` arguments.

    `kept`: names that no local of it may have, of what its calls will be called by.
    """
    branches.sort(key=lambda one: one.number)
    scopes = {branch.module.scopes[branch.node]: branch for branch in branches}
    inside: dict[Scope, list[Use]] = {scope: [] for scope in scopes}
    taken = set(kept)
    for module in {branch.module.key: branch.module for branch in branches}.values():
        for use in module.uses:
            outer = next((one for one in _outwards(use.scope) if one in inside), None)
            if outer is not None:
                if use.owner is outer and use.name != scopes[outer].first:
                    inside[outer].append(use)
                else:
                    taken.add(use.written)
    fresh = [one for _, one in zip(range(400), _letters(), strict=False) if one not in taken]
    which, *letters = fresh
    for scope, branch in scopes.items():
        own = [*branch.parameters, *(one for one in scope.bound if one not in branch.parameters)]
        table = dict(zip([one for one in own if one != branch.first], letters, strict=False))
        for use in inside[scope]:
            use.rename(table[use.name])
    first = [branches[0].first] if branches[0].first else []
    arguments = [ast.arg(one) for one in [*first, which, *letters[:most]]]
    told = sorted({one for branch in branches for one in _globals(branch.node)})
    body = _tree([(branch.number, _body(branch)) for branch in branches], which)
    made = ast.parse(f"def {name}():\n    pass\n").body[0]
    if not isinstance(made, ast.FunctionDef):
        raise TypeError(f"{name} is no name of a function")
    made.args.args, made.body = arguments, [ast.Global(told), *body] if told else body
    return made


def _outwards(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def _letters() -> Iterator[str]:
    for length in count(1):
        for letters in product(ascii_lowercase, repeat=length):
            yield "".join(letters) + ("_" if length > 1 else "")


def _globals(node: ast.FunctionDef) -> list[str]:
    return [name for one in walk(node) if isinstance(one, ast.Global) for name in one.names]


def _body(branch: Branch) -> list[ast.stmt]:
    """Return the statements without what is said once for all branches."""
    for node in walk(branch.node):
        for part in ("body", "orelse", "finalbody"):
            rows = getattr(node, part, None)
            if isinstance(rows, list) and any(isinstance(one, ast.Global) for one in rows):
                kept = [one for one in rows if not isinstance(one, ast.Global)]
                setattr(node, part, kept or [ast.Pass()])
    return branch.node.body


def _tree(bodies: list[tuple[int, list[ast.stmt]]], which: str) -> list[ast.stmt]:
    if len(bodies) == 1:
        return bodies[0][1]
    middle = len(bodies) // 2
    test = ast.Compare(ast.Name(which, ast.Load()), [ast.Lt()], [ast.Constant(bodies[middle][0])])
    return [ast.If(test, _tree(bodies[:middle], which), _tree(bodies[middle:], which))]


def starts(node: ast.FunctionDef, branches: int) -> list[int]:
    """Return the line at which each branch of a joined function begins."""

    def below(body: list[ast.stmt], count: int) -> list[int]:
        if count == 1:
            return [body[0].lineno]
        fork = body[-1]
        if isinstance(fork, ast.If):
            middle = count // 2
            return [*below(fork.body, middle), *below(fork.orelse, count - middle)]
        raise ValueError(f"{node.name} has other branches than it is said to have")

    return below(node.body, branches)
