"""A bundle does what its members did, whatever their names were."""

import pytest

from image_package import importable
from karez_simulators import image_bundle
from karez_simulators.image_modules import Image


def bundled(members, outside=(), **modules):
    """Put modules of one package `s` into the bundle `s.whole`; return the texts by their short names."""
    texts = {f"s.{name}": text for name, text in modules.items()}
    plan = {"s.whole": [f"s.{one}" for one in members]}
    found, _ = image_bundle.bundled(Image(texts), plan, tuple(f"s.{one}" for one in outside))
    return found


def result(texts, name="result", module="s.main"):
    """Run the main module, which stands outside of the bundle, and return what it found."""
    with importable(texts) as load:
        return getattr(load(module), name)


MAIN = "from .a import f\nresult = f()\n"


def test_members_become_one_module_and_imports_between_them_plain_references():
    found = bundled(
        ["b", "a"],
        main="from . import a\nfrom .b import twice as double\nresult = a.f(3), double(4), a.LIMIT\n",
        a="from . import b\nfrom .b import twice, Pair\nimport struct\nLIMIT = 9\n"
        "def f(x):\n    return b.twice(x) + twice(1) + len(struct.pack('B', 1)) + Pair(2).x\n",
        b="import struct\ndef twice(x):\n    return 2 * x\nclass Pair:\n"
        "    def __init__(self, x):\n        self.x = x\n",
    )
    assert set(found) == {"s.main", "s.whole"}
    assert found["s.whole"].count("import") == 1  # struct, once
    assert result(found) == (11, 8, 9)


def test_members_with_the_same_names_do_not_meet():
    found = bundled(
        ["b", "a"],
        main=MAIN,
        a="from . import b\n_x = 1\ndef g():\n    return _x\ndef f():\n"
        "    return g(), b.g(), b.bump(), b.g(), _x\n",
        b="_x = 10\ndef g():\n    return _x\ndef bump():\n    global _x\n    _x += 1\n    return _x\n",
    )
    assert result(found) == (1, 10, 11, 11, 1)


def test_no_local_name_hides_a_global():
    # Every short name that a global could get is some function's own name.
    found = bundled(
        ["b", "a"],
        main=MAIN,
        a="from .b import one as other, Thing\n"
        "def f(_x=0, _a=1):\n    take = [other(_x) for _x in (1, 2)]\n"
        "    kept = [Thing().take for take in take]\n"
        "    def inner(keep):\n        return other(keep) + _a\n"
        "    return take, kept, inner(5), (lambda keep: other(keep))(6)\n",
        b="def one(keep):\n    return keep + 1\nclass Thing:\n    take = 3\n    keep = one(take)\n"
        "    _a = _x = 0\n"
        "    def f(self):\n        self.keep = self.take = self._a = self._x\n",
    )
    assert result(found) == ([2, 3], [3, 3], 7, 7)


def test_a_class_body_and_defaults_see_the_module():
    found = bundled(
        ["a"],
        main=MAIN,
        a="SIZE = 4\ndef make(x=SIZE):\n    return x\nclass A:\n    size = make()\n"
        "    def size_of(self, x=SIZE):\n"
        "        return x + SIZE\nclass B(A):\n    other = A.size\ndef f():\n"
        "    return A().size_of(), B.other, B.size\n",
    )
    assert result(found) == (8, 4, 4)


def test_what_sets_a_name_of_another_module_still_does():
    found = bundled(
        ["b", "a"],
        main="from . import a, b\na.f(5)\nb.count = b.count + 1\nresult = a.g(), b.count\n",
        a="from . import b\nb.limit = 2\ndef f(x):\n    b.count = x\n    b.count += 1\ndef g():\n"
        "    return b.count, b.get(), b.limit\n",
        b="count = 0\nlimit = 1\ndef get():\n    return count\n",
    )
    assert result(found) == ((7, 7, 2), 7)


def test_members_run_once_and_in_their_order():
    found = bundled(
        ["c", "b", "a"],
        main=MAIN,
        a="from .c import said\nfrom . import b\nsaid.append('a')\ndef f():\n    return said\n",
        b="from .c import said\nsaid.append('b')\n",
        c="said = ['c']\n",
    )
    assert result(found) == ["c", "b", "a"]


def test_what_is_loaded_later_finds_the_bundle_and_is_found_by_it():
    found = bundled(
        ["b", "a"],
        main=MAIN,
        a="from . import b\ndef f():\n    from . import later\n    from .later import g\n"
        "    return g() + later.h() + b.x\n",
        b="x = 1\n",
        later="from . import b\nfrom .b import x\ndef g():\n    return b.x + x\ndef h():\n"
        "    from .a import f\n    return len([f])\n",
    )
    assert set(found) == {"s.main", "s.later", "s.whole"} and result(found) == 4


