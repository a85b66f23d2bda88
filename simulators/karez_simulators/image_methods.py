"""Methods of a class become branches of one method, where everybody who calls them is known.

A method's name becomes a number, the same in every class that has a method of that name, so that whoever
is called need not be known. Everything stays as it is whose name a text may ask for, a type that is not
ours may have, or an object may carry as a value; what is overridden, handed about as an object, a
generator, or called in a way that cannot be told from the text.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from karez_simulators.image_branches import Branch, give, is_possible, joined, passed
from karez_simulators.image_definitions import is_special
from karez_simulators.image_modules import Image, Module
from karez_simulators.image_names import is_private
from karez_simulators.image_reach import WORD
from karez_simulators.image_scopes import FUNCTIONS
from karez_simulators.image_walk import Transformer, walk

if TYPE_CHECKING:
    from karez_simulators.image_asked import Asked

PARAMETERS_MAX = 4  # every call of a joined method passes as many; what takes more stays by itself
Parts = dict[tuple[str, str], list[str]]  # (module, path of the joined one) -> paths in the sources


def merged(
    texts: dict[str, str], known: set[str], asked: Asked, quick: tuple[str, ...]
) -> tuple[dict[str, str], Parts]:
    """Return the sources {key: text} with fewer methods, and what each new one stands for.

    `known`: names that objects have which are not ours; `asked`: what texts ask objects for; `quick`:
    modules that are left alone because they are called thousands of times in a row.
    Raises SyntaxError (`filename` is the key).
    """
    image = Image(texts)
    methods = _Methods(image, quick)
    names = [name for name in sorted(methods.named) if methods.is_told(name, known, asked)]
    most = max((len(methods.named[name][0].branch.parameters) for name in names), default=0)
    swaps: dict[int, ast.Call] = {}
    for number, name in enumerate(names):
        swaps |= methods.number(name, number, most)
    parts: Parts = {}
    for home in methods.classes.values():
        groups: dict[str, list[Branch]] = defaultdict(list)
        for method in home.methods:
            if method.branch.node.name in names:
                groups[methods.group(method.branch.node.name)].append(method.branch)
        for group, branches in groups.items():
            one = joined(branches, group, most)
            path = home.node.name
            parts[home.module.key, f"{path}.{group}"] = [f"{path}.{branch.name}" for branch in branches]
            members = {id(branch.node) for branch in branches}
            home.node.body = [other for other in home.node.body if id(other) not in members] + [one]
    for module in image.modules.values():
        _Swapper(swaps).visit(module.tree)
    return image.texts(), parts


class _Swapper(Transformer):
    """Puts the call of a branch where a property was read."""

    def __init__(self, swaps: dict[int, ast.Call]) -> None:
        self._swaps = swaps

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        call = self._swaps.get(id(node))
        if call is None:
            return node
        call.func.value = node.value  # type: ignore[attr-defined]
        return call


@dataclass(eq=False)
class _Class:
    """A class of the image: its relatives, and its methods that could be branches."""

    module: Module
    node: ast.ClassDef
    kin: set[_Class] = field(default_factory=set)
    is_foreign: bool = False  # a base of it is not ours
    methods: list[_Method] = field(default_factory=list)

    @property
    def place(self) -> int:
        """Relatives have joined methods of different names, or one would hide the other."""
        return sorted(f"{one.module.name} {one.node.name}" for one in self.kin).index(
            f"{self.module.name} {self.node.name}"
        )


@dataclass(eq=False)
class _Method:
    home: _Class
    branch: Branch


class _Methods:
    """What is known of the names of methods in the whole image."""

    def __init__(self, image: Image, quick: tuple[str, ...]) -> None:
        self._image = image
        self._words: set[str] = set()
        self._said: dict[str, list[ast.Attribute]] = defaultdict(list)
        self._calls: dict[int, ast.Call] = {}
        self._inside: dict[int, _Class] = {}  # `self.name` -> the class it is written in
        self._first: dict[str, str] = {}  # the name that a method had in the sources
        self._stored: set[str] = set()  # attributes that are set on some object
        self._bound: dict[str, list[_Class]] = defaultdict(list)
        self.named: dict[str, list[_Method]] = defaultdict(list)
        self.classes = {
            (module.name, node.name): _Class(module, node)
            for module in image.modules.values()
            for node in walk(module.tree)
            if isinstance(node, ast.ClassDef)
        }
        for module in image.modules.values():
            self._collect(module)
        for home in self.classes.values():
            home.kin = home.kin or {home}
            self._bases(home)
            self._selves(home)
        for name in sorted(self._said):
            self._set_apart(name)
        for home in self.classes.values():
            self._methods(home, is_left=home.module.name in quick)

    def _collect(self, module: Module) -> None:
        over = {id(use.over): use for use in module.uses if use.over is not None}
        for node in walk(module.tree):
            if isinstance(node, ast.Attribute):
                use = over.get(id(node))
                symbol = self._image.meaning(module, use) if use else None
                if symbol is None or symbol.name:  # else of a module
                    self._said[node.attr].append(node)
                    if not isinstance(node.ctx, ast.Load):
                        self._stored.add(node.attr)
            elif isinstance(node, ast.Call):
                self._calls[id(node.func)] = node
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._words.update(WORD.findall(node.value))

    def _selves(self, home: _Class) -> None:
        for method in home.node.body:
            if isinstance(method, FUNCTIONS) and [arg.arg for arg in method.args.args[:1]] == ["self"]:
                for one in walk(method):
                    if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "self":
                        self._inside[id(one)] = home

    def _bases(self, home: _Class) -> None:
        for base in home.node.bases:
            use = next((use for use in home.module.uses if use.node is base or use.over is base), None)
            symbol = self._image.meaning(home.module, use) if use else None
            if symbol is not None and isinstance(base, ast.Attribute):
                symbol = self._image.attribute(symbol, base.attr)
            kin = self.classes.get((symbol.module, symbol.name)) if symbol else None
            if kin is None:
                home.is_foreign = True
                continue
            kin.kin = kin.kin or {kin}
            whole = home.kin | kin.kin
            for one in whole:
                one.kin = whole

    def _set_apart(self, name: str) -> None:
        """Give a private method a name of its own, if nobody but `self` says it and strangers have it too."""
        said = self._said[name]
        if not is_private(name) or not all(id(one) in self._inside for one in said):
            return
        of = {id(one): self._inside[id(one)] for one in said}
        homes = {home for home in self.classes.values() if name in home.module.scopes[home.node].bound}
        strangers = homes | set(of.values())
        for number, home in enumerate(sorted(homes, key=lambda one: (one.module.name, one.node.name))):
            methods = [one for one in home.node.body if isinstance(one, FUNCTIONS) and one.name == name]
            scope = home.module.scopes[home.node]
            is_alone = scope.bound[name] == len(methods) == 1 and home.kin & homes == {home}
            own = [one for one in said if of[id(one)] in home.kin]
            is_set = any(not isinstance(one.ctx, ast.Load) for one in own)
            in_body = any(use.owner is scope and use.name == name and use.is_load for use in home.module.uses)
            if is_alone and not is_set and not in_body and strangers - home.kin:
                new = f"{name}_{number}_apart"
                methods[0].name, scope.bound[new] = new, scope.bound.pop(name)
                for one in own:
                    one.attr = new
                self._said[new] = own
                self._said[name] = [one for one in self._said[name] if one not in own]
                self._first[new] = name
        if any(not isinstance(one.ctx, ast.Load) for one in self._said[name]):
            return
        self._stored.discard(name)

    def _methods(self, home: _Class, *, is_left: bool) -> None:
        scope = home.module.scopes[home.node]
        for name in scope.bound:
            self._bound[name].append(home)
        is_left = is_left or any(one.is_foreign for one in home.kin) or home.node not in home.module.tree.body
        said = {use.name for use in home.module.uses if use.owner is scope and use.is_load}
        for node in home.node.body if not is_left else ():
            if not isinstance(node, ast.FunctionDef) or scope.bound[node.name] != 1 or node.name in said:
                continue
            if is_possible(node, home.module, "self"):
                method = _Method(home, Branch(node, home.module, "self"))
                method.branch.name = self._first.get(node.name, node.name)
                home.methods.append(method)
                self.named[node.name].append(method)

    def is_told(self, name: str, known: set[str], asked: Asked) -> bool:
        """True if every mention of a name is a call, or the reading of a property, of such a method."""
        found, homes = self.named[name], self._bound[name]
        if is_special(name) or name in known | self._stored | asked.names or len(found) != len(homes):
            return False
        if name in self._words and any(home.node.name in asked.classes for home in homes):
            return False
        is_hidden = any(len(home.kin & set(homes)) > 1 for home in homes)  # overridden
        properties = {one.branch.is_property for one in found}
        if is_hidden or len({home.place for home in homes}) > 1 or len(properties) > 1:
            return False
        return properties == {True} or all(self._is_call(said, found) for said in self._said[name])

    def _is_call(self, said: ast.Attribute, found: list[_Method]) -> bool:
        call = self._calls.get(id(said))
        if call is None or (isinstance(said.value, ast.Call) and ast.unparse(said.value.func) == "super"):
            return False
        if any(len(one.branch.parameters) > PARAMETERS_MAX for one in found):
            return False
        values = [passed(one.branch, call) for one in found]
        texts = {None if one is None else tuple(map(ast.unparse, one)) for one in values}
        return None not in texts and len(texts) == 1

    def group(self, name: str) -> str:
        """Return the name of the joined method that a method becomes a branch of."""
        return f"_joined{self.named[name][0].home.place}"

    def number(self, name: str, number: int, most: int) -> dict[int, ast.Call]:
        """Let every mention of a name say its number; return the calls to put where a property is read."""
        swaps = {}
        first, group = self.named[name][0].branch, self.group(name)
        if group in self._bound or group in self._said or group in self._words:
            raise ValueError(f"{first.module.name}: {group} is the name of a joined method")
        for one in self.named[name]:
            one.branch.number = number
        for said in self._said[name]:
            if first.is_property:
                call = ast.Call(ast.Attribute(said.value, group, ast.Load()), [], [])
                give(call, number, [], most)
                swaps[id(said)] = call
            else:
                call = self._calls[id(said)]
                give(call, number, passed(first, call) or [], most)
                said.attr = group
        return swaps
