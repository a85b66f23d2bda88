"""Arguments that are passed by position share a few short names, so that a controller's heap holds fewer.

MicroPython keeps the name of every argument for whoever might pass it by keyword. Nobody outside calls a
function of the image, so where nobody inside writes `name=` for anything, the name is nobody's business.
"""

from __future__ import annotations

import ast
from string import ascii_lowercase

from karez_simulators.image_modules import Image, Module
from karez_simulators.image_scopes import FUNCTIONS, Scope, Use
from karez_simulators.image_walk import walk

KEPT = {"self", "cls"}  # MicroPython's own names: they cost nothing
ASKED = {"locals", "vars", "eval", "exec"}  # who calls these may ask for any name


def renamed(texts: dict[str, str]) -> dict[str, str]:
    """Return the sources {key: text} with short names for arguments that only position tells.

    A name that is written as a keyword anywhere is kept everywhere; a call with `**` keeps all.
    Raises SyntaxError (`filename` is the key).
    """
    image = Image(texts)
    nodes = [node for module in image.modules.values() for node in walk(module.tree)]
    keywords = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    if None in keywords:
        return image.texts()
    for module in image.modules.values():
        if not ASKED & {use.name for use in module.uses}:
            _rename(module, keywords | KEPT)
    return image.texts()


def _rename(module: Module, kept: set[str | None]) -> None:
    """Go from the outer functions to the inner ones: an inner one must not take what it uses of an outer."""
    inside: dict[Scope, list[Use]] = {scope: [] for scope in module.scopes.values()}
    for use in module.uses:
        scope: Scope | None = use.scope
        while scope is not None:
            inside[scope].append(use)
            scope = scope.parent
    for function, scope in module.scopes.items():
        if not isinstance(function, (*FUNCTIONS, ast.Lambda)) or function.args.kwarg:
            continue
        free = iter(sorted(set(ascii_lowercase) - {use.written for use in inside[scope]}))
        for name in [one.arg for one in function.args.args if one.arg not in kept]:
            new = next(free, None)
            for use in inside[scope] if new else ():
                if use.owner is scope and use.name == name:
                    use.rename(str(new))
