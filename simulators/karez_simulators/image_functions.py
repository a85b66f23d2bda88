"""Functions of a bundle become branches of a few, where everybody who calls them is known.

A bundle has many functions that its members had, and all that call them are in the image: by their names in
the bundle, as `bundle.name` elsewhere. What is handed about as an object stays as it is.
"""

from __future__ import annotations

import ast
from collections import defaultdict

from karez_simulators.image_branches import Branch, give, is_possible, joined, passed
from karez_simulators.image_definitions import is_const
from karez_simulators.image_methods import PARAMETERS_MAX
from karez_simulators.image_modules import Module
from karez_simulators.image_table import Labels, definitions
from karez_simulators.image_walk import walk

BRANCHES_MAX = 32  # found after five comparisons


def merged(
    texts: dict[str, str], bundles: list[str], where: Labels, quick: tuple[str, ...]
) -> dict[str, str]:
    """Return the sources {key: text} with fewer functions in the bundles; `where` is brought up to date.

    `quick`: modules of the sources whose functions stay, for they are called thousands of times in a row.
    """
    modules = {key: Module(key, text, has_scopes=key in bundles) for key, text in texts.items()}
    for key in bundles:
        _merge(modules, modules[key], where, quick)
    return {key: module.text() for key, module in modules.items()}


def _merge(modules: dict[str, Module], bundle: Module, where: Labels, quick: tuple[str, ...]) -> None:
    of = {
        id(node): label for (node, _), label in zip(definitions(bundle.tree), where[bundle.key], strict=True)
    }
    calls = _calls(modules, bundle)
    found = []
    for node in bundle.tree.body:
        if not isinstance(node, ast.FunctionDef) or of[id(node)][0][0] in quick:
            continue
        if bundle.top.bound[node.name] == 1 and is_possible(node, bundle, "") and node.name in calls:
            branch = Branch(node, bundle, "")
            asked = calls[node.name]
            if len(branch.parameters) <= PARAMETERS_MAX and all(
                one is not None and passed(branch, one) is not None for one in asked
            ):
                found.append(branch)
    most = max((len(branch.parameters) for branch in found), default=0)
    # Each has the name of one of its branches; no local may have it, where that one was never called.
    local = {use.name for use in bundle.uses if use.owner is not bundle.top}
    groups = [found[at : at + BRANCHES_MAX] for at in range(0, len(found), BRANCHES_MAX)]
    names = [next((one.name for one in some if one.name not in local), "") for some in groups]
    for some, name in zip(groups, names, strict=True):
        if len(some) == 1 or not name:
            continue
        for number, branch in enumerate(some):
            branch.number = number
            for call in calls[branch.name]:
                if call is not None:
                    give(call, number, passed(branch, call) or [], most)
                    _call(call, name)
        one = joined(some, name, most, set(names))
        of[id(one)] = [row for branch in some for row in of[id(branch.node)]]
        members = {id(branch.node) for branch in some[1:]}
        first = some[0].node
        bundle.tree.body = [
            one if other is first else other for other in bundle.tree.body if id(other) not in members
        ]
    # The compiler must have met a constant before the functions that read it, which stand together now.
    bundle.tree.body.sort(key=lambda one: not is_const(one))
    where[bundle.key] = [of[id(node)] for node, _ in definitions(bundle.tree)]


def _call(call: ast.Call, name: str) -> None:
    if isinstance(call.func, ast.Attribute):
        call.func.attr = name
    elif isinstance(call.func, ast.Name):
        call.func.id = name


def _calls(modules: dict[str, Module], bundle: Module) -> dict[str, list[ast.Call | None]]:
    """Return the calls of each global of a bundle; None stands for a place that is no call."""
    found: dict[str, list[ast.Call | None]] = defaultdict(list)
    leaf = bundle.name.rpartition(".")[2]
    for module in modules.values():
        calls = {id(node.func): node for node in walk(module.tree) if isinstance(node, ast.Call)}
        if module is bundle:
            for use in module.uses:
                is_own = use.owner is module.top and not isinstance(use.node, ast.FunctionDef)
                if is_own:
                    found[use.name].append(calls.get(id(use.node)))
            continue
        for node in walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module == bundle.name:
                for one in node.names:
                    found[one.name].append(None)
            elif isinstance(node, ast.Attribute) and ast.unparse(node.value) in (leaf, bundle.name):
                found[node.attr].append(calls.get(id(node)))
    return found
