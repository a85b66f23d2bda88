"""Modules given as texts, run by this Python as one package: what a pass over the image must not change."""

import contextlib
import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec


class _Texts(MetaPathFinder, Loader):
    def __init__(self, texts):
        self._keys = {key.removesuffix(".__init__"): key for key in texts}
        self._texts = texts

    def find_spec(self, name, path=None, target=None):
        is_package = any(key.startswith(name + ".") for key in self._texts)
        if name in self._keys or is_package:
            return ModuleSpec(name, self, is_package=is_package)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        text = self._texts.get(self._keys.get(module.__name__, ""), "")
        exec(compile(text, module.__name__, "exec"), module.__dict__)


@contextlib.contextmanager
def importable(texts):
    """Make {key: text} importable; a package's key is `name.__init__`, which may be left out."""
    finder = _Texts(texts)
    roots = {key.partition(".")[0] for key in texts}
    assert not roots & sys.modules.keys()
    sys.meta_path.insert(0, finder)
    try:
        yield importlib.import_module
    finally:
        sys.meta_path.remove(finder)
        for name in [one for one in sys.modules if one.partition(".")[0] in roots]:
            del sys.modules[name]
