"""Every name belongs where Python looks for it; an import stands for what was imported."""

import ast
import builtins
import symtable

import pytest

from karez_simulators import firmware_image
from karez_simulators.image_modules import Image, Module
from karez_simulators.image_scopes import Symbol

TEXT = """
x = 1
def plain(a, b=x):
    c = a + x
    def inner(d):
        nonlocal c
        c = d + b
        return [x for x in (c, d)], [e for e in x]
    return inner, lambda f=c: f + x
def setter():
    global x
    x, y = 2, 3
    return {k: v for k, v in y}
class Thing:
    x = 5
    def method(self):
        return x
    try:
        y = x
    except ValueError as error:
        y = error
def found():
    if any((hit := z) for z in range(3)):
        return hit
"""


def owner(name, line):
    module = Module("m", TEXT)
    found = {
        getattr(use.owner.node, "name", type(use.owner.node).__name__)
        for use in module.uses
        if use.name == name and getattr(use.node, "lineno", 0) == line
    }
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize(
    ("name", "line", "belongs"),
    [
        ("x", 3, "Module"),  # a default is read outside of the function
        ("a", 4, "plain"),
        ("c", 7, "plain"),
        ("b", 7, "plain"),
        ("d", 7, "inner"),
        ("f", 9, "Lambda"),
        ("c", 9, "plain"),
        ("x", 12, "Module"),  # global
        ("y", 12, "setter"),
        ("k", 13, "DictComp"),
        ("x", 15, "Thing"),
        ("x", 17, "Module"),  # a method does not see its class
        ("x", 19, "Thing"),
        ("error", 21, "Thing"),
        ("hit", 23, "found"),  # PEP 572
        ("z", 23, "GeneratorExp"),
    ],
)
def test_a_name_belongs_to(name, line, belongs):
    assert owner(name, line) == belongs


def test_a_comprehension_has_its_own_names_but_reads_its_first_sequence_outside():
    module = Module("m", "def f(x):\n    return [x for x in x]\n")
    kinds = sorted(type(use.owner.node).__name__ for use in module.uses if use.name == "x")
    assert kinds == ["FunctionDef", "FunctionDef", "ListComp", "ListComp"]


def test_docstrings_annotations_and_what_is_for_type_checkers_are_gone():
    text = '"""Doc."""\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    import typing\nx: int = 1\ny: int\n'
    text += 'def f(a: int) -> int:\n    """Doc."""\nclass A:\n    """Doc."""\n    b: int\n'
    assert Module("m", text).text() == "x = 1\n\ndef f(a):\n    pass\n\nclass A:\n    pass"


def alias(name, text, **others):
    image = Image({"p.m": text, **{f"p.{key}": other for key, other in others.items()}})
    return image.modules["p.m"].top.aliases.get(name)


def test_an_import_is_followed_to_where_the_thing_is_made():
    others = {"a": "from .b import y as x\nfrom . import b as again\n", "b": "y = 1\n"}
    assert alias("x", "from .a import x\n", **others) == Symbol("p.b", "y")
    assert alias("again", "from .a import again\n", **others) == Symbol("p.b")
    assert alias("b", "from . import b\n", **others) == Symbol("p.b")
    assert alias("b", "import p.b as b\n", **others) == Symbol("p.b")
    assert alias("time", "import time\n", **others) == Symbol("time")


def test_what_is_bound_in_another_way_too_is_no_alias():
    assert alias("x", "from .a import x\nx = x + 1\n", a="x = 1\n") is None
    assert (
        alias("c", "try:\n    from micropython import const as c\nexcept ImportError:\n    c = int\n") is None
    )


def test_modules_run_in_the_order_of_their_imports_and_never_in_circles():
    texts = {"p.a": "from . import b, c\n", "p.b": "from .d import x\n", "p.c": "", "p.d": "x = 1\n"}
    assert Image(texts).closure(["p.a"]) == ["p.d", "p.b", "p.c", "p.a"]
    lazy = {**texts, "p.d": "x = 1\ndef f():\n    from . import a\n"}
    assert Image(lazy).closure(["p.a"]) == ["p.d", "p.b", "p.c", "p.a"]
    with pytest.raises(ValueError, match=r"p\.a -> p\.b -> p\.d -> p\.a: modules import each other"):
        Image({**texts, "p.d": "from . import a\nx = 1\n"}).closure(["p.a"])


def test_the_firmware_s_names_belong_where_python_s_own_symbol_table_says():
    for source, inside in firmware_image.sources():
        module = Module(str(inside), source.read_text(encoding="utf-8"))
        text = module.text()
        module = Module(str(inside), text)
        wanted = set()
        tables = [symtable.symtable(text, str(inside), "exec")]
        while tables:
            table = tables.pop()
            tables += table.get_children()
            if table.get_type() == "function":
                names = [one.get_name() for one in table.get_symbols() if one.is_global()]
                wanted.update((table.get_name(), table.get_lineno(), name) for name in names)
        names = {ast.ListComp: "listcomp", ast.GeneratorExp: "genexpr", ast.DictComp: "dictcomp"}
        names |= {ast.SetComp: "setcomp", ast.Lambda: "lambda"}
        found = set()
        for use in module.uses:
            node = use.scope.node
            name = getattr(node, "name", None) or names.get(type(node))
            if use.owner is module.top and not isinstance(node, ast.Module | ast.ClassDef):
                found.add((name, node.lineno, use.name))
        lines = {(name, name_) for name, _, name_ in wanted}
        assert {(name, name_) for name, _, name_ in found} == lines, inside
        assert all(name in module.top.bound or hasattr(builtins, name) for _, _, name in found), inside
