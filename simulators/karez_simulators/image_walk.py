"""All nodes of a tree, as `ast.walk` gives them, in half its time: the passes walk every tree many times.

Whether a name is read or set stands in its node; the nodes that only say so (`ast.Load`) are left out.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def walk(top: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and everything below it, level by level. What is yielded may be changed meanwhile."""
    nodes = [top]
    for node in nodes:
        yield node
        nodes += children(node)


def children(node: ast.AST) -> list[ast.AST]:
    """Return what stands directly below a node."""
    found: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [one for one in value if isinstance(one, ast.AST)]
        elif isinstance(value, ast.AST) and not isinstance(value, ast.expr_context):
            found.append(value)
    return found
