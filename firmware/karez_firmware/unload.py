"""Give back the heap of modules that have done their work."""

import gc
import sys


def unload(*names):
    """Drop modules by their full names; whoever imports one again loads it anew."""
    for name in names:
        package, _, leaf = name.rpartition(".")
        sys.modules.pop(name, None)
        if hasattr(sys.modules.get(package), leaf):
            delattr(sys.modules[package], leaf)
    gc.collect()
