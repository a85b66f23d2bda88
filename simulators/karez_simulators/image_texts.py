"""Rows and objects that a module of the image can do without, taken out of its text.

In place, a text lies in the flash, but each has an object of 32 bytes on the heap and a word in a table;
a global that only names one has a row more. A class keeps two rows that nothing reads.
"""

from __future__ import annotations

import ast
import keyword
from collections import Counter
from typing import TYPE_CHECKING

from karez_simulators.image_definitions import is_const
from karez_simulators.image_scopes import found
from karez_simulators.image_walk import Transformer, walk

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

# mpy-cross makes a name of a text that is no longer (py/parse.c), and a name takes no object.
NAME_LETTERS_MAX = 10
GATHERED_MIN = 3  # fewer do not pay for the text that they are cut from
ROWS = ("__module__", "__qualname__")  # what the compiler puts into every class


def lightened(text: str, asked: set[str], later: AbstractSet[str] = frozenset()) -> str:
    """Return the text of one module with fewer rows and objects.

    `asked`: globals that others ask it for; `later`: words that will be names once others are loaded, and
    are better names before somebody reads them out of a file and keeps them as texts.
    """
    tree = ast.parse(text)
    _put_in_place(tree, asked)
    _gather(tree)
    for node in walk(tree):
        if isinstance(node, ast.ClassDef):
            # First of all: what the class holds then takes their places in its table.
            node.body.insert(0, ast.Delete([ast.Name(row, ast.Del()) for row in ROWS]))
    _make_names(tree, later)
    return ast.unparse(ast.fix_missing_locations(tree))


def _put_in_place(tree: ast.Module, asked: set[str]) -> None:
    """Write a text where its global is read: equal constants of a module are one object."""
    top, _, uses = found(tree)
    values = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and len(node.targets) == 1
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str | bytes)
        and not is_const(node)
    }
    written = {use.name for use in uses if use.owner is top and not use.is_load}
    again = Counter(use.name for use in uses if use.owner is top and not use.is_load)
    plain = {name for name in values if name in written and again[name] == 1} - asked
    by_node = {id(use.node): use for use in uses}

    class Putter(Transformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            use = by_node[id(node)]
            is_plain = use.owner is top and use.is_load and use.name in plain
            return ast.Constant(values[use.name].value) if is_plain else node

    Putter().visit(tree)
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) in plain)
    ]


def _gather(tree: ast.Module) -> None:
    """Put the words of errors together in one text, of which a raise takes its piece."""
    raised = [
        (one, one.value)
        for node in walk(tree)
        if isinstance(node, ast.Raise)
        for one in walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and len(one.value) > NAME_LETTERS_MAX
    ]
    everywhere = Counter(node.value for node in walk(tree) if isinstance(node, ast.Constant))
    here = Counter(text for _, text in raised)
    alone = sorted({text for text in here if everywhere[text] == here[text]})
    if len(alone) < GATHERED_MIN or any(isinstance(node, ast.JoinedStr) for node in walk(tree)):
        return
    words = {use.name for use in found(tree)[2]}
    name = next(one for one in map("_e{}".format, range(len(words) + 1)) if one not in words)
    whole = "".join(alone)
    pieces = {
        id(one): (start := whole.index(text), start + len(text)) for one, text in raised if text in alone
    }

    class Cutter(Transformer):
        def visit_Constant(self, node: ast.Constant) -> ast.expr:
            if id(node) not in pieces:
                return node
            piece = ast.Slice(*map(ast.Constant, pieces[id(node)]))
            return ast.Subscript(ast.Name(name, ast.Load()), piece, ast.Load())

    Cutter().visit(tree)
    tree.body.insert(0, ast.Assign([ast.Name(name, ast.Store())], ast.Constant(whole)))


def words(tree: ast.Module) -> set[str]:
    """Return the texts of a module that are names, or that `lightened` makes names of."""
    nodes = [node for node in walk(tree) if isinstance(node, ast.Constant)]
    found = {node.value for node in nodes if isinstance(node.value, str)}
    return {one for one in found if one.isidentifier() and not keyword.iskeyword(one)}


def _make_names(tree: ast.Module, later: AbstractSet[str]) -> None:
    """Let the compiler meet long words as names first: a text that is a name already takes no object."""
    own = {one for one in words(tree) if len(one) > NAME_LETTERS_MAX}
    # What the compiler can see is never done leaves no name in the file, but `__name__` it cannot know.
    never = ast.parse("not __name__", mode="eval").body
    for words_of, test in ((own, ast.Constant(0)), (set(later), never)):
        if words_of:
            body: list[ast.stmt] = [ast.Expr(ast.Name(word, ast.Load())) for word in sorted(words_of)]
            tree.body.insert(0, ast.If(test, body, []))
