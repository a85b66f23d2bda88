"""Public names become others, each one and the same everywhere, and nobody who knows one misses it."""

from image_package import importable
from karez_simulators import image_asked, image_public
from karez_simulators.image_modules import Image


def renamed(outside=(), **modules):
    texts = {f"t.{name}": text for name, text in modules.items()}
    known = image_public.known(Image(texts), tuple(f"t.{one}" for one in outside))
    found, table = image_public.renamed(texts, known)
    return {key.removeprefix("t."): text for key, text in found.items()}, table


WELL = """
class Well:
    depth_mm = 5
    def __init__(self, level):
        self.level_mm = level
    def fill(self, litres):
        self.level_mm += litres
        return {"ceiling": self.level_mm + self.depth_mm}
def dig():
    return Well(1).fill(2)["ceiling"]
"""


def test_methods_fields_and_functions_are_called_as_texts_and_builtins_are():
    found, table = renamed(
        well=WELL, main="from . import well\nresult = well.dig()\nother = well.Well(3).level_mm\n"
    )
    assert {"depth_mm", "level_mm", "fill", "dig", "Well"} <= table.keys() and "ceiling" in table.values()
    assert len(set(table.values())) == len(table)
    assert not any(f".{name}" in text or f"def {name}" in text for text in found.values() for name in table)
    with importable({f"t.{key}": text for key, text in found.items()}) as load:
        main = load("t.main")
        assert getattr(main, table["result"]) == 8 and getattr(main, table["other"]) == 3


def kept(text, name, **others):
    return name not in renamed(main=text + "\nspare = 'zzz'\n", **others)[1]


def test_what_others_know_keeps_its_name():
    assert not kept("class A:\n    def take(self):\n        pass\n", "take")
    assert kept("class A:\n    def take(self):\n        pass\nprint('take it')\n", "take")  # a text
    assert kept("class A:\n    def take(self):\n        pass\nf(take=1)\n", "take")  # a keyword
    assert kept("class A:\n    def append(self):\n        pass\n", "append")  # lists have it
    assert kept("class A:\n    def digest(self):\n        pass\n", "digest")  # hashes have it
    assert kept("import os\nos.stat('x')\nclass A:\n    def stat(self):\n        pass\n", "stat")
    assert kept("class A:\n    def __len__(self):\n        pass\n", "__len__")
    assert kept("class Bad(ValueError):\n    pass\nclass Worse(Bad):\n    pass\n", "Worse")
    assert kept(
        "import io\nclass A(io.IOBase):\n    def fetch(self):\n        pass\n", "fetch"
    )  # called from C
    assert kept("from . import well\nwell\n", "well", well="x = 1\n")  # a module


def test_what_a_module_that_touches_the_world_says_of_its_objects_is_kept():
    text = (
        "import machine\nclass A:\n    def __init__(self):\n        self.uart = machine.UART(1)\n"
        "    def send_all(self):\n        self.uart.sendbreak()\n"
        "class B:\n    def sendbreak(self):\n        pass\n"
    )
    _, table = renamed(main=text, other="spare = ('zzz', 'yyy', 'xxx')\n")
    assert "sendbreak" not in table and "send_all" in table


def test_public_names_of_a_module_that_programs_know_are_kept():
    _, table = renamed(
        ["main"], main="class Port:\n    def wait(self):\n        pass\n", other="def wait_too():\n    pass\n"
    )
    assert "wait" not in table and "Port" not in table and "wait_too" in table


def test_a_new_name_is_written_nowhere_else_and_asked_for_by_no_text():
    text = "class A:\n    def take(self):\n        pass\ntexts = ['used', 'asked', 'free']\nused = 1\n"
    _, table = renamed(main=text, other="def f(x, name):\n    return getattr(x, name), 'asked'\n")
    assert "used" not in table.values() and "asked" not in table.values() and "free" in table.values()
    assert "super" not in table.values()


def test_a_word_of_a_sentence_keeps_no_name_where_all_that_ask_for_names_were_looked_at():
    text = (
        "from collections import namedtuple\nPair = namedtuple('Pair', 'left_l right_l')\n"
        "class Inputs:\n    def __init__(self):\n        self.water = 1\n        self.sand = 2\n"
        "class A:\n    def take(self, pair):\n        setattr(Inputs(), 'water', self.fill)\n"
        "        print('take it, fill it, mend water')\n        return pair.left_l, getattr(pair, 'mend')\n"
        "    fill = mend = 1\n    spare = 'aaa', 'bbb', 'ccc', 'ddd', 'eee', 'fff'\n"
    )
    asked = image_asked.Asked(frozenset({"mend"}))
    image = Image({"t.main": text})
    table = image_public.renamed({"t.main": text}, image_public.known(image, (), asked))[1]
    assert {"take", "fill"} <= table.keys()
    assert not {"mend", "water", "left_l", "right_l"} & table.keys()
    assert not {"take", "fill"} & renamed(main=text)[1].keys()
