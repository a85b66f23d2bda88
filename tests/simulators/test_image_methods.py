"""Methods and functions become branches of one, and every call still does what it did."""

import pytest

from image_package import importable
from karez_simulators import image_asked, image_functions, image_methods, image_table

NOBODY = image_asked.Asked(frozenset())


def merged(known=(), asked=NOBODY, quick=(), **modules):
    texts = {f"u.{name}": text for name, text in modules.items()}
    found, parts = image_methods.merged(texts, set(known), asked, tuple(f"u.{one}" for one in quick))
    return {key.removeprefix("u."): text for key, text in found.items()}, parts


def result(texts, name="result"):
    with importable({f"u.{key}": text for key, text in texts.items()}) as load:
        return getattr(load("u.main"), name)


WELL = """
LOW = 3
class Well:
    def __init__(self, level):
        self.level = level
    def fill(self, litres, times=2):
        for one in range(times):
            if one == 5:
                return None
            self.level += litres
        self.seen(one)
        return self.level
    def seen(self, one):
        self.last = one
    @property
    def is_low(self):
        low = LOW
        return self.level < low
    def drain(self):
        try:
            if self.is_low:
                raise ValueError(self.level)
            self.level = 0
        except ValueError as error:
            return error.args
class Tank:
    def fill(self, amount, again=2):
        return amount * again
"""
MAIN = """
from .well import Tank, Well
well = Well(1)
result = [well.is_low, well.drain(), well.fill(4), well.fill(times=1, litres=2), well.fill(1, times=3),
          well.last, Well(9).drain(), Tank().fill(7, 3)]
"""


def test_methods_and_properties_become_branches_and_do_what_they_did():
    # `times=1, litres=2` names them in another order: that one stays a method.
    before = result({"well": WELL, "main": MAIN})
    found, parts = merged(well=WELL, main=MAIN)
    assert result(found) == before
    assert "def seen" not in found["well"] and "@property" not in found["well"]
    assert "def fill" in found["well"] and "def __init__" in found["well"]
    assert parts["u.well", "Well._joined0"] == ["Well.drain", "Well.is_low", "Well.seen"]


def test_whoever_has_a_method_of_that_name_has_the_same_number():
    main = MAIN.replace("well.fill(times=1, litres=2)", "[one.fill(2, 1) for one in (well, Tank())]")
    main = main.replace("times=3", "3")  # the other one calls it otherwise
    before = result({"well": WELL, "main": main})
    found, _ = merged(well=WELL, main=main)
    assert "def fill" not in found["well"] and result(found) == before


def test_relatives_and_strangers_do_not_meet():
    text = (
        "class A:\n    def one(self):\n        return self._take(1)\n    def two(self):\n        return 2\n"
        "    def _take(self, x):\n        return x\n"
        "class B(A):\n    def three(self):\n        return self.one() + self.two()\n"
        "    def four(self):\n        return 4\n"
        "class C:\n    def five(self):\n        return self._take()\n"
        "    def _take(self):\n        return 'c'\n"
    )
    main = "from .a import A, B, C\nb = B()\nresult = b.three(), b.four(), b.one(), A().two(), C().five()\n"
    found, parts = merged(a=text, main=main)
    assert result(found) == (3, 4, 1, 2, "c")
    assert {path for _, path in parts} == {"A._joined0", "B._joined1", "C._joined0"}
    assert "A._take" in parts["u.a", "A._joined0"] and "C._take" in parts["u.a", "C._joined0"]


