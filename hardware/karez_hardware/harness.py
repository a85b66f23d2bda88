"""Harnesses: WireViz draws wiring/*.yml; here they are read, compared with the terminals, and stamped."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from . import drawing
from .tables import ROOT, BadTableError, named, rows_of

TERMINALS = ("terminal", "pin", "label", "net", "leads_to", "wire_mm2", "volts", "note")
WIREVIZ_S = 120
BLOCKS = {"distribution block", "terminals", "neutral bar", "earth bar"}  # a screw for each wire
WIRES_MAX = 2
MISSING = "pip install 'karez[hardware]', apt-get install graphviz"


def sources(root: Path = ROOT) -> list[Path]:
    """The harnesses, in order."""
    return sorted((root / "wiring").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    """Return a harness as WireViz would read it. Raises BadTableError."""
    import yaml  # noqa: PLC0415 - of the extra `hardware`

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadTableError(f"{named(path)}: is no YAML: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("connectors"), dict):
        raise BadTableError(f"{named(path)}: has no connectors")
    _check_shape(path, found)
    return found


def _check_shape(path: Path, found: dict[str, Any]) -> None:
    for name, one in found["connectors"].items():
        if not isinstance(one, dict) or not isinstance(one.get("pinlabels", []), list):
            raise BadTableError(f"{named(path)}: connector {name} must have keys, and pinlabels a list")
    connections = found.get("connections") or []
    if not isinstance(connections, list):
        raise BadTableError(f"{named(path)}: connections must be a list")
    for number, one in enumerate(connections, 1):
        if not isinstance(one, list) or not all(isinstance(end, dict) for end in one):
            raise BadTableError(
                f"{named(path)}: connection {number} must be a list of ends such as {{X5: 1}}"
            )


def terminals(root: Path = ROOT) -> dict[str, list[dict[str, str]]]:
    """Return {terminal: its rows in the order of its pins}. Raises BadTableError."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(root / "terminals.csv", TERMINALS):
        found.setdefault(row["terminal"], []).append(row)
    return found


def _is_board(name: str) -> bool:
    """The board's own terminals are named X and a number."""
    return name[:1] == "X" and name[1:].isdigit()


def faults(path: Path, known: dict[str, list[dict[str, str]]]) -> list[str]:
    """Return where a harness and the terminal plan differ: the board's terminals are named X and a number."""
    found = []
    for name, connector in read(path)["connectors"].items():
        if not _is_board(name):
            continue
        if name not in known:
            found.append(f"{named(path)}: terminals.csv has no {name}")
            continue
        planned = [row["label"] for row in known[name]]
        labels = [str(label) for label in connector.get("pinlabels", [])]
        if labels != planned:
            found.append(f"{named(path)}: {name} has {labels}, and terminals.csv says {planned}")
    return found


def _numbers(ends: Any) -> set[Any]:
    """The pins in one end of a connection: 3, [1, 2], or [1-3] as WireViz writes it."""
    found: set[Any] = set()
    for one in ends if isinstance(ends, list) else [ends]:
        first, dash, last = str(one).partition("-")
        if dash and first.isdigit() and last.isdigit():
            found |= set(range(int(first), int(last) + 1))
        else:
            found.add(one)
    return found


def unwired(paths: list[Path]) -> list[str]:
    """Return the pins of everything but the board that no harness leads to, one sentence each."""
    missing: dict[tuple[str, str], str] = {}
    wired: set[tuple[str, str]] = set()
    for path in paths:
        found = read(path)
        used: dict[str, set[Any]] = {}
        for connection in found.get("connections") or []:
            for name, ends in ((name, ends) for one in connection for name, ends in one.items()):
                used.setdefault(name, set()).update(_numbers(ends))
        for name, connector in found["connectors"].items():
            for number, label in enumerate(map(str, connector.get("pinlabels", [])), 1):
                if number in used.get(name, ()):
                    wired.add((name, label))
                elif not _is_board(name):
                    missing[name, label] = f"{named(path)}: no wire leads to {label} of {name}"
    return [text for key, text in missing.items() if key not in wired]


def crowded(paths: list[Path]) -> list[str]:
    """Return the terminals that more wires lead to than they can take, one sentence each.

    Two thin wires share a ferrule; whatever feeds more is a block or a bar with a screw for each.
    """
    wires: dict[tuple[str, str], int] = {}
    for path in paths:
        found = read(path)
        for connection in found.get("connections") or []:
            for name, ends in ((name, ends) for one in connection for name, ends in one.items()):
                connector = found["connectors"].get(name)
                if connector is None or connector.get("type") in BLOCKS:
                    continue
                labels = [str(label) for label in connector.get("pinlabels", [])]
                for number in _numbers(ends):
                    if isinstance(number, int) and 0 < number <= len(labels):
                        key = (name, labels[number - 1])
                        wires[key] = wires.get(key, 0) + 1
    return [
        f"{label} of {name}: {count} wires, and a terminal takes {WIRES_MAX}; lead them to a block"
        for (name, label), count in wires.items()
        if count > WIRES_MAX
    ]


def svg_of(path: Path) -> str:
    """Draw a harness. Raises RuntimeError with what to do."""
    source = path.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "wireviz.wv_cli", "-f", "s", "-o", folder, str(path)],
            capture_output=True, text=True, timeout=WIREVIZ_S, check=False,
        )  # fmt: skip
        drawn = Path(folder) / f"{path.stem}.svg"
        if done.returncode or not drawn.is_file():
            text = (done.stderr or done.stdout).strip()[-300:]
            raise RuntimeError(f"WireViz refuses {named(path)}: {text or MISSING}")
        return drawing.stamped(drawn.read_text(encoding="utf-8"), source)
