"""Modules that a controller never does without become one module of the image.

Each module costs a heap its object, its table of names, and a row for whatever it imports. In a bundle
one module holds what its members held: imports between them become plain references, and every global
gets a name of its own (image_bundle_names.py). Members run in the order in which they would have been
imported.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from karez_simulators.image_bundle_names import Bundle, Naming, said
from karez_simulators.image_definitions import is_special
from karez_simulators.image_names import is_private
from karez_simulators.image_scopes import COMPREHENSIONS, FUNCTIONS, Symbol, Use
from karez_simulators.image_walk import Transformer

if TYPE_CHECKING:
    from karez_simulators.image_modules import Image, Module


def bundled(
    image: Image, plan: dict[str, list[str]], outside: tuple[str, ...] = ()
) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the sources {key: text} with the bundles of a plan, and the members of each.

    The plan says {bundle: its members, in the order in which they run}. A member in `outside` leaves a
    module that has its public names, for programs that are no part of the image. The image is used up.
    Raises ValueError where a bundle would do something else than its members did.
    """
    bundles = [
        Bundle(name, [one for one in members if one in image.modules], image)
        for name, members in plan.items()
    ]
    home = {member: bundle for bundle in bundles for member in bundle.members}
    for bundle in bundles:
        _check(bundle, image, home)
    names = said(image)
    for bundle in bundles:
        Naming(bundle, image, home).give(names)
    stubs = {name: _stub(image.modules[name], home[name]) for name in outside if name in home}
    in_order = dict.fromkeys([*home, *image.modules])  # who runs first brings what several import
    for name in in_order:
        _Mover(image.modules[name], image, home).move()
    result = {module.key: module.text() for module in image.modules.values() if module.name not in home}
    for bundle in bundles:
        body = [node for name in bundle.members for node in image.modules[name].tree.body]
        result[bundle.name] = ast.unparse(ast.fix_missing_locations(ast.Module(body, [])))
    result |= stubs
    kept = {key: text for key, text in result.items() if not _is_empty_package(key, result)}
    return kept, {bundle.name: bundle.members for bundle in bundles}


def _is_empty_package(key: str, result: dict[str, str]) -> bool:
    package = key.removesuffix("__init__")
    return key.endswith(".__init__") and not any(
        one.startswith(package) and not one.endswith(".__init__") for one in result
    )


def _check(bundle: Bundle, image: Image, home: dict[str, Bundle]) -> None:
    """Refuse what cannot be moved without a change of what it does."""
    for name in bundle.members:
        module = image.modules[name]
        for one in image.imports(name):
            if one not in home:
                back = set(image.closure([one])) & set(bundle.members)
                if back:
                    raise ValueError(f"{name} imports {one}, which needs {min(back)} of the same bundle")
        for use in module.uses:
            if use.name in ("__name__", "__file__", "__path__", "__doc__") and use.owner is module.top:
                raise ValueError(f"{name}: {use.name} would be another in a bundle")
            is_own = use.scope.is_class and use.scope.bound[use.name] and module.top.bound[use.name]
            if is_own and use.is_load:
                raise ValueError(f"{name}: {use.name} is a name of a class and of the module")
        for key, wanted in module.top.imports.items():
            sources = {module.source(level, source) for level, source, _ in wanted}
            if key not in module.top.aliases and sources & image.modules.keys():
                raise ValueError(f"{name}: {key} is imported and bound in another way too")
    for module in image.modules.values():
        for use in module.uses:
            is_value = isinstance(use.node, ast.Name) and not isinstance(use.node.ctx, ast.Del)
            symbol = image.meaning(module, use) if is_value else None
            if symbol and not symbol.name and symbol.module in bundle.members and use.over is None:
                raise ValueError(f"{module.name}: {symbol.module} is handed about as an object")


def _stub(module: Module, bundle: Bundle) -> str:
    rows = [
        f"from {bundle.name} import {bundle.names[Symbol(module.name, name)]} as {name}\n"
        for name in sorted(module.top.bound.keys() - module.top.aliases.keys())
        if not is_private(name) and not is_special(name)
    ]
    return "".join(rows)


