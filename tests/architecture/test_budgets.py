"""Small enough to be read: functions of at most 70 lines, modules of at most 400, and no drawer names.

Over 40 and 300 a piece is listed, to be looked at; that is no error.
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("protocols", "firmware", "gateway", "simulators", "hardware", "docs")
FUNCTION_LINES, FUNCTION_LINES_MAX = 40, 70
MODULE_LINES, MODULE_LINES_MAX = 300, 400
DRAWERS = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


def files():
    found = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(found) > 100  # else nothing is measured
    return found


def functions():
    """Yield (where, lines) of every function; its docstring and comments count."""
    for path in files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", lines


def modules():
    """Yield (where, lines) of every module."""
    for path in files():
        yield str(path.relative_to(ROOT)), len(path.read_text(encoding="utf-8").splitlines())


def over(measured, look, most):
    """Print what deserves a look; return what is too long."""
    long = sorted(((lines, where) for where, lines in measured if lines > look), reverse=True)
    for lines, where in long:
        print(f"{lines:4d} lines  {where}")
    return [where for lines, where in long if lines > most]


def test_no_function_is_longer_than_70_lines():
    assert over(functions(), FUNCTION_LINES, FUNCTION_LINES_MAX) == []


def test_no_module_is_longer_than_400_lines():
    assert over(modules(), MODULE_LINES, MODULE_LINES_MAX) == []


def test_what_is_too_long_is_named():
    assert over([("short", 40), ("long", 41), ("too long", 71)], 40, 70) == ["too long"]


def test_no_module_is_named_for_a_drawer():
    assert [str(path) for path in files() if path.stem in DRAWERS] == []


def test_product_code_holds_no_assert():
    # mpy-cross -O3 removes it: a safety check is an `if`.
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []
