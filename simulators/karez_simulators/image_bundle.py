"""Modules that a controller never does without become one module of the image.

Each module costs a heap its object, its table of names, and a row for whatever it imports. In a bundle
one module holds what its members held: imports between them become plain references, and every global
gets a name that the image has anyway as an attribute, so it takes no room in the table of names. Members
run in the order in which they would have been imported. Errors keep their names: records tell them.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from karez_simulators.image_names import is_private
from karez_simulators.image_reach import is_const, is_special
from karez_simulators.image_scopes import FUNCTIONS, Image, Module, Symbol, Use

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bundle:
    """One module made of several: its members in the order in which they run, and its names."""

    def __init__(self, name: str, members: list[str], image: Image) -> None:
        self.name = name
        self.package, _, self.leaf = name.rpartition(".")
        self.members = members
        self.names: dict[Symbol, str] = {}
        self.kept: set[Symbol] = set()  # brought from outside of the image, or from modules of their own
        self._image = image

    def own(self, module: Module, use: Use) -> Symbol | None:
        """Return the symbol of this bundle, or brought into it, that a place of a member writes."""
        if use.owner is not module.top:
            return None
        symbol = self._image.meaning(module, use)
        if symbol is not None and symbol.module in self._image.modules and not symbol.name:
            return None if symbol.module in self.members else symbol
        return symbol


def bundled(
    texts: dict[str, str], plan: dict[str, list[str]], outside: tuple[str, ...] = ()
) -> tuple[dict[str, str], dict[str, list[tuple[int, str]]]]:
    """Return the sources {key: text} with the bundles of a plan {name: members}, and where things went.

    What went into a bundle is listed as (first line, full name), for tracebacks. A member in `outside`
    leaves a module that has its public names, for programs that are no part of the image.
    Raises ValueError where a bundle would do something else than its members did.
    """
    image = Image(texts)
    bundles = {
        name: Bundle(name, [one for one in members if one in image.modules], image)
        for name, members in plan.items()
    }
    home = {member: bundle for bundle in bundles.values() for member in bundle.members}
    for bundle in bundles.values():
        _check(bundle, image, home)
    said = _said(image)
    for bundle in bundles.values():
        _Naming(bundle, image, home, set(plan)).give(said)
    labels = {id(node): label for name in home for node, label in _labels(image.modules[name])}
    public = {name: _public(image.modules[name]) for name in outside if name in home}
    for module in image.modules.values():
        _rewrite(module, image, home)
    result = {module.key: module.text() for module in image.modules.values() if module.name not in home}
    places = {}
    for bundle in bundles.values():
        tree = ast.Module([one for name in bundle.members for one in image.modules[name].tree.body], [])
        _hoist(tree, bundle)
        result[bundle.name] = ast.unparse(ast.fix_missing_locations(tree))
        places[bundle.name] = list(_lines(tree, result[bundle.name], labels))
    for name, names in public.items():
        result[name] = _stub(name, names, home[name])
    return result, places


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
            symbol = None if isinstance(use.node, ast.alias) else image.meaning(module, use)
            if symbol and not symbol.name and symbol.module in bundle.members and use.over is None:
                raise ValueError(f"{module.name}: {symbol.module} is handed about as an object")


def _said(image: Image) -> Counter[str]:
    """Count the names that objects of the image carry anyway: attributes, methods, arguments."""
    found: Counter[str] = Counter()
    for module in image.modules.values():
        modules = {id(use.over) for use in module.uses if use.over is not None and _is_module(image, module, use)}
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and id(node) not in modules:
                found[node.attr] += 1
        for scope in module.scopes.values():
            if scope.is_class:
                found.update(scope.bound.keys())
    return found


def _is_module(image: Image, module: Module, use: Use) -> bool:
    symbol = image.meaning(module, use)
    return symbol is not None and not symbol.name


class _Naming:
    """Gives every global of a bundle a name of its own."""

    def __init__(self, bundle: Bundle, image: Image, home: dict[str, Bundle], leaves: set[str]) -> None:
        self._bundle, self._image, self._home = bundle, image, home
        self._uses: dict[Symbol, list[Use]] = {}
        self._consts: set[Symbol] = set()
        self._errors: set[Symbol] = set()
        self._taken = {name.rpartition(".")[2] for name in leaves}
        for name in bundle.members:
            self._collect(image.modules[name])

    def _collect(self, module: Module) -> None:
        for use in module.uses:
            symbol = self._bundle.own(module, use)
            if use.owner is module.top and symbol is None:
                self._taken.add(use.name)  # a builtin
            meaning = self._image.meaning(module, use)
            if meaning and not meaning.name and use.over and meaning.module in self._home:
                symbol = self._image.attribute(meaning, use.over.attr)
            elif meaning and meaning.module in self._bundle.members:
                symbol = meaning  # also when a function imported it for itself
            if symbol is not None and self._is_ours(symbol):
                self._uses.setdefault(symbol, []).append(use)
        for node in module.tree.body:
            if is_const(node):
                names = [one.id for one in node.targets if is_private(one.id)]  # type: ignore[attr-defined]
                self._consts.update(Symbol(module.name, name) for name in names)
            elif isinstance(node, ast.ClassDef) and self._is_error(module, node):
                self._errors.add(Symbol(module.name, node.name))

    def _is_ours(self, symbol: Symbol) -> bool:
        return self._home.get(symbol.module) in (None, self._bundle)

    def _is_error(self, module: Module, node: ast.ClassDef) -> bool:
        return any(self._is_error_base(module, base) for base in node.bases)

    def _is_error_base(self, module: Module, base: ast.expr) -> bool:
        use = next((use for use in module.uses if use.node is base or use.over is base), None)
        symbol = self._image.meaning(module, use) if use else None
        if use and symbol and use.over is base:
            symbol = self._image.attribute(symbol, use.over.attr)
        if use and symbol is None:
            found = getattr(builtins, use.name, None)
            return isinstance(found, type) and issubclass(found, BaseException)
        if symbol is None or symbol.module not in self._image.modules:
            return False
        home = self._image.modules[symbol.module]
        bodies = [one for one in home.tree.body if isinstance(one, ast.ClassDef) and one.name == symbol.name]
        return any(self._is_error(home, one) for one in bodies)

    def give(self, said: Counter[str]) -> None:
        """Fill `names` of the bundle."""
        names = self._bundle.names
        written = {use.name for name in self._bundle.members for use in self._image.modules[name].uses}
        fixed = [symbol for symbol in self._uses if self._is_fixed(symbol)]
        for symbol in sorted(fixed, key=lambda one: one.dotted):
            # A class is told by its own name; what comes from outside is imported under its own.
            wanted = symbol.name or symbol.module.rpartition(".")[2]
            if wanted in self._taken or wanted in self._hidden(symbol):
                raise ValueError(f"{self._bundle.name}: {symbol.dotted} cannot keep its name")
            self._put(symbol, wanted)
        fresh = (f"_{number}c" for number in count(1))
        for symbol in sorted(self._consts & self._uses.keys(), key=lambda one: one.dotted):
            # mpy-cross puts its value wherever the name stands, so the name must stand nowhere else.
            names[symbol] = next(one for one in _fresh("_c", written))
        rest = sorted(self._uses.keys() - names.keys(), key=lambda one: (-said[one.name], one.dotted))
        pool = sorted(said, key=lambda one: (not is_private(one), len(one), one))
        for symbol in rest:
            hidden = self._hidden(symbol) | self._taken
            own = [symbol.name] if said[symbol.name] else []
            free = (one for one in [*own, *pool] if not is_special(one) and one not in hidden)
            self._put(symbol, next(free, None) or next(one for one in _fresh("_x", hidden | said.keys())))

    def _is_fixed(self, symbol: Symbol) -> bool:
        return symbol in self._errors or symbol.module not in self._home

    def _put(self, symbol: Symbol, name: str) -> None:
        self._bundle.names[symbol] = name
        self._taken.add(name)

    def _hidden(self, symbol: Symbol) -> set[str]:
        """Return the names that mean something else at a place where this symbol is written."""
        return {name for use in self._uses[symbol] for scope in use.seen() for name in scope.bound}
