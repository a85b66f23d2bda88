"""Judges mutants of one module in forked children of a warm process: no start-up for each mutant.

The parent imports once what does not depend on the module. A child takes the mutated text in
place of the file, imports the rest and runs the tests; the first that fails names the killer.
Our tests are plain functions, so nothing of pytest is needed. Nothing is written to any file.
"""

import gc
import importlib
import importlib.abc
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from collections import Counter
from pathlib import Path

FOLDERS = ("protocols", "firmware", "tests", "tests/firmware", "tests/protocols")
# A mutant may loop for ever. Processor time, so that a busy machine kills nobody: ten times what
# the test takes on the unmutated module, and a second for those that take next to nothing.
SLOWER_TIMES, LEAST_S = 10, 1
MEMORY_MAX_BYTES = 2 << 30  # a loop that only appends ends here before the time does
NOT_COMPILED, LOADING, OUT_OF_TIME = "does not compile", "loading", "out of time"


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a text; without a text it refuses the module, and so its dependents."""

    def __init__(self, name, source):
        self.name, self.source = name, source

    def find_spec(self, name, _path, _target=None):
        if name != self.name:
            return None
        return importlib.util.spec_from_loader(name, self)

    def create_module(self, _spec):
        return None

    def exec_module(self, module):
        if self.source is None:
            raise ImportError("withheld")
        exec(compile(self.source, self.name, "exec"), module.__dict__)


class Judge:
    """The tests of one module of the tree at `root`.

    `broken` lists the tests that fail without any mutant: they judge nobody, and the run says so.
    """

    def __init__(self, root, module, test_files):
        sys.path[:0] = [str(root / folder) for folder in FOLDERS]
        sys.dont_write_bytecode = False  # children load compiled tests; the tree is a copy
        os.chdir(root)  # some tests read a profile by its path in the checkout
        self.root = root
        self.name = "karez_firmware." + module.removesuffix(".py").replace("/", ".")
        self.source = (root / "firmware/karez_firmware" / module).read_text(encoding="utf-8")
        self._test_modules = [name.removesuffix(".py") for name in test_files]
        self._limits_s, self.broken, modules = self._first_run()
        self._kills = Counter()
        self._preload(modules)
        gc.freeze()

    @property
    def tests(self):
        """How many tests judge."""
        return len(self._limits_s)

    def killer(self, mutate):
        """Name what kills the mutant whose text `mutate()` makes, or return None: it survives."""
        order = sorted(self._limits_s, key=lambda test: (-self._kills[test], self._limits_s[test]))
        answer = self._in_child(lambda: self._verdict(mutate, order))
        if answer["killer"] in self._kills or answer["killer"] in self._limits_s:
            self._kills[answer["killer"]] += 1
        return answer["killer"]

    def _first_run(self):
        answer = self._in_child(self._unmutated, limited=False)
        if "killer" in answer:
            raise RuntimeError(f"{self.name}: the tests do not load: {answer}")
        limits_s = {name: max(LEAST_S, SLOWER_TIMES * spent) for name, spent in answer["spent_s"].items()}
        return limits_s, answer["broken"], answer["modules"]

    def _unmutated(self):
        spent_s, broken = {}, []
        for name, test in self._load().items():
            began = time.process_time()
            try:
                test()
            except BaseException:  # noqa: BLE001 - a mutant may raise anything, also SystemExit
                broken.append(name)
            else:
                spent_s[name] = time.process_time() - began
        ours = [
            name
            for name, module in sys.modules.items()
            if (getattr(module, "__file__", None) or "").startswith(str(self.root))
        ]
        return {"spent_s": spent_s, "broken": broken, "modules": ours}

    def _preload(self, modules):
        withheld = Mutated(self.name, None)
        sys.meta_path.insert(0, withheld)
        for name in modules:
            if name != self.name:
                try:
                    importlib.import_module(name)
                except ImportError:  # it depends on the module: each child imports it anew
                    pass
        sys.meta_path.remove(withheld)

    def _load(self):
        """Import the test files; {"file.function": function}."""
        found = {}
        for name in self._test_modules:
            module = importlib.import_module(name)
            for test, function in vars(module).items():
                if test.startswith("test_") and callable(function):
                    found[f"{name}.{test}"] = function
        return found

    def _verdict(self, mutate, order):
        _allow(LEAST_S)
        source = mutate()
        try:
            compile(source, self.name, "exec")
        except (SyntaxError, ValueError):
            return {"killer": NOT_COMPILED}
        sys.meta_path.insert(0, Mutated(self.name, source))
        try:
            tests = self._load()
        except BaseException:  # noqa: BLE001 - a mutant may raise anything, also SystemExit
            return {"killer": LOADING}
        for name in order:
            _allow(self._limits_s[name])
            try:
                tests[name]()
            except BaseException:  # noqa: BLE001 - a mutant may raise anything, also SystemExit
                return {"killer": name}
        return {"killer": None}

    def _in_child(self, work, *, limited=True):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            _be_quiet()
            if limited:
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
            try:
                os.write(writer, json.dumps(work()).encode())
            finally:
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) or not answer:
            return {"killer": OUT_OF_TIME}
        return json.loads(answer)


def _allow(seconds):
    # The default action of SIGPROF ends the process: no handler that a mutant could catch.
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _be_quiet():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever stops the run has not killed this mutant
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def test_paths(root, test_files):
    """Where the test files lie."""
    return [Path(root) / "tests/firmware" / name for name in test_files]