def test_an_import_in_a_function_of_what_is_in_another_bundle_loads_it_then():
    texts = {
        "s.main": "import sys\nfrom .a import f\nbefore = 's.second' in sys.modules\n"
        "result = before, f(), 's.second' in sys.modules\n",
        "s.a": "def f():\n    from .b import g\n    from . import b\n    got = g() + b.x\n"
        "    del b\n    return got\n",
        "s.b": "x = 1\ndef g():\n    return x\n",
    }
    found, members = image_bundle.bundled(Image(texts), {"s.first": ["s.a"], "s.second": ["s.b"]})
    assert members == {"s.first": ["s.a"], "s.second": ["s.b"]} and result(found) == (False, 2, True)


def test_errors_keep_their_names_for_records_tell_them():
    found = bundled(
        ["b", "a"],
        main="from . import a\nfrom .b import Bad\ntry:\n    a.f()\nexcept Bad as error:\n"
        "    result = type(error).__name__\n",
        a="from .b import Bad\nclass Worse(Bad):\n    pass\ndef f():\n    raise Worse\n",
        b="class Bad(ValueError):\n    pass\n",
    )
    assert "class Worse" in found["s.whole"] and result(found) == "Worse"


def test_a_global_is_called_as_an_attribute_is_that_is_there_anyway():
    found = bundled(
        ["a"],
        main=MAIN,
        a="def some_function():\n    return thing.size\nclass Thing:\n    def __init__(self):\n"
        "        self.size = 3\n"
        "thing = Thing()\ndef f():\n    return some_function() + thing.size\n",
    )
    whole = found["s.whole"]
    assert "Thing" not in whole and "class size" in whole and result(found) == 6


def test_constants_for_the_compiler_never_share_a_name_with_anything():
    found = bundled(
        ["b", "a"],
        main=MAIN,
        a="from micropython import const\nfrom .b import _X as other\n_X = const(3)\ndef f():\n"
        "    return _X + other\n",
        b="from micropython import const\n_X = const(4)\n",
    )
    with importable({**found, "micropython": "const = int\n"}) as load:
        assert load("s.main").result == 7


def test_a_member_that_others_know_leaves_its_public_names():
    found = bundled(
        ["a"],
        ["a"],
        main="x = 1\n",
        a="def f():\n    return _g()\ndef _g():\n    return 2\nclass C:\n    pass\n",
    )
    with importable(found) as load:
        module = load("s.a")
        assert module.f() == 2 and module.C and not hasattr(module, "_g")


def test_a_package_without_a_module_of_its_own_is_gone():
    texts = {
        "s.__init__": "",
        "s.p.__init__": "",
        "s.p.a": "x = 1\n",
        "s.main": "from .p.a import x\nresult = x\n",
    }
    found, _ = image_bundle.bundled(Image(texts), {"s.whole": ["s.p.a"]})
    assert set(found) == {"s.__init__", "s.main", "s.whole"} and result(found) == 1


REFUSED = [
    ({"a": "from . import b\nx = b\n", "b": ""}, "s.b is handed about as an object"),
    ({"a": "from .b import x\nx = 2\n", "b": "x = 1\n"}, "x is imported and bound in another way too"),
    ({"a": "print(__name__)\n", "b": ""}, "__name__ would be another in a bundle"),
    ({"a": "x = 1\nclass C:\n    x = 2\n    y = x\n", "b": ""}, "x is a name of a class and of the module"),
    ({"a": "from . import b\ny = b.z\n", "b": "x = 1\n"}, "there is no s.b.z"),
    ({"a": "def f(whole):\n    pass\n", "b": "", "c": "from .a import f\ndef g(whole):\n"
    "    f()\n"}, "is the name of a bundle"),
    ({"a": "from . import c\n", "b": "x = 1\n", "c": "from . import b\n"
    "print(b.x)\n"}, "s.a imports s.c, which needs s.b"),
    ({"a": "class C:\n    from . import b\n    b.x = 2\n", "b": "x = 1\n"}, "a class or lambda sets b.x"),
]  # fmt: skip


@pytest.mark.parametrize(("modules", "words"), REFUSED)
def test_what_would_mean_something_else_is_refused(modules, words):
    with pytest.raises(ValueError, match="s\\.") as caught:
        bundled(["b", "a"], **modules)
    assert words in str(caught.value)
