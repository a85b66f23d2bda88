"""`python -m karez_hardware`: what is generated from the tables of this folder, and what is checked.

python -m karez_hardware check            everything that can be checked without drawing; code 1 if
something is wrong
python -m karez_hardware pins             write the firmware's pins; --check compares only
python -m karez_hardware lists            parts lists, and the tables in pages
python -m karez_hardware schematic        the sheets' pictures (graphviz)
python -m karez_hardware wiring           the harnesses' pictures (WireViz, graphviz)
python -m karez_hardware netlist BOARD    the netlist for KiCad, to standard output
"""

import argparse
import subprocess
import sys

from . import commands
from .board import BOARDS
from .placement import SheetError
from .tables import BadTableError


def _write(name: str, *, is_check: bool) -> int:
    stale = [made for made in commands.MADE[name]() if not made.is_current()]
    for made in stale:
        if is_check:
            print(f"{made.path.name} is stale: python -m karez_hardware {name}")
        else:
            made.path.parent.mkdir(exist_ok=True)
            made.path.write_text(made.make(), encoding="utf-8")
            print(f"wrote {made.path.name}")
    return 1 if stale and is_check else 0


def _check() -> int:
    found = commands.faults()
    for name in BOARDS:
        found += [f"{name}: {text}" for text in commands.violations(name)]
    for text in found:
        print(text)
    stale = [_write(name, is_check=True) for name in commands.MADE]
    if not found and not any(stale):
        print(f"{len(BOARDS)} boards: nothing is wrong")
    return 1 if found or any(stale) else 0


def _netlist(name: str) -> int:
    from . import sheets  # noqa: PLC0415 - beside SKiDL, which takes seconds
    from .board import load  # noqa: PLC0415
    from .circuit import Circuit  # noqa: PLC0415

    sys.stdout.write(Circuit(sheets.drawn(load(name))).netlist())
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m karez_hardware",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("check", help="find what is wrong or stale")
    for name in commands.MADE:
        verb = verbs.add_parser(name, help=str(commands.MADE[name].__doc__).splitlines()[0])
        verb.add_argument("--check", action="store_true", help="compare only; code 1 if a file is stale")
    verbs.add_parser("netlist", help="print a board's netlist for KiCad").add_argument(
        "board", choices=BOARDS
    )
    asked = parser.parse_args(arguments)
    try:
        if asked.verb == "check":
            return _check()
        if asked.verb == "netlist":
            return _netlist(asked.board)
        return _write(asked.verb, is_check=asked.check)
    except (BadTableError, SheetError, RuntimeError) as error:
        print(error, file=sys.stderr)
    except ModuleNotFoundError as error:
        print(f"{error.name} is missing: pip install 'karez[hardware]'", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    except subprocess.TimeoutExpired as error:
        print(f"{error.cmd[0]} did not end within {error.timeout:.0f} s; try again", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
