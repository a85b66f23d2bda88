"""Run test files under MicroPython: every function named test_* in each file.

The same files run under pytest on CPython, so they import neither pytest nor typing.
Started as: micropython -X heapsize=N tests/run_on_micropython.py FILE...
Prints one line per failure, and `passed=N failed=N` at the end; exit code 1 on failure.
"""

import gc
import sys

ROOT = sys.argv[0].rsplit("/", 2)[0] if sys.argv[0].count("/") >= 2 else "."
for folder in ("protocols", "firmware", "tests", "tests/firmware", "tests/protocols"):
    sys.path.insert(0, ROOT + "/" + folder)


def run_file(path):
    """Import one test file by path and run it; return (passed, failed)."""
    scope = {"__name__": path.rsplit("/", 1)[-1][:-3], "__file__": path}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), scope)
    passed = failed = 0
    for name in sorted(scope):
        if not name.startswith("test_"):
            continue
        gc.collect()
        try:
            scope[name]()
            passed += 1
        except Exception as error:  # whatever a test raises is its failure; the others go on
            failed += 1
            print("FAILED", path, name)
            sys.print_exception(error)
    return passed, failed


def main():
    """Run all files named on the command line."""
    passed = failed = 0
    for path in sys.argv[1:]:
        done, broken = run_file(path)
        passed += done
        failed += broken
    print("passed=%d failed=%d" % (passed, failed))
    sys.exit(1 if failed else 0)


main()
