"""The names of a bundle: every global of its members gets one that the image has anyway.

A global and an attribute are looked up in different places, so they may be called the same: a function of
a bundle is called as some method or field is, and takes no room in MicroPython's table of names.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING

from karez_simulators.image_definitions import is_const, is_special
from karez_simulators.image_names import is_private
from karez_simulators.image_scopes import Symbol, Use
from karez_simulators.image_walk import walk

if TYPE_CHECKING:
    from karez_simulators.image_modules import Image, Module


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


def said(image: Image) -> Counter[str]:
    """Count the names that objects of the image carry anyway: attributes, methods, arguments."""
    found: Counter[str] = Counter()
    for module in image.modules.values():
        modules = {
            id(use.over) for use in module.uses if use.over is not None and _is_module(image, module, use)
        }
        for node in walk(module.tree):
            if isinstance(node, ast.Attribute) and id(node) not in modules:
                found[node.attr] += 1
        for scope in module.scopes.values():
            if scope.is_class:
                found.update(scope.bound.keys())
    return found


def _is_module(image: Image, module: Module, use: Use) -> bool:
    symbol = image.meaning(module, use)
    return symbol is not None and not symbol.name


class Naming:
    """Gives every global of a bundle a name of its own."""

    def __init__(self, bundle: Bundle, image: Image, home: dict[str, Bundle]) -> None:
        self._bundle, self._image, self._home = bundle, image, home
        self._uses: dict[Symbol, list[Use]] = {}
        self._consts: set[Symbol] = set()
        self._errors: set[Symbol] = set()
        self._taken = {one.leaf for one in home.values()}
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
        for symbol in sorted(self._consts & self._uses.keys(), key=lambda one: one.dotted):
            # mpy-cross puts its value wherever the name stands, so the name must stand nowhere else.
            self._put(symbol, self._fresh("_c", written))
        rest = sorted(self._uses.keys() - names.keys(), key=lambda one: (-said[one.name], one.dotted))
        pool = sorted(said, key=lambda one: (not is_private(one), len(one), one))
        for symbol in rest:
            hidden = self._hidden(symbol) | self._taken
            own = [symbol.name] if said[symbol.name] else []
            free = (one for one in [*own, *pool] if not is_special(one) and one not in hidden)
            self._put(symbol, next(free, None) or self._fresh("_x", hidden | said.keys()))

    def _fresh(self, stem: str, banned: set[str]) -> str:
        names = (f"{stem}{number}" for number in count())
        return next(one for one in names if one not in banned and one not in self._taken)

    def _is_fixed(self, symbol: Symbol) -> bool:
        return symbol in self._errors or symbol.module not in self._home

    def _put(self, symbol: Symbol, name: str) -> None:
        self._bundle.names[symbol] = name
        self._taken.add(name)

    def _hidden(self, symbol: Symbol) -> set[str]:
        """Return the names that mean something else at a place where this symbol is written."""
        return {name for use in self._uses[symbol] for scope in use.scope.seen() for name in scope.bound}