KEPT = [
    "class A:\n    def f(self):\n        return 1\nresult = [A().f][0]()\n",
    "class A:\n    def f(self):\n        yield 1\nresult = list(A().f())\n",
    "class A:\n    def f(self, *x):\n        return x\nresult = A().f(1, 2)\n",
    "class A:\n    def f(self, x):\n        return lambda: x\nresult = A().f(1)()\n",
    "class A:\n    def f(self, x=[]):\n        x.append(1)\n        return x\nresult = A().f() + A().f()\n",
    "class A:\n    def f(self):\n        return 1\na = A()\na.f = lambda: 2\nresult = a.f()\n",
    "class A:\n    def f(self):\n        pass\nclass B(A):\n    def f(self):\n        pass\nresult = 1\n",
    "class A(dict):\n    def f(self):\n        return len(self)\nresult = A().f()\n",
    "class A:\n    def f(self, a, b, c, d, e):\n        return e\nresult = A().f(1, 2, 3, 4, 5)\n",
    "class A:\n    @staticmethod\n    def f(x):\n        return x\nresult = A.f(1)\n",
    "class A:\n    def f(self):\n        return 1\n    g = f\nresult = A().g(), A().f()\n",
]  # fmt: skip


@pytest.mark.parametrize("text", KEPT)
def test_what_cannot_be_told_from_the_text_stays_a_method(text):
    found, _ = merged(main=text)
    assert "def f" in found["main"] and result(found) == result({"main": text})


def test_what_others_may_ask_for_stays_a_method():
    text = "class A:\n    def f(self):\n        return 1\nresult = A().f()\n"
    assert "def f" in merged(["f"], main=text)[0]["main"]
    assert "def f" in merged(asked=image_asked.Asked(frozenset({"f"})), main=text)[0]["main"]
    asked = image_asked.Asked(frozenset(), frozenset({"A"}))
    assert "def f" in merged(asked=asked, main=text + "words = 'e f g'\n")[0]["main"]
    assert "def f" in merged(quick=["main"], main=text)[0]["main"]
    assert "def f" not in merged(main=text)[0]["main"]


def functions(text, main, quick=()):
    texts = {"u.whole": text, "u.main": main}
    where = image_table.labels(texts, {"u.whole": {}, "u.main": {}}, {})
    found = image_functions.merged(texts, ["u.whole"], where, quick)
    return {key.removeprefix("u."): one for key, one in found.items()}, where, found


WHOLE = """
def f(x, y=1):
    return g(x) + y
def g(x):
    global count
    count += 1
    y = x * _C
    return y
_C = 3
count = 0
def h():
    return [one for one in (1, 2)]
def handed():
    return 5
table = [handed]
"""
WHOLE_MAIN = (
    "from u import whole\nresult = whole.f(1), whole.f(2, y=4), whole.h(), whole.table[0](), whole.count\n"
)


def test_functions_of_a_bundle_become_branches_of_one():
    found, where, texts = functions(WHOLE, WHOLE_MAIN)
    assert result(found) == (4, 10, [1, 2], 5, 2)
    assert found["whole"].count("def ") == 2 and "def handed" in found["whole"]
    assert where["u.whole"][0] == [("u.whole", "f"), ("u.whole", "g"), ("u.whole", "h")]
    rows = image_table.table(texts, where, {}, {}).splitlines()
    lines = {row.split()[2]: int(row.split()[0].rpartition(":")[2]) for row in rows}
    assert "g(" in found["whole"].splitlines()[lines["f"] - 1] or lines["f"] < lines["g"] < lines["h"]


def test_functions_that_are_called_thousands_of_times_stay():
    assert "def g" in functions(WHOLE, WHOLE_MAIN, ("u.whole",))[0]["whole"]


def test_the_joined_function_has_a_name_that_no_local_hides_where_it_is_called():
    # `f` is never called where a local has its name; `g`, which becomes a branch of the same function, is.
    text = (
        "def f(x):\n    return x + 1\n"
        "def g(x):\n    return f(x) * 2\n"
        "class A:\n    def take(self, x):\n        f = 5\n        return g(x) + f\n"
    )
    main = "from u import whole\nresult = whole.A().take(1), whole.g(2)\n"
    found, _, keyed = functions(text, main)
    assert "def g(" in found["whole"] and "def f(" not in found["whole"]
    assert result(found) == (9, 6) and keyed
