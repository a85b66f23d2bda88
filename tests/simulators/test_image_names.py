"""Private names become short, and nothing else becomes anything."""

import pytest

from karez_simulators import firmware_image, image_names

BASE = """
class Reader:
    def __init__(self):
        self._buffer = b""
    def take(self, data):
        self._buffer += data
        return self._answer()
    def _answer(self):
        raise NotImplementedError
"""
CHILD = """
from .base import Reader as Base
from . import base
_LIMIT = 7
class One(Base):
    def _answer(self):
        self._kept = len(self._buffer) > _LIMIT
        return self._kept
class Two(base.Reader):
    _width = 3
    def _answer(self, _extra=1):
        return self._buffer[: self._width * _extra]
"""
STRANGER = """
_count = 0
def bump():
    global _count
    _count += 1
    return _count
class Other:
    def __init__(self, width):
        self._own, self.width = width, width
    def __len__(self):
        return self._own
"""


def run(sources):
    """Execute the modules as a package and return their namespaces."""
    import sys
    import types

    spaces = {}
    package = types.ModuleType("p")
    package.__path__ = []
    sys.modules["p"] = package
    try:
        for name, text in sources.items():
            module = types.ModuleType(name)
            module.__package__ = "p"
            sys.modules[name] = module
            setattr(package, name.rpartition(".")[2], module)
            exec(compile(text, name, "exec"), module.__dict__)
            spaces[name] = module
    finally:
        for name in ["p", *sources]:
            sys.modules.pop(name, None)
    return spaces


def shortened():
    return image_names.shortened({"p.base": BASE, "p.child": CHILD, "p.stranger": STRANGER})


def test_the_modules_do_what_they_did():
    spaces = run(shortened()[0])
    assert spaces["p.child"].One().take(b"12345678") is True and spaces["p.child"].One().take(b"1") is False
    assert spaces["p.child"].Two().take(b"12345678") == b"123"
    assert spaces["p.stranger"].bump() == 1 and spaces["p.stranger"].bump() == 2
    assert len(spaces["p.stranger"].Other(5)) == 5


def test_strangers_share_short_names_and_relatives_never_do():
    tables = shortened()[1]
    family = tables["p.base"] | tables["p.child"]
    assert len(set(family.values())) == len(family) >= 6
    assert tables["p.base"]["_answer"] == tables["p.child"]["_answer"]
    assert set(tables["p.stranger"].values()) < set(family.values())


def test_public_names_and_the_language_s_own_stay():
    text = shortened()[0]["p.stranger"]
    assert "def bump" in text and "self.width" in text and "__init__" in text and "_own" not in text


def test_a_private_name_written_as_a_text_is_refused():
    with pytest.raises(ValueError, match=r"p\.a: _kept is also written as a text"):
        image_names.shortened({"p.a": "class A:\n    _kept = 1\nprint(getattr(A, '_kept'))\n"})


def test_a_module_that_is_no_python_is_named():
    with pytest.raises(SyntaxError) as caught:
        image_names.shortened({"p.a": "x = 1\n", "p.b": "def (:\n"})
    assert caught.value.filename == "p.b"


def test_the_firmware_keeps_few_private_names():
    modules = {".".join(inside.with_suffix("").parts): source for source, inside in firmware_image.sources()}
    texts = {name: source.read_text(encoding="utf-8") for name, source in modules.items()}
    tables = image_names.shortened(texts)[1]
    before = {private for table in tables.values() for private in table}
    after = {short for table in tables.values() for short in table.values()}
    assert len(after) < len(before) / 2


def test_a_private_name_that_is_set_on_another_object_shares_with_none():
    tables = image_names.shortened(
        {
            "p.a": "class A:\n    def __init__(self):\n        self._kept = 1\n",
            "p.b": "def mark(other):\n    other._mark = 2\n",
        }
    )[1]
    assert tables["p.a"]["_kept"] != tables["p.b"]["_mark"]
