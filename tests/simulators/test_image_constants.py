"""Public whole numbers become plain numbers in the image, and nothing else changes."""

import ast

import pytest

from karez_simulators import firmware_image, image_constants


def folded(**modules):
    """Fold modules of one package `p`; a name `a` stands for `p.a`."""
    found = image_constants.folded({f"p.{name}": text for name, text in modules.items()})
    return {name.removeprefix("p."): text for name, text in found.items()}


def run(text, **names):
    exec(text, names)
    return names


def test_a_constant_becomes_its_number_at_home_and_abroad_and_its_name_goes():
    found = folded(
        a="SIZE = 4\nDOUBLE = SIZE * 2 + 1\ndef f():\n    return SIZE, DOUBLE\n",
        b="from . import a\nfrom .a import SIZE\nTOTAL = a.DOUBLE << 3\n"
        "def g():\n    return (SIZE, TOTAL, -a.SIZE)\n",
    )
    assert not any(name in text for text in found.values() for name in ("SIZE", "DOUBLE", "TOTAL"))
    assert run(found["a"])["f"]() == (4, 9)
    assert run(found["b"].replace("from . import a", ""))["g"]() == (4, 72, -4)


def test_an_import_inside_a_function_and_one_under_another_name_are_followed():
    found = folded(
        a="SIZE = 4\nOTHER = 5\n",
        b="def g():\n    from .a import SIZE\n    return SIZE\nfrom .a import OTHER as MINE\nX = [MINE]\n",
    )
    assert found["a"] == "" and run(found["b"])["g"]() == 4 and run(found["b"])["X"] == [5]


def test_a_negative_and_a_const_are_numbers_too():
    found = folded(a="LEAST = -3\nMOST = const(7)\nX = [LEAST, MOST, LEAST - MOST]\n")
    assert run(found["a"])["X"] == [-3, 7, -10] and "LEAST" not in found["a"]


def test_a_table_of_numbers_is_written_as_its_bytes():
    found = folded(
        a="OFF = 0\nOPEN = 2\nFLAG = 256\nT = bytes((OFF, OPEN | 1, FLAG >> 8, 255))\n",
        b="from .a import OPEN\nX = bytes((OPEN, -1))\nY = bytes((OPEN, len('ab')))\nZ = bytes(OPEN)\n",
    )
    assert found["a"] == "T = b'\\x00\\x03\\x01\\xff'"
    assert found["b"] == "pass\nX = bytes((2, -1))\nY = bytes((2, len('ab')))\nZ = bytes(2)"
    assert "bytes((4, 5))" in folded(a="def f(bytes):\n    return bytes((4, 5))\n")["a"]


KEPT = [
    "SIZE = 4\nSIZE = 5\nX = SIZE\n",  # bound twice
    "SIZE = 4\ndef f(SIZE):\n    return SIZE\n",  # an argument of that name
    "SIZE = 4\ndef f():\n    global SIZE\n    SIZE = 5\n",
    "SIZE = 4\nX = [SIZE for SIZE in range(3)]\n",
    "if WIDE:\n    SIZE = 4\nX = SIZE\n",  # not always
    "SIZE = True\nX = SIZE\n",
    "SIZE = 1 << 40\nX = SIZE\n",  # an object on a 32-bit board
    "SIZE = f()\nX = SIZE\n",
    "SIZE = 4\nX = getattr(m, 'SIZE')\n",  # asked for by a text
    "import p.a\nSIZE = 4\nX = p.a.SIZE\n",
    "SIZE = 4\nX = some.thing.SIZE\n",
]


@pytest.mark.parametrize("text", KEPT)
def test_what_may_change_or_be_asked_for_otherwise_is_kept(text):
    assert "SIZE = " in folded(a=text)["a"]


def test_a_name_that_is_handed_on_is_kept_for_who_takes_it():
    found = folded(a="SIZE = 4\n", b="from .a import SIZE\n", c="from .b import SIZE\n")
    assert "SIZE = 4" in found["a"] and "import SIZE" in found["b"] and "import SIZE" in found["c"]


def test_the_same_name_in_two_modules_keeps_two_numbers():
    found = folded(
        a="SIZE = 4\n",
        b="SIZE = 5\n",
        c="def f():\n    from .a import SIZE\n    return SIZE\n"
        "def g():\n    from .b import SIZE\n    return SIZE\n",
    )
    assert "SIZE = 4" in found["a"] and "SIZE = 5" in found["b"] and "return SIZE" in found["c"]


def test_a_local_name_is_not_taken_for_the_module_s():
    found = folded(a="SIZE = 4\n", b="from . import a\ndef f(a):\n    return a.SIZE\n")
    assert "a.SIZE" in found["b"] and "SIZE = 4" in found["a"]


def test_a_text_that_is_no_python_is_named():
    with pytest.raises(SyntaxError) as caught:
        folded(a="def (:\n")
    assert caught.value.filename == "p.a"


def test_in_the_real_image_nothing_is_read_that_is_not_there():
    texts = {
        ".".join(inside.with_suffix("").parts): source.read_text(encoding="utf-8")
        for source, inside in firmware_image.sources()
    }
    found = image_constants.folded(texts)
    before = {name: image_constants.Module(name, text) for name, text in texts.items()}
    after = {name: image_constants.Module(name, text) for name, text in found.items()}
    gone = {(name, word) for name in texts for word in before[name].bound - after[name].bound}
    assert len(gone) > 200
    for name, module in after.items():
        brought = {one for one in module.imported.values() if isinstance(one, tuple)}
        read = {(name, node.id) for node in ast.walk(module.tree) if isinstance(node, ast.Name)}
        assert not gone & (brought | read), name
