"""What the passes of the image cannot follow is refused, with its place, unless somebody has looked at it."""

import ast

import pytest

from karez_simulators import firmware_image, image_asked

REFUSED = [
    ("getattr(a, 'is_' + name)\n", "asks for a name that is made while it runs"),
    ("x = 1\nsetattr(a, name, x)\n", "m.one:2: setattr(a, name, x)"),
    ("hasattr(a, f'{x}')\n", "asks for a name"),
    ("delattr(a, names[0])\n", "asks for a name"),
    ("get = getattr\n", "is handed about"),
    ("print(sorted(rows, key=getattr))\n", "is handed about"),
    ("eval('1')\n", "may ask for any name"),
    ("exec(text)\n", "may ask for any name"),
    ("globals()['x']\n", "may ask for any name"),
    ("__import__('a' + b)\n", "may ask for any name"),
    ("vars(a)\n", "may ask for any name"),
    ("a.__dict__['x']\n", "tells names"),
    ("print(type(a).__name__)\n", "tells names"),
    ("from struct import *\n", "imports names that are written nowhere"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_may_ask_for_any_name_stops_the_build(text, words):
    with pytest.raises(ValueError, match="no pass of the image can follow it") as caught:
        image_asked.check({"m.one": text})
    assert words in str(caught.value)


def test_a_name_that_is_written_there_can_be_followed():
    image_asked.check({"m.one": "getattr(a, 'x', None)\nhasattr(a, 'y')\nlocal = 'globals'\na.vars()\n"})


def test_what_was_looked_at_may_stand_in_its_module_alone():
    known = {"m.one": {"getattr(a, name)": "a reason"}}
    image_asked.check({"m.one": "getattr(a, name)\n"}, known)
    with pytest.raises(ValueError, match=r"m[.]two:1"):
        image_asked.check({"m.two": "getattr(a, name)\n"}, known)


def test_the_firmware_asks_for_nothing_else_and_every_known_place_is_still_there():
    texts = {
        ".".join(inside.with_suffix("").parts): source.read_text(encoding="utf-8")
        for source, inside in firmware_image.sources()
    }
    for module, rows in image_asked.KNOWN.items():
        image_asked.check({module: texts[module]})
        written = {
            ast.unparse(node) for node in ast.walk(ast.parse(texts[module])) if isinstance(node, ast.expr)
        }
        assert set(rows) <= written
