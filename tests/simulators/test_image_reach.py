"""What the main module does not lead to is gone; what it might lead to is there."""

import pytest

from image_package import importable
from karez_simulators import image_reach


def reached(**modules):
    texts = {f"q.{name}": text for name, text in modules.items()}
    found = image_reach.reached(texts, ["q.main"])
    return {key.removeprefix("q."): text for key, text in found.items()}


def test_functions_classes_values_and_modules_without_a_reader_are_left_out():
    found = reached(
        main="from . import a\nfrom .b import used\nresult = a.f() + used\n",
        a="from .b import other\nimport os\nW = 7\ndef f():\n    return g()\ndef g():\n    return 2\n"
        "def h():\n    return other(os, W)\nclass C:\n    pass\n",
        b="used = 3\ndef other(a, b):\n    pass\n",
        c="print('never')\n",
    )
    assert set(found) == {"main", "a", "b"}
    assert found["a"] == "def f():\n    return g()\n\ndef g():\n    return 2" and found["b"] == "used = 3"
    with importable({f"q.{key}": text for key, text in found.items()}) as load:
        assert load("q.main").result == 5


def test_an_import_inside_a_function_leads_on():
    found = reached(
        main="def f():\n    from .a import g\n    from . import b\n    return g(), b.h()\nf()\n",
        a="def g():\n    pass\ndef x():\n    pass\n",
        b="def h():\n    pass\ndef x():\n    pass\n",
    )
    assert "def g" in found["a"] and "def h" in found["b"] and "def x" not in found["a"] + found["b"]


def test_a_method_is_kept_when_its_name_stands_anywhere():
    found = reached(
        main="from .a import C\nc = C()\nc.said()\ngetattr(c, 'asked')\nprint('a row texted u2')\n",
        a="class C:\n    def __len__(self):\n        return 0\n    def said(self):\n        self.next()\n"
        "    def next(self):\n        pass\n    def asked(self):\n        pass\n"
        "    def texted(self):\n        pass\n"
        "    def never(self):\n        self.gone()\n    def gone(self):\n        pass\n",
    )
    for name in ("__len__", "said", "next", "asked", "texted"):
        assert f"def {name}" in found["a"]
    assert "never" not in found["a"] and "gone" not in found["a"]


def test_of_a_module_that_is_handed_about_everything_that_is_said_is_kept():
    found = reached(
        main="from . import a, b\ncodecs = [a]\nprint(codecs[0].encode(1), b.x)\n",
        a="def encode(x):\n    return x\ndef decode(x):\n    return x\n",
        b="x = 1\ndef encode(x):\n    return x\n",
    )
    assert "def encode" in found["a"] and "def decode" not in found["a"] and found["b"] == "x = 1"


def test_an_import_that_is_deleted_after_its_use_is_followed_all_the_same():
    found = reached(
        main="def f():\n    from . import a\n    a.g()\n    del a\nf()\n", a="def g():\n    pass\nx = 1\n"
    )
    assert found["a"] == "def g():\n    pass"


def test_what_a_module_does_when_it_is_loaded_is_kept():
    text = "from .b import make\ntable = make()\nfor one in table:\n    print(one)\nunused = len(b'abc')\n"
    found = reached(main="from . import a\na.table\n", a=text, b="def make():\n    return [1]\n")
    assert "table = make()" in found["a"] and "print(one)" in found["a"] and "unused" not in found["a"]
    assert "def make" in found["b"]


def test_const_needs_no_import_where_the_compiler_does_it():
    text = (
        "try:\n    from micropython import const\nexcept ImportError:\n    const = int\n"
        "_A = const(5)\n_B = const(6)\nx = _A\n"
    )
    assert reached(main="from .a import x\nprint(x)\n", a=text)["a"] == "_A = const(5)\nx = _A"


def test_an_import_through_a_third_module_goes_straight_there():
    found = reached(main="from .a import x\nprint(x)\n", a="from .b import y as x\n", b="y = 1\n")
    assert set(found) == {"main", "b"} and found["main"].startswith("from q.b import y as x")


def test_an_attribute_that_a_module_only_hands_on_stays_where_it_is_asked_for():
    found = reached(main="from . import a\nprint(a.x)\n", a="from .b import y as x\n", b="y = 1\n")
    with importable({f"q.{key}": text for key, text in found.items()}) as load:
        load("q.main")


def test_a_root_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match=r"q\.main is no module of the image"):
        image_reach.reached({"q.a": ""}, ["q.main"])
