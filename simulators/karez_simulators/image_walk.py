"""The nodes of a tree, in a third of `ast`'s time: the passes over the image walk every tree many times.

Whether a name is read or set stands in its node, and so does what an operation is; the nodes that only say
so (`ast.Load`, `ast.Add`) are left out, and fields that hold no node are not looked at.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Fields of words, numbers and operators; `name` is a word of every statement that has one.
WORDS = {
    "arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level", "module",
    "name", "names", "op", "ops", "rest", "simple", "type_comment", "type_ignores",
}  # fmt: skip
# Nothing stands below these.
LEAVES = (ast.Constant, ast.Name, ast.alias, ast.MatchSingleton, ast.expr_context)


class _Below(dict[type, tuple[str, ...]]):
    """The fields of a kind of node that may hold nodes, found when it is first met."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        kept: set[str] = {"names"} if issubclass(kind, ast.Import | ast.ImportFrom) else set()
        fields = () if issubclass(kind, LEAVES) else kind._fields
        self[kind] = tuple(one for one in fields if one not in WORDS or one in kept)
        return self[kind]


BELOW = _Below()


def walk(top: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and everything below it, level by level. What is yielded may be changed meanwhile."""
    nodes = [top]
    for node in nodes:
        yield node
        for name in BELOW[node.__class__]:
            value = getattr(node, name, None)
            if value.__class__ is list:
                nodes += value if None not in value else filter(None, value)
            elif value is not None:
                nodes.append(value)


def children(node: ast.AST) -> list[ast.AST]:
    """Return what stands directly below a node."""
    found: list[ast.AST] = []
    for name in BELOW[node.__class__]:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += value if None not in value else filter(None, value)
        elif value is not None:
            found.append(value)
    return found


class Visitor:
    """As ast.NodeVisitor: `visit_Name` is asked for a Name, `generic_visit` goes on below."""

    _asked: ClassVar[dict[type, Callable[[Any, Any], Any]]]  # kind of node -> what is done with it

    def __init_subclass__(cls) -> None:
        cls._asked = {}

    def visit(self, node: ast.AST) -> Any:
        """Do what this visitor does with such a node."""
        kind = node.__class__
        asked = self._asked.get(kind)
        if asked is None:
            asked = self._asked[kind] = getattr(
                type(self), f"visit_{kind.__name__}", type(self).generic_visit
            )
        return asked(self, node)

    def generic_visit(self, node: ast.AST) -> Any:
        """Visit what stands below."""
        for child in children(node):
            self.visit(child)


class Transformer(Visitor):
    """As ast.NodeTransformer: what a visit returns stands in the node's place, None takes it away."""

    def generic_visit(self, node: ast.AST) -> Any:
        """Visit what stands below, and put what comes of it in its place."""
        visit = self.visit
        for name in BELOW[node.__class__]:
            old = getattr(node, name, None)
            if old.__class__ is list:
                new: list[Any] = []
                for one in old:
                    made = one if one is None else visit(one)
                    if made.__class__ is list:
                        new += made
                    elif made is not None or one is None:
                        new.append(made)
                old[:] = new
            elif old is not None:
                made = visit(old)
                if made is None:
                    delattr(node, name)
                elif made is not old:
                    setattr(node, name, made)
        return node