class _Mover(Transformer):
    """Rewrites one module, of a bundle or not, to names of the bundles."""

    def __init__(self, module: Module, image: Image, home: dict[str, Bundle]) -> None:
        self._module, self._image, self._home = module, image, home
        self._bundle = home.get(module.name)
        self._uses = {id(use.node): use for use in module.uses}
        self._over = {id(use.over): use for use in module.uses if use.over is not None}
        self._at_top = {id(node) for node in module.tree.body}
        group = self._bundle.members if self._bundle else [module.name]
        aliases = [symbol for one in group for symbol in image.modules[one].top.aliases.values()]
        self._rows: set[str] = set()
        self._set: dict[ast.FunctionDef | ast.AsyncFunctionDef, set[str]] = {}  # globals that it sets now
        self._at_hand = {home[symbol.module].name for symbol in aliases if symbol.module in home}

    def move(self) -> None:
        """Rewrite the tree."""
        for bundle in set(self._home.values()) - {self._bundle}:
            for scope in self._module.scopes.values():
                symbol = scope.aliases.get(bundle.leaf)
                is_bundle = symbol is not None and symbol.module in bundle.members and not symbol.name
                if bundle.leaf in scope.bound and not is_bundle:
                    raise ValueError(f"{self._module.name}: {bundle.leaf} is the name of a bundle")
        if self._bundle is not None:
            for use in self._module.uses:
                is_own = use.owner is self._module.top and use.name in self._module.top.bound
                if is_own and use.name not in self._module.top.aliases:
                    use.rename(self._bundle.names[Symbol(self._module.name, use.name)])
        self.visit(self._module.tree)
        for function, names in self._set.items():
            function.body.insert(0, ast.Global(sorted(names)))

    def visit_Name(self, node: ast.Name) -> ast.AST:
        use = self._uses[id(node)]
        symbol = use.owner.aliases.get(use.name)
        if symbol is None:
            return node
        if symbol.module in self._home:
            return self._reference(symbol, node.ctx, use)
        if self._bundle is not None and use.owner is self._module.top:
            use.rename(self._bundle.names[symbol])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        use = self._over.get(id(node))
        symbol = self._image.meaning(self._module, use) if use else None
        if use is None or symbol is None or symbol.name or symbol.module not in self._image.modules:
            return self.generic_visit(node)
        found = self._image.final(Symbol(symbol.module, node.attr))
        if found.module in self._home and found.name:
            return self._reference(found, node.ctx, use)
        if symbol.module not in self._home:
            return self.generic_visit(node)
        if self._bundle is not None and found in self._bundle.names:
            return ast.Name(self._bundle.names[found], node.ctx)
        raise ValueError(f"{self._module.name}: {symbol.module} does not make {node.attr} itself")

    def visit_Delete(self, node: ast.Delete) -> ast.AST:
        """What an import brought may be let go of: of a bundle there is nothing to let go."""
        kept: list[ast.expr] = []
        for target in node.targets:
            use = self._uses.get(id(target))
            symbol = use.owner.aliases.get(use.name) if use else None
            bundle = self._home.get(symbol.module) if symbol else None
            if use is None or bundle is None:
                kept.append(self.visit(target))
            elif bundle is not self._bundle and bundle.name not in self._at_hand:
                kept.append(ast.Name(bundle.leaf, ast.Del()))
        node.targets = kept
        return node if kept else ast.Pass()

    def _reference(self, symbol: Symbol, context: ast.expr_context, use: Use) -> ast.expr:
        bundle = self._home[symbol.module]
        name = bundle.names.get(symbol)
        if name is None or not self._image.modules[symbol.module].top.bound[symbol.name]:
            raise ValueError(f"{self._module.name}: there is no {symbol.dotted}")
        if bundle is not self._bundle:
            return ast.Attribute(ast.Name(bundle.leaf, ast.Load()), name, context)
        if not isinstance(context, ast.Load):
            self._declare(name, use)
        return ast.Name(name, context)

    def _declare(self, name: str, use: Use) -> None:
        """A function that sets `module.name` sets a global now."""
        scope = use.scope
        while isinstance(scope.node, COMPREHENSIONS) and scope.parent is not None:
            scope = scope.parent
        if isinstance(scope.node, FUNCTIONS):
            self._set.setdefault(scope.node, set()).add(name)
        elif scope.parent is not None:
            raise ValueError(
                f"{self._module.name}: a class or lambda sets {ast.unparse(use.over or use.node)}"
            )

    def visit_Import(self, node: ast.Import) -> ast.AST | list[ast.AST] | None:
        return self._imports(
            node, [(0, one.name if one.asname else one.name.partition(".")[0], "") for one in node.names]
        )

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.AST] | None:
        return self._imports(node, [(node.level, node.module or "", one.name) for one in node.names])

    def _imports(
        self, node: ast.Import | ast.ImportFrom, wanted: list[tuple[int, str, str]]
    ) -> ast.AST | list[ast.AST] | None:
        rows: dict[str, ast.AST] = {}
        for one, (level, source, name) in zip(node.names, wanted, strict=True):
            row = self._import(one, Symbol(self._module.source(level, source), name), node)
            text = ast.unparse(row) if row is not None else ""
            if row is not None and text not in self._rows:
                rows[text] = row
            if id(node) in self._at_top:
                self._rows.add(text)
        return list(rows.values()) or (None if id(node) in self._at_top else ast.Pass())

    def _import(self, one: ast.alias, wanted: Symbol, node: ast.AST) -> ast.AST | None:
        """Return the import that stands for one name of an import, if one still does."""
        use = self._uses[id(one)]
        is_top = use.owner is self._module.top
        symbol = use.owner.aliases.get(use.name)
        if symbol is None:  # bound in another way, too: const
            return _row(wanted, one.asname or one.name)
        bundle = self._home.get(symbol.module)
        if bundle is not None and bundle is self._bundle:
            return None
        local = use.name
        if bundle is not None:
            if not is_top and bundle.name in self._at_hand:
                return None
            symbol, local = Symbol(bundle.package, bundle.leaf), bundle.leaf
        if self._bundle is not None and is_top:
            if bundle is None:
                local = self._bundle.names.get(symbol, "")
            if not local or symbol in self._bundle.kept:
                return None
            if id(node) in self._at_top:
                self._bundle.kept.add(symbol)
        return _row(symbol, local)


def _row(symbol: Symbol, local: str) -> ast.AST:
    module, name = (symbol.module, symbol.name) if symbol.name else symbol.module.rpartition(".")[::2]
    alias = ast.alias(name, local if local != name else None)
    return ast.ImportFrom(module, [alias], 0) if module else ast.Import([alias])
