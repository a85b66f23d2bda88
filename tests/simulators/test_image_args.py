"""Arguments that only position tells get short names, and calls mean what they meant."""

from image_package import importable
from karez_simulators import image_args


def renamed(**modules):
    found = image_args.renamed({f"r.{name}": text for name, text in modules.items()})
    return {key.removeprefix("r."): text for key, text in found.items()}


def run(text, name):
    with importable({"r.one": text}) as load:
        return getattr(load("r.one"), name)


def test_arguments_share_short_names_in_every_use():
    text = renamed(
        one="def f(litres, hours=2):\n    litres += hours\n    return [litres for _ in range(hours)]\n"
    )
    assert "def f(a, b=2)" in text["one"] and "litres" not in text["one"]
    assert run(text["one"], "f")(1, 3) == [4, 4, 4]


def test_a_name_that_is_passed_by_keyword_anywhere_is_kept_everywhere():
    found = renamed(
        one="def f(litres, hours):\n    pass\n", two="def g(hours):\n    pass\nother.call(hours=3)\n"
    )
    assert "def f(a, hours)" in found["one"] and "def g(hours)" in found["two"]


def test_a_short_name_that_is_taken_inside_is_passed_over():
    text = renamed(one="a = 10\ndef f(litres, hours):\n    b = litres\n    return a + b + hours\n")["one"]
    assert "def f(c, d)" in text and run(text, "f")(1, 2) == 13


def test_inner_functions_keep_what_they_see_of_the_outer():
    text = renamed(
        one="def f(litres):\n    def g(hours):\n        nonlocal litres\n        litres += hours\n"
        "        return litres\n    return g(2) + (lambda hours, more=litres: hours + more)(1)\n"
    )["one"]
    assert "litres" not in text and "hours" not in text and run(text, "f")(5) == 15


def test_an_inner_argument_of_the_same_name_is_another():
    text = renamed(one="def f(x, y):\n    def g(y):\n        return x - y\n    return g(1) + y\n")["one"]
    assert run(text, "f")(10, 100) == 109


def test_a_class_and_a_comprehension_inside_see_the_argument():
    text = renamed(
        one="def f(litres):\n    class C:\n        kept = litres\n        def g(self):\n"
        "            return litres\n"
        "    return C.kept, C().g(), [litres + one for one in (1, 2)]\n"
    )["one"]
    assert "litres" not in text and run(text, "f")(3) == (3, 3, [4, 5])


def test_what_takes_any_keyword_or_asks_for_names_is_left_alone():
    found = renamed(
        one="def f(litres, **more):\n    return more\n", two="def g(litres):\n    return locals()\n"
    )
    assert "def f(litres" in found["one"] and "def g(litres" in found["two"]
    assert "def f(litres)" in renamed(one="def f(litres):\n    pass\nf(**{})\n")["one"]


def test_self_and_keyword_only_arguments_keep_their_names():
    text = renamed(one="class A:\n    def f(self, litres, *, hours):\n        return litres, hours\n")["one"]
    assert "def f(self, a, *, hours)" in text


def test_a_global_statement_and_an_import_of_that_name_stay_right():
    text = renamed(
        one="x = 1\ndef f(litres):\n    global x\n    x = litres\n    import os as litres\n"
        "    return x, litres.sep\n"
    )["one"]
    assert "litres" not in text and run(text, "f")(7)[0] == 7
